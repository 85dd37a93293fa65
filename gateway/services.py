"""What use cases are handed: the store, the clock, the policy and the doorbells.  `app.build` makes the only one.

A plain value; it starts nothing and decides nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from gateway.clock import Clock
from gateway.config import Config
from gateway.effects import Scribe
from gateway.errors import Stale
from gateway.model import Draft, Envelope, OutboxEntry, Policy, Reading, ReadingRules
from gateway.reasons import Reason
from gateway.store.db import Database
from gateway.store.lease import Owners


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What is special about one request.

    only_of_key: the key whose cases and contacts alone are seen, 0 for all.  match: the versions of which what is
    changed must have one when its lock is taken, None for any (`If-Match`).
    """

    only_of_key: int = 0
    match: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that serving one mail or one request needs.

    owners: names under which this process takes leases.  ring_mail, ring_outbox, ring_webhooks: say that there may be
    work (the second names the new mails, where it knows them); losing a ring costs one sweep, never a mail.
    stale_mailbox: name of a fetched mailbox that has not answered for too long, "" for none.
    draft: what a person would read of a mail that was not written.
    authenticate: says of a mail that was read whether it is authentic, where it is not known yet; may ask the DNS.
    asking: the request that is served, where it is special.
    unread_escalation_replies: how many of them each of these cases has, by case id; none where it has none.
    """

    config: Config
    database: Database
    clock: Clock
    policy: Policy
    scribe: Scribe
    reading_rules: ReadingRules
    owners: Owners
    ring_mail: Callable[[], None]
    ring_outbox: Callable[[Sequence[int]], None]
    ring_webhooks: Callable[[], None]
    draft: Callable[[OutboxEntry], Draft]
    stale_mailbox: Callable[[], str] = lambda: ""
    unread_escalation_replies: Callable[[Connection, Sequence[int]], Mapping[int, int]] = lambda _conn, _ids: {}
    authenticate: Callable[[bytes, Envelope, Reading], Reading] = lambda _raw, _envelope, reading: reading
    asking: Asking = Asking()

    def check_match(self, version: str) -> None:
        """Refuse to change what was changed since it was looked at.  Raises Stale."""
        if self.asking.match is not None and version not in self.asking.match:
            raise Stale(Reason.CHANGED_MEANWHILE)

    def acting(self, name: str, source: str = "") -> "Services":
        """Return the same services for somebody else who acts: `key:3`, `user:5`; source: the address asked from."""
        return replace(self, scribe=self.scribe.acting(name, source))
