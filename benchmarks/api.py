"""What the HTTP API costs: `python -m benchmarks api`.

`GET /cases?q=` and `GET /queue` among 100,000 rows, each against `GET /healthz` of the same run, one call after the
other; `POST /updates` by four clients at once, each answered after its commit; pages of the event feed.  On SQLite
(WAL, synchronous=FULL) and on PostgreSQL.  Rows are inserted by SQL; the server is `gateway serve --roles web`, a
process of its own, with its log written.
"""

import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
from sqlalchemy import Connection, bindparam, text

from benchmarks.row import Row
from benchmarks.tick import NOW, on_postgresql, on_sqlite, settle
from gateway import app, maillog
from gateway.desk import access
from gateway.store.tables import Instant

ROWS, CALLS, EVENTS, UPDATES, WRITERS = 100_000, 300, 100_000, 600, 4
TIMES_HEALTHZ, UPDATES_A_SECOND, EVENTS_A_SECOND = 5.0, 150.0, 5000.0
PAGE = 1000
SECONDS, STOP_SECONDS = 60, 30
# A rare word, a common one, two words, a number: all that people look for.
QUESTIONS = ("w4711", "export", "export w77", "nightly stops w1", "1000004711")


def run() -> list[Row]:
    """Measure; about two minutes."""
    maillog.configure(level="ERROR")
    rows = []
    for name, house in (("SQLite", on_sqlite), ("PostgreSQL", on_postgresql)):
        with house() as ours:
            with ours.database.write() as conn:
                _fill(conn)
            settle(ours)
            rows += _measured(name, ours)
    return rows


def _measured(name: str, ours: app.App) -> Iterator[Row]:
    _, key = access.create_key(ours.services, role="agent")
    with _serving(str(ours.config.database.url)) as client:
        client.headers["Authorization"] = f"Bearer {key}"
        calls = {
            "/healthz": lambda n: "/healthz",
            "GET /cases?q=": lambda n: f"/api/v1/cases?q={QUESTIONS[n % len(QUESTIONS)]}",
            "GET /queue": lambda n: f"/api/v1/queue?cursor={n * 300 or ''}",
        }
        worst = _percentiles(client, calls)
        healthz = worst.pop("/healthz")
        for call, seconds in worst.items():
            yield Row(
                name=f"{call} on {name}",
                figure=seconds * 1000,
                unit="ms (p95)",
                yardstick=f"/healthz: {healthz * 1000:.2f} ms (p95)",
                ratio=TIMES_HEALTHZ * healthz / seconds,
                target=1.0,
                limits=f"{ROWS:,} rows, default pages; {seconds / healthz:.1f} times /healthz",
            )
        for call, rate, target in (
            ("POST /updates", _updates(str(client.base_url), key), UPDATES_A_SECOND),
            ("GET /events", _events(client), EVENTS_A_SECOND),
        ):
            unit = "updates/s" if "updates" in call else "events/s"
            yield Row(
                name=f"{call} on {name}",
                figure=rate,
                unit=unit,
                yardstick=f"{target:g} {unit} asked for",
                ratio=rate / target,
                target=1.0,
                limits=f"client, server and database share {os.cpu_count()} processors",
            )


@contextmanager
def _serving(database_url: str) -> Iterator[httpx2.Client]:
    """Run `gateway serve --roles web` on a database, and give a client for it."""
    with tempfile.TemporaryDirectory() as folder:
        settings, log = Path(folder) / "gateway.toml", Path(folder) / "serve.log"
        settings.write_text(f'[gateway]\ndata_dir = "{folder}"\n[database]\nurl = "{database_url}"\n[web]\nport = 0\n')
        command = [sys.executable, "-m", "gateway", "serve", "--roles", "web", "--config", str(settings)]
        with log.open("wb") as said:
            server = subprocess.Popen(command, stdout=said, stderr=said)
        try:
            with httpx2.Client(base_url=_address(server, log), timeout=SECONDS, trust_env=False) as client:
                yield client
        finally:
            server.terminate()
            server.wait(STOP_SECONDS)


def _address(server: "subprocess.Popen[bytes]", log: Path) -> str:
    give_up = time.monotonic() + SECONDS
    while True:
        said = log.read_text()
        if found := re.search(r"^Ready: .*web (http://\S+),", said, re.MULTILINE):
            return found[1]
        if server.poll() is not None or time.monotonic() > give_up:
            raise RuntimeError(f"gateway serve did not start: {said[-2000:]}")
        time.sleep(0.05)


def _percentiles(client: httpx2.Client, calls: dict[str, Callable[[int], str]]) -> dict[str, float]:
    """Return the 95th percentile of each call in seconds; they take turns, so that a slow moment meets them all."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(CALLS + 20):
        for name, path in calls.items():
            began = time.perf_counter()
            answer = client.get(path(number))
            took = time.perf_counter() - began
            if answer.status_code != 200:
                raise RuntimeError(f"{name} answered {answer.status_code}: {answer.text[:200]}")
            if number >= 20:
                seconds[name].append(took)
    return {name: statistics.quantiles(all_, n=20)[18] for name, all_ in seconds.items()}


def _updates(url: str, key: str) -> float:
    """Return updates a second, by WRITERS clients at once, on cases of their own."""
    statuses: list[int] = []

    def write(which: int) -> None:
        body = {"text": "It stops at 3 percent again.", "channel": "agent", "author": "tess@example.org"}
        with httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, trust_env=False) as client:
            for number in range(UPDATES // WRITERS):
                path = f"/api/v1/cases/{1_000_000_000 + which * 1000 + number + 1}/updates"
                statuses.append(client.post(path, json=body).status_code)

    threads = [threading.Thread(target=write, args=(which,)) for which in range(WRITERS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    if statuses != [201] * UPDATES:
        raise RuntimeError(f"updates were answered {sorted(set(statuses))}")
    return UPDATES / took


def _events(client: httpx2.Client) -> float:
    """Return events a second, read in pages from the beginning."""
    read, cursor = 0, ""
    began = time.perf_counter()
    while read < EVENTS:
        page = client.get(f"/api/v1/events?limit={PAGE}&after={cursor}").json()
        read, cursor = read + len(page["items"]), page["next"]
    return read / (time.perf_counter() - began)


# --- rows by SQL

_COUNT = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "
_NUMBER = "'' || (1000000000 + i)"
_CONTACTS = 1000
# What a case is about has nothing to do with its number, so the words are scattered over all of them.
_WORD = "'w' || ((i * 7919) % 100003)"
_SUBJECT = f"'Nightly export stops ' || {_WORD}"
_STATEMENTS = (
    (
        _CONTACTS,
        "INSERT INTO contact (id, account_id, email, name, access) SELECT i, 1, 'c' || i || '@example.org', 'C',"
        " 'read-write' FROM n",
    ),
    (
        _CONTACTS,
        "INSERT INTO contact_address (address_key, contact_id, address) SELECT 'c' || i || '@example.org', i,"
        " 'c' || i || '@example.org' FROM n",
    ),
    (
        ROWS,
        "INSERT INTO support_case (id, number, subject, description, status, substatus, priority, type, profile,"
        f" contact_id, opened_at, modified_at) SELECT i, {_NUMBER}, {_SUBJECT}, 'Every night.', 'open', 'new',"
        f" 'medium', 'support', 'cloud', 1 + i % {_CONTACTS}, :now, :now FROM n",
    ),
    *(
        (ROWS, f"INSERT INTO case_word (word, case_id) SELECT {word}, i FROM n")
        for word in ("'nightly'", "'export'", "'stops'", _WORD)
    ),
    (
        ROWS,
        "INSERT INTO mail (id, source, mail_from, rcpt_tos, received_at, size, sha256, raw_sha256, content_key, state,"
        " run_at, disposition, reason, sender, subject) SELECT i, 'smtp', 'c@example.org', '[]', :now, 900,"
        " 'x' || i, 'x' || i, 'x' || i, 'done', :now, 'queued', 'no-reference', 'c@example.org', 'The export' FROM n",
    ),
    (
        ROWS,
        "INSERT INTO queue_item (id, mail_id, reason, recipient, hints, state, created_at) SELECT i, i,"
        " 'no-reference', 'care@example.com', '[]', 'open', :now FROM n",
    ),
    (
        EVENTS,
        "INSERT INTO event (at, type, case_number, sequence, data, cursor) SELECT :now, 'case.updated',"
        f' {_NUMBER}, 1, \'{{"update_id": "7"}}\', i FROM n',
    ),
)


def _fill(conn: Connection) -> None:
    """Insert cases, a queue and a feed."""
    conn.execute(text("INSERT INTO account (id, name) VALUES (1, 'Weber')"))
    for count, statement in _STATEMENTS:
        made = text(_COUNT.format(count=count) + statement.replace('"update_id": ', '"update_id"\\: '))
        named = [bindparam("now", NOW, type_=Instant)] if ":now" in statement else []
        conn.execute(made.bindparams(*named))
