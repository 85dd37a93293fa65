"""Wake-ups: who works off the two queues, and how they are told.

The law: a Dramatiq message is a wake-up that carries only a row id.  The row is the truth, so a wake-up may be lost,
doubled or late; the sweep finds what it missed.  Nothing is retried, delayed or timed by the broker: its Retries
middleware is absent (with it goes the `max_retries` option), and so is TimeLimit, which would throw an exception into
a thread that waits ten minutes for the relay's answer to a dot; sockets, parse children and leases have own limits.
This file and `app.py` alone import dramatiq.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import dramatiq
from dramatiq.brokers.stub import StubBroker

from gateway import maillog

Broker = dramatiq.Broker
QUEUE = "wakeups"
MAIL = "process_mail"
OUTBOX = "deliver"
WEBHOOKS = "call"
# How often an idle thread looks whether it should stop; a wake-up does not wait for it.
IDLE_MILLISECONDS = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Jobs:
    """What a wake-up starts.  Each works off all that is due, so one run may serve many wake-ups."""

    drain_mail: Callable[[], object]
    drain_outbox: Callable[[], object]
    drain_webhooks: Callable[[], object] = lambda: None


class InProcessBroker(StubBroker):
    """Dramatiq's in-memory broker, for one process.  What it forgets at exit, the sweep rings for again."""

    def __init__(self) -> None:
        super().__init__(middleware=[])


def redis_broker(url: str, *, namespace: str = "gateway") -> dramatiq.Broker:
    """Return the broker of the production form: wake-ups travel through Redis to any number of workers.

    namespace: prefix of its keys.
    """
    # Imported here: the embedded form must not need a Redis client at start.
    from dramatiq.brokers.redis import RedisBroker
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    # Ringing must not hold up who rings: with Redis away it fails within a second, and the sweep makes up for it.
    client = Redis.from_url(url, socket_connect_timeout=1, socket_timeout=5, retry=Retry(NoBackoff(), 0))
    broker: dramatiq.Broker = RedisBroker(client=client, middleware=[], namespace=namespace)  # type: ignore[no-untyped-call]
    return broker


def declare(
    broker: dramatiq.Broker, jobs: Jobs, *, mail_lanes: int = 1, outbox_lanes: int = 4, webhook_lanes: int = 4
) -> "Doorbell":
    """Tell the broker the three actors; return the bell that wakes them.

    mail_lanes, outbox_lanes, webhook_lanes: how many runs of each may be under way in this process at once, so that a
    relay or a receiver that does not answer never holds up the mail that comes in.  A broker of this process wants as
    many threads as all of them together.
    """
    coalesce = isinstance(broker, InProcessBroker)
    mail = _Bell(job=jobs.drain_mail, name=MAIL, lanes=mail_lanes, coalesce=coalesce)
    outbox = _Bell(job=jobs.drain_outbox, name=OUTBOX, lanes=outbox_lanes, coalesce=coalesce)
    webhooks = _Bell(job=jobs.drain_webhooks, name=WEBHOOKS, lanes=webhook_lanes, coalesce=coalesce)
    for bell in (mail, outbox, webhooks):
        bell.actor = dramatiq.actor(broker=broker, actor_name=bell.name, queue_name=QUEUE)(bell.answer)
    return Doorbell(mail, outbox, webhooks)


class Doorbell:
    """Ring after a commit.  Never raises: a wake-up that cannot be sent is only late, by one sweep at most."""

    def __init__(self, mail: "_Bell", outbox: "_Bell", webhooks: "_Bell") -> None:
        self._mail = mail
        self._outbox = outbox
        self._webhooks = webhooks

    def ring_mail(self, mail_id: int) -> None:
        """Say that a received mail waits."""
        self._mail.ring(mail_id)

    def ring_outbox(self, outbox_id: int) -> None:
        """Say that an outgoing mail waits."""
        self._outbox.ring(outbox_id)

    def ring_webhooks(self) -> None:
        """Say that a call of another system waits."""
        self._webhooks.ring(0)


class Worker:
    """Threads of this process that answer the bell.  One a process."""

    def __init__(self, broker: dramatiq.Broker, *, threads: int = 5) -> None:
        self._broker = broker
        self._worker = dramatiq.Worker(broker, worker_threads=threads, worker_timeout=IDLE_MILLISECONDS)

    def start(self) -> None:
        """Start the threads.  Wake-ups that were rung before are answered now."""
        # An embedded Worker never says so itself, and middleware that keeps a timer thread waits for this to start it.
        self._broker.emit_after("process_boot")
        self._worker.start()

    def stop(self, *, seconds: float = 30) -> None:
        """Let running jobs finish, `seconds` long at most; wake-ups not yet begun are dropped, their rows are not."""
        self._worker.stop(timeout=int(seconds * 1000))
        self._broker.close()


@dataclass(slots=True)
class _Bell:
    """One kind of wake-up, with its runs counted.

    A ring while another one waits is nothing: that run will see this row as well, for it has not claimed yet.  A ring
    while all lanes are busy is remembered and answered by the next lane that becomes free.
    """

    job: Callable[[], object]
    name: str
    lanes: int
    coalesce: bool
    actor: "dramatiq.Actor[[int], None] | None" = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _waiting: bool = False
    _running: int = 0
    _again: bool = False
    _away: bool = False

    def ring(self, row_id: int) -> None:
        if self._needed():
            try:
                if self.actor is not None:
                    self.actor.send(row_id)
            except Exception as error:
                # With the broker away the flag must fall, or nobody would ever be woken again.
                self._waiting = False
                self._say_away(error)
            else:
                self._say_back()

    def answer(self, row_id: int) -> None:
        """Run the job; the actor's body.  row_id is for the log of the broker: the job takes all that is due."""
        if not self._begin():
            return
        try:
            self.job()
        except Exception as error:
            maillog.worker_job_failed(self.name, error)
        if self._end():
            self.ring(row_id)

    def _say_away(self, error: Exception) -> None:
        # Once, not at every ring: several a second would hide everything else in the log.
        if not self._away:
            maillog.worker_not_rung(self.name, error)
        self._away = True

    def _say_back(self) -> None:
        if self._away:
            maillog.worker_rung_again(self.name)
        self._away = False

    def _needed(self) -> bool:
        if not self.coalesce:
            return True
        with self._lock:
            if self._waiting:
                return False
            self._waiting = True
            return True

    def _begin(self) -> bool:
        with self._lock:
            self._waiting = False
            if self._running >= self.lanes:
                self._again = True
                return False
            self._running += 1
            return True

    def _end(self) -> bool:
        with self._lock:
            self._running -= 1
            again, self._again = self._again, False
            return again
