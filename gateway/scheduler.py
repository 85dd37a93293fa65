"""The sweep: gives work back whose owner went away, and rings for whatever is due.

Wake-ups may be lost; this turn, taken every few seconds by every process with the scheduler role, is what makes that
harmless.  Any number of schedulers may run at once: every statement here is idempotent.
"""

import threading
from collections.abc import Callable

from gateway import maillog
from gateway.errors import Unavailable
from gateway.services import Services
from gateway.store import lease
from gateway.store.tables import mail, outbox

Turn = Callable[[Services], None]


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
            for table in (mail, outbox):
                lease.renew(conn, table, owners=owners)


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
            try:
                self._turn(self._services)
            except Unavailable as error:
                maillog.store_unavailable(self._thread.name, error)
            except Exception as error:
                # The one broad catch of this loop: the next turn must come whatever this one met.
                maillog.worker_job_failed(self._thread.name, error)
            self._stopped.wait(self._seconds)
