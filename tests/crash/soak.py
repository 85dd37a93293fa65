"""The soak: a whole installation under faults, then a count of everything.  `make soak SECONDS=600`.

Two listeners, two workers and two schedulers on PostgreSQL and Redis, each a real process; customers who answer and an
agent who asks.  Every second one random process dies by kill -9, Redis is emptied or killed, PostgreSQL is restarted or
crashed, and the relay refuses, hangs, drops the line after the dot.  Then all of it heals, and `Count` says what became
of every mail, effect and notice.  Nothing here looks into the product but the count, which reads the tables.
"""

import argparse
import contextlib
import itertools
import math
import os
import random
import signal
import smtplib
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from sqlalchemy import func, select, update

from gateway.app import App, build
from gateway.config import load
from gateway.desk import cases as desk
from gateway.desk import deliverability
from gateway.desk import outbox as post
from gateway.errors import GatewayError
from gateway.model import EntryState
from gateway.store import mail_views
from gateway.store.db import Database
from gateway.store.tables import case_update, episode, event, follow_up_step, mail, outbox, reference, support_case
from tests.crash.bad_relay import BadRelay
from tests.crash.own_servers import OwnPostgres, OwnRedis
from tests.support import free_port

ROOT = Path(__file__).parents[2]
CARE, OWNER = "care@example.com", "tess@example.com"
CUSTOMERS, CASES = 3, 12
HEAL_SECONDS = 300
REPORT = ROOT / "docs" / "reliability.md"
MARKS = ("<!-- soak -->", "<!-- /soak -->")


@dataclass(slots=True)
class Role:
    """One process of the installation, started again when it is gone, as systemd does."""

    name: str
    command: list[str]
    log: Path
    process: "subprocess.Popen[bytes] | None" = None

    def keep_running(self) -> None:
        """Start it unless it runs."""
        if self.process is None or self.process.poll() is not None:
            with self.log.open("ab") as log:
                self.process = subprocess.Popen(
                    self.command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
                )

    def tree(self) -> list[psutil.Process]:
        """Return its processes: itself, and the children that work or read for it."""
        if self.process is None:
            return []
        with contextlib.suppress(psutil.Error):
            root = psutil.Process(self.process.pid)
            return [root, *root.children(recursive=True)]
        return []


class Installation:
    """Everything that runs, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.postgres, self.redis, self.relay = OwnPostgres(folder), OwnRedis(folder), BadRelay()
        self.ports = (free_port(), free_port())
        self.settings = folder / "gateway.toml"
        self.roles: list[Role] = []

    @contextlib.contextmanager
    def running(self) -> Iterator["Installation"]:
        """Start all of it; end every process at the end."""
        self.postgres.create()
        self.redis.start()
        with self.relay.running():
            self._write_settings()
            build(load(self.settings)).close()
            self.roles = [*self._listeners(), *self._others("worker"), *self._others("scheduler")]
            try:
                self.keep_running()
                yield self
            finally:
                self._end()

    def keep_running(self) -> None:
        """Start again what has died."""
        for role in self.roles:
            role.keep_running()

    def processes(self) -> list[psutil.Process]:
        """Return every process of the product that lives now."""
        return [process for role in self.roles for process in role.tree()]

    def _write_settings(self) -> None:
        self.settings.write_text(
            f'[gateway]\ndata_dir = "{self.folder}/data"\ncare_address = "{CARE}"\norganisation = "Soak Care"\n'
            f'[database]\nurl = "{self.postgres.url}"\n[broker]\nurl = "{self.redis.url}"\n'
            f'[relay]\nhost = "127.0.0.1"\nport = {self.relay.port}\n'
            "[scheduler]\ntick_seconds = 0.5\n[parser]\nchildren = 1\n[smtp]\ncommit_seconds = 10\n"
        )

    def _listeners(self) -> list[Role]:
        # The port is the one setting in which the two differ.
        return [
            self._role(f"listener-{port}", ["env", f"GATEWAY_SMTP__PORT={port}"], "serve", "--roles", "smtp")
            for port in self.ports
        ]

    def _others(self, kind: str) -> list[Role]:
        words = ["worker", "--processes", "1"] if kind == "worker" else ["serve", "--roles", kind]
        return [self._role(f"{kind}-{number}", [], *words) for number in (1, 2)]

    def _role(self, name: str, prefix: list[str], *words: str) -> Role:
        command = [*prefix, sys.executable, "-m", "gateway", *words, "--config", str(self.settings)]
        return Role(name, command, self.folder / f"{name}.log")

    def _end(self) -> None:
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                process.kill()
        for role in self.roles:
            if role.process is not None:
                role.process.wait(60)
        self.redis.kill()
        self.postgres.stop(signal.SIGQUIT)


@dataclass
class Customers:
    """MTAs that offer one answer after the other, each until it has its 250, to whichever listener answers."""

    ports: tuple[int, ...]
    references: list[str]
    over: threading.Event = field(default_factory=threading.Event)
    taken: set[str] = field(default_factory=set)
    offers: int = 0
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def write(self) -> None:
        """Write until it is over; an answer that was begun is offered to the end."""
        while not self.over.is_set():
            with self._lock:
                number = next(self._numbers)
            message_id = f"<soak.{number}@example.org>"
            raw = _answer(message_id, self.references[number % len(self.references)])
            for attempt in itertools.count(1):
                with self._lock:
                    self.offers += 1
                if _offer(self.ports[(number + attempt) % len(self.ports)], raw):
                    break
                time.sleep(0.1)
            with self._lock:
                self.taken.add(message_id)
            time.sleep(0.05)


class Agent:
    """Our side: opens the cases, asks again and again, and lets some questions come due at once."""

    def __init__(self, gateway: App) -> None:
        self.gateway = gateway
        self.over = threading.Event()
        self.asked = 0
        self.numbers = [self._open(f"dana{n}@example.org") for n in range(CASES)]
        # Nobody answers these: their reminders come due at once, and the two schedulers fire them.
        self.silent = [self._open(f"mute{n}@example.org") for n in range(CASES)]

    def references(self) -> list[str]:
        """Return the Reference ID of each case that is answered."""
        wanted = select(reference.c.id).where(reference.c.case_number.in_(self.numbers))
        with self.gateway.database.read() as conn:
            return list(conn.execute(wanted.order_by(reference.c.case_number)).scalars())

    def work(self) -> None:
        """Ask about one case after the other; a database that is away is asked again."""
        for turn in itertools.cycle(range(CASES)):
            if self.over.wait(0.3):
                return
            for number in (self.numbers[turn], self.silent[turn]):
                with contextlib.suppress(GatewayError):
                    desk.request_info(self.gateway.services, number, text="Which version do you run?", author=OWNER)
                    self.asked += 1
            with contextlib.suppress(GatewayError):
                self._come_due(self.silent[turn])

    def _open(self, email: str) -> str:
        case = desk.open_case(
            self.gateway.services, subject="The export stops", description="", contact_email=email, owner=OWNER
        )
        return str(case.number)

    def _come_due(self, number: str) -> None:
        now = self.gateway.clock.now()
        with self.gateway.database.write() as conn:
            case_id = select(support_case.c.id).where(support_case.c.number == number).scalar_subquery()
            running = select(episode.c.id).where(episode.c.case_id == case_id, episode.c.ended_at.is_(None))
            first = (follow_up_step.c.episode_id.in_(running)) & (follow_up_step.c.step == 1)
            conn.execute(update(follow_up_step).where(first).values(due_at=now))
            conn.execute(update(episode).where(episode.c.id.in_(running)).values(next_at=now))


class Faults:
    """One fault a second, drawn by chance."""

    def __init__(self, house: Installation, chance: random.Random) -> None:
        self.house, self.chance = house, chance
        self.met: Counter[str] = Counter()

    def one(self) -> None:
        """Let something go wrong; whatever died is started again by the next look."""
        kinds: list[tuple[str, Callable[[], None]]] = [
            *[("processes killed (kill -9)", self._kill)] * 12,
            ("Redis emptied", self.house.redis.forget),
            ("Redis killed, back empty", self._redis),
            ("PostgreSQL restarted", lambda: self._postgres(signal.SIGINT)),
            ("PostgreSQL crashed", lambda: self._postgres(signal.SIGQUIT)),
        ]
        name, fault = self.chance.choice(kinds)
        fault()
        self.met[name] += 1

    def _kill(self) -> None:
        living = self.house.processes()
        if living:
            with contextlib.suppress(psutil.Error):
                self.chance.choice(living).kill()

    def _redis(self) -> None:
        self.house.redis.kill()
        time.sleep(1)
        self.house.redis.start()

    def _postgres(self, how: signal.Signals) -> None:
        self.house.postgres.stop(how)
        time.sleep(1)
        self.house.postgres.start()


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What became of everything.  Lost and doubled must be 0, save what a lost 250 explains; the ledger balances."""

    seconds: float
    faults: dict[str, int]
    relay_faults: dict[str, int]
    answers: int
    offers: int
    notices: int
    reminders: int
    mails_lost: int
    effects_doubled: int
    notices_lost: int
    doubled_unexplained: int
    doubled_after_a_lost_answer: int
    reminders_doubled: int
    balanced: bool

    @property
    def is_good(self) -> bool:
        """Say whether nothing was lost and nothing happened twice."""
        wrong = (self.mails_lost, self.effects_doubled, self.notices_lost, self.doubled_unexplained)
        return self.balanced and not any((*wrong, self.reminders_doubled))

    def table(self) -> str:
        """Return it as a table of Markdown."""
        rows = [
            ("duration", f"{self.seconds:.0f} s"),
            *self.faults.items(),
            *((f"relay: {name}", number) for name, number in self.relay_faults.items()),
            ("customers' answers acknowledged with 250", f"{self.answers:,} (in {self.offers:,} offers)"),
            ("notices written", f"{self.notices:,}, of them {self.reminders:,} reminders fired by two schedulers"),
            ("**mails lost**", self.mails_lost),
            ("**effects doubled**", self.effects_doubled),
            ("**notices lost**", self.notices_lost),
            ("**reminders doubled**", self.reminders_doubled),
            ("**unexplained doubled notices**", self.doubled_unexplained),
            ("doubled because the relay's 250 was lost (same bytes, marked)", self.doubled_after_a_lost_answer),
            ("**ledger**", "balanced" if self.balanced else "NOT BALANCED"),
        ]
        return "\n".join(["| what | number |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


def run(*, seconds: float, seed: int) -> Count:
    """Let everything run under faults for so long, heal it, wait until all work is done, and count."""
    with tempfile.TemporaryDirectory() as folder:
        # PostgreSQL runs under another account, which must reach its files.
        Path(folder).chmod(0o755)
        with Installation(Path(folder)).running() as house:
            return _under_faults(house, seconds, seed)


def _under_faults(house: Installation, seconds: float, seed: int) -> Count:
    with build(load(house.settings)) as gateway:
        agent = Agent(gateway)
        customers = Customers(house.ports, agent.references())
        threads = [threading.Thread(target=customers.write, daemon=True) for _ in range(CUSTOMERS)]
        threads.append(threading.Thread(target=agent.work, daemon=True))
        for thread in threads:
            thread.start()
        faults = Faults(house, random.Random(seed))
        house.relay.is_bad = True
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            time.sleep(1)
            faults.one()
            house.keep_running()
        _heal(house, agent, customers, threads)
        _settle(house, gateway)
        return _count(house, gateway.database, faults, customers, seconds)


def _heal(house: Installation, agent: Agent, customers: Customers, threads: list[threading.Thread]) -> None:
    house.relay.is_bad = False
    agent.over.set()
    customers.over.set()
    until = time.monotonic() + HEAL_SECONDS
    while any(thread.is_alive() for thread in threads) and time.monotonic() < until:
        house.keep_running()
        time.sleep(0.2)
    assert not any(thread.is_alive() for thread in threads), "an answer found no listener that takes it"


def _settle(house: Installation, gateway: App) -> None:
    """Wait until nothing is under way; retry by hand, as an operator does, what the relay had refused or put off.

    However much has gathered, it must become less; so patience is for each look that finds no less than the best one.
    """
    least, give_up = math.inf, 0.0
    while (left := _left(house, gateway)) and (left < least or time.monotonic() < give_up):
        if left < least:
            least, give_up = left, time.monotonic() + HEAL_SECONDS
        time.sleep(1)
    assert not left, f"{left} mails are still under way, and for {HEAL_SECONDS} s they have not become fewer."


def _left(house: Installation, gateway: App) -> int:
    """Return how many mails are under way, in and out; what was put off or refused is tried again."""
    house.keep_running()
    under_way = outbox.c.state.in_((EntryState.READY, EntryState.LEASED, EntryState.DEAD))
    put_off = (outbox.c.state == EntryState.READY) & (outbox.c.run_at > gateway.clock.now())
    with gateway.database.read() as conn:
        unread = conn.execute(select(func.count()).where(mail.c.disposition.is_(None))).scalar_one()
        unsent = conn.execute(select(func.count()).where(under_way)).scalar_one()
        stuck = conn.execute(select(outbox.c.id).where((outbox.c.state == EntryState.DEAD) | put_off)).scalars().all()
    # The relay's refusals have made some addresses undeliverable, to which nothing is sent until a person says so.
    for address in deliverability.find(gateway.services):
        deliverability.clear(gateway.services, address.email, by=OWNER)
    for id_ in stuck:
        with contextlib.suppress(GatewayError):
            post.retry(gateway.services, str(id_))
    print(
        f"{time.monotonic():.0f} settling: {unread} to read, {unsent} to send, {len(stuck)} of them tried again",
        file=sys.stderr,
        flush=True,
    )
    return int(unread + unsent)


def _count(house: Installation, database: Database, faults: Faults, customers: Customers, seconds: float) -> Count:
    with database.read() as conn:
        ledger = mail_views.ledger(conn)
        originals = conn.execute(
            select(mail.c.id, mail.c.message_id, mail.c.disposition).where(mail.c.duplicate_of.is_(None))
        ).all()
        posted = Counter(
            conn.execute(select(case_update.c.mail_id).where(case_update.c.mail_id.is_not(None))).scalars()
        )
        told = conn.execute(select(func.count()).where(outbox.c.notice == "reply-received")).scalar_one()
        linked = conn.execute(select(func.count()).where(event.c.type == "mail.linked")).scalar_one()
        rows = conn.execute(select(outbox)).all()
        reminders = Counter(conn.execute(select(outbox.c.episode_id).where(outbox.c.notice == "follow-up-1")).scalars())
    linked_ids = Counter(row.message_id.strip("<>") for row in originals if row.disposition == "linked")
    arrived = house.relay.taken()
    states = Counter(row.state for row in rows)
    copies = {row.message_id: arrived.get(row.message_id, []) for row in rows}
    doubled = [row for row in rows if len(copies[row.message_id]) > 1]
    explained = [row for row in doubled if row.uncertain and len(set(copies[row.message_id])) == 1]
    answers = len(customers.taken)
    return Count(
        seconds=seconds,
        faults=dict(sorted(faults.met.items())),
        relay_faults=dict(sorted(house.relay.met.items())),
        answers=answers,
        offers=customers.offers,
        notices=len(rows),
        reminders=reminders.total(),
        mails_lost=len({one.strip("<>") for one in customers.taken} - linked_ids.keys()),
        effects_doubled=sum(n - 1 for n in posted.values())
        + abs(linked - answers)
        + abs(told - answers)
        + sum(n - 1 for n in linked_ids.values()),
        notices_lost=sum(1 for row in rows if row.state == EntryState.DONE and not copies[row.message_id])
        + states[EntryState.DEAD]
        + states[EntryState.READY]
        + states[EntryState.LEASED],
        doubled_unexplained=len(doubled) - len(explained) + len(arrived.keys() - copies.keys()),
        doubled_after_a_lost_answer=len(explained),
        reminders_doubled=sum(n - 1 for n in reminders.values()),
        balanced=ledger.balanced,
    )


def _answer(message_id: str, reference_id: str) -> bytes:
    number = message_id.partition("@")[0].rpartition(".")[2]
    return (
        f"From: Dana Reed <dana@example.org>\r\nTo: {CARE}\r\nSubject: Re: The export stops\r\n"
        f"Message-ID: {message_id}\r\nDate: Mon, 2 Mar 2026 10:00:00 +0000\r\n\r\n"
        f"It is version 4.2, answer {number}.\r\n\r\n> Reference ID: {reference_id}\r\n"
    ).encode("ascii")


def _offer(port: int, raw: bytes) -> bool:
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
            client.sendmail("dana@example.org", [CARE], raw)
            return True
    except smtplib.SMTPServerDisconnected:
        # Before the 250 or after it: the client cannot tell, so it offers the mail again.
        return False
    except (smtplib.SMTPException, OSError):
        return False


def main() -> int:
    """Run the soak from the command line; exit 1 when something was lost or doubled."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.soak", description="Run everything under faults.")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    parser.add_argument("--write", action="store_true", help="put the table into docs/reliability.md")
    asked = parser.parse_args()
    print(f"Soak: {asked.seconds:g} s of faults, seed {asked.seed}.", flush=True)
    count = run(seconds=asked.seconds, seed=asked.seed)
    print(count.table())
    if asked.write:
        before, _, rest = REPORT.read_text(encoding="utf-8").partition(MARKS[0])
        after = rest.partition(MARKS[1])[2]
        REPORT.write_text(f"{before}{MARKS[0]}\n{count.table()}\n{MARKS[1]}{after}", encoding="utf-8")
    return 0 if count.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
