"""Cases as people and programs see them: one, many, and their feeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, or_, select

from gateway import addresses
from gateway.linking import sighting
from gateway.model import Case, Feed, Status
from gateway.model.views import AttachmentView, CaseView, ContactBrief, FollowUpView, StepView, UpdateView
from gateway.store import cases, escalations, timers
from gateway.store.tables import account, attachment, case_update, contact, contact_address, support_case


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseQuery:
    """Which cases to list; an empty field asks for all.  turn: `ours` or `customer`.  text: words of the subject."""

    status: str = ""
    priority: str = ""
    contact: str = ""
    owner: str = ""
    account: str = ""
    turn: str = ""
    text: str = ""
    limit: int = 50


def one(conn: Connection, number: str, *, hints: Sequence[str] | None = None) -> CaseView:
    """Return a case that is known to exist.  hints: only on a case that was just opened."""
    case = cases.load(conn, number)
    assert case is not None
    return _view(conn, case, None if hints is None else tuple(hints))


def many(conn: Connection, query: CaseQuery) -> list[CaseView]:
    """Return cases, latest modified first."""
    numbers: Sequence[Any] = conn.execute(_filtered(query).limit(query.limit)).scalars().all()
    return [one(conn, number) for number in numbers]


def updates(conn: Connection, case_id: int, feed: Feed) -> list[UpdateView]:
    """Return a feed, oldest first."""
    found = select(case_update).where(case_update.c.case_id == case_id, case_update.c.feed == feed)
    rows = conn.execute(found.order_by(case_update.c.id)).all()
    files = attachments(conn, [row.mail_id for row in rows if row.mail_id])
    return [_update(row, files.get(row.mail_id, ())) for row in rows]


def attachments(conn: Connection, mail_ids: Sequence[int]) -> dict[int, tuple[AttachmentView, ...]]:
    """Return the attached files of these mails."""
    if not mail_ids:
        return {}
    found: dict[int, tuple[AttachmentView, ...]] = {}
    for row in conn.execute(select(attachment).where(attachment.c.mail_id.in_(mail_ids)).order_by(attachment.c.id)):
        view = AttachmentView(name=row.name, content_type=row.content_type, size=row.size, sha256=row.sha256)
        found[row.mail_id] = (*found.get(row.mail_id, ()), view)
    return found


def _filtered(query: CaseQuery) -> Select[tuple[str]]:
    found = select(support_case.c.number).select_from(
        support_case.join(contact, support_case.c.contact_id == contact.c.id).join(account)
    )
    for column, value in (
        (support_case.c.status, query.status),
        (support_case.c.priority, query.priority),
        (support_case.c.owner, query.owner),
        (account.c.name, query.account),
    ):
        if value:
            found = found.where(column == value)
    if query.contact:
        same = contact_address.c.address_key == addresses.key(query.contact)
        whose = select(contact_address.c.contact_id).where(same)
        found = found.where(support_case.c.contact_id.in_(whose))
    if query.turn:
        waits = support_case.c.status.in_((Status.AWAITING_INFO, Status.SOLUTION_PROPOSED))
        ours = support_case.c.status.in_((Status.OPEN, Status.SERVICE_RESTORED))
        found = found.where(waits if query.turn == "customer" else ours)
    if query.text:
        found = found.where(
            or_(support_case.c.number == query.text, support_case.c.subject.icontains(query.text, autoescape=True))
        )
    return found.order_by(support_case.c.modified_at.desc(), support_case.c.id.desc())


def _view(conn: Connection, case: Case, hints: tuple[str, ...] | None) -> CaseView:
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
        previous=case.previous or None,
        opened_at=case.opened_at,
        modified_at=case.modified_at,
        closed_at=case.closed_at,
        follow_up=_follow_up(conn, case),
        escalation=escalations.latest_view(conn, case.id),
        hints=hints,
        held_at=case.held_at,
        purged_at=case.purged_at,
    )


def _follow_up(conn: Connection, case: Case) -> FollowUpView | None:
    if case.episode is None:
        return None
    # What was handed to the outbox is not sent before a relay took it.
    sent = timers.sent_at(conn, case.episode.id) if any(s.sent_at for s in case.episode.steps) else {}
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
