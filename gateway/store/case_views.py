"""Cases as people and programs see them: one, many, and their feeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, literal, select, tuple_

from gateway import addresses
from gateway.linking import sighting
from gateway.model import Case, Feed, Status
from gateway.model.views import (
    AttachmentView,
    CaseView,
    ContactBrief,
    EscalationView,
    FollowUpView,
    StepView,
    UpdateView,
)
from gateway.store import cases, escalations, grants, search, timers
from gateway.store.tables import account, attachment, case_update, contact, contact_address, support_case


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseQuery:
    """Which cases to list; an empty field asks for all.  turn: `ours` or `customer`.

    text: a case number, or beginnings of words of the subject.  sort: one of SORTS.  after: (value of the sort's
    column, number) of the last case of the page before.  seen_by: only what the key of this id sees, 0 for all.
    """

    status: str = ""
    priority: str = ""
    contact: str = ""
    owner: str = ""
    account: str = ""
    turn: str = ""
    text: str = ""
    sort: str = "-modified_at"
    after: tuple[datetime | str, str] | None = None
    seen_by: int = 0
    limit: int = 50


# Every order ends with the id, which makes it total; cases are numbered in the order in which they were opened.
SORTS: Mapping[str, tuple[ColumnElement[Any], bool]] = {
    "-modified_at": (support_case.c.modified_at, True),
    "modified_at": (support_case.c.modified_at, False),
    "-number": (support_case.c.number, True),
    "number": (support_case.c.number, False),
}


def one(conn: Connection, number: str, *, hints: Sequence[str] | None = None) -> CaseView:
    """Return a case that is known to exist.  hints: only on a case that was just opened."""
    case = cases.load(conn, number)
    assert case is not None
    (view,) = _views(conn, [case])
    return view if hints is None else replace(view, hints=tuple(hints))


def many(conn: Connection, query: CaseQuery) -> list[CaseView]:
    """Return cases in the order of the query, a few statements for all of them."""
    ids = [row.id for row in conn.execute(_filtered(conn, query).limit(query.limit))]
    found = {case.id: case for case in cases.load_many(conn, ids, alternates=False)} if ids else {}
    return _views(conn, [found[id_] for id_ in ids])


def updates(
    conn: Connection, case_id: int, feed: Feed, *, after: int = 0, limit: int | None = None
) -> list[UpdateView]:
    """Return a feed, oldest first.  after: only those with a higher id.  limit: None for all."""
    found = _feed(case_id, feed).where(case_update.c.id > after).order_by(case_update.c.id).limit(limit)
    rows = conn.execute(found).all()
    files = attachments(conn, [row.mail_id for row in rows if row.mail_id])
    return [_update(row, files.get(row.mail_id, ())) for row in rows]


def latest_update(conn: Connection, case_id: int, feed: Feed) -> UpdateView:
    """Return the last entry of a feed that is known not to be empty; a long feed costs no more than a short one."""
    row = conn.execute(_feed(case_id, feed).order_by(case_update.c.id.desc()).limit(1)).one()
    return _update(row, attachments(conn, [row.mail_id]).get(row.mail_id, ()) if row.mail_id else ())


def attachments(conn: Connection, mail_ids: Sequence[int]) -> dict[int, tuple[AttachmentView, ...]]:
    """Return the attached files of these mails."""
    if not mail_ids:
        return {}
    found: dict[int, tuple[AttachmentView, ...]] = {}
    for row in conn.execute(select(attachment).where(attachment.c.mail_id.in_(mail_ids)).order_by(attachment.c.id)):
        view = AttachmentView(name=row.name, content_type=row.content_type, size=row.size, sha256=row.sha256)
        found[row.mail_id] = (*found.get(row.mail_id, ()), view)
    return found


def _feed(case_id: int, feed: Feed) -> Select[Any]:
    return select(case_update).where(case_update.c.case_id == case_id, case_update.c.feed == feed)


def _filtered(conn: Connection, query: CaseQuery) -> Select[tuple[int]]:
    found = select(support_case.c.id)
    for column, value in (
        (support_case.c.status, query.status),
        (support_case.c.priority, query.priority),
        (support_case.c.owner, query.owner),
    ):
        if value:
            found = found.where(column == value)
    if query.account:
        theirs = select(contact.c.id).select_from(contact.join(account)).where(account.c.name == query.account)
        found = found.where(support_case.c.contact_id.in_(theirs))
    if query.contact:
        same = contact_address.c.address_key == addresses.key(query.contact)
        whose = select(contact_address.c.contact_id).where(same)
        found = found.where(support_case.c.contact_id.in_(whose))
    if query.turn:
        waits = support_case.c.status.in_((Status.AWAITING_INFO, Status.SOLUTION_PROPOSED))
        ours = support_case.c.status.in_((Status.OPEN, Status.SERVICE_RESTORED))
        found = found.where(waits if query.turn == "customer" else ours)
    if query.text:
        found = found.where(search.condition(conn, query.text))
    if query.seen_by:
        found = found.where(grants.seen_case(query.seen_by, support_case.c.number))
    return _ordered(found, query)


def _ordered(found: Select[tuple[int]], query: CaseQuery) -> Select[tuple[int]]:
    column, falling = SORTS[query.sort]
    keys = (column, support_case.c.id)
    if query.after is not None:
        value, number = query.after
        last = select(support_case.c.id).where(support_case.c.number == number).scalar_subquery()
        here = tuple_(literal(value, column.type), last)
        found = found.where(tuple_(*keys) < here if falling else tuple_(*keys) > here)
    return found.order_by(*(key.desc() if falling else key for key in keys))


def _views(conn: Connection, found: Sequence[Case]) -> list[CaseView]:
    # What was handed to the outbox is not sent before a relay took it.
    reminded = [c.episode.id for c in found if c.episode and any(s.sent_at for s in c.episode.steps)]
    sent = timers.sent_at(conn, reminded)
    asked = escalations.latest_views(conn, [case.id for case in found])
    return [_view(case, sent, asked.get(case.id)) for case in found]


def _view(case: Case, sent: Mapping[int, Mapping[int, datetime]], escalation: EscalationView | None) -> CaseView:
    return CaseView(
        number=case.number,
        subject=sighting.redact(case.subject),
        description=sighting.redact(case.description),
        status=case.status,
        substatus=case.substatus,
        priority=case.priority,
        type=case.type,
        profile=case.profile,
        contact=ContactBrief(email=case.contact.email, name=case.contact.name),
        account=case.contact.account,
        owner=case.owner or None,
        external_ref=case.external_ref or None,
        deployment=case.details.deployment or None,
        product_line=case.details.product_line or None,
        component=case.details.component or None,
        implementation_stage=case.details.implementation_stage or None,
        business_impact=sighting.redact(case.details.business_impact) or None,
        previous=case.previous or None,
        opened_at=case.opened_at,
        modified_at=case.modified_at,
        closed_at=case.closed_at,
        follow_up=_follow_up(case, sent.get(case.episode.id, {})) if case.episode else None,
        escalation=escalation,
        version=case.version,
        held_at=case.held_at,
        purged_at=case.purged_at,
    )


def _follow_up(case: Case, sent: Mapping[int, datetime]) -> FollowUpView:
    assert case.episode is not None
    steps = tuple(
        StepView(step=s.step, due_at=s.due_at, sent_at=sent.get(s.step), skipped=s.skipped) for s in case.episode.steps
    )
    return FollowUpView(
        episode=case.episode.number,
        started_at=case.episode.started_at,
        paused=case.episode.paused,
        steps=steps,
        held=case.episode.held or None,
    )


def _update(row: Any, files: tuple[AttachmentView, ...]) -> UpdateView:
    return UpdateView(
        id=str(row.id),
        at=row.at,
        feed=row.feed,
        channel=row.channel,
        author=row.author,
        visibility=row.visibility,
        text=sighting.redact(row.text),
        html_safe=None,
        attachments=files,
        mail_id=str(row.mail_id) if row.mail_id else None,
        flags=tuple(row.flags),
    )
