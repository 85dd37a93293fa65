"""What every test may ask for: databases, a Redis, the machine for itself; and the loud word about what is missing."""

import contextlib
import os
import shutil
import uuid
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
import redis

from tests import mailboxes, servers

if TYPE_CHECKING:
    from tests.web_server import Web

RUN_FOLDER = "CASE_GATEWAY_TEST_RUN"
MISSING = "SERVICE MISSING: "


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder of this run; workers get it through the environment."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        os.environ[RUN_FOLDER] = str(servers.new_run())


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what this run started."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        _drop_template(Path(os.environ[RUN_FOLDER]))
        servers.end_run(Path(os.environ.pop(RUN_FOLDER)))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Let a test marked `serial` run alone, all others side by side.

    Everybody passes the gate first; a serial test keeps it, so nobody can overtake it while it waits for the others.
    The waiting is outside of the test, so it counts for no time limit.
    """
    alone = item.get_closest_marker("serial") is not None
    folder = Path(os.environ[RUN_FOLDER])
    with contextlib.ExitStack() as held:
        with contextlib.ExitStack() as gate:
            gate.enter_context(servers.locked(folder / "gate.lock"))
            held.enter_context(servers.locked(folder / "machine.lock", shared=not alone))
            if alone:
                held.push(gate.pop_all())
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    """Say, right above the closing line, which services were missing and how many tests that cost."""
    yield
    counts: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else ""
        _, found, name = reason.partition(MISSING)
        if found:
            counts[name] = counts.get(name, 0) + 1
    if counts:
        terminalreporter.section("services that are missing here", sep="=", yellow=True, bold=True)
        for name, count in sorted(counts.items()):
            terminalreporter.line(f"{name}: {count} tests did not run. Install it and run `make test` again.")


@contextlib.contextmanager
def needed() -> Iterator[None]:
    """Turn a missing service into a loud skip, with CI=true into a failure."""
    try:
        yield
        return
    except servers.ServiceMissing as missing:
        message = f"{MISSING}{missing}"
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


@pytest.fixture(scope="session")
def run_folder() -> Path:
    """Return the folder that all workers of this run share."""
    return Path(os.environ[RUN_FOLDER])


@pytest.fixture(scope="session")
def postgres_server(run_folder: Path) -> str:
    """Return the SQLAlchemy URL of a PostgreSQL in which we may create databases."""
    with needed():
        return servers.postgres(run_folder)


@pytest.fixture
def redis_url(run_folder: Path) -> Iterator[str]:
    """Return the URL of an empty Redis database; one per worker, emptied again after the test."""
    with needed():
        server = servers.redis_server(run_folder)
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    # From the end, where a server that is not ours keeps nothing; if it does, nothing of it may be touched.
    url = f"{server}/{15 - worker % 16}"
    with redis.Redis.from_url(url) as client:
        assert client.dbsize() == 0, f"The Redis database {url} is not empty, so the tests leave it alone."
        yield url
        client.flushdb()


@pytest.fixture(scope="session")
def imap_server(run_folder: Path) -> mailboxes.Server:
    """Return an IMAP server: our own Dovecot, where it is missing a pymap."""
    with needed():
        return mailboxes.serve(run_folder)


@pytest.fixture
def account(imap_server: mailboxes.Server) -> mailboxes.Account:
    """Return an account of this test's own."""
    return imap_server.account()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an empty, migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "gateway.db"
    _upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_template(run_folder: Path, postgres_server: str) -> str:
    """Return the name of an empty, migrated PostgreSQL database to copy; all workers of a run share it."""
    note = run_folder / "template.name"
    with servers.locked(run_folder / "template.lock"):
        if not note.exists():
            name = _create_database(postgres_server)
            _upgrade(_database(postgres_server, name))
            note.write_text(name)
        return note.read_text()


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """Return the URL of an empty, migrated SQLite database of this test's own."""
    path = tmp_path / "gateway.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def postgres_of_worker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the URL of one migrated PostgreSQL database: making one takes longer than most tests."""
    with own_database(request, "postgresql", tmp_path_factory.mktemp("postgres")) as url:
        yield url


@pytest.fixture
def postgres_url(postgres_of_worker: str) -> str:
    """Return the URL of an empty, migrated PostgreSQL database; the next test of this worker finds it empty again."""
    from gateway.store import tables

    with psycopg.connect(postgres_of_worker.replace("+psycopg", ""), autocommit=True) as conn:
        # Whatever an earlier test left connected could hold a lock for ever.
        conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        conn.execute(f"TRUNCATE {', '.join(tables.metadata.tables)} RESTART IDENTITY CASCADE")
    return postgres_of_worker


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Return the URL of an empty, migrated database of this test's own; the test runs once on each kind."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@pytest.fixture
def web(sqlite_url: str, tmp_path: Path) -> "Iterator[Web]":
    """Return a running web server on a database of this test's own, with a client; the clock is the test's."""
    from tests.web_server import running

    with running(sqlite_url, tmp_path) as server:
        yield server


@contextlib.contextmanager
def own_database(request: pytest.FixtureRequest, kind: str, folder: Path) -> Iterator[str]:
    """Give the URL of an empty, migrated database to a fixture that lives longer than one test."""
    if kind == "sqlite":
        shutil.copyfile(request.getfixturevalue("sqlite_template"), folder / "gateway.db")
        yield f"sqlite:///{folder / 'gateway.db'}"
        return
    server = request.getfixturevalue("postgres_server")
    name = _create_database(server, template=request.getfixturevalue("postgres_template"))
    yield _database(server, name)
    _drop_database(server, name)


@pytest.fixture
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Return a function that makes a database without any table, for tests of the migrations themselves."""
    made: list[str] = []

    def make(kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path / 'bare.db'}"
        made.append(_create_database(request.getfixturevalue("postgres_server")))
        return _database(request.getfixturevalue("postgres_server"), made[-1])

    yield make
    for name in made:
        _drop_database(request.getfixturevalue("postgres_server"), name)


def _upgrade(url: str) -> None:
    from gateway.store import db

    db.upgrade(url)


def _drop_template(run_folder: Path) -> None:
    note = run_folder / "template.name"
    if note.exists():
        _drop_database(servers.postgres(run_folder), note.read_text())


def _create_database(server: str, *, template: str = "template0") -> str:
    name = f"gateway_test_{uuid.uuid4().hex}"
    _administer(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return name


def _drop_database(server: str, name: str) -> None:
    _administer(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _administer(server: str, statement: str) -> None:
    with psycopg.connect(server.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(statement)


def _database(server: str, name: str) -> str:
    return f"{server.rpartition('/')[0]}/{name}"
