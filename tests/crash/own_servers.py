"""A PostgreSQL and a Redis of one test's own, which it may kill, restart and empty."""

import contextlib
import os
import signal
import subprocess
from pathlib import Path

import redis

from tests import servers
from tests.conftest import needed
from tests.servers import ServiceMissing
from tests.services import program
from tests.support import answers, free_port, wait_until


class OwnRedis:
    """A Redis of one test's own, which it may kill."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, empty."""
        with needed():
            if not program("redis-server"):
                raise ServiceMissing("Redis")
        command = [str(program("redis-server")), "--bind", "127.0.0.1", "--port", str(self.port), "--save", ""]
        self._process = subprocess.Popen(command, cwd=self._folder, stdout=subprocess.DEVNULL)
        wait_until(lambda: answers(self.port), what="Redis")

    def kill(self) -> None:
        """End it without a word; nothing is kept."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def forget(self) -> None:
        """Lose all that is in it."""
        with contextlib.closing(redis.Redis.from_url(self.url)) as client:
            client.flushall()


class OwnPostgres:
    """A PostgreSQL of one test's own; what was committed survives its restarts."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/gateway"
        self._data = folder / "postgres"
        self._account = servers.postgres_account()
        self._process: subprocess.Popen[bytes] | None = None

    def create(self) -> None:
        """Make its files, start it and make an empty database."""
        with needed():
            if not (program("initdb") and program("postgres")):
                raise ServiceMissing("PostgreSQL")
        servers.init_postgres(self._data, self._account)
        self.start()
        servers.administer(self._server, "CREATE DATABASE gateway")

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = servers.postgres_options(self._data, self.port)
        self._process = subprocess.Popen(
            [str(program("postgres")), "-D", str(self._data), *options],
            user=self._account,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        wait_until(lambda: servers.accepts(self._server), every=0.1, what="PostgreSQL to answer")

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it.  how: SIGINT cuts all connections; SIGQUIT is its own kind of crash, recovered at the next start."""
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, how)
            self._process.wait(60)

    @property
    def _server(self) -> str:
        return self.url.rpartition("/")[0] + "/postgres"
