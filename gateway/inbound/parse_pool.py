"""Children that read mail and may be killed: no bytes of a stranger are parsed in a process that holds anything.

A child has a memory limit and a CPU limit of its own; a batch that outlives its time is killed with its child.  A
batch that dies or expires is read again mail by mail, so that only the guilty mail is answered with `ParserDied` and
the others never notice.  Children come from a fork server (a process without threads: forking ours would copy its
locks) that has imported what reading needs, so that a new child costs milliseconds and little memory.
The pool never raises for what a mail holds, and goes on after any number of dead children.
"""

import logging
import multiprocessing
import resource
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Expired
from typing import Any

from pebble import ProcessExpired, ProcessPool

from gateway.errors import ParserDied, Unavailable
from gateway.inbound import reading
from gateway.model import Envelope, Reading, ReadingRules

Item = tuple[bytes, Envelope]
Reader = Callable[[bytes, Envelope, ReadingRules], Reading]
Outcome = Reading | ParserDied

BATCH_MAILS = 25
BATCH_BYTES = 2_097_152
# A child is replaced after this many batches, so that the memory of a rare huge mail goes back to the system.
BATCHES_PER_CHILD = 1_000

_reader: Reader = reading.read
_rules = ReadingRules()


class ParsePool:
    """Read mails in killable children.  Starts them at the first mail; safe to use from several threads.

    mail_seconds: time of one batch, and of one mail that is read alone.  memory_bytes: address space of a child.
    reader: what a child does with a mail; a module-level function (tests hand in ones that misbehave).
    """

    def __init__(
        self,
        *,
        children: int,
        mail_seconds: float,
        memory_bytes: int,
        rules: ReadingRules,
        reader: Reader = reading.read,
    ) -> None:
        self._children = children
        self._mail_seconds = mail_seconds
        self._start = (memory_bytes, rules, reader)
        self._lock = threading.Lock()
        self._pool: ProcessPool | None = None
        self._closed = False

    def read_many(self, items: Sequence[Item]) -> list[Outcome]:
        """Read mails; the answer has one outcome for each, in order.

        ParserDied: the child that read this mail, and nothing else, died, raised or ran out of time.
        Raises Unavailable when the pool was closed.
        """
        batches = list(_batches(items, self._children))
        pending = [self._send([items[index] for index in batch]) for batch in batches]
        outcomes: list[Outcome | None] = [None] * len(items)
        for batch, future in zip(batches, pending, strict=True):
            answers = _result(future)
            if isinstance(answers[0], ParserDied) and len(batch) > 1:
                answers = [_result(self._send([items[index]]))[0] for index in batch]
            for index, outcome in zip(batch, answers, strict=False):
                outcomes[index] = outcome
        return [outcome for outcome in outcomes if outcome is not None]

    def close(self) -> None:
        """Stop the children at once.  Calling twice is nothing."""
        with self._lock:
            pool, self._pool, self._closed = self._pool, None, True
        if pool is not None:
            pool.stop()  # type: ignore[no-untyped-call]
            pool.join()

    def _send(self, batch: Sequence[Item]) -> "Future[list[Reading]]":
        seconds = self._mail_seconds
        try:
            future = self._running().schedule(_read_batch, args=(batch, seconds), timeout=seconds)
        except RuntimeError:
            # The pool broke (a child could not be started); a new one gets one chance.
            with self._lock:
                self._pool = None
            future = self._running().schedule(_read_batch, args=(batch, seconds), timeout=seconds)
        return future  # type: ignore[no-any-return]

    def _running(self) -> Any:
        with self._lock:
            if self._closed:
                raise Unavailable("The mail reader has been stopped; start the gateway again.")
            if self._pool is None:
                context = multiprocessing.get_context("forkserver")
                context.set_forkserver_preload([__name__])
                self._pool = ProcessPool(
                    max_workers=self._children,
                    max_tasks=BATCHES_PER_CHILD,
                    initializer=_prepare_child,
                    initargs=self._start,
                    context=context,
                )
            return self._pool


def _batches(items: Sequence[Item], children: int) -> Iterator[list[int]]:
    """Yield the indexes of each batch: even shares for the children, none with too many mails or bytes."""
    share = min(BATCH_MAILS, -(-len(items) // children)) if items else 0
    batch: list[int] = []
    size = 0
    for index, (raw, _) in enumerate(items):
        if batch and (len(batch) >= share or size + len(raw) > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(index)
        size += len(raw)
    if batch:
        yield batch


def _result(future: "Future[list[Reading]]") -> Sequence[Outcome]:
    """Return the readings of a batch, or one ParserDied for all of it."""
    try:
        return future.result()
    except Expired:
        return [ParserDied("Reading this mail took too long; it was stopped.")]
    except ProcessExpired:
        return [ParserDied("Reading this mail ended its process; it was started anew.")]
    except Exception as error:
        # Whatever the reader raised (MemoryError above all) came back over the pipe; the child lives on.
        return [ParserDied(f"Reading this mail failed ({type(error).__name__}).")]


def _prepare_child(memory_bytes: int, rules: ReadingRules, reader: Reader) -> None:
    """Run in a new child: take the limits on, remember what every mail needs."""
    global _reader, _rules
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # What libraries remark about a mail would stand between the lines of our log, or on a command's stderr.
    logging.disable(logging.CRITICAL)
    _reader, _rules = reader, rules


def _read_batch(batch: Sequence[Item], seconds: float) -> list[Reading]:
    """Run in a child: read one batch.  The CPU limit ends the child even where its parent is gone."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime + seconds) + 2, hard))
    return [_reader(raw, envelope, _rules) for raw, envelope in batch]
