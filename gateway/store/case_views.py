"""Cases as people and programs see them: one, many, and their feeds.

A list is one statement, built once for each set of questions that it answers: building one costs more than running it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Integer, Row, Select, bindparam, func, select, tuple_

from gateway import addresses
from gateway.linking import sighting
from gateway.model import Episode, Feed, RecordUpdate, Status
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
from gateway.store.tables import account, attachment, case_update, contact, contact_address, escalation, support_case


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


_CONDITIONS: Mapping[str, ColumnElement[bool]] = {
    "status": support_case.c.status == bindparam("status"),
    "priority": support_case.c.priority == bindparam("priority"),
    "owner": support_case.c.owner == bindparam("owner"),
    "account": support_case.c.contact_id.in_(
        select(contact.c.id).select_from(contact.join(account)).where(account.c.name == bindparam("account"))
    ),
    "contact": support_case.c.contact_id.in_(
        select(contact_address.c.contact_id).where(contact_address.c.address_key == bindparam("contact"))
    ),
    "seen_by": grants.seen_case(bindparam("seen_by", type_=BigInteger), support_case.c.number),
}
_TURNS: Mapping[str, tuple[Status, ...]] = {
    "customer": (Status.AWAITING_INFO, Status.SOLUTION_PROPOSED),
    "ours": (Status.OPEN, Status.SERVICE_RESTORED),
}
_SHOWN = cases.WHOLE.add_columns(
    select(func.max(escalation.c.id))
    .where(escalation.c.case_id == support_case.c.id)
    .scalar_subquery()
    .label("escalation_id")
)
_ONE = _SHOWN.where(support_case.c.number == bindparam("of"))
# Every order ends with the id, which makes it total; cases are numbered in the order in which they were opened.
SORTS: Mapping[str, tuple[ColumnElement[Any], bool]] = {
    "-modified_at": (support_case.c.modified_at, True),
    "modified_at": (support_case.c.modified_at, False),
    "-number": (support_case.c.number, True),
    "number": (support_case.c.number, False),
}


def one(conn: Connection, number: str, *, hints: Sequence[str] | None = None) -> CaseView:
    """Return a case that is known to exist.  hints: only on a case that was just opened."""
    view = find(conn, number)
    assert view is not None
    return view if hints is None else replace(view, hints=tuple(hints))


def find(conn: Connection, number: str) -> CaseView | None:
    """Return the case of a number, written in full."""
    views = _views(conn, conn.execute(_ONE, {"of": number}).all())
    return views[0] if views else None


def many(conn: Connection, query: CaseQuery) -> list[CaseView]:
    """Return cases in the order of the query, a few statements for all of them."""
    sought = search.look_up(conn, query.text) if query.text else None
    given = tuple(name for name in _CONDITIONS if getattr(query, name))
    listing = _listing(
        given, query.turn, (sought.how, sought.words) if sought else None, query.sort, query.after is not None
    )
    values = {name: getattr(query, name) for name in given} | {"limit": query.limit}
    if query.contact:
        values["contact"] = addresses.key(query.contact)
    if query.after is not None:
        values["after_value"], values["after_number"] = query.after
    return _views(conn, conn.execute(listing, values | (sought.values if sought else {})).all())


def updates(
    conn: Connection, case_id: int, feed: Feed, *, after: int = 0, limit: int | None = None
) -> list[UpdateView]:
    """Return a feed, oldest first.  after: only those with a higher id.  limit: None for all."""
    found = _feed(case_id, feed).where(case_update.c.id > after).order_by(case_update.c.id).limit(limit)
    rows = conn.execute(found).all()
    files = attachments(conn, [row.mail_id for row in rows if row.mail_id])
    return [_update(row, files.get(row.mail_id, ())) for row in rows]


def posted(update_id: int, entry: RecordUpdate, *, now: datetime) -> UpdateView:
    """Return what was just entered into a feed, as it is kept; without files, which come by mail alone."""
    return _entry(update_id, now, entry, ())


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


@lru_cache(maxsize=256)
def _listing(
    given: tuple[str, ...], turn: str, sought: tuple[str, int] | None, sort: str, goes_on: bool
) -> Select[Any]:
    """Return the statement of a list.  given: names in _CONDITIONS.  goes_on: from where the page before ended."""
    found = select(support_case.c.id).where(*(_CONDITIONS[name] for name in given))
    if turn:
        found = found.where(support_case.c.status.in_(_TURNS[turn]))
    if sought:
        found = found.where(search.condition(*sought))
    column, falling = SORTS[sort]
    keys = (column, support_case.c.id)
    if goes_on:
        last = select(support_case.c.id).where(support_case.c.number == bindparam("after_number")).scalar_subquery()
        here = tuple_(bindparam("after_value", type_=column.type), last)
        found = found.where(tuple_(*keys) < here if falling else tuple_(*keys) > here)
    order = [key.desc() if falling else key for key in keys]
    # The page is found first, by an index that has the order; what is shown of its cases is looked up then.
    # The limit is written out: PostgreSQL keeps no plan for a number of rows that it does not know.
    page = found.order_by(*order).limit(bindparam("limit", type_=Integer, literal_execute=True)).subquery()
    return _SHOWN.where(support_case.c.id.in_(select(page.c.id))).order_by(*order)


def _views(conn: Connection, rows: Sequence[Row[Any]]) -> list[CaseView]:
    steps = cases.steps_of(conn, [row.episode_id for row in rows if row.episode_id is not None])
    waits = {row.id: cases.episode_of(row, steps.get(row.episode_id, ())) for row in rows if row.episode_id is not None}
    # What was handed to the outbox is not sent before a relay took it.
    sent = timers.sent_at(conn, [wait.id for wait in waits.values() if any(step.sent_at for step in wait.steps)])
    asked = escalations.views_of(conn, [row.escalation_id for row in rows if row.escalation_id is not None])
    follow_ups = {id_: _follow_up(wait, sent.get(wait.id, {})) for id_, wait in waits.items()}
    return [_view(row, follow_ups.get(row.id), asked.get(row.escalation_id)) for row in rows]


def _view(row: Row[Any], follow_up: FollowUpView | None, escalation: EscalationView | None) -> CaseView:
    return CaseView(
        number=row.number,
        subject=sighting.redact(row.subject),
        description=sighting.redact(row.description),
        status=row.status,
        substatus=row.substatus,
        priority=row.priority,
        type=row.type,
        profile=row.profile,
        contact=ContactBrief(email=row.email, name=row.contact_name),
        account=row.account_name,
        owner=row.owner or None,
        external_ref=row.external_ref or None,
        deployment=row.deployment or None,
        product_line=row.product_line or None,
        component=row.component or None,
        implementation_stage=row.implementation_stage or None,
        business_impact=sighting.redact(row.business_impact) or None,
        previous=row.previous or None,
        opened_at=row.opened_at,
        modified_at=row.modified_at,
        closed_at=row.closed_at,
        follow_up=follow_up,
        escalation=escalation,
        version=row.version,
        held_at=row.held_at,
        purged_at=row.purged_at,
    )


def _follow_up(wait: Episode, sent: Mapping[int, datetime]) -> FollowUpView:
    steps = tuple(
        StepView(step=s.step, due_at=s.due_at, sent_at=sent.get(s.step), skipped=s.skipped) for s in wait.steps
    )
    return FollowUpView(
        episode=wait.number, started_at=wait.started_at, paused=wait.paused, steps=steps, held=wait.held or None
    )


def _update(row: Any, files: tuple[AttachmentView, ...]) -> UpdateView:
    return _entry(row.id, row.at, row, files)


def _entry(update_id: int, at: datetime, said: Any, files: tuple[AttachmentView, ...]) -> UpdateView:
    return UpdateView(
        id=str(update_id),
        at=at,
        feed=said.feed,
        channel=said.channel,
        author=said.author,
        visibility=said.visibility,
        text=sighting.redact(said.text),
        html_safe=None,
        attachments=files,
        mail_id=str(said.mail_id) if said.mail_id else None,
        flags=tuple(said.flags),
    )
