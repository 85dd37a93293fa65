"""One connection to an IMAP server: the only file that knows imapclient.

The law: every call ends in time, looks without marking anything, and fails as a `Trouble` that says in one sentence
what is wrong.  A connection serves one thread; `cut` alone may be called from another.

    what happened                                             Trouble
    no route, no answer in time, connection lost, nonsense    refused=False: the network is in the way, come back soon
    certificate, no STARTTLS, login, no such folder           refused=True: a person has to change something
    NO to a single command                                    Declined (a Trouble): this command only

TLS never falls back to less.
Source: RFC 3501, 2177 (IDLE), 6851 (MOVE), 4315 (UID EXPUNGE), 8314; HAZARDS IM-03, IM-08.
"""

import imaplib
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import imapclient
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, ProtocolError

from gateway.cleaning import clean_header
from gateway.clock import monotonic_seconds
from gateway.config import ImapSection
from gateway.inbound.imap_plan import Group, Part

CONNECT_SECONDS = 10.0
# For each read and each write, not for a whole mail.
READ_SECONDS = 30.0
# The answer to SEARCH is one line: of 20,000 mails it has 120 KB, and the library stops at 1 MB.
LINE_BYTES = 33_554_432
# Numbers in one command; servers have limits of their own for the length of a line.
UIDS_OF_A_COMMAND = 250
REPLY_SHOWN = 200
# How the standard library says that a line was above LINE_BYTES; the rest of the line is then taken for an answer.
_TOO_LONG = "got more than"

Secret = Callable[[], str]


class Trouble(Exception):
    """What is wrong with a mailbox, in one sentence.  refused: a person has to change something."""

    def __init__(self, sentence: str, *, refused: bool = False) -> None:
        super().__init__(sentence)
        self.refused = refused


class Declined(Trouble):
    """The server said NO to a command; the connection is as good as before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A folder that was selected.  uidnext: 0 when the server does not say."""

    uidvalidity: int
    uidnext: int
    mails: int
    read_only: bool


class Session:
    """A signed-in connection.  Make it with `connect`."""

    def __init__(self, client: imapclient.IMAPClient, where: str) -> None:
        self._client, self._where = client, where

    def close(self, *, politely: bool = True) -> None:
        """Let go of the connection; never raises.  politely: sign off first, which a dead connection only delays."""
        if politely:
            with suppress(Exception):
                self._client.logout()
        with suppress(Exception):
            self._client.shutdown()

    def cut(self) -> None:
        """End the connection at once, from any thread: whoever waits on it wakes up with an error."""
        with suppress(Exception):
            # Past the TLS object, whose own way to shut down would pull it away from under a reading thread.
            socket.socket.shutdown(self._client._imap.sock, socket.SHUT_RDWR)

    def select(self, folder: str, *, read_only: bool = False) -> Opened:
        """Open a folder and say how its mails are numbered."""
        with self._talking():
            try:
                told = self._client.select_folder(folder, readonly=read_only)
            except IMAPClientAbortError:
                raise
            except IMAPClientError as error:
                sentence = f"{self._where} has no folder {folder} that can be opened ({_said(error)})."
                raise Trouble(sentence, refused=True) from error
        return Opened(
            uidvalidity=int(told.get(b"UIDVALIDITY", 0)),
            uidnext=int(told.get(b"UIDNEXT", 0)),
            mails=int(told.get(b"EXISTS", 0)),
            read_only=b"READ-ONLY" in told,
        )

    def has_folder(self, folder: str) -> bool:
        """Say whether there is a folder of this name."""
        with self._talking():
            return bool(self._client.folder_exists(folder))

    def after(self, last_uid: int) -> list[int]:
        """Return the numbers above `last_uid`; the last mail may be among them although its number is not."""
        return self._search([b"UID", f"{last_uid + 1}:*".encode()])

    def existing(self, uids: Sequence[int]) -> set[int]:
        """Return those of these mails that are in the folder."""
        return {uid for some in _chunks(uids) for uid in self._search([b"UID", ",".join(map(str, some)).encode()])}

    def with_message_id(self, message_id: str) -> list[int]:
        """Return the mails with this Message-ID."""
        return self._search(["HEADER", "Message-ID", message_id])

    def sizes(self, uids: Sequence[int]) -> dict[int, Part]:
        """Return size and time of arrival of these mails, before anything of them is fetched."""
        parts: dict[int, Part] = {}
        for some in _chunks(uids):
            try:
                told = self._fetch(some, [b"RFC822.SIZE", b"INTERNALDATE"])
            except ValueError:
                # A date that is none must not cost the mail; the time at which we took it does as well.
                told = self._fetch(some, [b"RFC822.SIZE"])
            parts |= {uid: _part(uid, data) for uid, data in told.items() if isinstance(data.get(b"RFC822.SIZE"), int)}
        return parts

    def bodies(self, group: Group) -> dict[int, bytes]:
        """Fetch mails without marking them as read; what the server does not send is missing.  Nothing is checked."""
        limit = group.parts[0].limit_bytes
        what = b"BODY.PEEK[]" if limit is None else f"BODY.PEEK[]<0.{limit}>".encode()
        key = b"BODY[]" if limit is None else b"BODY[]<0>"
        told = self._fetch(group.uids, [what])
        return {uid: data[key] for uid, data in told.items() if isinstance(data.get(key), bytes)}

    def mark(self, uids: Sequence[int]) -> None:
        """Mark mails as read."""
        with self._talking():
            for some in _chunks(uids):
                self._client.add_flags(some, [imapclient.SEEN], silent=True)

    def move(self, uids: Sequence[int], folder: str) -> None:
        """Move mails to another folder, with UID EXPUNGE where there is no MOVE; else they are marked as deleted."""
        with self._talking():
            for some in _chunks(uids):
                if self._client.has_capability("MOVE"):
                    self._client.move(some, folder)
                    continue
                self._client.copy(some, folder)
                self._client.add_flags(some, [imapclient.SEEN, imapclient.DELETED], silent=True)
                # Never a plain EXPUNGE: it would also remove what others have marked.
                if self._client.has_capability("UIDPLUS"):
                    self._client.uid_expunge(some)

    def can_wait(self) -> bool:
        """Say whether the server can tell us of new mail by itself."""
        with self._talking():
            return bool(self._client.has_capability("IDLE"))

    def wait(self, seconds: float) -> None:
        """Wait until the server tells of something, for so long at most.

        A dead connection answers at once and with nothing, for ever; that is a Trouble.  What arrives in the moment
        before is not told, so the caller looks after each wait, whatever it returned.
        """
        with self._talking():
            self._client.idle()
            began = monotonic_seconds()
            told = self._client.idle_check(timeout=seconds)
            if not told and monotonic_seconds() - began < seconds * 0.9:
                raise Trouble(f"{self._where} closed the connection while we waited for mail.")
            self._client.idle_done()

    def _search(self, criteria: list[Any]) -> list[int]:
        with self._talking():
            return list(self._client.search(criteria))

    def _fetch(self, uids: Sequence[int], what: list[bytes]) -> dict[int, dict[bytes, Any]]:
        with self._talking():
            return dict(self._client.fetch(uids, what))

    @contextmanager
    def _talking(self) -> Iterator[None]:
        with _told(self._where):
            yield


def connect(settings: ImapSection, secret: Secret, hold: Callable[[Session], None] = lambda _session: None) -> Session:
    """Connect, secure and sign in, or raise Trouble.

    secret: returns the password, or the access token of OAuth 2; it is called only when the server is there.
    hold: is told of the connection as soon as there is one, so that somebody else can cut it.
    """
    imaplib._MAXLINE = LINE_BYTES  # type: ignore[attr-defined]
    where = f"{settings.host}:{settings.port}"
    with _told(where):
        client = imapclient.IMAPClient(
            settings.host,
            port=settings.port,
            ssl=settings.tls == "implicit",
            ssl_context=ssl.create_default_context(),
            timeout=imapclient.SocketTimeout(CONNECT_SECONDS, READ_SECONDS),  # type: ignore[arg-type]
        )
        client.normalise_times = False
        session = Session(client, where)
        hold(session)
        try:
            _keep_alive(client._imap.sock)
            _secure(client, settings, where)
            _sign_in(client, settings, secret, where)
        except BaseException:
            with suppress(Exception):
                client.shutdown()
            raise
    return session


def _secure(client: imapclient.IMAPClient, settings: ImapSection, where: str) -> None:
    if settings.tls != "starttls":
        return
    if not client.has_capability("STARTTLS"):
        raise Trouble(f"{where} does not offer STARTTLS, so we do not sign in; check its tls setting.", refused=True)
    client.starttls(ssl.create_default_context())


def _sign_in(client: imapclient.IMAPClient, settings: ImapSection, secret: Secret, where: str) -> None:
    try:
        if settings.oauth2 is None:
            client.login(settings.user, secret())
        else:
            client.oauth2_login(settings.user, secret())
    except IMAPClientAbortError:
        raise
    except IMAPClientError as error:
        if isinstance(error.__context__, IMAPClientAbortError):
            # The library calls also a connection that broke meanwhile a refused login.
            raise error.__context__ from None
        # A server that is only busy says so (RFC 5530); all else is about the account.
        busy = "UNAVAILABLE" in str(error).upper()
        sentence = f"{where} does not let {settings.user} sign in ({_said(error)}); check user and password."
        raise Trouble(sentence, refused=not busy) from error


def _keep_alive(sock: socket.socket) -> None:
    """Let the system find out by itself that the other side is gone."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 20), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


@contextmanager
def _told(where: str) -> Iterator[None]:
    """Turn what the library and the system raise into a Trouble."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        why = f"the certificate of {where} is not one for this name that we trust ({error.verify_message})"
        raise Trouble(f"{why[0].upper()}{why[1:]}; check host and tls.", refused=True) from error
    except ssl.SSLError as error:
        # In the middle of a session it is a lost connection; before it, the wrong setting.
        raise Trouble(
            f"{where} does not speak TLS as we do ({error.reason or 'connection lost'}); check tls."
        ) from error
    except socket.gaierror as error:
        raise Trouble(f"The name {where.rpartition(':')[0]} is not known; check host.") from error
    except TimeoutError as error:
        raise Trouble(f"{where} does not answer in time.") from error
    except OSError as error:
        raise Trouble(f"{where} cannot be reached ({error.strerror or type(error).__name__}).") from error
    except IMAPClientAbortError as error:
        raise Trouble(f"{where} ended the connection ({_said(error)}).") from error
    except IMAPClientError as error:
        if isinstance(error, ProtocolError) or _TOO_LONG in str(error):
            raise Trouble(f"{where} sent something that is no IMAP ({type(error).__name__}).") from error
        raise Declined(f"{where} declined a command ({_said(error)}).") from error
    except (AttributeError, IndexError, KeyError, TypeError, AssertionError) as error:
        # The library trips over an answer that is none; nothing on this connection can be believed any more.
        raise Trouble(f"{where} sent something that is no IMAP ({type(error).__name__}).") from error


def _part(uid: int, data: dict[bytes, Any]) -> Part:
    arrived = data.get(b"INTERNALDATE")
    aware = isinstance(arrived, datetime) and arrived.tzinfo is not None
    return Part(uid=uid, size_bytes=data[b"RFC822.SIZE"], arrived_at=arrived if aware else None)


def _chunks(uids: Sequence[int]) -> Iterator[list[int]]:
    for start in range(0, len(uids), UIDS_OF_A_COMMAND):
        yield list(uids[start : start + UIDS_OF_A_COMMAND])


def _said(error: BaseException) -> str:
    """Return the server's words, on one line and short."""
    text = str(error)
    if text.startswith(("b'", 'b"')):
        text = text[2:-1]
    return clean_header(text)[:REPLY_SHOWN]
