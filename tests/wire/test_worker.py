"""Wake-ups: a bell that is rung often rings once, and a job that fails stops nobody."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator

import pytest

from gateway.outbound import worker

PATIENCE = 60.0


class Job:
    """Counts its runs; each one waits for the gate."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.lock = threading.Lock()
        self.runs = self.running = self.most = 0

    def __call__(self) -> None:
        with self.lock:
            self.runs += 1
            self.running += 1
            self.most = max(self.most, self.running)
        self.gate.wait(PATIENCE)
        with self.lock:
            self.running -= 1


def eventually(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not true() and time.monotonic() < deadline:
        time.sleep(0.01)
    return true()


class House:
    """A broker of this process with two jobs and its worker."""

    def __init__(self) -> None:
        self.mail, self.outbox = Job(), Job()
        self.broker = worker.InProcessBroker()
        jobs = worker.Jobs(drain_mail=self.mail, drain_outbox=self.outbox)
        self.bell = worker.declare(self.broker, jobs, mail_lanes=1, outbox_lanes=2)
        self.worker = worker.Worker(self.broker, threads=3)


@pytest.fixture
def house() -> Iterator[House]:
    built = House()
    built.worker.start()
    yield built
    built.mail.gate.set()
    built.outbox.gate.set()
    built.worker.stop(seconds=PATIENCE)


def test_a_ring_runs_its_job(house: House) -> None:
    house.bell.ring_mail(1)
    house.bell.ring_outbox(2)
    assert eventually(lambda: (house.mail.runs, house.outbox.runs) == (1, 1))


def test_rings_while_one_waits_are_one() -> None:
    """A thousand commits before the worker has begun cost one run."""
    house = House()
    for number in range(1000):
        house.bell.ring_mail(number)
    house.worker.start()
    assert eventually(lambda: house.mail.runs == 1)
    time.sleep(0.2)
    assert house.mail.runs == 1
    house.worker.stop(seconds=PATIENCE)


def test_a_ring_while_the_job_runs_leads_to_another_run(house: House) -> None:
    """The running one may have looked before that row was there."""
    house.mail.gate.clear()
    house.bell.ring_mail(1)
    assert eventually(lambda: house.mail.runs == 1)
    house.bell.ring_mail(2)
    house.mail.gate.set()
    assert eventually(lambda: house.mail.runs == 2)


def test_a_relay_that_does_not_answer_leaves_a_lane_for_the_mail_that_comes_in(house: House) -> None:
    house.outbox.gate.clear()
    for number in range(20):
        house.bell.ring_outbox(number)
        time.sleep(0.01)
    house.bell.ring_mail(1)
    assert eventually(lambda: house.mail.runs == 1)
    assert house.outbox.most <= 2
    house.outbox.gate.set()
    assert eventually(lambda: house.outbox.runs >= 3)


def test_a_job_that_raises_is_logged_and_the_next_ring_is_answered() -> None:
    """FA-07: nothing is retried by the broker, nothing is stuck."""
    runs: list[int] = []

    def fail() -> None:
        runs.append(1)
        raise RuntimeError("a fault of ours")

    broker = worker.InProcessBroker()
    bell = worker.declare(broker, worker.Jobs(drain_mail=fail, drain_outbox=fail))
    crew = worker.Worker(broker, threads=2)
    crew.start()
    bell.ring_mail(1)
    assert eventually(lambda: len(runs) == 1)
    time.sleep(0.1)
    bell.ring_mail(2)
    assert eventually(lambda: len(runs) == 2)
    crew.stop(seconds=PATIENCE)
    assert broker.dead_letters == []


def test_stop_waits_for_the_running_job() -> None:
    """FA-06, the gentle form: a mail in the relay's hands is settled before the process ends."""
    house = House()
    house.worker.start()
    house.outbox.gate.clear()
    house.bell.ring_outbox(1)
    assert eventually(lambda: house.outbox.running == 1)
    threading.Timer(0.3, house.outbox.gate.set).start()
    house.worker.stop(seconds=PATIENCE)
    assert (house.outbox.runs, house.outbox.running) == (1, 0)


def test_ringing_without_a_broker_is_only_logged() -> None:
    """FA-05: Redis is away; the sweep will find the row."""
    job = Job()
    broker = worker.redis_broker("redis://127.0.0.1:1/0")
    bell = worker.declare(broker, worker.Jobs(drain_mail=job, drain_outbox=job))
    bell.ring_mail(1)
    assert job.runs == 0


def test_the_same_actors_run_over_redis() -> None:
    """The production broker carries the same wake-ups."""
    redis = pytest.importorskip("redis")
    try:
        redis.Redis.from_url("redis://127.0.0.1:6379/0").ping()
    except redis.ConnectionError:
        pytest.skip("SERVICE MISSING: Redis")
    job = Job()
    namespace = f"test-{uuid.uuid4().hex}"
    broker = worker.redis_broker("redis://127.0.0.1:6379/0", namespace=namespace)
    bell = worker.declare(broker, worker.Jobs(drain_mail=job, drain_outbox=job))
    crew = worker.Worker(broker, threads=2)
    crew.start()
    bell.ring_outbox(1)
    assert eventually(lambda: job.runs == 1)
    crew.stop(seconds=PATIENCE)
    client = redis.Redis.from_url("redis://127.0.0.1:6379/0")
    client.delete(*client.scan_iter(f"{namespace}*"), "none")
