"""Cases in the store: numbers without gaps, one live Reference ID for each recipient, waits, feeds, versions."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from gateway.errors import GatewayError
from gateway.linking import reference_id
from gateway.model import Channel, Feed, FollowUpStep, RecordUpdate, ReferenceState, Status, Substatus, Visibility
from gateway.store import case_views, cases, contacts, mails
from gateway.store.db import Database
from tests.store.support import NOW, new_case, new_mail, together


def test_numbers_count_up_without_gaps_from_many_threads(database: Database) -> None:
    """PROCESS 2.1: also when every third transaction fails."""

    def draw(number: int) -> list[str]:
        mine = []
        for turn in range(12):
            try:
                with database.write() as conn:
                    drawn = cases.next_number(conn, 3256109)
                    if turn % 3 == number % 3:
                        raise RuntimeError
                mine.append(drawn)
            except RuntimeError:
                pass
        return mine

    drawn = sorted(number for mine in together(6, draw) for number in mine)
    assert drawn == [f"{3256109 + n:010d}" for n in range(48)]


def test_one_live_reference_for_each_case_feed_and_recipient(database: Database) -> None:
    """DESIGN 4: from many threads at once; revoked ones are never given out again."""
    with database.write() as conn:
        new_case(conn)

    def ask(number: int) -> str:
        fresh = reference_id.new(lambda n: bytes([number]) * n)
        with database.write() as conn:
            wanted = ("0000000001", Feed.CASE, "dana@example.com")
            return cases.references_for(conn, [wanted], fresh=lambda: fresh, now=NOW)[wanted]

    (one,) = set(together(6, ask))
    fresh = reference_id.new(lambda n: b"x" * n)
    with database.write() as conn:
        wanted = ("0000000001", Feed.ESCALATION, "dana@example.com")
        other = cases.references_for(conn, [wanted], fresh=lambda: fresh, now=NOW)[wanted]
        assert other == fresh != one
        known = {k.id: k for k in cases.known_references(conn, [one, other, "REF-" + "0" * 27])}
    assert set(known) == {one, other}
    assert (known[one].state, known[one].feed, known[one].closed) == (ReferenceState.LIVE, Feed.CASE, False)


def test_a_wait_starts_ends_and_resumes_with_its_steps(database: Database) -> None:
    """PROCESS 4.1."""
    steps = tuple(FollowUpStep(step=n, due_at=NOW + timedelta(days=n)) for n in (1, 2, 3))
    with database.write() as conn:
        case = new_case(conn)
        cases.start_episode(conn, case, status=Status.AWAITING_INFO, question="Which?", steps=steps, now=NOW)
        waiting = cases.load(conn, case.number, lock=True)
        assert waiting is not None
        assert waiting.episode is not None
        assert (waiting.episode.number, waiting.episode.question, waiting.episode.steps) == (1, "Which?", steps)
        cases.end_episode(conn, case, why="answered", now=NOW)
        ended = cases.load(conn, case.number)
        assert ended is not None
        assert ended.episode is None
        cases.start_episode(conn, case, status=Status.AWAITING_INFO, question="Again?", steps=(), now=NOW)
        second = cases.load(conn, case.number)
        assert second is not None
        assert second.episode is not None
        assert second.episode.number == 2
        cases.end_episode(conn, case, why="answered", now=NOW)
        cases.resume_episode(conn, waiting.episode.id)
        assert cases.load(conn, case.number) == replace(waiting, version=second.version)


def test_closing_sets_the_time_and_opening_again_empties_it(database: Database) -> None:
    with database.write() as conn:
        case = new_case(conn)
        cases.set_status(conn, case, Status.CLOSED, Substatus.RESOLVED, now=NOW)
        closed = cases.load(conn, case.number)
        assert closed is not None
        assert (closed.is_closed, closed.closed_at, closed.version) == (True, NOW, case.version + 1)
        cases.set_status(conn, closed, Status.OPEN, Substatus.INVESTIGATION, now=NOW)
        reopened = cases.load(conn, case.number)
        assert reopened is not None
        assert reopened.closed_at is None


def test_one_mail_is_one_update_however_often_it_is_applied(database: Database) -> None:
    """FA-02, CONTRACT 5: the database itself refuses the second effect."""
    posted = RecordUpdate(
        case_number="0000000001",
        feed=Feed.CASE,
        channel=Channel.MAIL,
        author="dana@example.com",
        visibility=Visibility.PUBLIC,
        text="Hello",
        mail_id=1,
    )
    with database.write() as conn:
        case = new_case(conn)
        mails.spool_many(conn, [new_mail("one")])
        cases.add_update(conn, case, posted, now=NOW)
    with pytest.raises(IntegrityError):
        _add(database, posted)
    with database.write() as conn:
        assert [u.mail_id for u in case_views.updates(conn, case.id, Feed.CASE)] == ["1"]
        cases.remove_update(conn, 1)
        assert case_views.updates(conn, case.id, Feed.CASE) == []


def _add(database: Database, posted: RecordUpdate) -> None:
    with database.write() as conn:
        case = cases.load(conn, posted.case_number)
        assert case is not None
        cases.add_update(conn, case, posted, now=NOW)


def test_a_contact_is_found_by_each_of_its_addresses_and_made_once(database: Database) -> None:
    def make(_number: int) -> int | None:
        try:
            with database.write() as conn:
                found = contacts.find(conn, "eve@example.org")
                return (
                    found or contacts.create(conn, email="Eve@example.org", name="", address_key="eve@example.org")
                ).id
        except GatewayError:
            return None

    made = {contact_id for contact_id in together(6, make) if contact_id is not None}
    assert len(made) == 1
    with database.read() as conn:
        found = contacts.find(conn, "eve@example.org")
        assert found is not None
        assert (found.email, found.account, found.alternates) == ("Eve@example.org", "Eve@example.org", ())
        assert contacts.find(conn, "") is None
