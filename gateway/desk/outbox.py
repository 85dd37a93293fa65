"""What people ask of outgoing mail: look, try again, cancel, hold, release."""

from collections.abc import Sequence
from typing import Any

from gateway import addresses
from gateway.desk import audit
from gateway.desk.ids import row_id
from gateway.errors import Conflict, NotFound
from gateway.model import EntryState
from gateway.model.views import OutboxView
from gateway.reasons import Reason
from gateway.services import Services
from gateway.store import deliverability, outbox, outbox_views

HELD_TOGETHER = "held together with all others, by a person or a restore"


_VERBS = {"retried": "retry", "cancelled": "cancel", "held": "hold", "released": "release"}


def find(
    services: Services, *, state: str = "open", limit: int = 100, notice: str = "", case: str = "", after: int = 0
) -> list[OutboxView]:
    """Return outgoing mails, oldest first.  state: one of the states, `open` (has not left) or `all`."""
    with services.database.read() as conn:
        return outbox_views.many(conn, state=state, limit=limit, notice=notice, case=case, after=after)


def show(services: Services, entry_id: str) -> OutboxView:
    """Return one outgoing mail."""
    with services.database.read() as conn:
        view = outbox_views.one(conn, row_id(entry_id))
    if view is None:
        raise NotFound(f"There is no outgoing mail {entry_id[:20]}; `gateway outbox list --state all` shows them.")
    return view


def retry(services: Services, entry_id: str) -> OutboxView:
    """Send a mail that waits, is held or is dead, now; its tries begin anew."""
    fresh = {"run_at": services.clock.now(), "attempts": 0, "first_tried_at": None}
    allowed = (EntryState.DEAD, EntryState.READY, EntryState.HELD)
    return _move(services, entry_id, EntryState.READY, allowed, "retried", **fresh)


def cancel(services: Services, entry_id: str) -> OutboxView:
    """Never send this mail."""
    allowed = (EntryState.READY, EntryState.HELD, EntryState.DEAD)
    return _move(services, entry_id, EntryState.CANCELLED, allowed, "cancelled")


def hold(services: Services, entry_id: str) -> OutboxView:
    """Keep a mail back until it is released."""
    return _move(services, entry_id, EntryState.HELD, (EntryState.READY,), "held")


def release(services: Services, entry_id: str) -> OutboxView:
    """Let a held mail leave."""
    run_at = services.clock.now()
    return _move(services, entry_id, EntryState.READY, (EntryState.HELD,), "released", run_at=run_at)


def hold_all(services: Services) -> int:
    """Keep back every mail that has not left; return how many.  Calling twice is nothing."""
    with services.database.write() as conn:
        held = outbox.hold_all(conn, why=HELD_TOGETHER)
        audit.note_along(conn, services, "outbox.hold", "outbox:all", mails=held)
        return held


def release_all(services: Services) -> int:
    """Let every mail leave that `hold_all` kept back; return how many.  What was held one by one stays held."""
    with services.database.write() as conn:
        ids = outbox.release_all(conn, why=HELD_TOGETHER, now=services.clock.now())
        audit.note_along(conn, services, "outbox.release", "outbox:all", mails=len(ids))
    if ids:
        services.ring_outbox(ids)
    return len(ids)


def _move(
    services: Services, entry_id: str, to: EntryState, allowed: Sequence[EntryState], verb: str, **values: Any
) -> OutboxView:
    before = show(services, entry_id)
    with services.database.write() as conn:
        if to is EntryState.READY and deliverability.among(conn, [addresses.key(before.to)]):
            sentence = (
                f"Mail to {before.to} comes back; if it works again, say `gateway contact deliverable {before.to}`."
            )
            raise Conflict(Reason.CONTACT_UNDELIVERABLE, sentence)
        moved = outbox.move(conn, row_id(entry_id), state=to, allowed=allowed, **values)
        if moved:
            was = {"was": before.state, "case": before.case}
            audit.note_along(conn, services, f"outbox.{_VERBS[verb]}", f"outbox:{before.id}", **was)
    if not moved:
        raise Conflict(Reason.CHANGED_MEANWHILE, f"Mail {before.id} is {before.state} and cannot be {verb}.")
    if to is EntryState.READY:
        services.ring_outbox([row_id(entry_id)])
    return show(services, entry_id)
