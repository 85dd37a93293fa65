"""The sequencer: a late commit is never passed over, places have no gaps, and nobody waits for anybody.  WH-04, AU."""

import random
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from gateway import sequencer
from gateway.desk import events as desk_events
from gateway.errors import InvalidInput
from gateway.model import Status
from gateway.model.views import EventView
from gateway.store import events, lead
from gateway.store.db import Database
from gateway.store.tables import event, support_case
from tests.store.support import NOW, new_case, services_on, together

WRITERS, EVENTS_OF_A_WRITER = 6, 25
PATIENCE_SECONDS = 60


def publish(database: Database, number: str, mark: object, *, at: Any = NOW) -> None:
    with database.write() as conn:
        events.append(conn, "case.updated", case_number=number, data={"mark": mark}, now=at)


def turn(database: Database) -> None:
    sequencer.turn(services_on(database))


def read(database: Database, after: int = 0) -> list[EventView]:
    with database.read() as conn:
        return events.feed(conn, after=after, limit=10_000)


def marks(found: list[EventView]) -> list[Any]:
    return [one.data["mark"] for one in found]


def test_a_commit_that_comes_late_gets_its_place_behind_what_was_read(postgres_url: str) -> None:
    """CONTRACT 4: `GET /events` never skips a late commit, though its row is older."""
    database = Database(postgres_url)
    with database.write() as late:
        events.append(late, "case.updated", case_number="0000000001", data={"mark": "late"}, now=NOW)
        publish(database, "0000000001", "soon")
        turn(database)
        assert marks(read(database)) == ["soon"]
    turn(database)
    found = read(database)
    assert marks(found) == ["soon", "late"]
    assert int(found[0].id) > int(found[1].id)
    assert [(one.cursor, one.sequence) for one in found] == [("1", 1), ("2", 2)]
    database.close()


def test_while_one_leads_another_passes_without_waiting(postgres_url: str) -> None:
    database = Database(postgres_url)
    publish(database, "", "one")
    with database.write() as leader:
        assert lead.take(leader, lead.SEQUENCER)
        turn(database)
        assert read(database) == []
    turn(database)
    assert marks(read(database)) == ["one"]
    database.close()


def test_slow_writers_many_sequencers_and_a_reader_lose_and_double_nothing(database: Database) -> None:
    """WH-04: whatever the order of commits, a reader that follows the cursors sees every event once, in order."""
    luck = random.Random(7)
    pauses = [[luck.choice((0, 0, 0.001, 0.02)) for _ in range(EVENTS_OF_A_WRITER)] for _ in range(WRITERS)]
    writing = threading.Event()
    followed: list[EventView] = []

    def write(writer: int) -> None:
        for number, pause in enumerate(pauses[writer]):
            with database.write() as conn:
                case = f"000000000{luck.randrange(3)}"
                events.append(conn, "case.updated", case_number=case, data={"mark": (writer, number)}, now=NOW)
                time.sleep(pause)

    def give_places(_: int) -> None:
        while not writing.is_set():
            turn(database)
            time.sleep(0.002)

    def follow(_: int) -> None:
        give_up = time.monotonic() + PATIENCE_SECONDS
        while len(followed) < WRITERS * EVENTS_OF_A_WRITER and time.monotonic() < give_up:
            followed.extend(read(database, int(followed[-1].cursor) if followed else 0))
            time.sleep(0.001)
        writing.set()

    jobs: list[Callable[[int], None]] = [write] * WRITERS + [give_places, give_places, follow]
    together(len(jobs), lambda number: jobs[number](number))
    assert [int(one.cursor) for one in followed] == list(range(1, WRITERS * EVENTS_OF_A_WRITER + 1))
    assert sorted(map(tuple, marks(followed))) == [(w, n) for w in range(WRITERS) for n in range(EVENTS_OF_A_WRITER)]
    for case in {one.case for one in followed}:
        numbers = [one.sequence for one in followed if one.case == case]
        assert numbers == list(range(1, len(numbers) + 1))
    for writer in range(WRITERS):
        assert [n for w, n in marks(followed) if w == writer] == list(range(EVENTS_OF_A_WRITER))


def test_more_than_one_batch_is_placed_in_one_turn_and_a_second_turn_is_nothing(database: Database) -> None:
    rows: list[tuple[str, str, dict[str, Any]]] = [("case.updated", "0000000001", {"mark": n}) for n in range(1203)]
    with database.write() as conn:
        events.append_many(conn, rows, now=NOW)
    assert sequencer.turn(services_on(database)) == 1203
    assert sequencer.turn(services_on(database)) == 0
    found = read(database)
    assert [(one.sequence, one.data["mark"]) for one in found] == [(n + 1, n) for n in range(1203)]


def test_an_event_about_no_case_has_no_number(database: Database) -> None:
    publish(database, "", "alarm")
    turn(database)
    (found,) = read(database)
    assert (found.case, found.sequence, found.cursor) == (None, None, "1")


def test_old_events_are_forgotten_but_not_those_of_a_case_that_is_open_and_numbers_go_on(database: Database) -> None:
    services = services_on(database)
    old = services.clock.now() - timedelta(days=91)
    with database.write() as conn:
        for number in ("0000000001", "0000000002", "0000000003"):
            new_case(conn, number=number)
        close = update(support_case).values(status=Status.CLOSED)
        conn.execute(close.where(support_case.c.number == "0000000002").values(closed_at=old))
        conn.execute(close.where(support_case.c.number == "0000000003").values(closed_at=old + timedelta(days=2)))
    for number in ("0000000001", "0000000002", "0000000003", ""):
        publish(database, number, number, at=old)
    publish(database, "0000000002", "later", at=old + timedelta(days=2))
    assert sequencer.forget(services) == 0, "what has no place yet was read by nobody"
    turn(database)
    assert sequencer.forget(services) == 2
    assert marks(read(database)) == ["0000000001", "0000000003", "later"]
    publish(database, "0000000002", "again")
    turn(database)
    last = read(database)[-1]
    assert (last.cursor, last.sequence) == ("6", 3)


def test_a_reader_gets_pages_and_the_cursor_to_go_on_from(database: Database) -> None:
    services = services_on(database)
    for mark in range(5):
        publish(database, "", mark)
    turn(database)
    seen, cursor = [], ""
    while (page := desk_events.read(services, after=cursor, limit=2)).items:
        seen += marks(list(page.items))
        cursor = page.next
    assert (seen, cursor, page.next) == ([0, 1, 2, 3, 4], "5", "5")


def test_a_reader_waits_for_what_comes(database: Database) -> None:
    services = services_on(database)

    def come(_: int) -> None:
        publish(database, "", "come")
        turn(database)

    jobs = [lambda _: desk_events.read(services, wait=PATIENCE_SECONDS), come]
    page, _ = together(2, lambda number: jobs[number](number))
    assert page is not None
    assert marks(list(page.items)) == ["come"]


@pytest.mark.parametrize("cursor", ["x", "-1", "1.5", "9" * 19, "\u0663", " 1"])
def test_what_is_no_cursor_is_refused(sqlite_url: str, cursor: str) -> None:
    database = Database(sqlite_url)
    with pytest.raises(InvalidInput, match="cursor"):
        desk_events.read(services_on(database), after=cursor)
    database.close()


def test_our_own_bookkeeping_is_shown_as_a_change_of_the_case(database: Database) -> None:
    with database.write() as conn:
        events.append(conn, "case.rca_requested", case_number="0000000001", data={}, now=NOW)
    turn(database)
    (found,) = read(database)
    assert (found.type, found.data) == ("case.updated", {"changed": "rca_requested"})
    with database.read() as conn:
        assert conn.execute(select(event.c.type)).scalar_one() == "case.rca_requested"
