"""Service targets of cases: promised, met, missed.  Looking for missed ones costs what is due, not what is open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from gateway.model import Target
from gateway.store.sql import insert_new
from gateway.store.tables import case_target, support_case

_RUNNING = (case_target.c.met_at.is_(None), case_target.c.missed_at.is_(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class DueTarget:
    """A promise whose time is over."""

    case_number: str
    target: Target
    due_at: datetime


def promise(conn: Connection, case_number: str, within: Mapping[Target, timedelta]) -> None:
    """Set what a case is promised, counted from its opening; promises that were met or missed before stay so."""
    found = select(support_case.c.id, support_case.c.opened_at).where(support_case.c.number == case_number)
    case = conn.execute(found).one()
    conn.execute(delete(case_target).where(case_target.c.case_id == case.id, *_RUNNING))
    rows = [{"case_id": case.id, "target": t, "due_at": case.opened_at + span} for t, span in within.items()]
    if rows:
        conn.execute(insert_new(conn, case_target), rows)


def meet(conn: Connection, case_id: int, targets: Sequence[Target], *, now: datetime) -> None:
    """Note promises as kept; the first time counts, and one that was missed stays missed."""
    kept = update(case_target).where(case_target.c.case_id == case_id, case_target.c.target.in_(targets), *_RUNNING)
    conn.execute(kept.values(met_at=now))


def miss(conn: Connection, case_id: int, target: Target, *, now: datetime) -> None:
    """Note a promise as missed."""
    missed = update(case_target).where(case_target.c.case_id == case_id, case_target.c.target == target, *_RUNNING)
    conn.execute(missed.values(missed_at=now))


def due(conn: Connection, *, now: datetime, limit: int, case_number: str = "") -> list[DueTarget]:
    """Return promises whose time is over, the longest overdue first.  case_number: only of this case."""
    # The partial index on due_at holds running promises only; the join reads one case row for each that is due.
    over = select(support_case.c.number, case_target.c.target, case_target.c.due_at).select_from(
        case_target.join(support_case, case_target.c.case_id == support_case.c.id)
    )
    over = over.where(case_target.c.due_at <= now, *_RUNNING).order_by(case_target.c.due_at).limit(limit)
    if case_number:
        over = over.where(support_case.c.number == case_number)
    return [
        DueTarget(case_number=row.number, target=Target(row.target), due_at=row.due_at) for row in conn.execute(over)
    ]
