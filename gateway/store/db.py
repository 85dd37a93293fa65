"""The database: two entry points, `read()` and `write()`, alike on SQLite and PostgreSQL.

`write()` is BEGIN IMMEDIATE on SQLite: the driver's own transactions lose concurrent updates silently.  `read()` is
a plain BEGIN there and none on PostgreSQL, so that readers never wait for a writer.  Whatever the database cannot do
now becomes `Unavailable`.
"""

import re
import select
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Float, create_engine, event, exc
from sqlalchemy.engine import make_url
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from gateway import maillog
from gateway.clock import monotonic_seconds
from gateway.errors import ConfigError, Unavailable

Result = TypeVar("Result")

# What the database cannot do now; the rest (a value that it refuses, a broken rule) is the statement's own fault.
GONE = (exc.OperationalError, exc.InterfaceError, exc.InternalError, exc.TimeoutError)

HEAD = "0014"
# SQLite's log is moved into the file every 32 MB instead of every 4: a page that changes with each mail is written once
# then, and the fewer syncs are worth a tenth of all accepted mail (`python -m benchmarks accept`).
PRAGMAS = (
    *("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"),
    "wal_autocheckpoint=8000",
)
BUSY_SECONDS = 20
# A connection that rested longer is asked whether it lives before it is used.
REST_SECONDS = 1.0
PATIENCE_SECONDS = 20.0
PAUSE_SECONDS = 0.5
EMPTY_LOG_SECONDS = 2.0


class epoch_now(FunctionElement[float]):
    """The database's own clock in seconds since 1970; leases alone use it."""

    type = Float()
    inherit_cache = True


@compiles(epoch_now, "sqlite")
def _epoch_sqlite(_element: Any, _compiler: Any, **_kw: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(epoch_now, "postgresql")
def _epoch_postgresql(_element: Any, _compiler: Any, **_kw: Any) -> str:
    return "extract(epoch from clock_timestamp())"


class Database:
    """A pool of connections to one database.  Close it with `close()`."""

    def __init__(self, url: str, *, pool_size: int = 10, busy_seconds: float = BUSY_SECONDS) -> None:
        self.engine = _engine(url, pool_size, busy_seconds)
        # On PostgreSQL each statement sees a moment of its own, with BEGIN or without; without saves two round trips.
        plain = {"gateway_begin": "BEGIN"} if self.is_sqlite else {"isolation_level": "AUTOCOMMIT"}
        self._readers = self.engine.execution_options(**plain)
        self._writers = self.engine.execution_options(gateway_begin="BEGIN IMMEDIATE")
        self._busy_seconds = busy_seconds
        self._pen = threading.Lock() if self.is_sqlite else None
        self._writer: Connection | None = None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that only looks."""
        with _translated(), self._readers.connect() as conn:
            yield conn

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction that commits at the end of the block, or not at all."""
        if self._pen is None:
            with _translated(), self._writers.begin() as conn:
                yield conn
            return
        with self._alone(), _translated(), self._kept_writer() as conn, conn.begin():
            yield conn

    @property
    def is_sqlite(self) -> bool:
        """Say whether this is the embedded database."""
        return self.engine.dialect.name == "sqlite"

    def file_bytes(self) -> int:
        """Return the size of the file of an SQLite database, 0 for another one."""
        path = sqlite_path(str(self.engine.url))
        return path.stat().st_size if path is not None else 0

    def write_anew(self) -> None:
        """Write the whole file of an SQLite database anew, without anything that was deleted; nobody writes meanwhile.

        Needs as much room as the file again.
        """
        with self._alone(), _translated(), self._readers.connect() as conn:
            raw: Any = conn.connection.dbapi_connection
            try:
                raw.execute("VACUUM")
            except sqlite3.Error as error:
                raise exc.OperationalError("VACUUM", None, error) from error

    def empty_log(self) -> bool:
        """Move all that was committed into the file of an SQLite database, and empty its log: deleted pages stay
        readable there.

        False when somebody looked at an older state all the while; then call it again later.  True for PostgreSQL.
        """
        give_up = monotonic_seconds() + EMPTY_LOG_SECONDS
        while self.is_sqlite and not self._log_emptied():
            if monotonic_seconds() >= give_up:
                return False
            time.sleep(EMPTY_LOG_SECONDS / 20)
        return True

    def _log_emptied(self) -> bool:
        with _translated(), self._readers.connect() as conn:
            raw: Any = conn.connection.dbapi_connection
            # It waits for readers with the writers locked out, so it may not wait for long; it is tried again.
            raw.execute("PRAGMA busy_timeout=50")
            try:
                busy, _, _ = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                raw.execute(f"PRAGMA busy_timeout={int(1000 * self._busy_seconds)}")
            return not busy

    def close(self) -> None:
        """Close all connections."""
        if self._writer is not None:
            self._writer.close()
        self.engine.dispose()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        # SQLite waits for another writer by sleeping and looking again, up to 0.1 s too long each time; the threads of
        # one process pass the pen on at once.  Other processes still meet at BEGIN IMMEDIATE.
        if self._pen is None:
            yield
        elif self._pen.acquire(timeout=self._busy_seconds):
            try:
                yield
            finally:
                self._pen.release()
        else:
            raise Unavailable("The database does not answer now (it is being written); nothing was changed, try again.")

    @contextmanager
    def _kept_writer(self) -> Iterator[Connection]:
        """Lend the one connection by which this process writes to SQLite; after an error it is opened anew.

        Who has the pen writes alone, and fetching a connection for each of many small commits costs a third of them.
        """
        if self._writer is None:
            self._writer = self._writers.connect()
        try:
            yield self._writer
        except BaseException:
            self._writer.close()
            self._writer = None
            raise


@contextmanager
def savepoint(conn: Connection) -> Iterator[None]:
    """Open a part of a transaction: when the block raises, nothing of the part is kept, and the rest goes on.

    When the part cannot be undone, the database has ended the whole transaction, and that is what is raised.
    """
    if conn.dialect.name != "sqlite":
        with conn.begin_nested():
            yield
        return
    _tell(conn, "SAVEPOINT part")
    try:
        yield
    except BaseException:
        _tell(conn, "ROLLBACK TO part")
        _tell(conn, "RELEASE part")
        raise
    _tell(conn, "RELEASE part")


def patiently(what: str, work: Callable[[], Result]) -> Result:
    """Do `work`, again and again while the database does not answer, for PATIENCE_SECONDS at most.

    For results that are in hand and would be lost: a batch that was read, an answer that the relay gave.
    Raises Unavailable when patience is over; the lease then ends and somebody takes the work up again.
    """
    give_up = monotonic_seconds() + PATIENCE_SECONDS
    while True:
        try:
            return work()
        except Unavailable as error:
            if monotonic_seconds() >= give_up:
                raise
            maillog.store_unavailable(what, error)
            time.sleep(PAUSE_SECONDS)


def exists(url: str) -> bool:
    """Say whether there is a database to look into, without creating one."""
    path = sqlite_path(url)
    return path is None or path.exists()


def sqlite_path(url: str) -> Path | None:
    """Return the file of an SQLite URL, None for any other database."""
    parsed = make_url(url)
    return Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None


def current(database: Database) -> str:
    """Return the schema version of the database, "" when it has none yet."""
    with database.read() as conn:
        if not conn.dialect.has_table(conn, "alembic_version"):
            return ""
        return str(conn.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() or "")


def ensure_schema(database: Database) -> None:
    """Bring the schema up to date when it is behind.  Calling twice is nothing.

    Raises ConfigError when the database was made by a newer gateway.
    """
    if current(database) != HEAD:
        _migrate(database)


def upgrade(url: str) -> None:
    """Bring the schema of the database at `url` up to date."""
    database = Database(url)
    try:
        ensure_schema(database)
    finally:
        database.close()


def _migrate(database: Database) -> None:
    # Imported here: a start with an up-to-date schema, the usual one, does not pay for it.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with database.write() as conn:
        if not database.is_sqlite:
            # Two processes that start at once: the second waits here and then finds nothing to do.
            conn.exec_driver_sql("SELECT pg_advisory_xact_lock(4927301)")
        settings.attributes["connection"] = conn
        try:
            command.upgrade(settings, "head")
        except CommandError:
            raise ConfigError(
                "The database was made by a newer gateway; run that version, or restore a backup."
            ) from None


def _engine(url: str, pool_size: int, busy_seconds: float) -> Engine:
    try:
        parsed = make_url(url)
    except exc.ArgumentError:
        raise ConfigError(
            "database.url is no database URL; write sqlite:///path or postgresql://user@host/name."
        ) from None
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(url, pool_size, busy_seconds)
    if parsed.get_backend_name() != "postgresql":
        raise ConfigError("database.url must begin with sqlite:/// or postgresql://.")
    try:
        engine = create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            pool_size=pool_size,
            max_overflow=pool_size,
            connect_args={"options": "-c timezone=UTC", "connect_timeout": 5},
        )
        _ping_the_idle(engine)
        return engine
    except ImportError:
        raise ConfigError('PostgreSQL needs an extra; install with: pip install "case-gateway[postgres]".') from None


def _ping_the_idle(engine: Engine) -> None:
    """Ask a connection that rested for a while, or that has something to say, whether it still lives.

    The pool replaces one that does not.  To ask before every transaction would cost each of them a round trip; a server
    that ends a connection says so on it, which is seen without one.
    """

    @event.listens_for(engine, "checkin")
    def _rest(_connection: Any, record: Any) -> None:
        record.info["rested_since"] = monotonic_seconds()

    @event.listens_for(engine, "checkout")
    def _wake(connection: Any, record: Any, _proxy: Any) -> None:
        now = monotonic_seconds()
        if now - record.info.get("rested_since", now) < REST_SECONDS and not _has_something_to_say(connection):
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.dbapi.Error:  # type: ignore[union-attr]
            raise exc.DisconnectionError from None


def _has_something_to_say(connection: Any) -> bool:
    if connection.closed:
        return True
    ear = select.poll()
    ear.register(connection.fileno(), select.POLLIN)
    return bool(ear.poll(0))


def _sqlite(url: str, pool_size: int, busy_seconds: float) -> Engine:
    path = sqlite_path(url)
    if path is None or str(path) in (".", ":memory:"):
        raise ConfigError("database.url must name a file; a database in memory would lose mail.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError:
        raise ConfigError(f"The folder {path.parent} cannot be made; check database.url.") from None
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        connect_args={"check_same_thread": False, "timeout": busy_seconds},
        # Every transaction ends in `read` or `write`; rolling back once more at each return would cost as much as one.
        pool_reset_on_return=None,
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(conn: Connection) -> None:
        _tell(conn, conn.get_execution_options().get("gateway_begin", "BEGIN"))

    return engine


def _tell(conn: Connection, words: str) -> None:
    """Begin or end something on SQLite, past SQLAlchemy's machinery: that takes as long for these words as for work."""
    try:
        conn.connection.dbapi_connection.execute(words)  # type: ignore[union-attr]
    except sqlite3.Error as error:
        raise exc.OperationalError(words, None, error) from error


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except exc.SQLAlchemyError as error:
        # DatabaseError itself, none of its kinds: the file is no database, or a damaged one.
        if not isinstance(error, GONE) and type(error) is not exc.DatabaseError:
            raise
        raise Unavailable(
            f"The database does not answer now ({_short(error)}); nothing was changed, try again."
        ) from error


def _short(error: Exception) -> str:
    """Return what the driver said without SQL, parameters and paths."""
    said = str(getattr(error, "orig", None) or error).splitlines()
    return re.sub(r"(\S*/\S+|\(Background on.*)", "...", said[0] if said else "no details")[:120]
