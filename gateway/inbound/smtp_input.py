"""The bytes of a client that nobody has read yet, for commands by the line and for mails by the chunk.

In place of asyncio's StreamReader, which hands out a mail in lines, copies each twice, and keeps bytes across STARTTLS.
"""

import asyncio

HIGH_WATER_BYTES = 262_144


class Input:
    """Bytes of one connection.  Above HIGH_WATER_BYTES the transport is paused, so memory stays bounded."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._bytes = bytearray()
        self._at_eof = False
        self._paused: asyncio.Transport | None = None
        self._waiter: asyncio.Future[None] | None = None

    def feed(self, data: bytes, transport: asyncio.Transport) -> None:
        """Take what arrived."""
        self._bytes += data
        if len(self._bytes) > HIGH_WATER_BYTES and self._paused is None:
            transport.pause_reading()
            self._paused = transport
        self._wake()

    def feed_eof(self) -> None:
        """Remember that nothing more will come."""
        self._at_eof = True
        self._wake()

    def clear(self) -> None:
        """Throw away what was not read (RFC 3207 4.2)."""
        self._bytes.clear()

    async def chunk(self) -> bytes:
        """Return all that is there, after waiting for something; b"" when the client sends no more."""
        while not self._bytes and not self._at_eof:
            await self._more()
        taken = bytes(self._bytes)
        self._bytes.clear()
        self._resume()
        return taken

    async def line(self, max_bytes: int) -> bytes | None:
        """Return the next line with its LF; b"" for one that was longer than max_bytes; None at the end.

        A line that is too long is read to its end in bounded memory, so the session stays in step.
        """
        too_long = False
        while (end := self._bytes.find(b"\n")) < 0:
            if len(self._bytes) > max_bytes:
                too_long = True
                self._bytes.clear()
                self._resume()
            if self._at_eof:
                return None
            await self._more()
        taken = bytes(self._bytes[: end + 1])
        del self._bytes[: end + 1]
        self._resume()
        return b"" if too_long or len(taken) > max_bytes else taken

    def give_back(self, data: bytes) -> None:
        """Put bytes that belong to what comes next in front of the rest."""
        self._bytes[:0] = data

    async def _more(self) -> None:
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _resume(self) -> None:
        if self._paused is not None and len(self._bytes) <= HIGH_WATER_BYTES:
            self._paused.resume_reading()
            self._paused = None
