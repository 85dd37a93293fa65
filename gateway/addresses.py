"""When are two mail addresses the same?  One answer for linking, rules and store.

The domain counts case-folded and in its ASCII form (IDNA), the local part without regard to case; a plus-tag makes
another address.  Source: CONTRACT 7, RFC 5321 2.4, RFC 5890.
"""


def key(address: str) -> str:
    """Return the form of an address in which two equal ones are equal strings; "" for what is no address."""
    local, at, domain = address.strip().rpartition("@")
    if not (at and local and domain) or len(address) > 320:
        return ""
    return f"{local.lower()}@{_ascii(domain)}"


def same(one: str, other: str) -> bool:
    """Say whether two addresses are the same mailbox; nothing equals an address that cannot be read."""
    return key(one) != "" and key(one) == key(other)


def domain_of(address: str) -> str:
    """Return the domain of an address in the form in which domains are compared."""
    return key(address).rpartition("@")[2]


def _ascii(domain: str) -> str:
    folded = domain.casefold()
    if folded.isascii():
        return folded
    try:
        return folded.encode("idna").decode("ascii")
    except UnicodeError:
        return folded
