"""Escalations: their rows, and what has been said in the escalation feed."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, select, update

from gateway.errors import Conflict
from gateway.linking import sighting
from gateway.model import (
    Case,
    Channel,
    Escalation,
    EscalationFacts,
    EscalationReason,
    EscalationState,
    Feed,
    OpenEscalation,
    ReviewEscalation,
    Visibility,
)
from gateway.model.escalation import ACTIVE
from gateway.model.views import EscalationView
from gateway.reasons import Reason
from gateway.store import grants
from gateway.store.sql import insert_new
from gateway.store.tables import case_update, escalation, event, support_case

OURS = (Channel.AGENT, Channel.SYSTEM)
RCA_ASKED = "case.rca_requested"
_FOUND = select(escalation, support_case.c.number.label("case_number")).select_from(escalation.join(support_case))
_THESE = _FOUND.where(escalation.c.id.in_(bindparam("ids", expanding=True)))
_UNREAD = (
    case_update.c.feed == Feed.ESCALATION,
    case_update.c.read_at.is_(None),
    case_update.c.channel.not_in(OURS),
)


def insert(conn: Connection, case: Case, opened: OpenEscalation, *, now: datetime) -> int:
    """Begin an escalation and return its id.  Raises Conflict when another one became active meanwhile."""
    row = {
        "case_id": case.id,
        "number": opened.number,
        "state": EscalationState.REQUESTED,
        "reason": opened.reason,
        "details": opened.details,
        "requester": opened.requester,
        "requester_name": opened.requester_name,
        "owner": opened.owner,
        "warnings": list(opened.warnings),
        "requested_at": now,
    }
    made = conn.execute(insert_new(conn, escalation).values(row).returning(escalation.c.id)).scalar_one_or_none()
    if made is None:
        raise Conflict(Reason.ESCALATION_ACTIVE)
    return int(made)


def review(conn: Connection, case: Case, reviewed: ReviewEscalation, *, now: datetime) -> None:
    """Write what the review said; whatever was unread in the feed has been read."""
    given = {name: getattr(reviewed, name) for name in ("owner", "importance", "urgency", "answer")}
    values: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    values["state"] = reviewed.state
    if reviewed.escalation.state is EscalationState.REQUESTED:
        values["reviewed_at"] = now
    if reviewed.state is EscalationState.CLOSED:
        values["closed_at"] = now
    conn.execute(update(escalation).where(escalation.c.id == reviewed.escalation.id).values(values))
    mark_read(conn, case.id, now=now)


def load(conn: Connection, escalation_id: int) -> Escalation | None:
    """Return one escalation.  The caller locks its case before it decides."""
    row = conn.execute(_FOUND.where(escalation.c.id == escalation_id)).first()
    return _escalation(row) if row else None


def latest(conn: Connection, case_id: int) -> Escalation | None:
    """Return the latest escalation of a case; it is the active one, if one is active."""
    row = conn.execute(_latest(case_id)).first()
    return _escalation(row) if row else None


def facts(conn: Connection, case: Case) -> EscalationFacts:
    """Return what the criteria look at (PROCESS 6.2)."""
    last = latest(conn, case.id)
    return EscalationFacts(
        active=last if last is not None and last.is_active else None,
        earlier=last.number if last is not None else 0,
        we_wrote_at=_last_public(conn, case.id, case_update.c.channel.in_(OURS)),
        they_wrote_at=_last_public(conn, case.id, case_update.c.channel.not_in(OURS)),
        rca_requested_at=_rca_requested_at(conn, case.number),
    )


def unread_escalation_replies(conn: Connection, case_number: str) -> int:
    """Count the answers in the escalation feed that nobody has read yet; any of them holds the closer (PROCESS 4.7)."""
    found = conn.execute(select(support_case.c.id).where(support_case.c.number == case_number)).scalar()
    return 0 if found is None else unread_of(conn, [found]).get(found, 0)


def unread_of(conn: Connection, case_ids: Collection[int]) -> dict[int, int]:
    """Count the unread answers in the escalation feeds of these cases at once; a case without any is missing."""
    unread = select(case_update.c.case_id, func.count().label("unread")).where(
        case_update.c.case_id.in_(case_ids), *_UNREAD
    )
    return {row.case_id: row.unread for row in conn.execute(unread.group_by(case_update.c.case_id))}


def mark_read(conn: Connection, case_id: int, *, now: datetime) -> int:
    """Note that our side has read the escalation feed of a case; return how many answers were unread."""
    unread = update(case_update).where(case_update.c.case_id == case_id, *_UNREAD)
    return conn.execute(unread.values(read_at=now)).rowcount


def view(conn: Connection, escalation_id: int) -> EscalationView | None:
    """Return one escalation as people and programs see it."""
    row = conn.execute(_FOUND.where(escalation.c.id == escalation_id)).first()
    return _view(conn, row) if row else None


def latest_view(conn: Connection, case_id: int) -> EscalationView | None:
    """Return the latest escalation of a case as people and programs see it."""
    row = conn.execute(_latest(case_id)).first()
    return _view(conn, row) if row else None


def views_of(conn: Connection, ids: Sequence[int]) -> dict[int, EscalationView]:
    """Return these escalations as people and programs see them."""
    rows = conn.execute(_THESE, {"ids": list(ids)}).all() if ids else []
    return {row.id: _view(conn, row) for row in rows}


def views(
    conn: Connection, *, state: str = "", case_number: str = "", limit: int = 100, after: int = 0, seen_by: int = 0
) -> list[EscalationView]:
    """Return escalations, oldest first.  state: one of the states, `active`, or "" for all.

    after: only those with a higher id.  seen_by: only what the key of this id sees, 0 for all.
    """
    found = _FOUND.where(escalation.c.id > after).order_by(escalation.c.id).limit(limit)
    if seen_by:
        found = found.where(grants.seen_case(seen_by, support_case.c.number))
    if state:
        found = found.where(escalation.c.state.in_(ACTIVE if state == "active" else (state,)))
    if case_number:
        found = found.where(support_case.c.number == case_number)
    return [_view(conn, row) for row in conn.execute(found).all()]


def _latest(case_id: int) -> Select[Any]:
    return _FOUND.where(escalation.c.case_id == case_id).order_by(escalation.c.number.desc()).limit(1)


def _last_public(conn: Connection, case_id: int, whose: Any) -> datetime | None:
    public = (case_update.c.feed == Feed.CASE, case_update.c.visibility == Visibility.PUBLIC, whose)
    latest_ = select(case_update.c.at).where(case_update.c.case_id == case_id, *public)
    return conn.execute(latest_.order_by(case_update.c.id.desc()).limit(1)).scalar()


def _rca_requested_at(conn: Connection, case_number: str) -> datetime | None:
    """Return when a root-cause analysis was last asked for: noted as such, or by the substatus that waits for it."""
    types = (RCA_ASKED, "case.status_changed")
    found = select(event.c.type, event.c.at, event.c.data).where(event.c.case_number == case_number)
    rows: Sequence[Any] = conn.execute(found.where(event.c.type.in_(types)).order_by(event.c.id.desc())).all()
    asked = (row.at for row in rows if row.type == RCA_ASKED or row.data.get("substatus") == "pending-rca")
    return next(asked, None)


def _escalation(row: Any) -> Escalation:
    return Escalation(
        id=row.id,
        number=row.number,
        case_number=row.case_number,
        state=EscalationState(row.state),
        reason=EscalationReason(row.reason),
        details=row.details,
        requester=row.requester,
        requester_name=row.requester_name,
        owner=row.owner,
        requested_at=row.requested_at,
        warnings=tuple(Reason(word) for word in row.warnings),
    )


def _view(conn: Connection, row: Any) -> EscalationView:
    return EscalationView(
        id=str(row.id),
        case=row.case_number,
        state=row.state,
        reason=row.reason,
        details=sighting.redact(row.details),
        requester=row.requester,
        owner=row.owner or None,
        warnings=tuple(row.warnings),
        importance=row.importance or None,
        urgency=row.urgency or None,
        text=sighting.redact(row.answer) or None,
        unread=unread_of(conn, [row.case_id]).get(row.case_id, 0),
        requested_at=row.requested_at,
        reviewed_at=row.reviewed_at,
        closed_at=row.closed_at,
    )
