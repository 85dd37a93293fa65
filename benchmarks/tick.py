"""What a turn of the scheduler costs: `python -m benchmarks tick`.

A turn with 100 due cases among 1,000,000 waiting ones, against one with 100 due among 10,000: the cost must grow with
what is due, not with what is open.  Then 10,000 due steps are drained (decided, written, handed to the outbox), a third
each first reminders, second reminders and closures, on SQLite (WAL, synchronous=FULL) and on PostgreSQL.  Rows are
inserted by SQL; firing is `timers.fire_due`, as `gateway serve` calls it.
"""

import os
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import psycopg
from sqlalchemy import Connection, bindparam, text

from benchmarks.row import Row
from gateway import app, config, maillog, timers
from gateway.clock import FixedClock
from gateway.store.tables import Instant
from tests import servers

FEW, MANY, DUE, DRAINED = 10_000, 1_000_000, 100, 10_000
TURNS = 7
NOW = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
LONGEST_RATIO, STEPS_A_SECOND = 1.5, 500.0
CONTACTS = 1000


def run() -> list[Row]:
    """Measure; some minutes, most of them for a million cases."""
    maillog.configure(level="ERROR")
    rows = []
    for name, house in (("SQLite", on_sqlite), ("PostgreSQL", on_postgresql)):
        with house() as few, house() as many:
            small, large = _turn_seconds(few, many)
        with house() as full:
            rate = _drain(full)
        rows += [
            Row(
                name=f"tick on {name}",
                figure=large * 1000,
                unit="ms",
                yardstick=f"{DUE} due of {FEW:,}: {small * 1000:,.1f} ms",
                ratio=LONGEST_RATIO * small / large,
                target=1.0,
                limits=f"{DUE} due of {MANY:,} may take {LONGEST_RATIO} times as long; "
                f"it took {large / small:.2f} times",
            ),
            Row(
                name=f"drain on {name}",
                figure=rate,
                unit="steps/s",
                yardstick=f"{STEPS_A_SECOND:g} steps/s asked for",
                ratio=rate / STEPS_A_SECOND,
                target=1.0,
                limits="statements of each case: one interpreter, one connection",
            ),
        ]
    return rows


def _turn_seconds(few: app.App, many: app.App) -> tuple[float, float]:
    """Return the median times of a turn with DUE cases due among few and among many; they take turns."""
    for house, cases in ((few, FEW), (many, MANY)):
        with house.database.write() as conn:
            _fill(conn, cases)
        settle(house)
    seconds: list[tuple[float, ...]] = []
    for turn in range(TURNS + 1):
        for house in (few, many):
            with house.database.write() as conn:
                _make_due(conn, turn * DUE + 1, DUE, step=1)
        seconds.append(tuple(_timed(partial(timers.fire_due, house.services), DUE) for house in (few, many)))
    # The first turn warms up.
    small, large = zip(*seconds[1:], strict=True)
    return statistics.median(small), statistics.median(large)


def _drain(house: app.App) -> float:
    """Return steps a second."""
    with house.database.write() as conn:
        _fill(conn, DRAINED)
        third = DRAINED // 3
        _make_due(conn, 1, third, step=1)
        _make_due(conn, third + 1, third, step=2)
        _make_due(conn, 2 * third + 1, DRAINED - 2 * third, step=3)
    settle(house)
    return DRAINED / _timed(lambda: timers.fire_due(house.services), DRAINED)


def _timed(fire: Callable[[], timers.Fired], expected: int) -> float:
    began = time.perf_counter()
    fired = fire()
    took = time.perf_counter() - began
    if len(fired.decisions) != expected or fired.waiting():
        raise RuntimeError(f"{len(fired.decisions)} timers fired instead of {expected}: {fired.waiting()[:3]}")
    return took


# --- rows by SQL

_COUNT = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "
_NUMBER = "'' || (1000000000 + i)"
_ADDRESS = f"'c' || (1 + i % {CONTACTS}) || '@example.org'"
_CONTACTS = (
    f"INSERT INTO contact (id, account_id, email, name, access) SELECT 1 + i % {CONTACTS}, 1, {_ADDRESS}, 'C',"
    " 'read-write' FROM n",
    f"INSERT INTO contact_address (address_key, contact_id, address) SELECT {_ADDRESS}, 1 + i % {CONTACTS},"
    f" {_ADDRESS} FROM n",
)
_CASES = (
    "INSERT INTO support_case (id, number, subject, description, status, substatus, priority, type, profile,"
    f" contact_id, opened_at, modified_at) SELECT i, {_NUMBER}, 'It stops', 'Every night.', 'awaiting-info',"
    f" 'information-required-from-customer', 'medium', 'support', 'cloud', 1 + i % {CONTACTS}, :asked, :asked FROM n",
    "INSERT INTO episode (id, case_id, number, status, question, started_at, next_at)"
    " SELECT i, i, 1, 'awaiting-info', 'Which version do you run?', :asked, :first FROM n",
    f"INSERT INTO reference (id, case_number, feed, recipient, state, created_at) SELECT 'REF-' || i, {_NUMBER},"
    f" 'case', {_ADDRESS}, 'live', :asked FROM n",
    *(
        f"INSERT INTO follow_up_step (episode_id, step, due_at) SELECT i, {step}, :{due} FROM n"
        for step, due in ((1, "first"), (2, "second"), (3, "third"))
    ),
)
_DUE = (
    "UPDATE follow_up_step SET sent_at = :earlier WHERE step < {step} AND episode_id BETWEEN {first} AND {last}",
    "UPDATE follow_up_step SET due_at = :due WHERE step = {step} AND episode_id BETWEEN {first} AND {last}",
    "UPDATE episode SET next_at = :due WHERE id BETWEEN {first} AND {last}",
)
_SENT = (
    "INSERT INTO outbox (idempotency_key, notice, case_number, to_address, context, message_id, verp_key, created_at,"
    " state, run_at, sent_at, episode_id) SELECT 'follow-up-2/' || number || '/1', 'follow-up-2', number,"
    " 'c@example.org', '{{}}', '<' || number || '@example.org>', number, :earlier, 'done', :earlier, :earlier, id"
    " FROM support_case WHERE id BETWEEN {first} AND {last}"
)


def _fill(conn: Connection, cases: int) -> None:
    """Insert cases that wait since yesterday; nothing is due."""
    conn.execute(text("INSERT INTO account (id, name) VALUES (1, 'Weber')"))
    for statement in _CONTACTS:
        _execute(conn, _COUNT.format(count=CONTACTS) + statement)
    for statement in _CASES:
        _execute(conn, _COUNT.format(count=cases) + statement)


def settle(house: app.App) -> None:
    """Let the database finish with what was just inserted, which it would else do while we measure."""
    chores = (
        ("PRAGMA wal_checkpoint(TRUNCATE)", "ANALYZE") if house.database.is_sqlite else ("VACUUM ANALYZE", "CHECKPOINT")
    )
    with house.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        for chore in chores:
            conn.exec_driver_sql(chore)
    # A gigabyte that the system still writes would slow each commit down.
    os.sync()


def _make_due(conn: Connection, first: int, count: int, *, step: int) -> None:
    """Make a step due for some of the cases; the steps before it are done."""
    where = {"step": step, "first": first, "last": first + count - 1}
    for statement in (*_DUE, *([_SENT] if step == 3 else [])):
        _execute(conn, statement.format(**where))


def _execute(conn: Connection, statement: str) -> None:
    moments = {
        "asked": NOW - timedelta(days=1),
        "first": NOW + timedelta(days=1),
        "second": NOW + timedelta(days=4),
        "third": NOW + timedelta(days=9),
        "earlier": NOW - timedelta(days=3),
        "due": NOW - timedelta(minutes=1),
    }
    named = [bindparam(key, value, type_=Instant) for key, value in moments.items() if f":{key}" in statement]
    conn.execute(text(statement).bindparams(*named))


# --- houses


@contextmanager
def on_sqlite() -> Iterator[app.App]:
    """Build a gateway on an SQLite file of its own."""
    with tempfile.TemporaryDirectory() as folder, _house(f"sqlite:///{folder}/gateway.db", Path(folder)) as house:
        yield house


@contextmanager
def on_postgresql() -> Iterator[app.App]:
    """Build a gateway on a PostgreSQL database of its own."""
    with tempfile.TemporaryDirectory() as folder:
        server = servers.postgres(Path(folder))
        name = f"gateway_bench_{uuid.uuid4().hex}"
        with psycopg.connect(server.replace("+psycopg", ""), autocommit=True) as admin:
            admin.execute(f'CREATE DATABASE "{name}"')
            try:
                with _house(f"{server.rpartition('/')[0]}/{name}", Path(folder)) as house:
                    yield house
            finally:
                admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
                servers.end_run(Path(folder))


@contextmanager
def _house(url: str, folder: Path) -> Iterator[app.App]:
    ours = {"data_dir": folder, "care_address": "care@example.com"}
    with app.build(
        config.load(None, gateway=ours, database={"url": url}, web={"port": 0}), clock=FixedClock(NOW)
    ) as house:
        yield house
