"""A gateway to measure: a folder of its own, cases that wait for replies, and `gateway serve` as its own process.

The settings are the defaults (SQLite, WAL, synchronous=FULL, in-process broker, two parse children, log written), but
for the port and for the number of mails a connection may carry, because the client keeps its connections.
"""

import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks import traffic
from benchmarks.traffic import CARE, Mail

CASES = 200
STOP_SECONDS = 30
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Installation:
    """A data folder with settings; nothing runs.  waiting: (contact, case number, Reference ID) of each case."""

    folder: Path
    port: int
    waiting: Sequence[tuple[str, str, str]] = ()

    @property
    def settings(self) -> Path:
        """The settings file."""
        return self.folder / "gateway.toml"

    def replies(self, label: str, count: int) -> list[Mail]:
        """Return that many replies, to one case after the other."""
        made = []
        for number in range(count):
            contact, case, reference = self.waiting[number % len(self.waiting)]
            made.append(traffic.reply(f"{label}.{number}", sender=contact, case_number=case, reference_id=reference))
        return made

    def wait_for_linked(self, count: int, *, seconds: float = 300) -> None:
        """Return when so many mails in all are linked and committed.  Raises TimeoutError."""
        give_up = time.monotonic() + seconds
        with closing(sqlite3.connect(self.folder / "gateway.db")) as look:
            while look.execute("SELECT count(*) FROM mail WHERE disposition = 'linked'").fetchone()[0] < count:
                if time.monotonic() > give_up:
                    raise TimeoutError("the mails were not linked in time")
                time.sleep(0.02)

    @contextmanager
    def serving(self) -> Iterator[psutil.Process]:
        """Run `gateway serve` as its own process; yields it when it has said 220."""
        command = [sys.executable, "-m", "gateway", "serve"]
        with (self.folder / "serve.log").open("ab") as log:
            process = subprocess.Popen([*command, "--config", str(self.settings)], stdout=log, stderr=log)
        try:
            self._wait_for_greeting(process)
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()

    def _wait_for_greeting(self, process: "subprocess.Popen[bytes]") -> None:
        give_up = time.monotonic() + traffic.START_SECONDS
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=5) as peer:
                    if peer.recv(4) == b"220 ":
                        return
            except OSError:
                pass
            if process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError(f"gateway serve did not start: {(self.folder / 'serve.log').read_text()[-2000:]}")
            time.sleep(0.01)


@contextmanager
def fresh() -> Iterator[Installation]:
    """Make an installation without a database; its folder goes away afterwards."""
    with tempfile.TemporaryDirectory(prefix="case-gateway-bench-") as name, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        made = Installation(Path(name), probe.getsockname()[1])
        probe.close()
        made.settings.write_text(
            f'[gateway]\ndata_dir = "{name}"\ncare_address = "{CARE}"\n'
            f'[database]\nurl = "sqlite:///{name}/gateway.db"\n'
            f"[smtp]\nport = {made.port}\nmax_messages_per_session = 1000000\n[web]\nport = 0\n"
        )
        yield made


@contextmanager
def with_cases() -> Iterator[Installation]:
    """Make an installation with CASES cases; every second one waits for information, and no notice is left to send."""
    from gateway import app, config, maillog
    from gateway.desk import cases
    from gateway.store.tables import reference

    maillog.configure(level="WARNING")
    with fresh() as bare:
        with app.build(config.load(bare.settings)) as gateway:
            for number in range(CASES):
                view = cases.open_case(
                    gateway.services,
                    subject="It does not start",
                    description="It stops after three percent.",
                    contact_email=f"ann{number}@example.org",
                    contact_name="Ann Lee",
                )
                if number % 2:
                    cases.request_info(gateway.services, view.number, text="Which version?", author="kim@example.com")
            gateway.deliver_due()
            with gateway.database.read() as conn:
                rows = conn.execute(reference.select().order_by(reference.c.case_number)).all()
        yield Installation(bare.folder, bare.port, [(row.recipient, row.case_number, row.id) for row in rows])


def memory_bytes(process: psutil.Process) -> tuple[int, int]:
    """Return RSS and PSS of a process with its children; PSS counts a page that n processes share as one n-th each."""
    family = [process, *process.children(recursive=True)]
    shares = [one.memory_full_info() for one in family]
    return sum(share.rss for share in shares), sum(share.pss for share in shares)
