"""What goes when its time is over: look at it, purge it, hold it back.

A purge works in small transactions, each of which leaves everything consistent, so it may be killed at any moment and
goes on with the next one; any number may run at once.  First a case is closed for good in one of them (its row, its
feed, its Reference IDs), then its mails and notices follow in batches.  Files in `data_dir/sent` go before the commit
that forgets their names.  Source: PROCESS 7.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from gateway.cleaning import clean_header
from gateway.desk import audit, record
from gateway.desk import cases as desk_cases
from gateway.effects import check_not_purged
from gateway.errors import Refused
from gateway.model.retention import ClosedCase, Goes, Verdict
from gateway.model.views import CaseView, DueView, PurgeView, WaitingView
from gateway.reasons import Reason
from gateway.rules import retention as rules
from gateway.services import Services
from gateway.store import case_views, clock_guard, shells, slack
from gateway.store import retention as store

# Rows of one transaction: enough to share a commit, few enough that a mail never waits long for the database.
BATCH = 100
PAGE = 200


@dataclass(slots=True)
class _Done:
    """What this purge has done so far."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys((*Goes, "contact"), 0))
    waiting: list[WaitingView] = field(default_factory=list)


def plan(services: Services) -> list[DueView]:
    """Return all that a purge would take now, and what is due and waits, with the reason; writes nothing."""
    now = services.clock.now()
    with services.database.read() as conn:
        cases = [
            _due(verdict, case=case.number, **store.counts(conn, case.number))
            for case, verdict in _judged_cases(conn, services, now)
            if verdict.reason is not Reason.RETENTION_RUNNING
        ]
        unfinished = [
            DueView(goes=True, what=Goes.CASE, case=number, due_at=now, why="Its purge was begun and has not ended.")
            for number in store.being_purged(conn, limit=PAGE)
        ]
        loose = [
            _due(verdict, **{kind.value: str(entry_id)})
            for kind in (Goes.MAIL, Goes.NOTICE)
            for entry_id, verdict in _judged_loose(conn, services, kind, now)
        ]
    return [*unfinished, *cases, *loose]


def purge(services: Services, *, large: bool = False) -> PurgeView:
    """Purge all whose time is over at the present moment of the clock; calling twice is nothing.

    large: sweep the file of the embedded database however large it is (`store/slack.py`).
    Raises Unavailable; what was purged by then is purged, and the next call goes on.
    """
    now, done = services.clock.now(), _Done()
    _finish_begun(services, done)
    for number, verdict in _every_case(services, now):
        if verdict.goes is Goes.CASE:
            _purge_case(services, number, done)
        elif verdict.goes is Goes.UPLOADS:
            _purge_uploads(services, number, done)
        elif verdict.reason is not Reason.RETENTION_RUNNING:
            done.waiting.append(WaitingView(case=number, reason=verdict.reason))
    for kind in (Goes.MAIL, Goes.NOTICE):
        _purge_loose(services, kind, done)
    with services.database.write() as conn:
        store.drop_old_answers(conn, now=now)
    swept = slack.sweep(services.database, large=large)
    if any(done.counts.values()):
        _announce(services, done)
    return PurgeView(
        now=now,
        cases=done.counts[Goes.CASE],
        uploads=done.counts[Goes.UPLOADS],
        mails=done.counts[Goes.MAIL],
        notices=done.counts[Goes.NOTICE],
        contacts=done.counts["contact"],
        waiting=tuple(done.waiting),
        swept=swept,
    )


def is_time_believed(services: Services) -> bool:
    """Say whether no scheduler doubts the clock: what a wrong time purges is lost for good."""
    with services.database.read() as conn:
        return clock_guard.current(conn) is None


def hold(services: Services, number: str, *, by: str, why: str) -> CaseView:
    """Keep all that belongs to a case, whatever its time, until the hold is released.  Calling twice keeps the first.

    Raises Refused `case-purged`.
    """
    desk_cases.need(why, "the reason of the hold")
    return _set_hold(services, number, by=clean_header(by), why=clean_header(why), now=services.clock.now())


def release_hold(services: Services, number: str, *, by: str) -> CaseView:
    """End a legal hold; what is due goes with the next purge.  Calling twice is nothing."""
    return _set_hold(services, number, by=by, why="", now=None)


def check_not_held(number: str, held_at: datetime | None) -> None:
    """Refuse to erase anything of a case under a legal hold.  Raises Refused `legal-hold`."""
    if held_at is not None:
        raise on_hold(number)


def on_hold(number: str) -> Refused:
    """Return the refusal to erase what a legal hold keeps."""
    return Refused(
        Reason.LEGAL_HOLD, f"Case {number} is under a legal hold; `gateway case release-hold {number}` ends it."
    )


def drop_sent_files(services: Services, outbox_ids: Sequence[int]) -> None:
    """Delete the files that were written in place of a relay.  Calling twice is nothing."""
    folder: Path = services.config.gateway.data_dir / "sent"
    for outbox_id in outbox_ids:
        for path in (folder / f"{outbox_id}.eml", *folder.glob(f".{outbox_id}.*.tmp")):
            with suppress(FileNotFoundError):
                path.unlink()


def empty_case(conn: Connection, number: str, *, now: datetime, staying: int | None = None) -> int:
    """Begin the purge of a case and return how many contacts went with it.  The caller has its lock and finishes it.

    staying: a contact that the caller takes care of.

    From here on a late reply is `case-purged`, and nobody can reopen the case.
    """
    people = shells.people_of(conn, number)
    store.empty_case(conn, number, shells.nobody(conn), now=now)
    free = [one for one in shells.without_cases(conn, people) if one != staying]
    going = [one for one in free if rules.goes_with_its_cases(shells.ties(conn, one, beside=free))]
    for contact_id in going:
        shells.empty(conn, contact_id, with_account=True)
    return len(going)


def finish(services: Services, number: str) -> bool:
    """Empty the mails and notices of a case whose purge was begun; False when one of them is being sent just now."""
    now = services.clock.now()
    while _batch(services, lambda conn: store.mails_of(conn, number, limit=BATCH), store.empty_mails, now):
        pass
    while _batch(services, lambda conn: _notices(conn, services, number), store.empty_notices, now):
        pass
    with services.database.write() as conn:
        return store.end_purge(conn, number)


def _batch(
    services: Services,
    look: Callable[[Connection], list[int]],
    empty: Callable[..., Any],
    now: datetime,
) -> int:
    with services.database.write() as conn:
        ids = look(conn)
        if ids:
            empty(conn, ids, now=now)
        return len(ids)


def _notices(conn: Connection, services: Services, number: str) -> list[int]:
    ids = store.notices_of(conn, number, limit=BATCH)
    drop_sent_files(services, ids)
    return ids


def _finish_begun(services: Services, done: _Done) -> None:
    with services.database.read() as conn:
        begun = store.being_purged(conn, limit=PAGE)
    for number in begun:
        finish(services, number)


def _purge_case(services: Services, number: str, done: _Done) -> None:
    now = services.clock.now()
    with services.database.write() as conn:
        # Decided again under the lock: it may have been reopened, held or purged meanwhile.
        case = store.closed_case(conn, number)
        if case is None or _verdict(services, case, now).goes is not Goes.CASE:
            return
        done.counts["contact"] += empty_case(conn, number, now=now)
        audit.note_along(conn, services, "case.purge", f"case:{number}")
    done.counts[Goes.CASE] += 1
    finish(services, number)


def _purge_uploads(services: Services, number: str, done: _Done) -> None:
    now = services.clock.now()
    while True:
        with services.database.write() as conn:
            case = store.closed_case(conn, number)
            if case is None or _verdict(services, case, now).goes is not Goes.UPLOADS:
                return
            ids = store.mails_of(conn, number, limit=BATCH, uploads_only=True)
            if not ids:
                store.note_uploads_gone(conn, number, now=now)
                return
            store.drop_uploads(conn, ids)
            done.counts[Goes.UPLOADS] += len(ids)


def _purge_loose(services: Services, kind: Goes, done: _Done) -> None:
    now, last = services.clock.now(), 0
    while True:
        with services.database.write() as conn:
            page = _loose(conn, services, kind, now, after=last, lock=True)
            if not page:
                return
            last = page[-1].id
            ids = [one.id for one in page if rules.on_loose_entry(one, kind, now=now, policy=services.policy).goes]
            if not ids:
                continue
            if kind is Goes.MAIL:
                done.counts[kind] += store.empty_mails(conn, ids, now=now)
            else:
                drop_sent_files(services, ids)
                store.empty_notices(conn, ids, now=now)
                done.counts[kind] += len(ids)


def _every_case(services: Services, now: datetime) -> Iterator[tuple[str, Verdict]]:
    """Yield what the rules say of each case that may be due, page by page, so that no transaction lasts for all."""
    last: ClosedCase | None = None
    while True:
        with services.database.read() as conn:
            page = _closed(conn, services, now, last)
        if not page:
            return
        last = page[-1]
        for case in page:
            yield case.number, _verdict(services, case, now)


def _judged_cases(conn: Connection, services: Services, now: datetime) -> Iterator[tuple[ClosedCase, Verdict]]:
    last: ClosedCase | None = None
    while page := _closed(conn, services, now, last):
        last = page[-1]
        yield from ((case, _verdict(services, case, now)) for case in page)


def _judged_loose(conn: Connection, services: Services, kind: Goes, now: datetime) -> Iterator[tuple[int, Verdict]]:
    last = 0
    while page := _loose(conn, services, kind, now, after=last):
        last = page[-1].id
        yield from ((one.id, rules.on_loose_entry(one, kind, now=now, policy=services.policy)) for one in page)


def _closed(conn: Connection, services: Services, now: datetime, last: ClosedCase | None) -> list[ClosedCase]:
    before = rules.closed_before(now, services.policy)
    after = (last.closed_at, last.number) if last else None
    return store.closed_cases(conn, before=before, limit=PAGE, after=after)


def _loose(
    conn: Connection, services: Services, kind: Goes, now: datetime, *, after: int, lock: bool = False
) -> list[Any]:
    before = rules.ended_before(now, services.policy)
    if kind is Goes.NOTICE:
        return store.loose_notices(conn, before=before, limit=BATCH, after=after)
    return store.loose_mails(conn, before=before, limit=BATCH, after=after, lock=lock)


def _verdict(services: Services, case: ClosedCase, now: datetime) -> Verdict:
    return rules.on_closed_case(case, now=now, policy=services.policy)


def _due(verdict: Verdict, **about: Any) -> DueView:
    return DueView(
        goes=verdict.goes is not None,
        what=verdict.goes or (Goes.CASE if "case" in about else Goes.MAIL),
        due_at=verdict.due_at,
        why=verdict.reason.sentence,
        **about,
    )


def _announce(services: Services, done: _Done) -> None:
    count = done.counts
    record.note(
        services,
        "purged",
        cases=count[Goes.CASE],
        uploads=count[Goes.UPLOADS],
        mails=count[Goes.MAIL],
        notices=count[Goes.NOTICE],
        contacts=count["contact"],
    )


def _set_hold(services: Services, number: str, *, by: str, why: str, now: datetime | None) -> CaseView:
    with services.database.write() as conn:
        case = desk_cases.load(conn, number, lock=True)
        check_not_purged(case)
        if (case.held_at is None) != (now is None):
            store.hold(conn, case.number, by=by if now else "", why=why, now=now)
            record.note_along(conn, services, "held" if now else "released", case=case.number, by=by)
        return case_views.one(conn, case.number)
