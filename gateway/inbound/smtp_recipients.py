"""For whom do we take mail?  Pure.

Taken: each accepted address, `local+anything@` of it, every address of an accepted `@domain`, `bounce+<key>@` our mail
domain, and postmaster (RFC 5321 4.5.1).  Nothing is ever relayed.  Local parts compare without case (CONTRACT 7).
"""

import re
from collections.abc import Iterable

from gateway import addresses
from gateway.inbound import replies
from gateway.inbound.replies import Reply
from gateway.inbound.smtp_commands import Path

# Routes hidden in a local part: a percent hack, a bang path, a second @ in quotes.
_HIDDEN_ROUTE = re.compile(r"[%!@]")


class Recipients:
    """The recipients of one installation.  accepted: addresses and `@domains`."""

    def __init__(self, accepted: Iterable[str], mail_domain: str) -> None:
        self._mail_domain = _domain(mail_domain)
        entries = [entry.rpartition("@") for entry in accepted]
        self._mailboxes = {addresses.key(f"{local}@{domain}") for local, _, domain in entries if local}
        self._domains = {_domain(domain) for local, _, domain in entries if not local}
        self._ours = {self._mail_domain, *self._domains, *(_domain(domain) for _, _, domain in entries)}

    def refuse(self, path: Path) -> Reply | None:
        """Return why mail for this path is not taken, or None when it is."""
        local = _unquoted(path.local).lower()
        if not path.domain:
            return None if local == "postmaster" else replies.NO_SUCH_MAILBOX
        domain = _domain(path.domain)
        if domain not in self._ours or _HIDDEN_ROUTE.search(local):
            return replies.NO_RELAYING
        return None if self._has_mailbox(local, domain) else replies.NO_SUCH_MAILBOX

    def _has_mailbox(self, local: str, domain: str) -> bool:
        base, plus, tag = local.partition("+")
        return (
            domain in self._domains
            or f"{local}@{domain}" in self._mailboxes
            or (bool(plus) and f"{base}@{domain}" in self._mailboxes)
            or (base == "bounce" and bool(tag) and domain == self._mail_domain)
            or local == "postmaster"
        )


def _domain(domain: str) -> str:
    return addresses.domain_of(f"x@{domain}")


def _unquoted(local: str) -> str:
    return re.sub(r"\\(.)", r"\1", local[1:-1]) if local.startswith('"') else local
