"""Service targets in the store: promised from the opening, kept or missed once, looked up by due time."""

from datetime import timedelta

from sqlalchemy import text

from gateway.model import Target
from gateway.store import targets
from gateway.store.db import Database
from tests.store.support import NOW, new_case

HOUR = timedelta(hours=1)


def test_a_promise_is_due_once_and_a_kept_one_never(database: Database) -> None:
    with database.write() as conn:
        case = new_case(conn)
        targets.promise(conn, case.number, {Target.RESPONSE: HOUR, Target.RESOLUTION: 2 * HOUR})
        assert targets.due(conn, now=NOW, limit=9) == []
        targets.meet(conn, case.id, [Target.RESPONSE], now=NOW)
        (due,) = targets.due(conn, now=NOW + 3 * HOUR, limit=9)
        assert (due.case_number, due.target, due.due_at) == (case.number, Target.RESOLUTION, NOW + 2 * HOUR)
        assert targets.due(conn, now=NOW + 3 * HOUR, limit=9, case_number="0000000009") == []
        targets.miss(conn, case.id, Target.RESOLUTION, now=NOW + 3 * HOUR)
        assert targets.due(conn, now=NOW + 3 * HOUR, limit=9) == []


def test_new_promises_replace_the_running_ones_and_leave_those_that_are_settled(database: Database) -> None:
    with database.write() as conn:
        case = new_case(conn)
        targets.promise(conn, case.number, {Target.RESPONSE: HOUR, Target.RESTORATION: HOUR, Target.RESOLUTION: HOUR})
        targets.meet(conn, case.id, [Target.RESPONSE], now=NOW)
        targets.promise(conn, case.number, {Target.RESPONSE: 2 * HOUR, Target.RESOLUTION: 2 * HOUR})
        (due,) = targets.due(conn, now=NOW + 9 * HOUR, limit=9)
        assert (due.target, due.due_at) == (Target.RESOLUTION, NOW + 2 * HOUR)
        targets.promise(conn, case.number, {})
        assert targets.due(conn, now=NOW + 9 * HOUR, limit=9) == []


def test_looking_for_missed_targets_reads_the_index_of_running_ones(database: Database) -> None:
    """PROCESS 8: the cost grows with what is due, not with what is open."""
    query = "SELECT case_id FROM case_target WHERE due_at <= '2026-03-10' AND met_at IS NULL AND missed_at IS NULL"
    with database.write() as conn:
        if not database.is_sqlite:
            conn.execute(text("SET LOCAL enable_seqscan = off"))
        explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
        plan = " ".join(str(row) for row in conn.execute(text(f"{explain} {query}")))
    assert "ix_case_target_due" in plan
