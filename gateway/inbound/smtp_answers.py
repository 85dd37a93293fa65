"""How the answers of the spool's thread come home to the event loop of the sessions.

A batch of mails has many answers at once.  asyncio's own bridge wakes the loop once for each, with a system call under
the feet of both threads; this one wakes it once for all that are there.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any


class Answers:
    """The answers on their way to one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._arrived: deque[Callable[[], None]] = deque()
        self._woken = False

    def watch(self, answer: "Future[Any]", then: Callable[[], None]) -> None:
        """Have the loop call `then`, which must not raise, once `answer` is there."""
        answer.add_done_callback(lambda _: self._arrive(then))

    def _arrive(self, then: Callable[[], None]) -> None:
        """Called in the thread that answers."""
        self._arrived.append(then)
        # Reset before the loop looks into the deque, so an answer that finds it set is always seen.
        if not self._woken and not self._loop.is_closed():
            self._woken = True
            self._loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        self._woken = False
        while self._arrived:
            self._arrived.popleft()()
