"""Timers of waits: which are due, what became of their steps, and the facts that may keep a case open.

What is due stands together in an index of its own, so a turn costs what is due and not what is open.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, exists, func, literal, or_, select, true, tuple_, update

from gateway.model import (
    Case,
    Channel,
    Disposition,
    EntryState,
    Episode,
    Feed,
    FollowUpStep,
    MailKind,
    SentReminder,
    TimerFacts,
    Unanswered,
)
from gateway.reasons import Reason
from gateway.rules import followups
from gateway.store import lease
from gateway.store.db import epoch_now
from gateway.store.tables import case_update, episode, follow_up_step, mail, mail_mention, outbox, queue_item

# The whole of a letter stands in the feed; its beginning is enough to tell the owner.
_EXCERPT = 2000

_HOLD = (
    update(episode).where(episode.c.id == bindparam("of")).values(next_at=bindparam("next_at"), held=bindparam("held"))
)
_FREE = _HOLD.values(look_after=0.0)
_WRITE_STEP = update(follow_up_step).where(
    follow_up_step.c.episode_id == bindparam("of"), follow_up_step.c.step == bindparam("which")
)


@dataclass(frozen=True, slots=True, order=True)
class Due:
    """A timer that is due: the time it was due at, its wait and its case."""

    at: datetime
    episode_id: int
    case_id: int


def claim(conn: Connection, *, now: datetime, limit: int, after: Due | None = None, patient: bool = True) -> list[Due]:
    """Take up to `limit` timers that are due, oldest first; nobody else gets them for the time of a lease.

    after: the last one of the batch before, so that a turn meets no timer twice.  patient: pass over those that
    somebody looked at a moment ago; a person's `gateway tick` looks at all.
    The lease only saves work: what a timer does is decided again under the row lock of its case.
    """
    later = true() if after is None else _later(after)
    free = episode.c.look_after <= epoch_now() if patient else true()
    due = (
        select(episode.c.id)
        .where(episode.c.ended_at.is_(None), episode.c.next_at <= now, later, free)
        .order_by(episode.c.next_at, episode.c.id)
        .limit(limit)
        # PostgreSQL only: another scheduler's rows are passed over, not waited for.
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    taken = (
        update(episode)
        .where(episode.c.id.in_(select(due.c.id)))
        .values(look_after=epoch_now() + lease.LEASE_SECONDS)
        .returning(episode.c.next_at, episode.c.id, episode.c.case_id)
    )
    return sorted(Due(row.next_at, row.id, row.case_id) for row in conn.execute(taken))


def running_before(conn: Connection, until: datetime, *, limit: int, after: Due | None = None) -> list[Due]:
    """Return timers that will be due, without taking them (a forecast)."""
    later = true() if after is None else _later(after)
    found = select(episode.c.next_at, episode.c.id, episode.c.case_id).where(
        episode.c.ended_at.is_(None), episode.c.next_at <= until, later
    )
    rows = conn.execute(found.order_by(episode.c.next_at, episode.c.id).limit(limit))
    return [Due(row.next_at, row.id, row.case_id) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """A ladder as it is from now on.  before: the wait as it was read.  held: why its closure waits."""

    before: Episode
    steps: Sequence[FollowUpStep]
    next_at: datetime | None
    held: str


def write(conn: Connection, ladders: Sequence[Ladder]) -> None:
    """Write ladders as they are now; steps that did not change are left alone."""
    waits = [{"of": one.before.id, "next_at": one.next_at, "held": one.held} for one in ladders]
    # What holds a closure seldom goes within seconds, so a held one keeps the lease of this look.
    for statement, rows in ((_FREE, [w for w in waits if not w["held"]]), (_HOLD, [w for w in waits if w["held"]])):
        if rows:
            conn.execute(statement, rows)
    changed = [
        _step_row(one.before, new)
        for one in ladders
        for old, new in zip(one.before.steps, one.steps, strict=True)
        if new != old
    ]
    if changed:
        conn.execute(_WRITE_STEP, changed)


def facts(
    conn: Connection, cases: Sequence[Case], *, unread: Mapping[int, int], stale_mailbox: str, clock_doubted: bool
) -> dict[int, TimerFacts]:
    """Return by case id what may keep these cases, whose closure is due, from being closed.

    unread: replies in the escalation feed that nobody has read, by case id.
    """
    if not cases:
        return {}
    unprocessed = conn.execute(select(exists().where(mail.c.disposition.is_(None)))).scalar_one()
    named = _named(conn, [case.number for case in cases])
    unanswered = _unanswered(conn, cases)
    reminders = _reminders(conn, cases)
    return {
        case.id: TimerFacts(
            mail_unprocessed=bool(unprocessed),
            mail_names_case=case.number in named,
            unanswered=unanswered.get(case.id),
            unread_escalation_replies=unread.get(case.id, 0),
            last_reminder=reminders.get(case.id),
            stale_mailbox=stale_mailbox,
            clock_doubted=clock_doubted,
        )
        for case in cases
    }


def sent_at(conn: Connection, episode_ids: Sequence[int]) -> dict[int, dict[int, datetime]]:
    """Return when a relay took the reminders of these waits, by wait and step."""
    found: dict[int, dict[int, datetime]] = {}
    if episode_ids:
        theirs = select(outbox.c.episode_id, outbox.c.notice, outbox.c.sent_at)
        for row in conn.execute(theirs.where(outbox.c.episode_id.in_(episode_ids), outbox.c.sent_at.is_not(None))):
            found.setdefault(row.episode_id, {})[int(row.notice.rpartition("-")[2])] = row.sent_at
    return found


def _later(after: Due) -> Any:
    # A row value, which both databases look up in the index; an OR would be a filter over all that is due.
    here = tuple_(literal(after.at, episode.c.next_at.type), literal(after.episode_id))
    return tuple_(episode.c.next_at, episode.c.id) > here


def _step_row(before: Episode, step: FollowUpStep) -> dict[str, Any]:
    return {
        "of": before.id,
        "which": step.step,
        "due_at": step.due_at,
        "sent_at": step.sent_at,
        "skipped": step.skipped,
        "remaining_seconds": None if step.remaining is None else step.remaining.total_seconds(),
    }


def _named(conn: Connection, numbers: Sequence[str]) -> set[str]:
    """Return those of these cases that a mail names which waits for a person."""
    waits = or_(
        exists().where(queue_item.c.mail_id == mail_mention.c.mail_id, queue_item.c.state == literal("open")),
        exists().where(mail.c.id == mail_mention.c.mail_id, mail.c.disposition == Disposition.QUARANTINED),
    )
    found = select(mail_mention.c.case_number).where(mail_mention.c.case_number.in_(numbers), waits)
    return set(conn.execute(found).scalars())


def _unanswered(conn: Connection, cases: Sequence[Case]) -> dict[int, Unanswered]:
    """Return by case id the latest mail of the wait after which our side has done nothing.

    A mail in the feed since the wait began did not flip the case, or the wait would be over.
    """
    since = {case.id: case.episode.started_at for case in cases if case.episode is not None}
    found = (
        select(
            case_update.c.case_id,
            case_update.c.at,
            case_update.c.channel,
            case_update.c.author,
            func.substr(case_update.c.text, 1, _EXCERPT).label("text"),
            case_update.c.flags,
            mail.c.kind,
        )
        .select_from(case_update.outerjoin(mail, case_update.c.mail_id == mail.c.id))
        .where(case_update.c.case_id.in_(since), case_update.c.feed == Feed.CASE)
        .where(case_update.c.at >= min(since.values()))
        .order_by(case_update.c.id)
    )
    open_mails: dict[int, Unanswered] = {}
    for row in conn.execute(found):
        if row.at < since[row.case_id]:
            continue
        if row.channel == Channel.AGENT:
            open_mails.pop(row.case_id, None)
        elif _by_a_person(row):
            open_mails[row.case_id] = Unanswered(author=row.author, text=row.text)
    return open_mails


def _by_a_person(row: Any) -> bool:
    people = row.kind in (MailKind.PERSON, MailKind.LIST)
    return row.channel == Channel.MAIL and (people or Reason.NEEDS_A_LOOK in row.flags)


def _reminders(conn: Connection, cases: Sequence[Case]) -> dict[int, SentReminder]:
    keys = dict(_reminder_keys(cases))
    found = select(outbox.c.idempotency_key, outbox.c.state, outbox.c.sent_at, outbox.c.bounced_at)
    return {
        keys[row.idempotency_key]: SentReminder(
            sent_at=row.sent_at,
            bounced=row.bounced_at is not None,
            waiting=row.state in (EntryState.READY, EntryState.LEASED),
        )
        for row in conn.execute(found.where(outbox.c.idempotency_key.in_(keys)))
    }


def _reminder_keys(cases: Sequence[Case]) -> Iterator[tuple[str, int]]:
    for case in cases:
        last = followups.last_reminder(case.episode) if case.episode else None
        if case.episode and last:
            yield f"follow-up-{last.step}/{case.number}/{case.episode.number}", case.id
