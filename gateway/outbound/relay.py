"""The two relays: a smart host over SMTP, and a folder where none is set.

The law: each `send` ends in one of four outcomes that keeps the relay's own words.

    where it stopped                                            outcome
    no connection, greeting, EHLO, TLS, AUTH, whatever code     Deferred   our settings or their trouble, not this mail
    4xx, 421 or nonsense at MAIL, RCPT, DATA; 4xx at the dot    Deferred
    connection lost or timed out before the final dot           Deferred
    5xx at MAIL, RCPT, DATA or the dot                          Rejected   this sender, recipient or content
    ... but 530, 534, 535, 538 (sign in first)                  Deferred   our settings
    connection lost, timed out or nonsense after the dot        Unknown    the same bytes again later, marked uncertain
    2xx at the dot, or the file is on disk                      Accepted

TLS never falls back: with `tls = "starttls"` or `"implicit"` a relay without it, or with a wrong certificate,
gets no mail.
Every read is bounded in bytes and time.  One recipient a mail, so nothing is ever accepted in part.
Source: RFC 5321 sections 4.5.3.2 (timeouts) and 4.5.2 (dot stuffing), RFC 3207.
"""

import os
import smtplib
import ssl
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Protocol

from gateway.clock import monotonic_seconds
from gateway.config import RelaySection
from gateway.model import Accepted, Deferred, Rejected, RelayOutcome, Unknown
from gateway.outbound.dialogue import REPLY_SHOWN, Client, Patience, stuffed

# RFC 4954 section 6: the relay wants a sign-in, or another one.  Our settings are wrong, not this mail.
NOT_SIGNED_IN = frozenset({530, 534, 535, 538})


class Relay(Protocol):
    """Whoever takes a finished mail."""

    def send(self, entry_id: int, envelope_from: str, to: str, raw: bytes) -> RelayOutcome:
        """Hand over one mail for one recipient.  Never raises for what the other side does."""
        ...

    def close(self) -> None:
        """Let go of all connections; a later `send` opens new ones."""
        ...


class FolderRelay:
    """Write each mail to `<folder>/<outbox id>.eml`; Accepted means that it is on disk.  Sending twice is one file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, entry_id: int, envelope_from: str, to: str, raw: bytes) -> RelayOutcome:
        """Write the bytes durably: file and folder are synced before this returns.  A full disk is Deferred."""
        target = self._folder / f"{entry_id}.eml"
        unfinished = self._folder / f".{entry_id}.{threading.get_ident()}.tmp"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with unfinished.open("wb") as file:
                file.write(raw)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(target)
            _sync_folder(self._folder)
        except OSError as error:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)
            return Deferred(reply=f"the folder of sent mails cannot be written: {error.strerror}")
        return Accepted(reply=f"written to {target.name}")

    def close(self) -> None:
        """Nothing is kept open."""


class SmtpRelay:
    """Hand mails to the smart host over at most `connections` kept sessions.  Safe to use from many threads."""

    def __init__(
        self,
        settings: RelaySection,
        *,
        hello_name: str,
        patience: Patience | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Set up without connecting.

        hello_name: our name in EHLO; the mail domain will do.  tls: what to trust; default: the system's certificates.
        """
        self._patience = patience or Patience()
        self._connect = partial(Client, settings, hello_name, self._patience, tls or ssl.create_default_context())
        self._slots = threading.BoundedSemaphore(settings.connections)
        self._lock = threading.Lock()
        self._idle: list[_Session] = []
        self._broken: tuple[float, str] | None = None

    def send(self, entry_id: int, envelope_from: str, to: str, raw: bytes) -> RelayOutcome:
        """Offer one mail; see the table at the head of this file for what comes back."""
        with self._slots:
            kept = self._take()
            if kept is not None:
                try:
                    return self._offer(kept, envelope_from, to, raw)
                except _Stale:
                    pass  # The relay closed it while it was idle; nothing of this mail was sent.
            try:
                fresh = self._open()
            except _Trouble as trouble:
                return Deferred(reply=str(trouble))
            return self._offer(fresh, envelope_from, to, raw)

    def close(self) -> None:
        """Say goodbye on all idle connections."""
        with self._lock:
            sessions, self._idle = self._idle, []
        for session in sessions:
            session.end()

    def _offer(self, session: "_Session", envelope_from: str, to: str, raw: bytes) -> RelayOutcome:
        outcome = session.transact(envelope_from, to, raw)
        if session.usable():
            with self._lock:
                self._idle.append(session)
        else:
            session.end()
        return outcome

    def _take(self) -> "_Session | None":
        now = monotonic_seconds()
        with self._lock:
            old = [s for s in self._idle if now - s.last_used > self._patience.idle]
            self._idle = [s for s in self._idle if s not in old]
            kept = self._idle.pop() if self._idle else None
        for session in old:
            session.end()
        return kept

    def _open(self) -> "_Session":
        # When the relay is down, ten thousand due rows must not each wait for a connection of their own.
        broken = self._broken
        if broken and monotonic_seconds() - broken[0] < self._patience.pause:
            raise _Trouble(broken[1])
        try:
            session = _Session(self._connect(), self._patience)
        except _Trouble as trouble:
            self._broken = (monotonic_seconds(), str(trouble))
            raise
        self._broken = None
        return session


class _Trouble(Exception):
    """No session came about; says why."""


class _Stale(Exception):
    """A kept session turned out to be closed before this mail's MAIL command was answered."""


class _Session:
    """One connection that is greeted, secured and signed in."""

    def __init__(self, smtp: Client, patience: Patience) -> None:
        self._patience = patience
        self._mails = 0
        self._clean = True
        self.last_used = monotonic_seconds()
        self._smtp = smtp
        try:
            self._smtp.begin()
        except smtplib.SMTPResponseException as error:
            self._smtp.close()
            raise _Trouble(_words(error.smtp_code, error.smtp_error)) from error
        except (OSError, smtplib.SMTPException, ValueError) as error:
            self._smtp.close()
            raise _Trouble(_failure("no session with the relay", error)) from error

    def usable(self) -> bool:
        """Say whether another mail may go over this connection."""
        return self._smtp.sock is not None and self._mails < self._patience.mails

    def end(self) -> None:
        """Say QUIT, without waiting long for an answer, and close."""
        with suppress(OSError, smtplib.SMTPException):
            if self._smtp.sock is not None:
                self._smtp.wait_for = min(1.0, self._patience.command)
                self._smtp.quit()
        self._smtp.close()

    def transact(self, envelope_from: str, to: str, raw: bytes) -> RelayOutcome:
        """Send one mail.  Raises _Stale when a kept session proves dead before MAIL was answered."""
        kept = self._mails > 0
        self._mails += 1
        try:
            self._freshen(kept)
            code, reply = self._smtp.docmd(f"MAIL FROM:<{envelope_from}>")
        except (OSError, smtplib.SMTPException) as error:
            self._smtp.close()
            if kept:
                raise _Stale from error
            return Deferred(reply=_failure("before MAIL was answered", error))
        if code == 421 and kept:
            self._smtp.close()
            raise _Stale
        self._clean = False
        outcome = self._rest(to, raw) if 200 <= code < 300 else self._refusal(code, reply)
        self.last_used = monotonic_seconds()
        return outcome

    def _freshen(self, kept: bool) -> None:
        # A relay that hung up while we were idle is noticed here, at the price of one round trip, and only then.
        if not kept:
            return
        idle = monotonic_seconds() - self.last_used
        if self._clean and idle <= self._patience.probe:
            return
        with self._smtp.waiting(min(self._patience.connect, self._patience.command)):
            code, reply = self._smtp.docmd("RSET")
        if code != 250:
            raise smtplib.SMTPResponseException(code, reply)

    def _rest(self, to: str, raw: bytes) -> RelayOutcome:
        try:
            code, reply = self._smtp.docmd(f"RCPT TO:<{to}>")
            if not 200 <= code < 300:
                return self._refusal(code, reply, recipient=True)
            code, reply = self._smtp.docmd("DATA")
            if code != 354:
                return self._refusal(code, reply)
            # One call for text and dot: when it fails, the end of the dot's line was never handed over.
            self._smtp.send(stuffed(raw) + b".\r\n")
        except (OSError, smtplib.SMTPException) as error:
            self._smtp.close()
            return Deferred(reply=_failure("before the final dot", error))
        return self._last_reply()

    def _last_reply(self) -> RelayOutcome:
        # The relay may have the mail by now, whatever goes wrong here: a lost answer is not a lost mail.
        try:
            with self._smtp.waiting(self._patience.dot):
                code, reply = self._smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self._smtp.close()
            return Unknown(reply=_failure("after the final dot", error))
        if 200 <= code < 300:
            self._clean = True
            return Accepted(reply=_words(code, reply))
        if 400 <= code < 600:
            return self._refusal(code, reply)
        self._smtp.close()
        return Unknown(reply=_words(code, reply))

    def _refusal(self, code: int, reply: bytes, *, recipient: bool = False) -> RelayOutcome:
        if 500 <= code < 600 and code not in NOT_SIGNED_IN:
            return Rejected(reply=_words(code, reply), recipient=recipient)
        if code == 421 or code < 400:
            # It hangs up, or it has lost its place in the dialogue: what it would do next cannot be known.
            self._smtp.close()
        return Deferred(reply=_words(code, reply))


def _words(code: int, reply: bytes | str) -> str:
    text = " ".join((reply if isinstance(reply, str) else reply.decode("utf-8", "replace")).split())
    return (f"{code} {text}" if code > 0 else f"unreadable reply: {text}")[:REPLY_SHOWN].strip()


def _failure(where: str, error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return f"{where}: {text}"[:REPLY_SHOWN]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
