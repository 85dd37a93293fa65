"""What use cases are handed: the store, the clock, the policy and the doorbells.  `app.build` makes the only one.

A plain value; it starts nothing and decides nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from gateway.clock import Clock
from gateway.config import Config
from gateway.effects import Scribe
from gateway.model import Draft, Envelope, OutboxEntry, Policy, Reading, ReadingRules
from gateway.store.db import Database
from gateway.store.lease import Owners


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that serving one mail or one request needs.

    owners: names under which this process takes leases.  ring_mail, ring_outbox: say that there may be work (the second
    names the new mails, where it knows them); losing a ring costs one sweep, never a mail.
    stale_mailbox: name of a fetched mailbox that has not answered for too long, "" for none.
    draft: what a person would read of a mail that was not written.
    authenticate: says of a mail that was read whether it is authentic, where it is not known yet; may ask the DNS.
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
    draft: Callable[[OutboxEntry], Draft]
    stale_mailbox: Callable[[], str] = lambda: ""
    unread_escalation_replies: Callable[[Connection, Sequence[int]], Mapping[int, int]] = lambda _conn, _ids: {}
    authenticate: Callable[[bytes, Envelope, Reading], Reading] = lambda _raw, _envelope, reading: reading
