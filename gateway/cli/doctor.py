"""`gateway doctor`: looks at everything the gateway needs, changes nothing, and says what is wrong and what to do."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import console, doctor_network
from gateway.cli.call import Call, command
from gateway.cli.doctor_network import NOTE, OK, PROBLEM, TIMEOUT_SECONDS, Verdict
from gateway.errors import GatewayError

if TYPE_CHECKING:
    from gateway.config import Config

FAILED = 1
LEAST_FREE_BYTES = 500_000_000
LARGEST_SKEW_SECONDS = 5
# What is due longer than this, nobody works on.
LONGEST_WAIT = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check saw.  state: ok, note (works, but look at it) or problem."""

    check: str
    state: str
    sentence: str


def register(tree: typer.Typer) -> None:
    """Add the command to the tree."""
    command(tree, "doctor", example=("gateway doctor --config gateway.toml", "gateway doctor --probe"))(doctor)


def doctor(
    call: Call,
    probe: Annotated[bool, typer.Option("--probe", help="Send each mailbox a mail and wait for it.")] = False,
    probe_seconds: Annotated[int, typer.Option(min=1, help="How long to wait for each.")] = 120,
) -> int:
    """Check everything that the gateway needs; exit 1 when something is wrong."""
    findings = list(examine(call.settings()))
    if probe:
        findings += _probed(call.settings(), probe_seconds)
    if call.json:
        for finding in findings:
            console.json(finding)
    else:
        console.table(("CHECK", "STATE", "WHAT"), [(f.check, f.state, f.sentence) for f in findings], empty="")
    return FAILED if any(finding.state == PROBLEM for finding in findings) else 0


def _probed(config: "Config", seconds: int) -> Iterator[Finding]:
    from gateway.cli import doctor_mailboxes

    for name, arrived, sentence in doctor_mailboxes.probe(config, seconds=seconds):
        yield Finding(check=f"probe {name}", state=OK if arrived else PROBLEM, sentence=sentence)


def examine(config: "Config") -> Iterator[Finding]:
    """Yield one finding a check."""
    for name, check in CHECKS.items():
        try:
            state, sentence = check(config)
        except (GatewayError, OSError) as error:
            state, sentence = PROBLEM, str(error)
        yield Finding(check=name, state=state, sentence=sentence)


def _database(config: "Config") -> Verdict:
    from sqlalchemy import update

    from gateway.config import effective
    from gateway.store import db
    from gateway.store.tables import counter

    url = config.database.url
    if not db.exists(url):
        return NOTE, "There is no database yet; the first `gateway serve` makes it."
    database = db.Database(url, busy_seconds=TIMEOUT_SECONDS)
    try:
        version = db.current(database)
        if version != db.HEAD:
            return PROBLEM, f"The schema is {version or 'empty'}, not {db.HEAD}; run `gateway db upgrade`."
        with database.write() as conn:
            # Changes no row, and is refused by a database that can only be read.
            conn.execute(update(counter).where(counter.c.name == "").values(value=counter.c.value))
    finally:
        database.close()
    return OK, f"{effective(config)['database']['url']} answers, is writable and has schema {version}."


def _mailboxes(config: "Config") -> Verdict:
    from gateway.cli import doctor_mailboxes

    if not config.imap:
        return OK, "No mailbox is configured."
    if found := doctor_mailboxes.problems(config):
        return PROBLEM, " ".join(found)
    if found := doctor_mailboxes.notes(config):
        return NOTE, " ".join(found)
    return OK, f"Signed in to every mailbox and found its folders: {', '.join(config.imap)}."


def _clock(config: "Config") -> Verdict:
    from sqlalchemy import select

    from gateway.clock import SystemClock
    from gateway.store import clock_guard, db

    if not db.exists(config.database.url):
        return OK, f"The machine says {console.shown(SystemClock().now())}; there is no database to compare with."
    database = db.Database(config.database.url, busy_seconds=TIMEOUT_SECONDS)
    try:
        with database.read() as conn:
            theirs = float(conn.execute(select(db.epoch_now())).scalar_one())
            doubt = clock_guard.current(conn) if db.current(database) == db.HEAD else None
    finally:
        database.close()
    if doubt is not None:
        advice = "if the time is right now, run `gateway tick --confirm-clock`"
        return PROBLEM, f"{doubt.why}  Follow-ups wait until it was quiet for an hour; {advice}."
    skew = abs(SystemClock().now().timestamp() - theirs)
    if skew > LARGEST_SKEW_SECONDS:
        return PROBLEM, f"Machine and database differ by {skew:.0f} s; let both follow a time server."
    return OK, "Machine and database agree on the time."


def _disk(config: "Config") -> Verdict:
    folder = config.gateway.data_dir.absolute()
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(there).free
    if free < LEAST_FREE_BYTES:
        return PROBLEM, f"Only {console.size(free)} are free in {folder}; make room before mail is refused."
    if not _writable(there):
        return PROBLEM, f"{there} cannot be written; give this user the right to, or change gateway.data_dir."
    return OK, f"{console.size(free)} are free in {folder}."


def _writable(folder: Path) -> bool:
    import os

    return os.access(folder, os.W_OK | os.X_OK)


def _care_address(config: "Config") -> Verdict:
    care = config.gateway.care_address
    if care.endswith("@localhost"):
        return NOTE, f"{care} is the default and reaches nobody; set gateway.care_address."
    domain = care.rpartition("@")[2].lower()
    if care.lower() not in config.accepted and f"@{domain}" not in config.accepted:
        return PROBLEM, f"The listener does not accept {care}, so replies are refused; add it to smtp.accept."
    return OK, f"Customers write to {care}, and the listener accepts it."


def _admin_team(config: "Config") -> Verdict:
    if not config.gateway.admin_address:
        return NOTE, "Nobody is told about alarms and failed mail; set gateway.admin_address."
    return OK, f"Alarms go to {config.gateway.admin_address}."


def _work(config: "Config") -> Verdict:
    from gateway.clock import SystemClock
    from gateway.store import backlog, db

    if not db.exists(config.database.url):
        return OK, "Nothing waits."
    now = SystemClock().now()
    database = db.Database(config.database.url, busy_seconds=TIMEOUT_SECONDS)
    try:
        if db.current(database) != db.HEAD:
            return NOTE, "What waits can be counted once the schema is up to date."
        with database.read() as conn:
            mails, notices = backlog.mails(conn, now=now), backlog.notices(conn, now=now)
    finally:
        database.close()
    for what, queue in (("received mails", mails), ("outgoing mails", notices)):
        if queue.oldest_due_at and now - queue.oldest_due_at > LONGEST_WAIT:
            since = console.shown(queue.oldest_due_at)
            return PROBLEM, f"{queue.due} {what} wait since {since}: nobody works; start `gateway serve` or a worker."
    if notices.dead:
        return PROBLEM, f"{notices.dead} mails could not be delivered; `gateway outbox list --state dead` says why."
    return OK, f"{mails.due} received and {notices.due} outgoing mails wait, none of them for long."


CHECKS: dict[str, Callable[["Config"], Verdict]] = {
    "database": _database,
    "broker": doctor_network.broker,
    "relay": doctor_network.relay,
    "listener": doctor_network.listener,
    "certificate": doctor_network.certificate,
    "web": doctor_network.web,
    "mailboxes": _mailboxes,
    "clock": _clock,
    "disk": _disk,
    "care address": _care_address,
    "admin team": _admin_team,
    "work": _work,
}
