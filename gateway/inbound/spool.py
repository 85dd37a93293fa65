"""Group commit: many mails that arrive at once become one transaction, and each sender gets its own answer.

Callers hand in a mail and get a future; one thread takes whatever waits, writes it with one call of `write_batch`, and
only then sets the futures.  While a commit is under way the next batch gathers, so the busier the gateway the fewer
commits a mail costs.  When the last batch had company, the next one waits for as many for a fraction of the time that
commit took; a lone mail waits for nobody.
The transaction and the de-duplication by content key belong to the store; nothing here knows SQL.
Source: DESIGN 1.1; RFC 5321 section 4.2.5 (250 means that the mail is safe); FA-01, SM-18.
"""

import errno
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from queue import Empty, SimpleQueue

from gateway.clock import monotonic_seconds
from gateway.errors import Unavailable
from gateway.model import NewMail, SpooledMail

WriteBatch = Callable[[Sequence[NewMail]], Sequence[SpooledMail]]
_Entry = tuple[NewMail, "Future[SpooledMail]"]

# Half a commit more latency at the most, for about half the commits (measured with 10 busy connections).
_LINGER_SHARE = 0.5
_LINGER_SECONDS = 0.005


class Spool:
    """Commits mails in batches, on a thread of its own.

    write_batch: commits all given mails in one transaction and says what became of each, in order; or raises and has
    kept none.  max_batch_bytes is passed by at most one mail.
    alone_seconds: how long the mails of a failed batch are tried one by one; the rest fail with the batch's error.
    """

    def __init__(
        self,
        write_batch: WriteBatch,
        *,
        max_batch_mails: int = 100,
        max_batch_bytes: int = 33_554_432,
        alone_seconds: float = 5,
    ) -> None:
        self._write_batch = write_batch
        self._max_batch_mails = max_batch_mails
        self._max_batch_bytes = max_batch_bytes
        self._alone_seconds = alone_seconds
        self._waiting: SimpleQueue[_Entry | None] = SimpleQueue()
        self._door = threading.Lock()
        self._open = True
        self._last_batch = False
        self._company = 1
        self._linger_seconds = 0.0
        self._thread = threading.Thread(target=self._run, name="spool", daemon=True)

    def start(self) -> None:
        """Start the thread; mails handed in before are written first."""
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, then end the thread; later mails are answered with Unavailable."""
        with self._door:
            if self._open:
                self._open = False
                self._waiting.put(None)
        if self._thread.ident is not None:
            self._thread.join()

    def put(self, mail: NewMail) -> "Future[SpooledMail]":
        """Hand in a mail.  The future holds what became of it once that is committed, or why it was not kept.

        Handing in the same mail again is nothing (content key).  A future that can be cancelled is not being written
        yet and never will be.
        """
        answer: Future[SpooledMail] = Future()
        with self._door:
            if self._open:
                self._waiting.put((mail, answer))
                return answer
        answer.set_exception(Unavailable("The gateway is shutting down; hand the mail in again later."))
        return answer

    def _run(self) -> None:
        while not self._last_batch:
            batch = self._gather()
            began = monotonic_seconds()
            self._write(batch)
            self._company = len(batch)
            self._linger_seconds = min(_LINGER_SECONDS, _LINGER_SHARE * (monotonic_seconds() - began))
            # The next `get` may wait for hours; a batch of large mails must not wait with it.
            del batch

    def _gather(self) -> list[_Entry]:
        """Wait for a mail, and take what else is there already."""
        batch: list[_Entry] = []
        size_bytes = 0
        try:
            entry = self._waiting.get()
            until = monotonic_seconds() + self._linger_seconds
            while entry is not None:
                if entry[1].set_running_or_notify_cancel():
                    batch.append(entry)
                    size_bytes += len(entry[0].raw)
                if len(batch) >= self._max_batch_mails or size_bytes >= self._max_batch_bytes:
                    return batch
                patience = until - monotonic_seconds() if len(batch) < self._company else 0
                entry = self._waiting.get(timeout=patience) if patience > 0 else self._waiting.get_nowait()
            self._last_batch = True
        except Empty:
            pass
        return batch

    def _write(self, batch: list[_Entry]) -> None:
        if not batch:
            return
        error = self._try(batch)
        if error is None:
            return
        # One mail that the database refuses must not cost its neighbours theirs; but if the database itself is away,
        # each further try only makes the senders wait longer.
        give_up = monotonic_seconds() + self._alone_seconds
        hopeless = len(batch) == 1 or isinstance(error, Unavailable)
        for entry in batch:
            failed = error if hopeless or monotonic_seconds() > give_up else self._try([entry])
            if failed is not None:
                entry[1].set_exception(failed)

    def _try(self, batch: list[_Entry]) -> BaseException | None:
        """Write a batch and answer its futures; return the error if nothing was kept."""
        try:
            spooled = self._write_batch([mail for mail, _ in batch])
            if len(spooled) != len(batch):
                return Unavailable("The store answered for another number of mails.")
        # This thread is the only one that answers: whatever is raised here has to reach the waiting sessions.
        except BaseException as error:
            return error
        for (_, answer), result in zip(batch, spooled, strict=True):
            answer.set_result(result)
        return None


def is_disk_full(error: BaseException | None) -> bool:
    """Say whether the disk or its quota was full: in the words of the OS, of SQLite or of PostgreSQL (53100)."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        for cause in (error, getattr(error, "orig", None)):
            if getattr(cause, "sqlite_errorname", "") == "SQLITE_FULL" or getattr(cause, "sqlstate", "") == "53100":
                return True
        error = error.__cause__ or error.__context__
    return False
