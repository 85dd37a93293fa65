"""The clock's own work: fire due timers, raise missed targets, give lost work back, ring for what is due, purge.

Wake-ups may be lost; the sweep, taken every few seconds by every process with the scheduler role, is what makes that
harmless.  Any number of schedulers may run at once: every turn here is idempotent, and what two of them meet is decided
again under the row lock of its case.
"""

import threading
from collections.abc import Callable
from datetime import timedelta

from gateway import clock, maillog, overdue, timers
from gateway.clock import Clock
from gateway.desk import retention
from gateway.errors import Unavailable
from gateway.model import ClockReading, Doubt, DoubtKind
from gateway.rules import clockwork
from gateway.services import Services
from gateway.store import clock_guard, lease
from gateway.store.tables import mail, outbox, webhook_delivery

Turn = Callable[[Services], object]
# After a turn that failed the next one comes no sooner: its log stays readable while the database is away.
FAILED_SECONDS = 1.0
WATCHED_WITHIN = timedelta(minutes=5)
PURGE_SECONDS = 900.0


def sweep(services: Services) -> None:
    """Take one turn.  Raises Unavailable when the database does not answer."""
    now = services.clock.now()
    with services.database.write() as conn:
        mails = lease.release_expired(conn, mail, now=now, alone=True)
        # Its bytes were stored before the first try, so a lost sender may have sent them: the next copy says so.
        notices = lease.release_expired(conn, outbox, now=now, uncertain=outbox.c.rendered_sha256.is_not(None))
    if mails or notices:
        maillog.leases_expired(mails=mails, notices=notices)
    services.ring_mail()
    services.ring_outbox(())


def renew_leases(services: Services) -> None:
    """Prolong the leases of the work that is under way here, so that slow work is not taken for lost work."""
    if owners := services.owners.working():
        with services.database.write() as conn:
            for table in (mail, outbox, webhook_delivery):
                lease.renew(conn, table, owners=owners)


class Timekeeper:
    """The turn that fires timers in `gateway serve`, and the guard that watches the clock beside it.

    After a jump no timer fires; after an outage only closures wait.  Both end after a quiet hour, or when a person
    says so (`gateway tick --confirm-clock`).  real: the machine's clock, whatever `services.clock` shows.
    """

    def __init__(self, real: Clock, monotonic: Callable[[], float] = clock.monotonic_seconds) -> None:
        self._real, self._monotonic = real, monotonic
        self._before: ClockReading | None = None
        self._said: Doubt | None = None

    def turn(self, services: Services) -> None:
        """Look at the clock, then fire what is due and raise missed targets.  Raises Unavailable."""
        doubt = self.watch(services)
        if doubt is None or doubt.kind is not DoubtKind.JUMP:
            timers.fire_due(services)
            overdue.raise_missed(services, now=services.clock.now())
            overdue.alarm_queue(services, now=services.clock.now())

    def watch(self, services: Services) -> Doubt | None:
        """Compare the clocks, note the turn, and return the doubt that is in force."""
        with services.database.write() as conn:
            last_turn_at, database = clock_guard.last_turn(conn)
            present = ClockReading(wall=self._real.now(), monotonic=self._monotonic(), database=database)
            odd = clockwork.doubt(present, self._before, last_turn_at)
            clock_guard.note_turn(conn, now=present.wall, doubt=odd, quiet_seconds=clockwork.QUIET_SECONDS)
            in_force = clock_guard.current(conn)
        self._before = present
        self._say(in_force)
        return in_force

    def _say(self, doubt: Doubt | None) -> None:
        if doubt is not None and doubt != self._said:
            frozen = "all follow-ups" if doubt.kind is DoubtKind.JUMP else "closures"
            maillog.clock_doubted(doubt.why, frozen=frozen)
        if doubt is None and self._said is not None:
            maillog.clock_trusted("quiet, or confirmed by a person")
        self._said = doubt


def purge(services: Services) -> None:
    """Purge what was kept long enough, unless the time is in doubt: what a wrong clock purges is lost for good.

    Taken every quarter of an hour by every scheduler; where nothing is due it costs a few looks into indexes.
    """
    now = services.clock.now()
    with services.database.read() as conn:
        last_turn_at, _ = clock_guard.last_turn(conn)
        doubted = clock_guard.current(conn) is not None
    # The clock has to have been looked at just now: after a start, the guard needs a turn to see a jump.
    if not doubted and last_turn_at is not None and abs(now - last_turn_at) < WATCHED_WITHIN:
        retention.purge(services)


class Ticker:
    """A thread that does something every few seconds until it is stopped; one failed turn does not end it."""

    def __init__(self, name: str, seconds: float, turn: Turn, services: Services) -> None:
        self._seconds, self._turn, self._services = seconds, turn, services
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Take the first turn now, then one every `seconds`."""
        self._thread.start()

    def stop(self) -> None:
        """End after the running turn."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.is_set():
            pause = self._seconds
            try:
                self._turn(self._services)
            except Unavailable as error:
                maillog.store_unavailable(self._thread.name, error)
                pause = max(pause, FAILED_SECONDS)
            except Exception as error:
                # The one broad catch of this loop: the next turn must come whatever this one met.
                maillog.worker_job_failed(self._thread.name, error)
                pause = max(pause, FAILED_SECONDS)
            self._stopped.wait(pause)
