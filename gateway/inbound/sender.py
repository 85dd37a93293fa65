"""Who a mail is from: one address or an ambiguous one, and what trustworthy authentication says about it.

Law: an address is taken from the one From field only, never out of a display name, a comment or an encoded word.
When the strict and the lenient reader of it disagree, the sender is ambiguous and nobody's contact.
Source: RFC 5322 3.6.2, RFC 7103 7.5 (extra From), RFC 8601 4.1 and 5 (whose results to believe), RFC 7489 3.1.
"""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import getaddresses
from itertools import islice

from gateway.cleaning import clean_header
from gateway.inbound import headers
from gateway.inbound.headers import Head
from gateway.model import Envelope, ReadingRules, Sender, Source, Verdict

# A From field longer than this is no person's; getaddresses needs a stack frame for each parenthesis.
FROM_LIMIT = 1_000
RESULTS_LIMIT = 8_192
RECEIVED_LIMIT = 1_000
RECIPIENTS_LIMIT = 32_768
OWN_ADDRESS = "sender:own-address"
AMBIGUOUS = "sender:ambiguous"

_ADDRESS = re.compile(
    r"(?:[^\s@<>()\[\]\\,;:\"\x00-\x20\x7f]+|\"(?:[^\"\\]|\\.){1,64}\")@"
    r"(?:[^\s@<>()\[\]\\,;:\".\x00-\x20\x7f]+(?:\.[^\s@<>()\[\]\\,;:\".\x00-\x20\x7f]+)*|\[[0-9A-Fa-f.:IPv]+\])"
)
_SIMPLE = re.compile(
    rf"\s*(?:(?:\"(?:[^\"\\]|\\.)*\"|[^\"<>@,;:()\[\]\\]*)\s*<\s*({_ADDRESS.pattern})\s*>|({_ADDRESS.pattern}))\s*"
)
# `Ann Lee <ann@example.com>` in plain letters: every reader of addresses finds the same in it.
_PLAIN_ADDRESS = r"[A-Za-z0-9_+=-]+(?:\.[A-Za-z0-9_+=-]+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
_PLAIN_WORDS = r"[A-Za-z0-9]+(?: [A-Za-z0-9]+)*"
_PLAIN = re.compile(rf"(?:(?:({_PLAIN_WORDS}) |\"({_PLAIN_WORDS})\" )?<({_PLAIN_ADDRESS})>|({_PLAIN_ADDRESS}))")
_TWICE = re.compile(rf"\s*({_ADDRESS.pattern})\s*<\s*({_ADDRESS.pattern})\s*>\s*")
_QUOTED_OR_COMMENT = re.compile(r"\"(?:[^\"\\]|\\.)*\"|\([^()]*\)")
_GROUP_OR_ROUTE = re.compile(r"[:;]")
_MISLEADING = frozenset(
    (headers.LEADING_SPACE, headers.LEADING_BLANK, headers.BROKEN_LINE, headers.TOO_LARGE, headers.TOO_MANY)
)
_RESULT = re.compile(r"\s*([a-z0-9-]{1,40})\s*(?:/\s*\d+\s*)?=\s*([a-z]{1,20})", re.IGNORECASE)
_CLIENT = re.compile(r"\[(?:IPv6:)?([0-9a-fA-F.:]{2,45})\]", re.IGNORECASE)
_PROPERTY = re.compile(r"\b(header\.(?:from|d|i)|smtp\.mailfrom|smtp\.helo)\s*=\s*\"?([^\s;\"]{1,320})", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class StrictFrom:
    """How mail-parser reads the first From field.  clean: it saw nothing odd in it."""

    addresses: tuple[str, ...]
    clean: bool


def identify(head: Head, strict: StrictFrom | None) -> Sender:
    """Say who the mail is from.  strict: mail-parser's reading, None when it could not read the mail.

    ambiguous unless there is exactly one From field, nothing odd stands in the header block, and the strict and the
    lenient reader find the same single address.
    """
    fields = [field for field in head.fields if field.name == "from"]
    value = fields[0].value if fields else ""
    if not value or len(value) > FROM_LIMIT:
        return Sender(address="", name=clean_header(value, limit=100), ambiguous=True)
    if len(fields) == 1 and not _is_odd(head) and (doubled := _doubled(value)):
        return Sender(address=doubled, name=doubled)
    lenient = _lenient(value)
    address = strict.addresses[0] if strict and len(strict.addresses) == 1 else lenient[0][1] if lenient else ""
    address = normalise(address)
    names = [headers.decode_words(name) for name, _ in lenient if name]
    sound = (
        len(fields) == 1
        and not _is_odd(head)
        and not _GROUP_OR_ROUTE.search(_QUOTED_OR_COMMENT.sub("", value))
        and _ADDRESS.fullmatch(address) is not None
        and "=?" not in address
        and {normalise(found) for _, found in lenient} == {address}
        and _strict_agrees(value, strict, address)
    )
    return Sender(address=address, name=names[0] if names else "", ambiguous=not sound)


def plain_from(head: Head) -> StrictFrom | None:
    """Return what any strict reader finds in the first From field if that is plain, else None: it has to be asked."""
    value = head.first("from")
    match = _PLAIN.fullmatch(value) if len(value) <= FROM_LIMIT else None
    return StrictFrom(addresses=(match[3] or match[4],), clean=True) if match else None


def verdict(head: Head, envelope: Envelope, rules: ReadingRules, address: str) -> Verdict:
    """Say what the one believable Authentication-Results field says about the From domain.

    Believed is only the topmost field.  Over SMTP and LMTP it must come from a trusted relay and carry a trusted id,
    where only our own servers write; where no id is set, it must stand right below our own Received.  By IMAP and
    ingest its id must be trusted.
    DMARC decides; without it, a failed SPF that no DKIM signature makes good fails, and an aligned pass passes.
    """
    results = _believable_results(head, envelope, rules)
    if not results:
        return Verdict.NONE
    methods = [found for part in results[1:] if (found := _method(part))]
    domain = address.rpartition("@")[2]
    for name, result, properties in methods:
        if name == "dmarc" and result in ("pass", "fail"):
            aligned = _aligned(properties.get("header.from", domain), domain)
            return Verdict.FAIL if result == "fail" else Verdict.PASS if aligned else Verdict.NONE
    return _without_dmarc(methods, domain)


def defects(who: Sender, rules: ReadingRules) -> list[str]:
    """Return what a person should know of the sender, as defect words.

    OWN_ADDRESS: the mail claims to be from one of our own addresses; we send none to ourselves (ID-14).
    """
    found = [AMBIGUOUS] if who.ambiguous else []
    return [*found, OWN_ADDRESS] if is_own_address(who.address, rules) else found


def recipients(head: Head, *, limit: int) -> tuple[str, ...]:
    """Return the addresses of To and Cc, each once, domains in lower case."""
    found: dict[str, None] = {}
    for name in ("to", "cc"):
        for value in head.all(name):
            found |= dict.fromkeys(normalise(address) for _, address in _lenient(value[:RECIPIENTS_LIMIT]) if address)
    return tuple(islice(found, limit))


def is_own_address(address: str, rules: ReadingRules) -> bool:
    """Say whether an address or its domain is ours (`own_addresses` holds addresses and `@domains`)."""
    folded = normalise(address)
    return bool(folded) and (folded.lower() in rules.own_addresses or _domain_entry(folded) in rules.own_addresses)


def same_address(a: str, b: str) -> bool:
    """Say whether two addresses are one mailbox: domains equal after IDNA and case, local parts but for case.

    A plus-tag makes another address.  Display names never count.  Source: PROCESS 1.1, RFC 5321 2.4.
    """
    return bool(a) and normalise(a).casefold() == normalise(b).casefold()


def normalise(address: str) -> str:
    """Return the address with its domain in lower-case ASCII (IDNA); what is no address is returned cleaned."""
    local, at, domain = clean_header(address, limit=320).rpartition("@")
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError:
            domain = domain.casefold()
    return f"{local}{at}{domain.lower()}"


def _domain_entry(address: str) -> str:
    return "@" + address.rpartition("@")[2].lower()


def _doubled(value: str) -> str:
    """Return the address of `ann@example.com <ann@example.com>`, which is illegal, frequent and leaves no doubt."""
    match = _TWICE.fullmatch(value)
    return normalise(match[2]) if match and same_address(match[1], match[2]) else ""


def _is_odd(head: Head) -> bool:
    spaced = headers.SPACE_BEFORE_COLON in head.defects
    return spaced or not _MISLEADING.isdisjoint(head.defects)


def _lenient(value: str) -> list[tuple[str, str]]:
    if match := _PLAIN.fullmatch(value):
        return [(match[1] or match[2] or "", match[3] or match[4])]
    try:
        return [(name, address) for name, address in getaddresses([value]) if name or address]
    except (RecursionError, ValueError, IndexError, AttributeError):
        return []


def _strict_agrees(value: str, strict: StrictFrom | None, address: str) -> bool:
    if strict is not None:
        return strict.clean and [normalise(found) for found in strict.addresses] == [address]
    match = _SIMPLE.fullmatch(value)
    return match is not None and normalise(match[1] or match[2]) == address


def _believable_results(head: Head, envelope: Envelope, rules: ReadingRules) -> list[str]:
    """Return the parts of the one field that is believed: its authserv-id, then a part for each method."""
    above: list[str] = []
    for field in head.fields:
        if field.name == "received":
            above.append(field.value)
        if field.name == "authentication-results":
            parts = _without_comments(field.value[:RESULTS_LIMIT]).split(";")
            known = parts[0].strip().partition(" ")[0].lower() in rules.trusted_authserv_ids
            if envelope.source not in (Source.SMTP, Source.LMTP):
                return parts if known else []
            by_position = not rules.trusted_authserv_ids and len(above) <= 1
            by_name = known and len(above) <= _trusted_fields(above, rules)
            return parts if is_trusted_relay(envelope.peer, rules.trusted_relays) and (by_name or by_position) else []
    return []


def _trusted_fields(received: Sequence[str], rules: ReadingRules) -> int:
    """Return how many Received fields may stand above what our servers wrote: ours, the relay's, and so on inwards.

    A relay writes the field of its own hop, whose client is the next server; what that one wrote counts only when it is
    ours as well.  All that lies deeper came with the mail and may be anybody's invention.  Source: RFC 8601 5.
    """
    trusted = 2
    for field in received[1:]:
        client = _CLIENT.search(field[:RECEIVED_LIMIT])
        if client is None or not (_is_loopback(client[1]) or is_trusted_relay(client[1], rules.trusted_relays)):
            break
        trusted += 1
    return trusted


def _is_loopback(peer: str) -> bool:
    try:
        return ipaddress.ip_address(peer).is_loopback
    except ValueError:
        return False


def is_trusted_relay(peer: str, networks: Sequence[str]) -> bool:
    """Say whether an IP address lies in one of the networks; what is no address or network never does."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    for network in networks:
        try:
            if address in ipaddress.ip_network(network, strict=False):
                return True
        except ValueError:
            continue
    return False


def _without_comments(value: str) -> str:
    kept, depth = [], 0
    for character in value:
        if character == "(":
            depth += 1
        elif character == ")" and depth:
            depth -= 1
        elif not depth:
            kept.append(character)
    return "".join(kept)


def _method(part: str) -> tuple[str, str, dict[str, str]] | None:
    match = _RESULT.match(part)
    if match is None:
        return None
    properties = {name.lower(): value.lower() for name, value in _PROPERTY.findall(part)}
    return match[1].lower(), match[2].lower(), properties


def _without_dmarc(methods: list[tuple[str, str, dict[str, str]]], domain: str) -> Verdict:
    dkim_passed = any(name == "dkim" and result == "pass" for name, result, _ in methods)
    for name, result, properties in methods:
        signer = properties.get("header.d") or properties.get("header.i") if name == "dkim" else None
        signer = properties.get("smtp.mailfrom") if name == "spf" else signer
        if result == "pass" and signer and _aligned(signer, domain):
            return Verdict.PASS
    spf_failed = any(name == "spf" and result == "fail" for name, result, _ in methods)
    return Verdict.FAIL if spf_failed and not dkim_passed else Verdict.NONE


def _aligned(claimed: str, domain: str) -> bool:
    claimed = claimed.rpartition("@")[2]
    return "." in claimed and (claimed == domain or claimed.endswith("." + domain) or domain.endswith("." + claimed))
