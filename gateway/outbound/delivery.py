"""Deliver what is due: claim, compose, store the bytes, send, settle.

The law: the outbox row is the truth.  A row leaves the states ready and leased only by what the relay said; the bytes
of a mail are durable before the first octet of it goes out, so each try sends the same mail under the same
Message-ID.  An error of ours with one row never stops the others and never loses the row.
Source: DESIGN 6 (story 2), OB-06, OB-09, FA-06.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from jinja2 import Environment

from gateway import maillog
from gateway.clock import Clock
from gateway.errors import CannotCompose
from gateway.model import Accepted, Deferred, Letterhead, OutboxEntry, Rejected, RelayOutcome, Unknown
from gateway.outbound import compose, headers, retry
from gateway.outbound.relay import Relay
from gateway.reasons import Reason
from gateway.store.db import patiently
from gateway.store.lease import Owners


class OutboxStore(Protocol):
    """What delivery needs of `gateway.store.outbox` (the module itself fits)."""

    def claim(self, db: Any, *, owner: str, limit: int, now: datetime) -> list[OutboxEntry]:
        """Lease due rows that are still wanted, oldest first; own transaction, attempts + 1."""
        ...

    def keep_rendered(self, db: Any, rendered: list[tuple[OutboxEntry, bytes]]) -> list[tuple[OutboxEntry, bytes]]:
        """Store the exact bytes of these mails, durably, in one transaction; return those whose lease still holds."""
        ...

    def still_wanted(self, db: Any, entry: OutboxEntry) -> bool:
        """Say whether this mail may leave at this moment."""
        ...

    def withdraw(self, db: Any, entry: OutboxEntry) -> bool:
        """Cancel a mail that nobody wants any more.  False when the fence has moved."""
        ...

    def settle(
        self,
        db: Any,
        entry: OutboxEntry,
        outcome: RelayOutcome,
        *,
        next_run_at: datetime | None,
        now: datetime,
        then: Callable[[Any], object] | None = None,
    ) -> bool:
        """Record an outcome.  next_run_at None after Deferred or Unknown: dead.  False when the fence has moved.

        then: done in the same transaction, when the fence has not moved.
        """
        ...

    def park(self, db: Any, entry: OutboxEntry, *, why: str, now: datetime) -> bool:
        """Hold the row with a reason until a person releases it.  False when the fence has moved."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PostOffice:
    """All that delivering needs.

    owners: names for the leases.  batch: rows of one claim.  call_help: asks for another worker when a claim came back
    full; calling it too often must be harmless.  jitter: a number from 0 up to 1.
    sign: puts a signature on a finished mail, once, before its bytes are stored.
    refused: what follows, in the transaction that settles a mail, when the relay refused it for good.
    """

    db: Any
    store: OutboxStore
    relay: Relay
    env: Environment
    letterhead: Letterhead
    clock: Clock
    owners: Owners
    batch: int = 10
    call_help: Callable[[], None] = lambda: None
    jitter: Callable[[], float] = random.random
    refused: Callable[[Any, OutboxEntry, Rejected, datetime], object] = lambda *_: None
    sign: Callable[[bytes], bytes] = lambda raw: raw


def drain(office: PostOffice) -> int:
    """Deliver until nothing is due; return how many mails the relay took.

    Several drains may run at once, in threads and on machines; the leases keep them apart.
    Raises what the store raises when nothing can be claimed; a row that was claimed is kept whatever happens to it.
    """
    delivered = 0
    while True:
        with office.owners.at_work() as owner:
            entries = office.store.claim(office.db, owner=owner, limit=office.batch, now=office.clock.now())
            if not entries:
                return delivered
            if len(entries) == office.batch:
                office.call_help()
            delivered += sum(_deliver(office, entry, raw) for entry, raw in _written(office, entries))


def _written(office: PostOffice, entries: list[OutboxEntry]) -> list[tuple[OutboxEntry, bytes]]:
    ready, fresh = [], []
    for entry in entries:
        if not compose.valid_recipient(entry.to):
            _settle(office, entry, Rejected(reply=Reason.INVALID_RECIPIENT.value))
        elif entry.rendered:
            ready.append((entry, entry.rendered))
        elif raw := _composed(office, entry):
            fresh.append((entry, raw))
    return ready + (_kept(office, fresh) if fresh else [])


def _kept(office: PostOffice, fresh: list[tuple[OutboxEntry, bytes]]) -> list[tuple[OutboxEntry, bytes]]:
    kept = office.store.keep_rendered(office.db, fresh)
    for entry, _ in fresh:
        if all(entry.id != still.id for still, _ in kept):
            maillog.outbox_lease_lost(entry)
    return kept


def _composed(office: PostOffice, entry: OutboxEntry) -> bytes | None:
    try:
        return office.sign(compose.compose(entry, office.letterhead, office.env, now=office.clock.now()))
    except CannotCompose as error:
        why = str(error)
    except Exception as error:  # A fault in a template or in ours must cost this one mail only (OB-06).
        maillog.outbox_failed(entry.id, error)
        why = f"The notice {entry.notice} cannot be written ({type(error).__name__})."
    maillog.outbox_held(entry, why)
    if not office.store.park(office.db, entry, why=why, now=office.clock.now()):
        maillog.outbox_lease_lost(entry)
    return None


def _deliver(office: PostOffice, entry: OutboxEntry, raw: bytes) -> bool:
    sender = compose.envelope_sender(entry, office.letterhead)
    try:
        if not office.store.still_wanted(office.db, entry):
            _withdraw(office, entry)
            return False
        outcome = office.relay.send(entry.id, sender, headers.wire_address(entry.to) or entry.to, raw)
        return _settle(office, entry, outcome)
    except Exception as error:  # The row keeps its lease and comes back when that ends; the next one goes on.
        maillog.outbox_failed(entry.id, error)
        return False


def _withdraw(office: PostOffice, entry: OutboxEntry) -> None:
    """Let a reminder go that the customer's answer has overtaken."""
    maillog.outbox_withdrawn(entry)
    if not office.store.withdraw(office.db, entry):
        maillog.outbox_lease_lost(entry)


def _settle(office: PostOffice, entry: OutboxEntry, outcome: RelayOutcome) -> bool:
    """Record the outcome; return True when the relay took the mail and the record stands."""
    now = office.clock.now()
    next_run_at = None
    match outcome:
        case Deferred() | Unknown():
            first = entry.first_tried_at or now
            later = retry.next_attempt(entry.attempts, first_tried_at=first, now=now, jitter=office.jitter())
            next_run_at = None if isinstance(later, retry.GiveUp) else later
    accepted = isinstance(outcome, Accepted)
    maillog.outbox_answered(entry, outcome)
    if next_run_at is None and not accepted:
        maillog.outbox_gave_up(entry, outcome)
    # What the relay took and we forgot would leave twice, so a database that is away for a moment is waited for.
    then = None
    if isinstance(outcome, Rejected):
        refusal = outcome
        then = lambda conn: office.refused(conn, entry, refusal, now)  # noqa: E731
    settle = partial(office.store.settle, office.db, entry, outcome, next_run_at=next_run_at, now=now, then=then)
    if not patiently("deliver", settle):
        maillog.outbox_lease_lost(entry)
        return False
    return accepted
