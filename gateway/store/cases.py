"""Cases: their rows, their Reference IDs, their waits for the customer, their feeds."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, literal, select, update

from gateway.model import (
    Case,
    CaseDetails,
    CaseType,
    Episode,
    Feed,
    FollowUpStep,
    KnownReference,
    Priority,
    RecordUpdate,
    ReferenceState,
    Status,
    Substatus,
)
from gateway.store import contacts, search
from gateway.store.search import NUMBER_WIDTH as NUMBER_WIDTH
from gateway.store.sql import insert_new, insert_row
from gateway.store.tables import (
    account,
    case_update,
    contact,
    counter,
    episode,
    follow_up_step,
    reference,
    support_case,
)

# 124 bits, in the width of the column with the mark before them.
TOMBSTONE_DIGITS = 31

# Statements of the way of every mail are built once: building one costs more than running it.
_EPISODE = (
    episode.c.number.label("episode_number"),
    episode.c.status.label("episode_status"),
    episode.c.started_at,
    episode.c.question,
    episode.c.held,
)
WHOLE = select(support_case, *contacts.COLUMNS, episode.c.id.label("episode_id"), *_EPISODE).select_from(
    support_case.join(contact, support_case.c.contact_id == contact.c.id)
    .join(account)
    .outerjoin(episode, (episode.c.case_id == support_case.c.id) & episode.c.ended_at.is_(None))
)
_LOAD = WHOLE.where(support_case.c.number == bindparam("of"))
_LOAD_MANY = WHOLE.where(support_case.c.id.in_(bindparam("ids", expanding=True))).order_by(support_case.c.number)
_LOAD_NAMED = WHOLE.where(support_case.c.number.in_(bindparam("numbers", expanding=True))).order_by(
    support_case.c.number
)
_LOCK = select(support_case.c.id).where(support_case.c.number == bindparam("of")).with_for_update()
_LOCK_MANY = (
    select(support_case.c.id)
    .where(support_case.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(support_case.c.number)
    .with_for_update()
)
_KNOWN = (
    select(reference, support_case.c.status)
    .select_from(reference.outerjoin(support_case, support_case.c.number == reference.c.case_number))
    .where(reference.c.id.in_(bindparam("wanted", expanding=True)))
)
_STEPS = (
    select(follow_up_step)
    .where(follow_up_step.c.episode_id.in_(bindparam("of", expanding=True)))
    .order_by(follow_up_step.c.episode_id, follow_up_step.c.step)
)
_LIVE_REFERENCES = select(reference).where(
    reference.c.case_number.in_(bindparam("numbers", expanding=True)),
    reference.c.state == literal(ReferenceState.LIVE),
)
_CHANGE = (
    update(support_case).where(support_case.c.number == bindparam("of")).values(version=support_case.c.version + 1)
)
_END_EPISODE = update(episode).where(episode.c.case_id == bindparam("of"), episode.c.ended_at.is_(None))


def next_number(conn: Connection, first: int) -> str:
    """Return the next case number: 10 digits, counting up from `first`, never twice (PROCESS 2.1).

    The counter's row stays locked until the transaction ends, so no number is skipped or given twice.
    """
    conn.execute(insert_new(conn, counter).values(name="case", value=first - 1))
    grown = update(counter).where(counter.c.name == "case").values(value=counter.c.value + 1).returning(counter.c.value)
    return str(conn.execute(grown).scalar_one()).zfill(NUMBER_WIDTH)


def insert(conn: Connection, **values: Any) -> int:
    """Insert a case row, findable by its subject, and return its id."""
    case_id = int(conn.execute(support_case.insert().values(values).returning(support_case.c.id)).scalar_one())
    search.index(conn, case_id, values["subject"])
    return case_id


def load(conn: Connection, number: str, *, lock: bool = False, alternates: bool = True) -> Case | None:
    """Return a case with its contact and its running wait.

    alternates: False saves looking up the contact's other addresses.
    lock: hold the case's row until the transaction ends (PostgreSQL; on SQLite the writer is alone anyway), so that two
    decisions about one case come one after the other.
    """
    if lock and conn.dialect.name != "sqlite":
        conn.execute(_LOCK, {"of": number})
    row = conn.execute(_LOAD, {"of": number}).first()
    return _cases(conn, [row], alternates=alternates)[0] if row else None


def load_locked(conn: Connection, case_ids: Sequence[int]) -> list[Case]:
    """Return these cases, lowest number first, and hold their rows until the transaction ends.

    Always in the same order: two batches never wait in a ring.  On SQLite the writer is alone anyway.
    """
    if conn.dialect.name != "sqlite":
        conn.execute(_LOCK_MANY, {"ids": list(case_ids)})
    return load_many(conn, case_ids)


def load_many(conn: Connection, case_ids: Sequence[int]) -> list[Case]:
    """Return these cases, lowest number first."""
    return _cases(conn, conn.execute(_LOAD_MANY, {"ids": list(case_ids)}).all())


def load_named(conn: Connection, numbers: Collection[str]) -> list[Case]:
    """Return the cases of these numbers, lowest first."""
    return _cases(conn, conn.execute(_LOAD_NAMED, {"numbers": list(numbers)}).all()) if numbers else []


def known_references(conn: Connection, ids: Iterable[str]) -> list[KnownReference]:
    """Return what is known of these Reference IDs; those never issued here are missing."""
    stones = {tombstone(id_): id_ for id_ in ids}
    if not stones:
        return []
    rows = conn.execute(_KNOWN, {"wanted": [*stones.values(), *stones]})
    return [_known(row, stones.get(row.id, row.id)) for row in rows]


def tombstone(reference_id: str) -> str:
    """Return what stands in the place of a Reference ID once its case is purged: enough to know it again, no more."""
    return "#" + hashlib.sha256(reference_id.encode()).hexdigest()[:TOMBSTONE_DIGITS]


def lock_named(conn: Connection, ids: Iterable[str]) -> None:
    """Lock the cases of these Reference IDs, lowest number first, until the transaction ends.

    PostgreSQL only (on SQLite the writer is alone anyway).  Always in the same order: two batches never wait in a ring.
    """
    wanted = list(ids)
    if wanted and conn.dialect.name != "sqlite":
        named = select(reference.c.case_number).where(reference.c.id.in_(wanted))
        rows = select(support_case.c.id).where(support_case.c.number.in_(named)).order_by(support_case.c.number)
        conn.execute(rows.with_for_update())


def references_for(
    conn: Connection, wanted: Sequence[tuple[str, Feed, str]], *, fresh: Callable[[], str], now: datetime
) -> dict[tuple[str, Feed, str], str]:
    """Return the live Reference ID of each (case, feed, recipient); one is made where there is none yet.

    fresh: makes a new ID.
    """
    found = _live_references(conn, wanted)
    missing = sorted(set(wanted) - set(found))
    if missing:
        live = {"state": ReferenceState.LIVE, "created_at": now}
        rows = [{"id": fresh(), "case_number": c, "feed": f, "recipient": r, **live} for c, f, r in missing]
        # Somebody else may have been faster; then theirs counts.
        conn.execute(insert_new(conn, reference), rows)
        found |= _live_references(conn, missing)
    return found


def revoke_references(conn: Connection, number: str, recipients: Sequence[str]) -> None:
    """End the Reference IDs of a case that these recipients (address keys) were sent, in both feeds."""
    theirs = (reference.c.case_number == number, reference.c.recipient.in_(recipients))
    live = update(reference).where(*theirs, reference.c.state == ReferenceState.LIVE)
    conn.execute(live.values(state=ReferenceState.REVOKED))


def set_contact(conn: Connection, number: str, contact_id: int) -> None:
    """Give a case to another contact."""
    _change(conn, number, contact_id=contact_id)


def set_status(conn: Connection, case: Case, status: Status, substatus: Substatus, *, now: datetime) -> None:
    """Move a case; `closed_at` is set on closing and emptied on opening again, and the time of its uploads with it."""
    closed_at = now if status is Status.CLOSED else None
    _change(conn, case.number, status=status, substatus=substatus, closed_at=closed_at, uploads_purged_at=None)


def set_priority(conn: Connection, number: str, priority: Priority) -> None:
    """Give a case another priority."""
    _change(conn, number, priority=priority)


def restore(conn: Connection, number: str, **values: Any) -> None:
    """Put columns of a case back to earlier values (undo)."""
    _change(conn, number, **values)


def note_change(conn: Connection, number: str) -> None:
    """Count a change of what belongs to a case, so that an undo sees it."""
    _change(conn, number)


def touch(conn: Connection, number: str, *, now: datetime) -> None:
    """Move `modified_at`: our side or the customer posted (PROCESS 2.4)."""
    _change(conn, number, modified_at=now)


def add_update(conn: Connection, case: Case, posted: RecordUpdate, *, now: datetime) -> int:
    """Append to a feed and return the update's id."""
    row = {
        "case_id": case.id,
        "feed": posted.feed,
        "at": now,
        "channel": posted.channel,
        "author": posted.author,
        "visibility": posted.visibility,
        "text": posted.text,
        "mail_id": posted.mail_id,
        "flags": list(posted.flags),
        "read_at": now if posted.read else None,
    }
    return int(insert_row(conn, case_update, row, case_update.c.id))


def remove_update(conn: Connection, mail_id: int) -> None:
    """Take the update that a mail made out of its feed (undo)."""
    conn.execute(case_update.delete().where(case_update.c.mail_id == mail_id))


def start_episode(
    conn: Connection,
    case: Case,
    *,
    status: Status,
    question: str,
    steps: Sequence[FollowUpStep],
    now: datetime,
    next_at: datetime | None = None,
) -> None:
    """Begin a wait for the customer.  next_at: when its timer is looked at first, None for a paused one."""
    number = 1 + conn.execute(select(func.count()).where(episode.c.case_id == case.id)).scalar_one()
    row = {"case_id": case.id, "number": number, "status": status, "question": question, "started_at": now}
    row["next_at"] = next_at
    episode_id = conn.execute(episode.insert().values(row).returning(episode.c.id)).scalar_one()
    if steps:
        rows = [{"episode_id": episode_id, "step": s.step, "due_at": s.due_at} for s in steps]
        conn.execute(follow_up_step.insert(), rows)
    _change(conn, case.number)


def end_episode(conn: Connection, case: Case, *, why: str, now: datetime) -> None:
    """End the running wait, if there is one."""
    conn.execute(_END_EPISODE, {"of": case.id, "ended_at": now, "end_why": why})


def resume_episode(conn: Connection, episode_id: int) -> None:
    """Make an ended wait run again, with the due times that it had (undo)."""
    conn.execute(update(episode).where(episode.c.id == episode_id).values(ended_at=None, end_why=""))


def _change(conn: Connection, number: str, **values: Any) -> None:
    conn.execute(_CHANGE, {"of": number, **values})


def _cases(conn: Connection, rows: Sequence[Row[Any]], *, alternates: bool = True) -> list[Case]:
    own = contacts.addresses_of(conn, {row.contact_id for row in rows}) if alternates else {}
    steps = steps_of(conn, [row.episode_id for row in rows if row.episode_id is not None])
    return [_case(row, own.get(row.contact_id, ()), steps.get(row.episode_id, ())) for row in rows]


def _live_references(conn: Connection, wanted: Sequence[tuple[str, Feed, str]]) -> dict[tuple[str, Feed, str], str]:
    if not wanted:
        return {}
    rows = conn.execute(_LIVE_REFERENCES, {"numbers": list({number for number, _, _ in wanted})})
    found = {(row.case_number, Feed(row.feed), row.recipient): row.id for row in rows}
    return {key: found[key] for key in wanted if key in found}


def steps_of(conn: Connection, episode_ids: Sequence[int]) -> dict[int, tuple[FollowUpStep, ...]]:
    """Return the steps of these waits."""
    found: dict[int, tuple[FollowUpStep, ...]] = {}
    if episode_ids:
        for row in conn.execute(_STEPS, {"of": list(episode_ids)}):
            found[row.episode_id] = (*found.get(row.episode_id, ()), _step(row))
    return found


def _step(row: Row[Any]) -> FollowUpStep:
    left = row.remaining_seconds
    return FollowUpStep(
        step=row.step,
        due_at=row.due_at,
        sent_at=row.sent_at,
        skipped=row.skipped,
        remaining=None if left is None else timedelta(seconds=left),
    )


def _case(row: Row[Any], own: tuple[str, ...], steps: tuple[FollowUpStep, ...]) -> Case:
    return Case(
        id=row.id,
        number=row.number,
        subject=row.subject,
        description=row.description,
        status=Status(row.status),
        substatus=Substatus(row.substatus),
        priority=Priority(row.priority),
        type=CaseType(row.type),
        profile=row.profile,
        contact=contacts.from_row(row, own),
        owner=row.owner,
        external_ref=row.external_ref,
        previous=row.previous,
        opened_at=row.opened_at,
        modified_at=row.modified_at,
        closed_at=row.closed_at,
        version=row.version,
        details=CaseDetails(
            deployment=row.deployment,
            product_line=row.product_line,
            component=row.component,
            implementation_stage=row.implementation_stage,
            business_impact=row.business_impact,
        ),
        held_at=row.held_at,
        purged_at=row.purged_at,
        episode=episode_of(row, steps) if row.episode_id is not None else None,
    )


def episode_of(row: Row[Any], steps: tuple[FollowUpStep, ...]) -> Episode:
    """Build the running wait of a case from a row of WHOLE that has one."""
    return Episode(
        id=row.episode_id,
        number=row.episode_number,
        status=Status(row.episode_status),
        started_at=row.started_at,
        question=row.question,
        steps=steps,
        held=row.held,
    )


def _known(row: Row[Any], reference_id: str) -> KnownReference:
    return KnownReference(
        id=reference_id,
        case_number=row.case_number,
        feed=Feed(row.feed),
        recipient=row.recipient,
        state=ReferenceState(row.state),
        closed=row.status == Status.CLOSED,
    )
