"""The bytes of a client that nobody has taken yet, for commands by the line and for mails by the chunk.

In place of asyncio's StreamReader, which hands out a mail in lines, copies each twice, keeps bytes across STARTTLS, and
costs a waiting task for each read.  Nothing here waits: what is not there yet is asked for again when more has come.
"""

import asyncio

HIGH_WATER_BYTES = 262_144


class Input:
    """Bytes of one connection.  Above HIGH_WATER_BYTES the transport is paused, so memory stays bounded.

    at_eof: the client sends no more than what is here.
    """

    def __init__(self) -> None:
        self.at_eof = False
        self._bytes = bytearray()
        self._too_long = False
        self._paused: asyncio.Transport | None = None

    def feed(self, data: bytes, transport: asyncio.Transport) -> None:
        """Take what arrived."""
        self._bytes += data
        if len(self._bytes) > HIGH_WATER_BYTES and self._paused is None:
            transport.pause_reading()
            self._paused = transport

    def clear(self) -> None:
        """Throw away what was not taken (RFC 3207 4.2)."""
        self._bytes.clear()

    def chunk(self) -> bytes:
        """Return all that is there, b"" for nothing."""
        taken = bytes(self._bytes)
        self._bytes.clear()
        self._resume()
        return taken

    def line(self, max_bytes: int) -> bytes | None:
        """Return the next line with its LF; b"" for one that was longer than max_bytes; None while there is none.

        A line that is too long is taken to its end in bounded memory, so the session stays in step.
        """
        end = self._bytes.find(b"\n")
        if end < 0:
            if len(self._bytes) > max_bytes:
                self._too_long = True
                self._bytes.clear()
                self._resume()
            return None
        taken = bytes(self._bytes[: end + 1])
        del self._bytes[: end + 1]
        self._resume()
        too_long, self._too_long = self._too_long or len(taken) > max_bytes, False
        return b"" if too_long else taken

    def give_back(self, data: bytes) -> None:
        """Put bytes that belong to what comes next in front of the rest."""
        self._bytes[:0] = data

    def _resume(self) -> None:
        if self._paused is not None and len(self._bytes) <= HIGH_WATER_BYTES:
            self._paused.resume_reading()
            self._paused = None
