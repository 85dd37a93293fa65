"""The frame of one SMTP connection: admission, dialogue, deadlines, caps, saying and leaving.

aiosmtpd gives the protocol object; dialogue and DATA are ours, because the library's loop is cancelled by a half-close
after the dot, its timer cuts an active DATA and is reset by NOOP, it has no caps, and it answers an exception with a
permanent 500 and the exception's text.  What the commands do stands in `smtp_session.py`.

The dialogue is driven by what happens, and nothing waits for it: bytes that arrive, an answer of the spool, a deadline.
Each of them ends in `go_on`, which takes what has come as far as the phase allows.  Only a verb that must wait itself
(STARTTLS) is a coroutine; until it is done, what the client sends is kept.
"""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial
from ssl import SSLContext, SSLError
from typing import Any

from aiosmtpd.smtp import SMTP

from gateway import maillog
from gateway.clock import Clock
from gateway.config import SmtpSection
from gateway.inbound import replies, smtp_proxy
from gateway.inbound.replies import Reply
from gateway.inbound.smtp_answers import Answers
from gateway.inbound.smtp_commands import MAX_LINE_BYTES, read_command
from gateway.inbound.smtp_input import Input
from gateway.inbound.smtp_limits import Connections, Deadline, InflightBytes, Networks
from gateway.inbound.smtp_recipients import Recipients
from gateway.inbound.smtp_tls import Certificates
from gateway.model import NewMail, SpooledMail

Put = Callable[[NewMail], "Future[SpooledMail]"]
Waiting = Coroutine[Any, Any, None]
Verb = Callable[[str], Waiting | None]

# How long a closed connection may still flush its last reply.
_FLUSH_SECONDS = 5
_VERBS_OF_A_MAIL = ("MAIL", "RCPT", "DATA", "QUIT")


@dataclass(slots=True, kw_only=True)
class Shared:
    """What all connections of one listener have in common."""

    settings: SmtpSection
    hostname: str
    recipients: Recipients
    connections: Connections
    inflight: InflightBytes
    put: Put
    answers: Answers
    clock: Clock
    tls: Certificates | None
    proxies: Networks
    stopping: bool = False
    open: set["Connection"] = field(default_factory=set)
    # Connections of proxies that have not said yet for whom they speak.
    unnamed: set[smtp_proxy.Looking] = field(default_factory=set)


class Phase(Enum):
    """What a connection is doing, which decides what it takes from the client and how it may be ended."""

    IDLE = auto()
    OBEYING = auto()
    RECEIVING = auto()
    COMMITTING = auto()


class Connection(SMTP):
    """One connection.  A subclass fills `verbs`: what is done for which command."""

    verbs: dict[str, Verb]
    transport: asyncio.Transport | None  # None once it is lost

    def __init__(self, shared: Shared, loop: asyncio.AbstractEventLoop) -> None:
        # aiosmtpd's own timer is never reset by our loop, so it is the cap on the whole session.
        super().__init__(None, hostname=shared.hostname, timeout=shared.settings.session_seconds, loop=loop)
        self.shared = shared
        self.settings = shared.settings
        self.input = Input()
        self.deadline = Deadline(loop, self.deadline_passed)
        self.peer = ""
        self.inside_tls = False
        self.phase = Phase.OBEYING
        self._errors = self._junk = 0
        self._too_old = self._leaving = self._choked = self._going_on = False

    # The connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Admit the client; when a proxy brings it, as soon as that has said who it is."""
        assert isinstance(transport, asyncio.Transport)
        self.peer = (transport.get_extra_info("peername") or ("",))[0]
        if self.shared.stopping or not self.shared.proxies.hold(self.peer):
            self._admit(transport)
            return
        looking = smtp_proxy.Looking(self.loop, transport, partial(self._introduced, transport))
        self.shared.unnamed.add(looking)
        looking.start(self.settings.read_timeout_seconds)

    def _introduced(
        self, transport: asyncio.Transport, looking: smtp_proxy.Looking, client: smtp_proxy.Introduced | None
    ) -> None:
        self.shared.unnamed.discard(looking)
        if client is None:
            # It is no proxy, so nobody here could read a reply.
            maillog.smtp_refused(code=0, enhanced="", why="no PROXY header from a proxy", peer=self.peer)
            transport.abort()
            return
        self.peer = client.address or self.peer
        self._admit(transport)

    def _admit(self, transport: asyncio.Transport) -> None:
        """Admit the client, or turn it away at once: 421 4.7.0 over a cap, 421 4.3.2 while stopping."""
        refusal = replies.STOPPING if self.shared.stopping else None
        if refusal is None and not self.shared.connections.admit(self.peer):
            refusal = replies.TOO_MANY_CONNECTIONS
        if refusal:
            self._log_refusal(refusal)
            transport.set_protocol(asyncio.Protocol())
            transport.write(refusal.line)
            transport.close()
            return
        self.shared.open.add(self)
        if self._begins_inside_tls():
            # The first bytes belong to the handshake.
            transport.pause_reading()
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Forget the client.  A commit under way goes on.  Calling twice is nothing."""
        if self not in self.shared.open:
            return
        self.shared.open.discard(self)
        self.shared.connections.leave(self.peer)
        self.deadline.close()
        self._leaving = True
        self.forget_transaction()
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        assert self.transport is not None
        self.input.feed(data, self.transport)
        self.go_on()

    def eof_received(self) -> bool:
        """Let a half-closed client have its answers; inside TLS there is no half-close."""
        self.input.at_eof = True
        self.go_on()
        return not self.inside_tls

    def pause_writing(self) -> None:
        """Take nothing more from a client that does not read its replies; the deadline runs on."""
        self._choked = True
        super().pause_writing()

    def resume_writing(self) -> None:
        """Go on when the client has read its replies."""
        self._choked = False
        super().resume_writing()
        self.go_on()

    def _begins_inside_tls(self) -> bool:
        return self.settings.tls == "implicit"

    async def go_inside_tls(self, context: SSLContext) -> None:
        """Shake hands; raises ConnectionError or SSLError when that fails, and the connection is lost then."""
        assert self.transport is not None
        try:
            transport = await self.loop.start_tls(
                self.transport,
                self,
                context,
                server_side=True,
                ssl_handshake_timeout=self.settings.read_timeout_seconds,
            )
            if transport is None or self._leaving:
                raise ConnectionAbortedError
        except OSError as error:
            # asyncio tells nobody else that a connection which was closed during the handshake is gone.
            self.connection_lost(error)
            raise
        self.transport = transport
        self._writer = asyncio.StreamWriter(transport, self, None, self.loop)
        self.inside_tls = True

    def stop(self) -> None:
        """Say 421 4.3.2 now if the client is between commands, else after its mail."""
        if self.phase is Phase.IDLE:
            self.leave(replies.STOPPING)

    def abort(self) -> None:
        """Cut the connection: the time for an orderly end is over."""
        if self.phase is not Phase.COMMITTING:
            self.leave(replies.STOPPING)
        if self.transport is not None:
            self.transport.abort()

    # The dialogue

    async def _handle_client(self) -> None:
        """Called by aiosmtpd when the connection is made."""
        if self.shared.tls and self._begins_inside_tls():
            try:
                await self.go_inside_tls(self.shared.tls.current())
            except OSError:  # SSLError is one
                self.leave(None)
                return
        self.say(replies.greeting(self.shared.hostname, "LMTP" if self.settings.lmtp else "ESMTP"))
        self.next_command()
        self.go_on()

    def go_on(self) -> None:
        """Take what has come, as far as it can be taken now.  Calling it inside itself is nothing."""
        if self._going_on:
            return
        self._going_on = True
        try:
            while not self._leaving and not self._choked and self._take():
                pass
        finally:
            self._going_on = False

    def next_command(self) -> None:
        """Enforce the caps, then be ready for the next command."""
        self._enforce_caps()
        if not self._leaving:
            self.phase = Phase.IDLE
            self.deadline.start(self.settings.read_timeout_seconds)

    def take_data(self) -> bool:
        """Take a piece of the mail while it is received; False when more must come first."""
        return False

    def _take(self) -> bool:
        """Take one command or one piece of a mail; False when there is none or the phase allows none."""
        try:
            if self.phase is Phase.IDLE:
                return self._take_command()
            return self.phase is Phase.RECEIVING and self.take_data()
        # Unknown errors are ours, temporary, and told to nobody outside.
        except Exception as error:
            self.failed(error)
            return True

    def _take_command(self) -> bool:
        line = self.input.line(MAX_LINE_BYTES)
        if line is None:
            if self.input.at_eof:
                self.leave(None)
            return False
        self.phase = Phase.OBEYING
        waiting = self._obey(line)
        if waiting is not None:
            self.deadline.stop()
            # The library cancels it when the connection is lost.
            self._handler_coroutine = self.loop.create_task(self._wait_for(waiting))
        elif self.phase is Phase.OBEYING:
            self.next_command()
        return True

    def _obey(self, line: bytes) -> Waiting | None:
        command = read_command(line) if line else replies.LINE_TOO_LONG
        if isinstance(command, Reply):
            self.say(command)
        elif verb := self.verbs.get(command.verb):
            self._junk += command.verb not in _VERBS_OF_A_MAIL
            return verb(command.argument)
        else:
            self.say(replies.UNKNOWN_COMMAND)
        return None

    async def _wait_for(self, waiting: Waiting) -> None:
        try:
            await waiting
        except (ConnectionError, SSLError):
            self.leave(None)
        except Exception as error:
            self.failed(error)
        else:
            self.next_command()
        self.go_on()

    def failed(self, error: Exception) -> None:
        """Answer for something that broke here: 451, and between 354 and the dot 421."""
        maillog.smtp_failed(error=error, peer=self.peer)
        self.forget_transaction()
        if self.phase is Phase.RECEIVING:
            # The rest of the mail would be taken for commands.
            self.leave(replies.OUR_FAULT_CLOSING)
        else:
            self.say_outcome(replies.OUR_FAULT)
            self.next_command()

    def forget_transaction(self) -> None:
        """Drop what the client said since MAIL."""

    def _enforce_caps(self) -> None:
        if self._leaving:
            return
        if self.shared.stopping:
            self.leave(replies.STOPPING)
        elif self._too_old:
            self.leave(replies.TIME_OVER)
        elif self._errors >= self.settings.max_errors_per_session:
            self.leave(replies.TOO_MANY_ERRORS)
        elif self._junk > self.settings.max_junk_commands:
            self.leave(replies.TOO_MUCH_JUNK)

    # Saying and leaving

    def say(self, reply: Reply) -> None:
        """Send a reply; a 4yz or 5yz is logged, a 5yz counts as an error of the client."""
        if reply.code >= 400:
            self._log_refusal(reply)
            self._errors += reply.is_permanent
        self.send(reply.line)

    def say_outcome(self, reply: Reply) -> None:
        """Say what became of a command, or of a mail after its dot."""
        self.say(reply)

    def send(self, data: bytes) -> None:
        """Send bytes, if there is still somebody to send them to."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)

    def leave(self, reply: Reply | None) -> None:
        """Say the last word, if any, and close."""
        if reply:
            self.say(reply)
        self._leaving = True
        self._hang_up()

    def deadline_passed(self) -> None:
        """Called when what was waited for did not come in time."""
        self.time_over()

    def time_over(self) -> None:
        """Say 421 4.4.2 and close."""
        self.leave(replies.TIME_OVER)

    def good_client(self) -> None:
        """Forget errors and junk: the client has delivered a mail."""
        self._errors = self._junk = 0

    def _timeout_cb(self) -> None:
        """Called by aiosmtpd when the session is too old; a commit under way is answered first."""
        if self.phase is Phase.COMMITTING:
            self._too_old = True
        else:
            self.time_over()

    def _hang_up(self) -> None:
        if self.transport is None or self.transport.is_closing():
            return
        self.transport.close()
        # A client that does not read its last reply must not keep the socket.
        self.loop.call_later(_FLUSH_SECONDS, self.transport.abort)

    def _log_refusal(self, reply: Reply) -> None:
        maillog.smtp_refused(code=reply.code, enhanced=reply.enhanced, why=reply.cause, peer=self.peer)
