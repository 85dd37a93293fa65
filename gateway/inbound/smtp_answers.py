"""How the answers of the spool's thread come home to the event loop of the sessions.

A batch of mails has many answers at once.  asyncio's own bridge wakes the loop once for each, with a system call under
the feet of both threads; this one wakes it once for all that are there.
"""

import asyncio
from collections import deque
from concurrent.futures import Future
from typing import Any

from gateway.inbound.smtp_limits import Held

_Arrival = tuple["asyncio.Future[None]", Held]


class Answers:
    """The answers on their way to one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._arrived: deque[_Arrival] = deque()
        self._woken = False

    def watch(self, answer: "Future[Any]", held: Held) -> "asyncio.Future[None]":
        """Return a future of the loop that is set when `answer` is there; the memory of the mail is free then.

        Cancelling it (the client vanished) changes nothing about the answer.
        """
        there: asyncio.Future[None] = self._loop.create_future()
        answer.add_done_callback(lambda _: self._arrive((there, held)))
        return there

    def _arrive(self, arrival: _Arrival) -> None:
        """Called in the thread that answers."""
        self._arrived.append(arrival)
        # Reset before the loop looks into the deque, so an answer that finds it set is always seen.
        if not self._woken and not self._loop.is_closed():
            self._woken = True
            self._loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        self._woken = False
        while self._arrived:
            there, held = self._arrived.popleft()
            held.release()
            if not there.done():
                there.set_result(None)
