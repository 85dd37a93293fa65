"""Servers that one run of the tests uses: a PostgreSQL and a Redis, shared by all its workers.

The first worker that needs one finds or starts it and writes its address into the run's folder, under a file lock;
the process that began the run stops what was started, by process id.  Everything listens on 127.0.0.1 only.
"""

import contextlib
import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import redis

from tests.services import program
from tests.support import answers, free_port, wait_until

POSTGRES = "postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
REDIS = "redis://127.0.0.1:{port}"


class ServiceMissing(Exception):
    """A service is neither answering nor installed; the message is its name."""


def new_run() -> Path:
    """Create the folder in which the workers of one run find each other's servers."""
    folder = Path(tempfile.mkdtemp(prefix="case-gateway-tests-"))
    folder.chmod(0o755)
    return folder


def end_run(folder: Path) -> None:
    """Stop the servers that this run started and remove its folder."""
    for pid_file in folder.glob("*.pid"):
        with contextlib.suppress(psutil.NoSuchProcess):
            server = psutil.Process(int(pid_file.read_text()))
            server.send_signal(signal.SIGINT)
            _wait_for_end(server)
    shutil.rmtree(folder, ignore_errors=True)


def postgres(folder: Path) -> str:
    """Return the SQLAlchemy URL of a PostgreSQL in which we may create databases.  Raises ServiceMissing."""
    return once(folder, "postgres", lambda: _answering_postgres() or _own_postgres(folder))


def redis_server(folder: Path) -> str:
    """Return the URL, without a database number, of a Redis of our own, else of one that answers.

    Raises ServiceMissing.
    """
    return once(folder, "redis", lambda: _own_redis(folder) or _answering_redis())


def once(folder: Path, name: str, provide: Callable[[], str]) -> str:
    """Return what `provide` returned to the first worker that asked."""
    known = folder / f"{name}.url"
    with locked(folder / f"{name}.lock"):
        if not known.exists():
            known.write_text(provide(), encoding="utf-8")
        return known.read_text(encoding="utf-8")


@contextlib.contextmanager
def locked(path: Path, *, shared: bool = False) -> Iterator[None]:
    """Hold a lock between processes; it ends with the process at the latest."""
    with path.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield


def _answering_postgres() -> str:
    url = os.environ.get("TEST_POSTGRES_URL", POSTGRES.format(port=5432))
    try:
        with psycopg.connect(url.replace("+psycopg", ""), connect_timeout=2) as connection:
            row = connection.execute("SELECT rolcreatedb FROM pg_roles WHERE rolname = current_user").fetchone()
    except psycopg.Error:
        return ""
    return url if row and row[0] else ""


def _own_postgres(folder: Path) -> str:
    initdb, server = program("initdb"), program("postgres")
    if not (initdb and server):
        raise ServiceMissing("PostgreSQL")
    data, port, account = folder / "postgres", free_port(), postgres_account()
    init_postgres(data, account)
    start(folder, "postgres", [server, "-D", str(data), *postgres_options(data, port)], account=account)
    url = POSTGRES.format(port=port)
    wait_until(lambda: accepts(url), every=0.1, what="our own PostgreSQL")
    return url


def init_postgres(data: Path, account: str | None) -> None:
    """Make the files of a new PostgreSQL.  account: whose they are, None for ours."""
    data.mkdir()
    if account:
        shutil.chown(data, account)
    options = ("-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync")
    subprocess.run(
        [str(program("initdb")), "-D", data, *options],
        user=account,
        cwd="/",
        check=True,
        capture_output=True,
    )


def postgres_options(data: Path, port: int) -> list[str]:
    """Return the arguments of a server whose data lives no longer than the tests, so that it waits for no disk."""
    settings = {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": str(data),
        "fsync": "off",
        "max_connections": "200",
    }
    return ["-p", str(port), *(f"--{name}={value}" for name, value in settings.items())]


def administer(url: str, statement: str) -> None:
    """Run a statement outside of a transaction."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(statement)


def postgres_account() -> str | None:
    """Return the account that PostgreSQL runs under; None: our own."""
    # PostgreSQL refuses to run as root.
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def accepts(url: str) -> bool:
    """Say whether a PostgreSQL takes connections."""
    try:
        psycopg.connect(url.replace("+psycopg", ""), connect_timeout=2).close()
    except psycopg.Error:
        return False
    return True


def _own_redis(folder: Path) -> str:
    server = program("redis-server")
    if not server:
        return ""
    port = free_port()
    options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(folder), "--databases", "64"]
    start(folder, "redis", [server, *options])
    wait_until(lambda: answers(port) and redis.Redis(port=port).ping(), seconds=10, what="our own Redis")
    return REDIS.format(port=port)


def _answering_redis() -> str:
    url = os.environ.get("TEST_REDIS_URL", REDIS.format(port=6379))
    try:
        redis.Redis.from_url(url, socket_timeout=2).ping()
    except redis.RedisError:
        raise ServiceMissing("Redis") from None
    return url


def start(folder: Path, name: str, command: list[str], *, account: str | None = None) -> None:
    """Start a server that `end_run` stops.  account: whose rights it has, with its own group; None for ours."""
    group = pwd.getpwnam(account).pw_gid if account else None
    with (folder / f"{name}.log").open("wb") as log:
        server = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            user=account,
            group=group,
            extra_groups=None if group is None else [],
            cwd="/",
            start_new_session=True,
        )
    (folder / f"{name}.pid").write_text(str(server.pid))


def _wait_for_end(server: psutil.Process) -> None:
    try:
        server.wait(timeout=20)
    except psutil.TimeoutExpired:
        # A zombie whose parent is gone has ended, even where nobody asks for it.
        if server.status() != psutil.STATUS_ZOMBIE:
            server.kill()
            with contextlib.suppress(psutil.TimeoutExpired):
                server.wait(timeout=5)
