"""What has waited for too long: missed service targets and the admin queue, looked up by time and told once.

One turn of the scheduler calls both; any number of schedulers may do so at once.  A target is decided again under its
case's lock; an item of the queue is marked in the transaction that tells of it.  Source: PROCESS 8.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from gateway import effects
from gateway.model import Notice
from gateway.model.views import PlannedView
from gateway.rules import queue_alarm
from gateway.rules import targets as target_rules
from gateway.services import Services
from gateway.store import cases, queue, targets

BATCH = 100
FORECAST_LIMIT = 10_000


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
    """Tell of the items that wait longer than `[queue] alarm_hours`, once of each; return how many are new ones."""
    before = now - timedelta(hours=services.config.queue.alarm_hours)
    with services.database.read() as conn:
        if not queue.overdue(conn, before=before):
            return 0
    with services.database.write() as conn:
        # Looked up again by the update itself: another scheduler may have been faster.
        items = queue.mark_alarmed(conn, before=before, now=now)
        written = _tell(conn, services, items, now) if items else []
    services.ring_outbox(written)
    return len(items)


def forecast(conn: Connection, services: Services, *, start: datetime, until: datetime) -> list[PlannedView]:
    """Return the mails that would tell of what is over up to `until`, when nobody does anything; writes nothing."""
    planned = []
    for over in targets.due(conn, now=until, limit=FORECAST_LIMIT):
        case = cases.load(conn, over.case_number)
        to = target_rules.told(case, services.policy) if case is not None else ""
        if to:
            why = f"The {over.target} target of the case is over then."
            planned.append(
                PlannedView(
                    at=max(over.due_at, start), case=over.case_number, notice=Notice.TARGET_MISSED, to=to, why=why
                )
            )
    hours, to = services.config.queue.alarm_hours, queue_alarm.told(services.policy)
    oldest = queue.alarming(conn, before=until - timedelta(hours=hours)) if to else None
    if oldest is not None:
        at, why = max(queue_alarm.alarmed_at(oldest, hours), start), f"A queued mail waits for {hours} hours then."
        planned.append(PlannedView(at=at, case=None, notice=Notice.QUEUE_ALARM, to=to, why=why))
    return planned


def _tell(conn: Connection, services: Services, items: Sequence[tuple[int, datetime]], now: datetime) -> list[int]:
    decision = queue_alarm.on_waiting(
        [id_ for id_, _ in items],
        oldest_at=items[0][1],
        alarm_hours=services.config.queue.alarm_hours,
        policy=services.policy,
    )
    return effects.apply(conn, decision, scribe=services.scribe, now=now).outbox_ids


def _raise_of_case(services: Services, number: str, *, now: datetime) -> int:
    written: list[int] = []
    with services.database.write() as conn:
        case = cases.load(conn, number, lock=True)
        # Looked up again under the lock: an answer may have kept the promise meanwhile, or another scheduler raised it.
        over = targets.due(conn, now=now, limit=BATCH, case_number=number) if case is not None else []
        for missed in over:
            assert case is not None
            decision = target_rules.on_missed(case, missed.target, missed.due_at, policy=services.policy)
            written += effects.apply(
                conn, decision, scribe=services.scribe.acting("timer"), now=now, case=case
            ).outbox_ids
    services.ring_outbox(written)
    return len(over)
