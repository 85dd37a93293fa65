"""Webhooks: who is called, what goes to them, and what they said.

A delivery is written from the feed, behind the place that its webhook has reached, and UNIQUE for webhook and event: so
every event of the feed becomes one delivery, whoever dies meanwhile, and its message id is the same for ever.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, exists, func, or_, select, true, update

from gateway.model import CallOutcome, EntryState, Missed, NextTry, Taken, WebhookCall
from gateway.model.call_views import DeliveryView, WebhookView
from gateway.model.views import to_json
from gateway.store import events, grants, lease
from gateway.store.db import Database, epoch_now
from gateway.store.instance import Instance
from gateway.store.journal_tables import event
from gateway.store.sql import insert_new
from gateway.store.tables import api_key
from gateway.store.webhook_tables import webhook, webhook_delivery

ACTIVE, DISABLED = "active", "disabled"
# So many calls of one webhook are under way at once: one that hangs leaves room for the others.
CALLS_AT_ONCE = 2
OVER = (EntryState.DONE, EntryState.DEAD, EntryState.CANCELLED)


# --- who is called


def insert(conn: Connection, *, url: str, types: Sequence[str], secret: str, key_id: int | None, now: datetime) -> int:
    """Store a webhook that is told of all that happens from now on; return its id."""
    row = {
        "url": url,
        "types": list(types),
        "state": ACTIVE,
        "secret": secret,
        "cursor": conn.execute(select(func.coalesce(func.max(event.c.cursor), 0))).scalar_one(),
        "key_id": key_id,
        "created_at": now,
    }
    return int(conn.execute(webhook.insert().values(row).returning(webhook.c.id)).scalar_one())


def many(conn: Connection, *, key_id: int | None = None, after: int = 0, limit: int = 1000) -> list[WebhookView]:
    """Return webhooks, oldest first.  key_id: only those that this key made."""
    found = select(webhook).where(webhook.c.id > after, *_made_by(key_id)).order_by(webhook.c.id).limit(limit)
    return [_view(row, _waiting(conn, row.id)) for row in conn.execute(found).all()]


def one(conn: Connection, webhook_id: int, *, key_id: int | None = None) -> WebhookView | None:
    """Return one webhook."""
    row = conn.execute(select(webhook).where(webhook.c.id == webhook_id, *_made_by(key_id))).first()
    return _view(row, _waiting(conn, row.id)) if row else None


def count(conn: Connection) -> int:
    """Return how many webhooks there are."""
    return conn.execute(select(func.count()).select_from(webhook)).scalar_one()


def remove(conn: Connection, webhook_id: int) -> None:
    """Delete a webhook with its log.  A call that is under way ends without a trace."""
    conn.execute(delete(webhook_delivery).where(webhook_delivery.c.webhook_id == webhook_id))
    conn.execute(delete(webhook).where(webhook.c.id == webhook_id))


def rotate(conn: Connection, webhook_id: int, *, secret: str, old_until: datetime) -> None:
    """Give a webhook a new secret; the one before signs as well until then."""
    values = {"old_secret": webhook.c.secret, "old_secret_until": old_until, "secret": secret}
    conn.execute(update(webhook).where(webhook.c.id == webhook_id).values(values))


def disable(conn: Connection, webhook_id: int, *, why: str) -> bool:
    """Call a webhook no more; what waits for it is held.  False when it was disabled before."""
    live = update(webhook).where(webhook.c.id == webhook_id, webhook.c.state == ACTIVE)
    if conn.execute(live.values(state=DISABLED, why=why)).rowcount == 0:
        return False
    _move(conn, webhook_id, EntryState.READY, EntryState.HELD)
    return True


def enable(conn: Connection, webhook_id: int) -> None:
    """Call a webhook again, with all that was held and all that happened meanwhile."""
    fresh = {"state": ACTIVE, "why": "", "failures": 0, "rest_until": None}
    conn.execute(update(webhook).where(webhook.c.id == webhook_id).values(fresh))
    _move(conn, webhook_id, EntryState.HELD, EntryState.READY)


# --- what goes to them


def behind(conn: Connection) -> list[int]:
    """Return the webhooks that have not reached the end of the feed."""
    end = select(func.coalesce(func.max(event.c.cursor), 0)).scalar_subquery()
    return list(conn.execute(select(webhook.c.id).where(webhook.c.state == ACTIVE, webhook.c.cursor < end)).scalars())


def write_deliveries(conn: Connection, webhook_id: int, *, instance: Instance, limit: int, now: datetime) -> int:
    """Write deliveries for the next `limit` events of the feed; return how many events were looked at.

    The webhook's row is locked first, so two that do this for one webhook do it one after the other.
    """
    hook = conn.execute(select(webhook).where(webhook.c.id == webhook_id).with_for_update()).first()
    if hook is None or hook.state != ACTIVE:
        return 0
    seen = grants.seen_case(hook.key_id, event.c.case_number) if hook.key_id else true()
    found = select(event, seen.label("seen")).where(event.c.cursor > hook.cursor).order_by(event.c.cursor).limit(limit)
    rows = conn.execute(found).all()
    if not rows:
        return 0
    new = [_delivery(hook, row, instance, now) for row in rows if _wanted(hook, row)]
    if new:
        conn.execute(insert_new(conn, webhook_delivery), new)
    conn.execute(update(webhook).where(webhook.c.id == webhook_id).values(cursor=rows[-1].cursor))
    return len(rows)


def any_lost(conn: Connection) -> bool:
    """Say whether the lease of a call has ended without an outcome."""
    gone = (webhook_delivery.c.state == EntryState.LEASED, webhook_delivery.c.lease_until < epoch_now())
    return bool(conn.execute(select(exists().where(*gone))).scalar())


def release_lost(conn: Connection, *, now: datetime) -> int:
    """Make calls ready again whose worker went away; return how many."""
    return lease.release_expired(conn, webhook_delivery, now=now)


def any_due(conn: Connection, *, now: datetime) -> bool:
    """Say whether there is a call to make."""
    due = (webhook_delivery.c.state == EntryState.READY, webhook_delivery.c.run_at <= now, _callable(now))
    return bool(conn.execute(select(exists().where(*due))).scalar())


def claim(database: Database, *, owner: str, limit: int, now: datetime) -> list[WebhookCall]:
    """Lease up to `limit` calls that are due, of webhooks that neither rest nor have CALLS_AT_ONCE under way."""
    with database.write() as conn:
        rows = lease.claim(conn, webhook_delivery, owner=owner, limit=limit, now=now, only=_callable(now))
        return [_call(conn, row, now) for row in rows]


def settle(conn: Connection, call: WebhookCall, outcome: CallOutcome, *, after: NextTry, now: datetime) -> bool:
    """End a lease with what the receiver said; False, and nothing changes, when another lease was taken since."""
    values: dict[str, Any] = {"last_status": outcome.status, "last_reply": outcome.words}
    state = EntryState.DEAD
    if isinstance(outcome, Taken):
        state, values["delivered_at"] = EntryState.DONE, now
    elif isinstance(outcome, Missed) and after.run_at is not None:
        state, values["run_at"] = EntryState.READY, after.run_at
    if not lease.settle(conn, webhook_delivery, entry_id=call.id, fence=call.fence, state=state, **values):
        return False
    hook = update(webhook).where(webhook.c.id == call.webhook_id)
    if isinstance(outcome, Missed):
        conn.execute(hook.values(failures=webhook.c.failures + 1, rest_until=after.rest_until))
    else:
        conn.execute(hook.where(webhook.c.failures > 0).values(failures=0, rest_until=None))
    return True


def drop(conn: Connection, call: WebhookCall) -> bool:
    """End a lease on a call whose event was forgotten; False when another lease was taken since."""
    words = "not called: the event is older than what is kept"
    cancelled = EntryState.CANCELLED
    return lease.settle(conn, webhook_delivery, entry_id=call.id, fence=call.fence, state=cancelled, last_reply=words)


# --- the log of it


def deliveries(
    conn: Connection, webhook_id: int, *, state: str = "", before: int = 0, limit: int = 100
) -> list[DeliveryView]:
    """Return deliveries of a webhook, newest first.  before: an id, to go on from there.  state: "" for all."""
    found = select(webhook_delivery).where(webhook_delivery.c.webhook_id == webhook_id)
    found = found.where(webhook_delivery.c.state == state) if state else found
    found = found.where(webhook_delivery.c.id < before) if before else found
    return [_delivery_view(row) for row in conn.execute(found.order_by(webhook_delivery.c.id.desc()).limit(limit))]


def delivery(conn: Connection, webhook_id: int, delivery_id: int) -> DeliveryView | None:
    """Return one delivery of a webhook."""
    its = (webhook_delivery.c.webhook_id == webhook_id, webhook_delivery.c.id == delivery_id)
    row = conn.execute(select(webhook_delivery).where(*its)).first()
    return _delivery_view(row) if row else None


def again(conn: Connection, webhook_id: int, *, delivery_id: int | None, now: datetime) -> int:
    """Call again what is over, or now what waits; return how many.  delivery_id: None for all that are dead."""
    fitting = update(webhook_delivery).where(webhook_delivery.c.webhook_id == webhook_id)
    if delivery_id is None:
        fitting = fitting.where(webhook_delivery.c.state == EntryState.DEAD)
    else:
        states = (*OVER, EntryState.READY, EntryState.HELD)
        fitting = fitting.where(webhook_delivery.c.id == delivery_id, webhook_delivery.c.state.in_(states))
    conn.execute(update(webhook).where(webhook.c.id == webhook_id).values(failures=0, rest_until=None))
    return conn.execute(fitting.values(state=EntryState.READY, attempts=0, run_at=now)).rowcount


def forget(conn: Connection, *, before: datetime, limit: int) -> int:
    """Delete `limit` deliveries at most that are over and older; return how many."""
    old = select(webhook_delivery.c.id).where(
        webhook_delivery.c.created_at < before, webhook_delivery.c.state.in_(OVER)
    )
    return conn.execute(delete(webhook_delivery).where(webhook_delivery.c.id.in_(old.limit(limit)))).rowcount


def _made_by(key_id: int | None) -> list[ColumnElement[bool]]:
    return [] if key_id is None else [webhook.c.key_id == key_id]


def _move(conn: Connection, webhook_id: int, was: EntryState, to: EntryState) -> None:
    its = update(webhook_delivery).where(webhook_delivery.c.webhook_id == webhook_id, webhook_delivery.c.state == was)
    conn.execute(its.values(state=to))


def _waiting(conn: Connection, webhook_id: int) -> int:
    waits = (EntryState.READY, EntryState.LEASED, EntryState.HELD)
    its = (webhook_delivery.c.webhook_id == webhook_id, webhook_delivery.c.state.in_(waits))
    return conn.execute(select(func.count()).select_from(webhook_delivery).where(*its)).scalar_one()


def _wanted(hook: Row[Any], row: Row[Any]) -> bool:
    return bool(row.seen) and (not hook.types or events.shown_type(row.type) in hook.types)


def _delivery(hook: Row[Any], row: Row[Any], instance: Instance, now: datetime) -> dict[str, Any]:
    return {
        "webhook_id": hook.id,
        "event_id": row.id,
        "cursor": row.cursor,
        "type": events.shown_type(row.type),
        "case_number": row.case_number,
        "message_id": _message_id(instance, f"{hook.id}:{row.id}:{row.at.isoformat()}"),
        "state": EntryState.READY,
        "run_at": now,
        "created_at": now,
    }


def _message_id(instance: Instance, of: str) -> str:
    # Keyed and with the time in it: numbers that a restored backup gives a second time make another message.
    digest = hmac.new(instance.key, f"webhook:{of}".encode(), hashlib.sha256).digest()[:20]
    return f"msg_{base64.b32encode(digest).decode('ascii').lower()}"


def _callable(now: datetime) -> ColumnElement[bool]:
    busy = webhook_delivery.alias("busy")
    under_way = (
        select(func.count())
        .select_from(busy)
        .where(busy.c.webhook_id == webhook.c.id, busy.c.state == EntryState.LEASED)
        .scalar_subquery()
    )
    rests_no_more = or_(webhook.c.rest_until.is_(None), webhook.c.rest_until <= now)
    # A key that was ended takes its webhooks with it.
    ended = or_(api_key.c.revoked_at.is_not(None), api_key.c.expires_at <= now)
    orphan = exists().where(api_key.c.id == webhook.c.key_id, ended)
    awake = select(webhook.c.id).where(webhook.c.state == ACTIVE, rests_no_more, under_way < CALLS_AT_ONCE, ~orphan)
    return webhook_delivery.c.webhook_id.in_(awake)


def _call(conn: Connection, row: Row[Any], now: datetime) -> WebhookCall:
    hook = conn.execute(select(webhook).where(webhook.c.id == row.webhook_id)).one()
    told = events.one(conn, row.event_id)
    old = hook.old_secret if hook.old_secret_until and hook.old_secret_until > now else ""
    return WebhookCall(
        id=row.id,
        webhook_id=hook.id,
        url=hook.url,
        message_id=row.message_id,
        secrets=tuple(filter(None, (hook.secret, old))),
        event=to_json(told) if told else {},
        attempts=row.attempts,
        fence=row.fence,
        failures=hook.failures,
    )


def _view(row: Row[Any], waiting: int) -> WebhookView:
    return WebhookView(
        id=str(row.id),
        url=row.url,
        types=tuple(row.types),
        state=row.state,
        why=row.why,
        waiting=waiting,
        failures=row.failures,
        created_at=row.created_at,
    )


def _delivery_view(row: Row[Any]) -> DeliveryView:
    return DeliveryView(
        id=str(row.id),
        event=str(row.event_id),
        cursor=str(row.cursor),
        type=row.type,
        case=row.case_number or None,
        message_id=row.message_id,
        state=row.state,
        attempts=row.attempts,
        run_at=row.run_at,
        last_status=row.last_status,
        last_reply=row.last_reply,
        created_at=row.created_at,
        delivered_at=row.delivered_at,
    )
