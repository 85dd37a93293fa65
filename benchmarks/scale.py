"""What a second worker brings, and how we stand beside a peer: `python -m benchmarks scale`.

5,000 spooled replies on PostgreSQL are drained (read, linked, decided, recorded, committed) by one and by two worker
processes of `gateway worker`, woken through Redis, with one reading child each.  Two processors that are both busy
cannot be made faster by a third process, so the share of the machine in use is measured beside it: either figure will
do.  The peers are the mail gateways of django-helpdesk and of Request Tracker, in process, on SQLite, fed the same
replies.  django-helpdesk is installed for the run into a folder of its own; Request Tracker runs where Debian's
packages request-tracker5 and rt5-db-sqlite are installed.  A peer that cannot be had is left out with a word.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
from sqlalchemy import func, select

from benchmarks import traffic
from benchmarks.row import Row
from gateway import app, config, maillog
from gateway.desk import cases
from gateway.inbound import content_key
from gateway.model import Envelope, NewMail, Source
from gateway.store import mails
from gateway.store.tables import mail, reference
from tests import servers

MAILS, CASES, ROUNDS = 5000, 200, 3
LEAST_GAIN, LEAST_BUSY_PERCENT = 1.2, 90.0
GIVE_UP_SECONDS = 600
PEERS = Path(__file__).parent / "peers"
HELPDESK_MAILS, TIMES_HELPDESK = 400, 4.0
TRACKER_MAILS, TIMES_TRACKER = 100, 20.0
TRACKER_SETTINGS = """
Set($rtname, 'example.com');
Set($Organization, 'example.com');
Set($CorrespondAddress, 'care@example.com');
Set($CommentAddress, 'comment@example.com');
Set($DatabaseType, 'SQLite');
Set($DatabaseName, '{folder}/rt.sqlite');
Set($MailCommand, 'testfile');
Set($LogToSTDERR, 'critical');
Set($LogToSyslog, '');
Set($MasonDataDir, '{folder}/mason');
1;
"""


@dataclass(frozen=True, slots=True)
class Drained:
    """One drain.  rate: mails a second.  busy: share of all processors in use, in percent."""

    rate: float
    busy: float


def run() -> list[Row]:
    """Measure; some three minutes."""
    maillog.configure(level="ERROR")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # PostgreSQL runs under another account, which must reach its files.
        folder.chmod(0o755)
        try:
            with _house(folder) as house:
                _drain(house, folder, 1, "warm", MAILS // 10)
                rounds = [
                    tuple(_drain(house, folder, n, f"{number}.{n}", MAILS) for n in (1, 2)) for number in range(ROUNDS)
                ]
        finally:
            servers.end_run(folder)
    one = statistics.median(first.rate for first, _ in rounds)
    two = statistics.median(second.rate for _, second in rounds)
    busy = statistics.median(second.busy for _, second in rounds)
    peers = (
        ("django-helpdesk", TIMES_HELPDESK, _helpdesk_rate()),
        ("Request Tracker", TIMES_TRACKER, _tracker_rate()),
    )
    return [_gain(one, two), _busy(busy), *(row for peer in peers for row in _beside(two, *peer))]


def _gain(one: float, two: float) -> Row:
    return Row(
        name="two workers",
        figure=two,
        unit="mails/s",
        yardstick=f"one worker: {one:,.0f} mails/s",
        ratio=two / one,
        target=LEAST_GAIN,
        limits="processors: each worker has a process that decides and a child that reads, beside PostgreSQL",
    )


def _busy(percent: float) -> Row:
    return Row(
        name="busy with two",
        figure=percent,
        unit="%",
        yardstick=f"{LEAST_BUSY_PERCENT:g} % of all processors, instead of the gain",
        ratio=percent / LEAST_BUSY_PERCENT,
        target=1.0,
    )


def _beside(ours: float, peer: str, times: float, theirs: float | None) -> list[Row]:
    if theirs is None:
        print(f"{peer} could not be installed, or is not, so it is left out.", file=sys.stderr)
        return []
    return [
        Row(
            name=f"beside {peer}",
            figure=ours,
            unit="mails/s",
            yardstick=f"its mail gateway in process: {theirs:,.1f} mails/s",
            ratio=ours / theirs,
            target=times,
        )
    ]


def _drain(house: app.App, folder: Path, processes: int, label: str, count: int) -> Drained:
    """Start workers on an empty spool, spool the mails, wake the workers, and time until the last one is linked."""
    before = _linked(house)
    with _workers(folder, processes):
        new = [_spooled(house, raw) for raw in _replies(house, label, count)]
        with house.database.write() as conn:
            mails.spool_many(conn, new)
        psutil.cpu_percent()
        began = time.perf_counter()
        house.services.ring_mail()
        while _linked(house) < before + count:
            if time.perf_counter() - began > GIVE_UP_SECONDS:
                raise TimeoutError("the mails were not linked in time")
            # Looking costs the database as much as some mails.
            time.sleep(0.2)
            house.services.ring_mail()
        return Drained(count / (time.perf_counter() - began), psutil.cpu_percent())


def _linked(house: app.App) -> int:
    with house.database.read() as conn:
        return conn.execute(select(func.count()).where(mail.c.disposition == "linked")).scalar_one()


def _spooled(house: app.App, sent: traffic.Mail) -> NewMail:
    raw = sent.data.removesuffix(b".\r\n")
    envelope = Envelope(mail_from=sent.sender, rcpt_tos=(traffic.CARE,), source=Source.SMTP)
    return content_key.new_mail(raw, envelope, received_at=house.clock.now())


def _replies(house: app.App, label: str, count: int) -> list[traffic.Mail]:
    with house.database.read() as conn:
        waiting = conn.execute(select(reference).order_by(reference.c.case_number)).all()
    made = []
    for number in range(count):
        row = waiting[number % len(waiting)]
        made.append(
            traffic.reply(f"{label}.{number}", sender=row.recipient, case_number=row.case_number, reference_id=row.id)
        )
    return made


@contextmanager
def _workers(folder: Path, processes: int) -> Iterator[None]:
    command = [sys.executable, "-m", "gateway", "worker", "--processes", str(processes), "--threads", "2"]
    with (folder / "workers.log").open("wb") as log:
        process = subprocess.Popen([*command, "--config", str(folder / "gateway.toml")], stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + traffic.START_SECONDS
        while (folder / "workers.log").read_bytes().count(b"process.ready") < processes:
            if time.monotonic() > deadline:
                raise RuntimeError(f"the workers did not start: {(folder / 'workers.log').read_text()[-1000:]}")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(60)


@contextmanager
def _house(folder: Path) -> Iterator[app.App]:
    """An installation in its production form with cases that wait for an answer; nothing runs."""
    server, redis = servers.postgres(folder), servers.redis_server(folder)
    name = f"gateway_bench_{uuid.uuid4().hex}"
    settings = folder / "gateway.toml"
    settings.write_text(
        f'[gateway]\ndata_dir = "{folder}/data"\ncare_address = "{traffic.CARE}"\n'
        f'[database]\nurl = "{server.rpartition("/")[0]}/{name}"\n[broker]\nurl = "{redis}/9"\n[parser]\nchildren = 1\n'
    )
    with psycopg.connect(server.replace("+psycopg", ""), autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
        try:
            with app.build(config.load(settings)) as house:
                for number in range(CASES):
                    _waiting_case(house, f"ann{number}@example.org")
                house.deliver_due()
                yield house
        finally:
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _waiting_case(house: app.App, email: str) -> None:
    opened = cases.open_case(house.services, subject="It does not start", description="", contact_email=email)
    cases.request_info(house.services, opened.number, text="Which version?", author="kim@example.com")


def _helpdesk_rate() -> float | None:
    """Return how many replies a second django-helpdesk takes in; None where it cannot be installed."""
    with tempfile.TemporaryDirectory() as name:
        venv = Path(name) / "venv"
        steps = (
            [sys.executable, "-m", "venv", str(venv)],
            [str(venv / "bin" / "pip"), "install", "-q", "django-helpdesk"],
        )
        for step in steps:
            if subprocess.run(step, capture_output=True, check=False).returncode:
                return None
        return _said([str(venv / "bin" / "python"), str(PEERS / "django_helpdesk.py"), str(HELPDESK_MAILS)])


def _tracker_rate() -> float | None:
    """Return how many replies a second Request Tracker takes in; None where it is not installed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("mails", "no-more-settings"):
            (folder / part).mkdir()
        (folder / "site.pm").write_text(TRACKER_SETTINGS.replace("{folder}", name))
        for number in range(TRACKER_MAILS):
            made = traffic.reply(
                f"peer.{number}", sender=f"ann{number}@example.org", case_number="1", reference_id="REF-" + "A" * 27
            )
            # It links by its own mark in the subject.
            marked = made.data.removesuffix(b".\r\n").replace(b"[Case 1]", b"[example.com #TICKET-%d]" % number)
            (folder / "mails" / f"{number:04}.eml").write_bytes(marked)
        own = {"RT_SITE_CONFIG": str(folder / "site.pm"), "RT_SITE_CONFIG_DIR": str(folder / "no-more-settings")}
        prepare = ["rt-setup-database-5", "--action", "init", "--dba", "root", "--dba-password", ""]
        try:
            if subprocess.run(prepare, env=os.environ | own, capture_output=True, check=False).returncode:
                return None
        except FileNotFoundError:
            return None
        return _said(["perl", str(PEERS / "request_tracker.pl"), str(folder / "mails")], **own)


def _said(command: list[str], **own: str) -> float | None:
    """Return the number that a peer prints at its end, None when it fails."""
    said = subprocess.run(command, env=os.environ | own, capture_output=True, text=True, check=False)
    if said.returncode:
        print(said.stderr[-2000:], file=sys.stderr)
        return None
    return float(said.stdout.split()[-1])
