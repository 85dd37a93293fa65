"""Fetch mailboxes by IMAP: the role `imap` of `gateway serve`, one thread for each mailbox of the settings.

Of all processes that have this role, one at a time leads a mailbox, by a lease in the database.  The leader looks,
waits with IDLE for at most 45 seconds (or sleeps, where the server cannot), and looks again, whatever the waiting told.
Every step has a time; a thread that passes it is cut off by the keeper, which also prolongs the leases.  After failures
nobody tries for a while: soon again where the network is in the way, slowly where we are refused.
What is done with the mails stands in `imap_taking`; the connection in `imap_session`.  Source: IM-05, IM-06, IM-07.
"""

import threading
from collections.abc import Callable

from gateway import mailboxes, maillog
from gateway.clock import monotonic_seconds
from gateway.config import ImapSection
from gateway.errors import Unavailable
from gateway.inbound import imap_plan, imap_session
from gateway.inbound.imap_session import Session, Trouble
from gateway.inbound.imap_taking import COMMAND_SECONDS, Suspicion, Taker
from gateway.inbound.imap_token import Tokens
from gateway.model import Mailbox
from gateway.scheduler import Ticker
from gateway.services import Services
from gateway.store import mailboxes as store
from gateway.store.lease import LEASE_SECONDS
from gateway.store.mailboxes import Lead, LeaseLost

# How often a thread asks whether it may lead.
ASK_SECONDS = 2.0
KEEP_SECONDS = LEASE_SECONDS / 3
# Connecting, TLS and signing in are some reads in a row.
SIGN_IN_SECONDS = 180.0
STOP_SECONDS = 20.0

Connect = Callable[..., Session]


class Fetcher:
    """All mailboxes of this process, and the keeper of their leases."""

    def __init__(self, services: Services, connect: Connect = imap_session.connect) -> None:
        self._services = services
        boxes = mailboxes.configured(services.config)
        self._pollers = [Poller(box, services.config.imap[box.name], services, connect) for box in boxes]
        self._keeper = Ticker("mailboxes", KEEP_SECONDS, self._keep, services)

    def start(self) -> None:
        """Start a thread for each mailbox; nothing where the settings name none."""
        if self._pollers:
            self._keeper.start()
        for poller in self._pollers:
            poller.start()

    def stop(self) -> None:
        """End after what is being committed now; the leases are given back."""
        for poller in self._pollers:
            poller.ask_to_stop()
        for poller in self._pollers:
            poller.wait_for_end()
        if self._pollers:
            self._keeper.stop()

    def _keep(self, _services: Services) -> None:
        for poller in self._pollers:
            poller.keep()


class Poller:
    """The thread of one mailbox."""

    def __init__(self, box: Mailbox, settings: ImapSection, services: Services, connect: Connect) -> None:
        self.box = box
        self._settings, self._services, self._connect = settings, services, connect
        self._owner = f"{services.owners.process}:{box.name}"[:128]
        self._mark = mailboxes.mark(repr(settings), *_secrets(settings))
        kept = mailboxes.KeptToken(services.database, box.name, settings)
        self._tokens = None if settings.oauth2 is None else Tokens(settings.oauth2, kept.load, kept.keep)
        self._suspicion = Suspicion()
        self._failures = 0
        self._deadline = 0.0
        self._led: Lead | None = None
        self._session: Session | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"imap {box.name}", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Wake the thread up, wherever it waits, and let it end."""
        self._stopped.set()
        if session := self._session:
            session.cut()

    def wait_for_end(self) -> None:
        """Wait until the thread has ended; one that hangs while it connects is left alone."""
        self._thread.join(STOP_SECONDS)

    def keep(self) -> None:
        """Prolong our lease while the thread gets on; cut it off when it does not.  Called from another thread."""
        led, session = self._led, self._session
        if led is None:
            return
        stuck = monotonic_seconds() > self._deadline
        if stuck:
            maillog.mailbox_stuck(self.box.name)
        else:
            with self._services.database.write() as conn:
                stuck = not store.renew(conn, led)
        if stuck and session is not None:
            session.cut()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                if led := self._lead():
                    self._serve(led)
            except Unavailable as error:
                maillog.store_unavailable(self._thread.name, error)
            except Exception as error:
                # The one broad catch of this loop: this mailbox must be tried again whatever was met.
                maillog.worker_job_failed(self._thread.name, error)
            self._stopped.wait(ASK_SECONDS)

    def _lead(self) -> Lead | None:
        with self._services.database.read() as conn:
            [status] = store.statuses(conn, [self.box])
            free = store.is_free(conn, self.box, mark=self._mark)
        if status.watched_since is not None and not free:
            return None
        with self._services.database.write() as conn:
            store.watch(conn, [self.box], now=self._services.clock.now())
            return store.lead(conn, self.box, owner=self._owner, mark=self._mark)

    def _serve(self, led: Lead) -> None:
        """Lead the mailbox until we are stopped or something fails; note what failed."""
        self._allow(SIGN_IN_SECONDS)
        self._led, self._failures = led, led.failures
        try:
            self._look_and_wait(led)
        except LeaseLost:
            maillog.mailbox_lease_lost(self.box.name)
        except Trouble as trouble:
            self._failed(led, trouble)
        finally:
            self._led = self._session = None
        if self._stopped.is_set():
            with self._services.database.write() as conn:
                store.release(conn, led)

    def _look_and_wait(self, led: Lead) -> None:
        session = self._connect(self._settings, self._secret, self._hold)
        polite = False
        try:
            maillog.mailbox_connected(self.box.name, host=self._settings.host)
            taker = Taker(
                services=self._services,
                settings=self._settings,
                session=session,
                led=led,
                suspicion=self._suspicion,
                allow=self._allow,
                stopped=self._stopped.is_set,
            )
            while taker.look() and not self._stopped.is_set():
                self._failures = 0
                self._wait(session)
            polite = True
        finally:
            session.close(politely=polite)

    def _wait(self, session: Session) -> None:
        seconds = min(float(self._settings.poll_seconds), imap_plan.SLICE_SECONDS)
        self._allow(seconds + COMMAND_SECONDS)
        if session.can_wait():
            session.wait(seconds)
        else:
            self._stopped.wait(seconds)

    def _failed(self, led: Lead, trouble: Trouble) -> None:
        if self._stopped.is_set():
            return  # It was us who cut the connection.
        self._failures += 1
        pause = imap_plan.pause_seconds(self._failures, refused=trouble.refused)
        maillog.mailbox_trouble(self.box.name, why=str(trouble), failures=self._failures, pause_seconds=pause)
        with self._services.database.write() as conn:
            store.failed(conn, led, error=str(trouble), pause_seconds=pause)

    def _allow(self, seconds: float) -> None:
        self._deadline = monotonic_seconds() + seconds

    def _hold(self, session: Session) -> None:
        self._session = session
        if self._stopped.is_set():
            session.cut()

    # --- signing in

    def _secret(self) -> str:
        if self._tokens is None:
            return self._settings.password.get_secret_value()
        if self._failures:
            # The server may have declined the token that we have.
            self._tokens.drop()
        return self._tokens.get()


def _secrets(settings: ImapSection) -> list[str]:
    given = [settings.password]
    if settings.oauth2 is not None:
        given += [settings.oauth2.client_secret, settings.oauth2.refresh_token]
    return [secret.get_secret_value() for secret in given]
