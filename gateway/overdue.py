"""What has waited for too long: missed service targets and the admin queue, looked up by time and told once.

One turn of the scheduler calls both; any number of schedulers may do so at once.  A target is decided again under its
case's lock; an item of the queue is marked in the transaction that tells of it.  Source: PROCESS 8.
"""

from datetime import datetime, timedelta

from gateway import effects
from gateway.model import EventType
from gateway.rules import targets as target_rules
from gateway.services import Services
from gateway.store import cases, events, queue, targets

BATCH = 100


def raise_missed(services: Services, *, now: datetime) -> int:
    """Raise `target-missed` for every promise that is over at `now`; return how many.  Calling twice is nothing."""
    raised = 0
    while True:
        with services.database.read() as conn:
            over = sorted({found.case_number for found in targets.due(conn, now=now, limit=BATCH)})
        if not over:
            return raised
        for number in over:
            raised += _raise_of_case(services, number, now=now)


def alarm_queue(services: Services, *, now: datetime) -> int:
    """Publish `queue.alarm` for the items that wait longer than `[queue] alarm_hours`; return how many are new ones."""
    before = now - timedelta(hours=services.config.queue.alarm_hours)
    with services.database.read() as conn:
        if not queue.overdue(conn, before=before):
            return 0
    with services.database.write() as conn:
        # Looked up again by the update itself: another scheduler may have been faster.
        items = queue.mark_alarmed(conn, before=before, now=now)
        if items:
            data = {"items": len(items), "oldest_item": str(items[0])}
            events.append(conn, EventType.QUEUE_ALARM, case_number="", data=data, now=now)
    return len(items)


def _raise_of_case(services: Services, number: str, *, now: datetime) -> int:
    written: list[int] = []
    with services.database.write() as conn:
        case = cases.load(conn, number, lock=True)
        # Looked up again under the lock: an answer may have kept the promise meanwhile, or another scheduler raised it.
        over = targets.due(conn, now=now, limit=BATCH, case_number=number) if case is not None else []
        for missed in over:
            assert case is not None
            decision = target_rules.on_missed(case, missed.target, missed.due_at, policy=services.policy)
            written += effects.apply(conn, decision, scribe=services.scribe, now=now, case=case).outbox_ids
    services.ring_outbox(written)
    return len(over)
