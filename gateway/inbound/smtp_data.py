r"""The bytes between 354 and the final dot.  Pure: chunks in, one message or one refusal out.

Only CRLF.CRLF ends a message.  A lone dot between line ends of which one is bare (`\n.\n`, `\r\n.\r` ...) is what other
servers may take for the end, so such a message is read to its real end and refused; no other bare CR or LF matters.
Works on chunks, not on lines: a line may have any length, and a mail of 3 kB costs a handful of searches in C.
Source: RFC 5321 sections 2.3.8, 4.1.1.4, 4.4, 4.5.2, 6.3; SM-01, SM-02, SM-03, SM-05, SM-06, SM-16.
"""

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache

from gateway.inbound import replies
from gateway.inbound.replies import Reply

MAX_RECEIVED_FIELDS = 100

_END = b"\r\n.\r\n"
_STUFFED = b"\r\n."
# Each of these with the real terminator taken out is a lone dot with a bare CR or LF beside it.
_LONE_DOTS = (b"\n.\n", b"\n.\r", b"\r.\n", b"\r.\r")
_RECEIVED = re.compile(rb"^Received[ \t]*:", re.IGNORECASE | re.MULTILINE)
_NOT_A_HOST = re.compile(r"[^A-Za-z0-9.:_\[\]-]")


class DataReader:
    """Collects one message.  After `feed` returned bytes, `refusal` says no or `message` has the content.

    limit_bytes: largest content that is taken, line ends counted, dot stuffing not.  Above it the bytes are counted and
    thrown away, so a message of any size costs no more memory than the limit.
    """

    def __init__(self, limit_bytes: int) -> None:
        self.refusal: Reply | None = None
        self.size_bytes = 0
        self._limit_bytes = limit_bytes
        self._dots = 0
        # The CRLF of the DATA line itself; with it, a dot on the first line needs no special case.
        self._wire = bytearray(b"\r\n")

    def feed(self, chunk: bytes) -> bytes | None:
        """Take what the client sent; return what it sent after the end, or None while the end has not come."""
        wire, old = self._wire, len(self._wire)
        wire += chunk
        end = wire.find(_END, max(0, old - 4))
        if end < 0:
            self._inspect(old, finished=False)
            return None
        rest = bytes(memoryview(wire)[end + len(_END) :])
        del wire[end + 2 :]
        self._inspect(old, finished=True)
        return rest

    def refuse(self, reply: Reply) -> None:
        """Stop keeping bytes; the first refusal stands."""
        self.refusal = self.refusal or reply
        del self._wire[:-4]

    def message(self, *, prefix: bytes) -> bytes:
        """Return prefix and content as one; the reader is empty afterwards."""
        wire = self._wire
        if self._dots:
            wire = wire.replace(_STUFFED, b"\r\n")
        self._wire = bytearray()
        with memoryview(wire) as view:
            return b"".join((prefix, view[2:]))

    def loops(self) -> bool:
        """Say whether this mail has gone round more often than any honest one."""
        ends = [end for blank in (b"\r\n\r\n", b"\n\n") if (end := self._wire.find(blank)) >= 0]
        header = self._wire[: min(ends, default=len(self._wire))]
        # The plain count is quick and never too low; the exact one is for the rare mail that may be over.
        if header.lower().count(b"received") <= MAX_RECEIVED_FIELDS:
            return False
        return len(_RECEIVED.findall(header)) > MAX_RECEIVED_FIELDS

    def _inspect(self, old: int, *, finished: bool) -> None:
        """Look at what came after the first `old` bytes, and a little before, where a pattern may have begun."""
        wire, start = self._wire, max(0, old - 4)
        # In nearly every mail no line begins with a dot; then these two searches are all it takes.
        dotted = wire.find(b"\n.", start) >= 0 or wire.find(b"\r.", start) >= 0
        # The last byte of an unfinished message may be the CR of the real end; it is looked at next time.
        stop = len(wire) if finished else len(wire) - 1
        if dotted and any(wire.find(dot, start, stop) >= 0 for dot in _LONE_DOTS):
            self.refuse(replies.BARE_DOT_LINE)
            return
        if dotted:
            self._dots += wire.count(_STUFFED, max(0, old - 2))
        if self.refusal:
            self.refuse(self.refusal)
        else:
            self._measure(finished=finished)

    def _measure(self, *, finished: bool) -> None:
        if finished and self._dots:
            # The dot of the end itself was counted when it came in a chunk of its own.
            self._dots = self._wire.count(_STUFFED)
        self.size_bytes = len(self._wire) - 2 - self._dots
        # While it is unfinished, up to three bytes of the real end may stand in the count.
        if self.size_bytes > self._limit_bytes + (0 if finished else 3):
            self.refuse(replies.TOO_LARGE)


def received_field(*, client_name: str, client_address: str, hostname: str, protocol: str, now: datetime) -> bytes:
    """Return our own trace field (RFC 5321 4.4), CRLF included.  The client's name is untrusted and made harmless."""
    name = _NOT_A_HOST.sub("?", client_name)
    literal = f"IPv6:{client_address}" if ":" in client_address else client_address
    date = _stamp(int(now.timestamp()))
    return f"Received: from {name} ([{literal}])\r\n\tby {hostname} with {protocol};\r\n\t{date}\r\n".encode("ascii")


@lru_cache(maxsize=4)
def _stamp(seconds: int) -> str:
    # A date has whole seconds, and many mails share one.
    return format_datetime(datetime.fromtimestamp(seconds, UTC))


def protocol_word(*, extended: bool, smtputf8: bool, tls: bool, lmtp: bool = False) -> str:
    """Return the word after `with` (RFC 3848, RFC 6531 4.3)."""
    plain = "LMTP" if lmtp else "ESMTP" if extended else "SMTP"
    word = f"UTF8{plain[-4:]}" if smtputf8 else plain
    return word + "S" if tls and word != "SMTP" else word
