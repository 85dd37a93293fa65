"""One installation that crash tests start, kill and look into: its database, its gateway processes, its customer.

Everything is real: a process of its own, SMTP over sockets, the database of the test.  What became of a mail is read
from the tables, because the process that could be asked is dead.
"""

import contextlib
import json
import os
import signal
import smtplib
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import func, select, update

from gateway.app import build
from gateway.config import load
from gateway.desk import cases as desk
from gateway.model import Disposition, EntryState, Status, Substatus
from gateway.store import mail_views
from gateway.store.db import Database
from gateway.store.tables import case_update, event, mail, mailbox, outbox, reference, support_case
from tests.crash import readers
from tests.crash.sink import Sink
from tests.support import wait_until

ROOT = Path(__file__).parents[2]
CARE = "care@example.com"
CUSTOMER = "dana@example.org"
OWNER = "tess@example.com"
START_SECONDS = 60
QUIET_SECONDS = 60
TOKEN = "CRASH_HOUSE"


@dataclass(slots=True)
class Gateway:
    """A running gateway process."""

    process: subprocess.Popen[str]
    port: int

    def wait_for_death(self) -> None:
        """Wait until it was killed; whatever else ends it fails the test."""
        assert self.process.wait(START_SECONDS) == -9

    def kill(self) -> None:
        """End it without a word; its children are not told either."""
        self.process.kill()
        self.process.wait(START_SECONDS)

    def end(self) -> None:
        """End it and whatever it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(START_SECONDS)

    def stop(self) -> int:
        """Ask it to stop and return its exit code."""
        self.process.terminate()
        return self.process.wait(START_SECONDS)


class House:
    """An installation with one case that waits for its customer."""

    def __init__(self, folder: Path, url: str, sink: Sink) -> None:
        self.folder, self.sink = folder, sink
        self.settings: dict[str, Any] = {
            "gateway": {"data_dir": str(folder), "care_address": CARE, "organisation": "Crash Care"},
            "database": {"url": url},
            "smtp": {"port": 0, "commit_seconds": 5},
            "relay": {"host": "127.0.0.1", "port": sink.port},
            "scheduler": {"tick_seconds": 0.1},
            "parser": {"children": 1},
        }
        self.database = Database(url)
        self.token = uuid.uuid4().hex
        self.case, self.reference = self._open_case()

    def close(self) -> None:
        """Let go of the database and end every process that was started here and still lives."""
        self.database.close()
        for process in self.living():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()

    # --- its gateway

    @contextlib.contextmanager
    def running(self, *, prefix: tuple[str, ...] = (), **order: Any) -> Iterator[Gateway]:
        """Run a gateway; order: what the driver is told besides the settings.  prefix: a program that runs it."""
        gateway = self.start(prefix=prefix, **order)
        try:
            yield gateway
        finally:
            gateway.end()

    def start(self, *, prefix: tuple[str, ...] = (), **order: Any) -> Gateway:
        """Start a gateway and wait until it listens; port 0 when it died before."""
        command = [*prefix, sys.executable, "-m", "tests.crash.driver", json.dumps({"settings": self.settings} | order)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), TOKEN: self.token}
        environment[readers.MARK] = str(self.folder / "somebody-died")
        with (self.folder / "gateway.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        assert process.stdout is not None
        return Gateway(process, int(process.stdout.readline() or 0))

    def living(self) -> list[psutil.Process]:
        """Return the processes of this house that still live: gateways and the children that read mail."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.environ().get(TOKEN) == self.token and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def somebody_died(self) -> bool:
        """Say whether a reading child came to the point where it, or the gateway, was to die."""
        return (self.folder / "somebody-died").exists()

    def deliver(self) -> None:
        """Let every notice leave that is due."""
        with build(load(**self.settings)) as gateway:
            gateway.deliver_due()

    def log(self) -> str:
        """Return what its gateways have logged."""
        return (self.folder / "gateway.log").read_text(encoding="utf-8")

    # --- its customer

    def reply(self, number: int = 1) -> bytes:
        """Return an answer of the customer.  number: tells one answer from another."""
        return (
            f"From: Dana Reed <{CUSTOMER}>\r\nTo: {CARE}\r\nSubject: Re: The export stops\r\n"
            f"Message-ID: <answer.{number}@example.org>\r\nDate: Mon, 2 Mar 2026 10:00:00 +0000\r\n\r\n"
            f"It is version 4.2, answer {number}.\r\n\r\n> Reference ID: {self.reference}\r\n"
        ).encode("ascii")

    def offer(self, gateway: Gateway, raw: bytes, *, attempt: int = 1) -> int:
        """Offer a mail as an MTA does, with a new trace line each time; return the code of the answer to its dot.

        0: there was no answer, so that the sender has to try again.
        """
        trace = f"Received: from pc.example.org by mx.example.org with ESMTP id {attempt}; {attempt} Mar 2026\r\n"
        try:
            with smtplib.SMTP("127.0.0.1", gateway.port, timeout=START_SECONDS) as client:
                client.sendmail(CUSTOMER, [CARE], trace.encode("ascii") + raw)
        except smtplib.SMTPResponseException as error:
            return error.smtp_code
        except (smtplib.SMTPException, OSError):
            return 0
        return 250

    # --- what became of everything

    def let_leases_end(self) -> None:
        """Do what a minute does: the leases of whoever died are over."""
        with self.database.write() as conn:
            for table in (mail, outbox):
                leased = table.c.state == EntryState.LEASED
                conn.execute(update(table).where(leased).values(lease_until=0))
            conn.execute(update(mailbox).values(lease_until=0))

    def wait_until_quiet(self) -> None:
        """Wait until no mail and no notice is under way."""
        wait_until(self.is_quiet, seconds=QUIET_SECONDS, every=0.1, what=f"quiet\n{self.log()[-4000:]}")

    def is_quiet(self) -> bool:
        """Say whether no mail and no notice is under way."""
        waiting = (EntryState.READY, EntryState.LEASED)
        with self.database.read() as conn:
            return not any(
                conn.execute(select(func.count()).where(table.c.state.in_(waiting))).scalar()
                for table in (mail, outbox)
            )

    def check_inbound(self, *, answers: int, copies: int | None = None) -> None:
        """Assert that each answer counted exactly once.  copies: how often they were handed in, where that is known."""
        with self.database.read() as conn:
            ledger = mail_views.ledger(conn)
            case = conn.execute(select(support_case).where(support_case.c.number == self.case)).one()
            posted = conn.execute(select(case_update.c.mail_id).where(case_update.c.mail_id.is_not(None))).all()
            moves = conn.execute(select(event.c.data).where(event.c.type == "case.status_changed")).scalars().all()
            linked = conn.execute(select(func.count()).where(event.c.type == "mail.linked")).scalar_one()
            told = conn.execute(select(func.count()).where(outbox.c.notice == "reply-received")).scalar_one()
        assert ledger.balanced
        assert (ledger.in_progress, ledger.linked, ledger.accepted - ledger.duplicate) == (0, answers, answers)
        assert copies is None or ledger.accepted == copies
        assert (len(posted), linked, told) == (answers, answers, answers)
        assert (case.status, case.substatus) == (Status.OPEN, Substatus.CUSTOMER_RESPONDED)
        assert [move["status"] for move in moves].count(Status.OPEN) == 1
        assert self.is_sound()

    def check_outbound(self, *, copies_at_most: int = 1) -> None:
        """Assert that every notice left, no oftener than it may have, always the same bytes, and that it says so."""
        arrived: dict[str, list[bytes]] = {}
        for sunk in self.sink.mails:
            arrived.setdefault(sunk.message_id, []).append(sunk.raw)
        with self.database.read() as conn:
            rows = conn.execute(select(outbox)).all()
        assert {row.message_id for row in rows} == arrived.keys()
        for row in rows:
            copies = arrived[row.message_id]
            assert (row.state, len(set(copies))) == (EntryState.DONE, 1)
            assert len(copies) <= copies_at_most
            assert row.uncertain or len(copies) == 1

    def uncertain(self) -> int:
        """Return how many notices say of themselves that they may have been sent before."""
        with self.database.read() as conn:
            return conn.execute(select(func.count()).where(outbox.c.uncertain)).scalar_one()

    def dispositions(self) -> list[Disposition | None]:
        """Return what became of each mail, in the order of their arrival."""
        with self.database.read() as conn:
            return list(conn.execute(select(mail.c.disposition).order_by(mail.c.id)).scalars())

    def is_sound(self) -> bool:
        """Say whether the database finds itself whole (SQLite; PostgreSQL has no such check)."""
        if not self.database.is_sqlite:
            return True
        with self.database.read() as conn:
            return bool(conn.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok")

    def _open_case(self) -> tuple[str, str]:
        with build(load(**self.settings)) as gateway:
            opened = desk.open_case(
                gateway.services, subject="The export stops", description="", contact_email=CUSTOMER, owner=OWNER
            )
            desk.request_info(gateway.services, opened.number, text="Which version do you run?", author=OWNER)
            with gateway.database.read() as conn:
                found = select(reference.c.id).where(reference.c.case_number == opened.number)
                return opened.number, conn.execute(found).scalars().one()
