"""What the overview of the console shows beside the figures of `/metrics` (`gauges.py`): the ledger, the last day."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, case, func, select

from gateway.model import EntryState
from gateway.model.desk_views import FiguresView
from gateway.store import mail_views
from gateway.store.tables import mail, outbox

HOURS = 24


def figures(conn: Connection, *, now: datetime) -> FiguresView:
    """Return all figures as of now."""
    day = now - timedelta(hours=HOURS)
    waits = outbox.c.state == EntryState.READY
    return FiguresView(
        ledger=mail_views.ledger(conn),
        deferred=_count(conn, and_(waits, outbox.c.attempts > 0)),
        uncertain=_count(conn, and_(outbox.c.state != EntryState.DONE, outbox.c.uncertain)),
        sent_of_a_day=_count(conn, outbox.c.sent_at >= day),
        bounced_of_a_day=_count(conn, outbox.c.bounced_at >= day),
        hours=_hours(conn, now),
    )


def _hours(conn: Connection, now: datetime) -> tuple[tuple[datetime, dict[str, int]], ...]:
    start = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
    begins: Sequence[datetime] = [start + timedelta(hours=number) for number in range(HOURS)]
    # The bucket by comparison: the two databases cut times differently, and both compare alike.
    bucket = case(*((mail.c.received_at >= begins[number], number) for number in reversed(range(HOURS))))
    rows = select(bucket.label("hour"), mail.c.disposition, func.count()).where(mail.c.received_at >= start)
    counted: list[dict[str, int]] = [{} for _ in begins]
    for hour, disposition, count in conn.execute(rows.group_by(bucket, mail.c.disposition)):
        counted[hour][disposition or "progress"] = count
    return tuple(zip(begins, counted, strict=True))


def _count(conn: Connection, condition: object) -> int:
    return int(conn.execute(select(func.count()).select_from(outbox).where(condition)).scalar_one())  # type: ignore[arg-type]
