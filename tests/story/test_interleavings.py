"""Replies, reminders and closures at the same time: the end is that of some order.

Source: TM-07, FA-08, PROCESS 4.7.
"""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from gateway import app as product
from gateway import timers
from gateway.desk import cases, mails
from gateway.store import tables
from tests.fixtures import world
from tests.story.stage import AGENT, DANA, Stage
from tests.support import wait_until

ROOT = Path(product.__file__).parents[1]
CLOSING = ("follow-up-2", "follow-up-closed")


def waiting_cases(stage: Stage, count: int) -> dict[str, str]:
    """Return that many waiting cases with their Reference IDs; of every second one only the closure is due."""
    numbers = [stage.open_case() for _ in range(count)]
    for number in numbers:
        cases.request_info(stage.services, number, text="Which version?", author=AGENT)
    stage.app.deliver_due()
    step, case, wait = tables.follow_up_step, tables.support_case, tables.episode
    of = select(wait.c.id).join(case, wait.c.case_id == case.c.id).where(case.c.number.in_(numbers[::2]))
    due = stage.later(days=2)
    with stage.services.database.write() as conn:
        reminders = step.c.episode_id.in_(of) & (step.c.step < 3)
        conn.execute(update(step).where(reminders).values(sent_at=due - timedelta(days=1)))
        conn.execute(update(step).where(step.c.episode_id.in_(of), step.c.step == 3).values(due_at=due))
        for number in numbers[::2]:
            _add_sent_reminder(conn, stage, number)
    return {number: stage.reference(number) for number in numbers}


def _add_sent_reminder(conn: object, stage: Stage, number: str) -> None:
    when = stage.clock.moment - timedelta(days=1)
    row = {"idempotency_key": f"follow-up-2/{number}/1", "notice": "follow-up-2", "case_number": number}
    row |= {"to_address": DANA, "context": {}, "message_id": f"<{number}@x>", "verp_key": number, "state": "done"}  # type: ignore[dict-item]
    times = {"created_at": when, "run_at": when, "sent_at": when}
    conn.execute(tables.outbox.insert().values({**row, **times}))  # type: ignore[attr-defined]


def play(stage: Stage, count: int, seed: int) -> None:
    """Let replies come in, be processed, and timers fire, all at once; then look at each case."""
    chance = random.Random(seed)
    references = waiting_cases(stage, count)
    replies = [
        (n, stage.write(f"Version 4.2.\n\n> Reference ID: {references[n]}"))
        for n in chance.sample(list(references), count)
    ]
    spooled: dict[str, float] = {}
    began: dict[str, float] = {}
    done = threading.Event()

    def receive() -> None:
        for number, raw in replies:
            stage.ingest(raw)
            spooled[number] = time.monotonic()
            time.sleep(chance.random() / 50)
        done.set()

    def fire() -> None:
        while not done.is_set():
            start = time.monotonic()
            for number, reason in timers.fire_due(stage.services, patient=False).decisions:
                if reason == "follow-up-closed":
                    began[number] = start
            time.sleep(chance.random() / 20)

    def read() -> None:
        while not done.is_set():
            stage.app.process_mail()

    run_together(receive, fire, fire, read)
    stage.app.process_mail()
    for number in references:
        check(stage, number, spooled[number], began.get(number))


def run_together(*jobs: Callable[[], None]) -> None:
    """Run the jobs in threads of their own; fail when one of them did."""
    failed: list[BaseException] = []

    def guarded(job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=guarded, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failed == []


def check(stage: Stage, number: str, spooled_at: float, closing_began: float | None) -> None:
    """See that the end of one case is that of some order, and that no timer overtook a reply."""
    status, substatus = stage.state(number)
    reminders, flips = written(stage, number, "follow-up-1"), written(stage, number, "reply-received")
    assert len(reminders) <= 1
    if status == "closed":
        assert substatus == "cancelled"
        assert flips == []
        assert closing_began is not None
        mail = next(m for m in mails.find(stage.services, limit=5000) if m.reason == "case-closed")
        assert mail.disposition == "queued"
        assert spooled_at > closing_began, "closed with the reply in flight"
    else:
        assert (status, substatus) == ("open", "customer-responded")
        assert len(flips) == 1
        assert all(reminder < flips[0] for reminder in reminders), "a reminder after the flip"


def written(stage: Stage, number: str, notice: str) -> list[int]:
    """Return the ids of the mails of a kind that were written for a case, in their order."""
    of_case = (tables.outbox.c.case_number == number, tables.outbox.c.notice == notice)
    with stage.services.database.read() as conn:
        return list(conn.execute(select(tables.outbox.c.id).where(*of_case).order_by(tables.outbox.c.id)).scalars())


def test_replies_and_timers_at_the_same_time_end_like_some_order(stage: Stage) -> None:
    """TM-07, scaled."""
    play(stage, count=40, seed=7)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_thousand_interleavings_end_like_some_order(stage: Stage) -> None:
    """TM-07."""
    for seed in range(10):
        play(stage, count=100, seed=seed)


DRIVER = """
import os, signal, sys
from datetime import datetime
from gateway import app, config, timers
from gateway.clock import FixedClock
url, folder, care, moment, stop = sys.argv[1:]
first = timers.fire
def fire(services, case_ids):
    if stop == "stop" and not fire.stopped:
        fire.stopped = True
        os.kill(os.getpid(), signal.SIGSTOP)
    return first(services, case_ids)
fire.stopped = False
timers.fire = fire
settings = config.load(None, gateway={"data_dir": folder, "care_address": care}, database={"url": url})
with app.build(settings, clock=FixedClock(datetime.fromisoformat(moment))) as house:
    fired = timers.fire_due(house.services)
    print(sum(reason == "follow-up-sent" for _, reason in fired.decisions), len(fired.decisions))
"""


def scheduler(stage: Stage, url: str, folder: Path, how: str) -> "subprocess.Popen[str]":
    arguments = [url, str(folder), world.CARE, stage.clock.moment.isoformat(), how]
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


def last_line(process: "subprocess.Popen[str]") -> list[str]:
    """Wait for the end of a scheduler and return what it said last: reminders written, timers looked at."""
    return process.communicate(timeout=90)[0].splitlines()[-1].split()


def test_a_scheduler_that_slept_past_its_lease_sends_nothing_twice(
    stage: Stage, database_url: str, tmp_path: Path
) -> None:
    """FA-08: two real processes; the first stops with the timers in its hands, its lease ends, the second does them."""
    numbers = [stage.waiting_case() for _ in range(60)]
    stage.later(days=2)
    sleeper = scheduler(stage, database_url, tmp_path, "stop")
    try:
        wait_until(lambda: _state(sleeper.pid) == "T", seconds=60, what="the first scheduler to stop itself")
        with stage.services.database.write() as conn:
            leased = conn.execute(update(tables.episode).where(tables.episode.c.look_after > 0).values(look_after=0))
            assert leased.rowcount == 60, "they are in the sleeper's hands"
        other = scheduler(stage, database_url, tmp_path, "run")
        assert last_line(other) == ["60", "60"]
    finally:
        os.kill(sleeper.pid, signal.SIGCONT)
    assert last_line(sleeper) == ["0", "60"], "it decided again, and nothing was left to do"
    assert sorted(str(entry.case) for entry in stage.outbox("follow-up-1")) == numbers


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_two_schedulers_at_once_write_each_notice_once(stage: Stage, database_url: str, tmp_path: Path) -> None:
    """FA-08."""
    numbers = [stage.waiting_case() for _ in range(120)]
    stage.later(days=2)
    both = [scheduler(stage, database_url, tmp_path, "run") for _ in range(2)]
    said = [last_line(process) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum(int(sent) for sent, _ in said) == len(numbers)
    assert sorted(str(entry.case) for entry in stage.outbox("follow-up-1")) == numbers
