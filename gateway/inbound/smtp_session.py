"""What one client may say and what we do about it: the SMTP commands, and how a mail is taken.

The law of this file: 250 is said after the commit and only then, and nothing that can fail stands between the two
(RFC 5321 4.2.5).  A client that vanishes changes nothing about a commit under way; its retry is a duplicate.
Every reply stands in `replies.py`.
"""

import asyncio
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial

from gateway import maillog
from gateway.inbound import replies
from gateway.inbound.content_key import new_mail
from gateway.inbound.replies import Reply
from gateway.inbound.smtp_commands import read_host, read_mail, read_rcpt
from gateway.inbound.smtp_connection import Connection, Phase, Shared, Verb
from gateway.inbound.smtp_data import DataReader, protocol_word, received_field
from gateway.inbound.smtp_limits import Held, Pace
from gateway.inbound.spool import is_disk_full
from gateway.model import Envelope, NewMail, Source, SpooledMail

# A client that declared a small SIZE gets room for an honest miscount, and no more (RFC 1870 6.3).
_SIZE_SLACK_BYTES = 1_048_576
# Above this the digests of a mail are worked out beside the event loop.
_LARGE_BYTES = 1_048_576


@dataclass(slots=True)
class Transaction:
    """One mail transaction: from MAIL to DATA."""

    sender: str
    size_bytes: int | None
    smtputf8: bool
    recipients: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Incoming:
    """One mail between 354 and its answer.  answer: set once it was handed to the spool."""

    transaction: Transaction
    data: DataReader
    pace: Pace
    held: Held
    answer: "Future[SpooledMail] | None" = None


class SmtpSession(Connection):
    """Serves one SMTP client."""

    def __init__(self, shared: Shared, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(shared, loop)
        self._client_name = ""
        self._extended = False
        self._transaction: Transaction | None = None
        self._incoming: Incoming | None = None
        self._messages = 0
        # How many replies the dot gets: in LMTP one for each recipient (RFC 2033 4.2).
        self._answers = 1
        hello: dict[str, Verb] = {"EHLO": self.smtp_EHLO, "HELO": self.smtp_HELO}
        self.verbs = {
            **({"LHLO": self.smtp_EHLO} if self.settings.lmtp else hello),
            "MAIL": self.smtp_MAIL,
            "RCPT": self.smtp_RCPT,
            "DATA": self.smtp_DATA,
            "RSET": self.smtp_RSET,
            "NOOP": self.smtp_NOOP,
            "QUIT": self.smtp_QUIT,
            "VRFY": self.smtp_VRFY,
            "EXPN": self.smtp_EXPN,
            "HELP": self.smtp_HELP,
            "STARTTLS": self.smtp_STARTTLS,
        }

    def forget_transaction(self) -> None:
        """Drop what the client said since MAIL; a mail that the spool has is no longer the client's to drop."""
        self._transaction = None
        if self._incoming and self._incoming.answer is None:
            self._incoming.held.release()
            self._incoming = None

    def say_outcome(self, reply: Reply) -> None:
        """Say what became of a mail, in LMTP once for each recipient; it counts as one error of the client at most."""
        self.say(reply)
        if self.phase is Phase.COMMITTING:
            self.send(reply.line * (self._answers - 1))

    # The commands

    def smtp_EHLO(self, hostname: str) -> None:
        """Say what we can, also to LHLO.  250, or 501 5.5.4 for a name that is none."""
        if self._greet(hostname, extended=True):
            words = [f"SIZE {self.settings.max_message_bytes}", "8BITMIME", "SMTPUTF8", "PIPELINING"]
            if self.shared.tls and not self.inside_tls:
                words.append("STARTTLS")
            self.send(replies.extended_hello(self.shared.hostname, [*words, "ENHANCEDSTATUSCODES"]))

    def smtp_HELO(self, hostname: str) -> None:
        """Greet a client of the old kind.  250, or 501 5.5.4 for a name that is none."""
        if self._greet(hostname, extended=False):
            self.say(replies.hello(self.shared.hostname))

    def smtp_MAIL(self, arg: str | None) -> None:
        """Begin a transaction.

        250 2.1.0 · 503 without EHLO or inside a transaction · 421 4.7.0 too many mails · 452 4.3.1 no room for the
        declared size now · and the refusals of `read_mail`.
        """
        if not self._client_name or self._transaction:
            self.say(replies.NESTED_MAIL if self._transaction else replies.HELLO_FIRST)
            return
        if self._messages >= self.settings.max_messages_per_session:
            self.leave(replies.TOO_MANY_MESSAGES)
            return
        mail = read_mail(arg or "", max_bytes=self.settings.max_message_bytes)
        if isinstance(mail, Reply):
            self.say(mail)
        elif not self.shared.inflight.has_room(mail.size_bytes or 0):
            self.say(replies.NO_ROOM)
        else:
            self._transaction = Transaction(mail.sender.address, mail.size_bytes, mail.smtputf8)
            self.say(replies.SENDER_OK)

    def smtp_RCPT(self, arg: str | None) -> None:
        """Add a recipient.

        250 2.1.5 · 503 before MAIL · 452 4.5.3 over the cap · 550 5.1.1 or 5.7.1 not ours · and the refusals of
        `read_rcpt`.
        """
        if self._transaction is None:
            self.say(replies.MAIL_FIRST)
            return
        path = read_rcpt(arg or "", smtputf8=self._transaction.smtputf8)
        if isinstance(path, Reply):
            self.say(path)
        elif refusal := self.shared.recipients.refuse(path):
            self.say(refusal)
        elif len(self._transaction.recipients) >= self.settings.max_recipients:
            self.say(replies.TOO_MANY_RECIPIENTS)
        else:
            self._transaction.recipients.append(path.address)
            self.say(replies.RECIPIENT_OK)

    def smtp_DATA(self, arg: str | None) -> None:
        """Take the mail.

        354, then after the dot: 250 2.0.0 committed · 451 4.3.0 anything failed here · 452 4.3.1 no memory or disk ·
        552 5.3.4 too large · 550 5.5.2 lone dot with a bare line end · 554 5.4.6 loop.  421 4.4.2 silent or slow.
        501, 503 and 554 5.5.1 instead of 354.
        """
        if arg or self._transaction is None:
            self.say(replies.BAD_ARGUMENT if arg else replies.MAIL_FIRST)
            return
        if not self._transaction.recipients:
            self.say(replies.NO_RECIPIENTS_LMTP if self.settings.lmtp else replies.NO_RECIPIENTS)
            return
        self.say(replies.START_DATA)
        self._receive(self._transaction)
        self._transaction = None

    def smtp_RSET(self, arg: str | None) -> None:
        """Forget the transaction.  250, or 501 5.5.4 with an argument."""
        if arg:
            self.say(replies.BAD_ARGUMENT)
            return
        self._transaction = None
        self.say(replies.OK)

    def smtp_NOOP(self, arg: str | None) -> None:
        """Do nothing: 250."""
        self.say(replies.OK)

    def smtp_QUIT(self, arg: str | None) -> None:
        """Say 221 and close."""
        self.leave(replies.BYE)

    def smtp_VRFY(self, arg: str | None) -> None:
        """Say nothing about an address: 252, or 501 5.5.4 without one."""
        self.say(replies.CANNOT_VERIFY if arg else replies.BAD_ARGUMENT)

    def smtp_EXPN(self, arg: str | None) -> None:  # type: ignore[override]  # nothing to wait for
        """Expand nothing: 502."""
        self.say(replies.NOT_IMPLEMENTED)

    def smtp_HELP(self, arg: str | None) -> None:
        """Point at the standard: 214."""
        self.say(replies.HELP)

    async def smtp_STARTTLS(self, arg: str | None) -> None:
        """Begin TLS and forget all that was said before it (RFC 3207 4.2).

        220, then the handshake · 501 5.5.4 with an argument · 502 5.5.1 without a certificate, or a second time.
        """
        if arg or self.shared.tls is None or self.inside_tls or self.transport is None:
            self.say(replies.BAD_ARGUMENT if arg else replies.TLS_NOT_AVAILABLE)
            return
        self.say(replies.READY_FOR_TLS)
        await self._writer.drain()
        # What was sent in the clear behind STARTTLS must never be taken for something said inside TLS
        # (CVE-2011-0411 and its kin); `start_tls` takes the transport over before it first waits.
        self.input.clear()
        await self.go_inside_tls(self.shared.tls.current())
        self._transaction, self._client_name, self._extended = None, "", False

    # The mail

    def _receive(self, transaction: Transaction) -> None:
        pace = Pace(
            min_bytes_per_second=self.settings.min_bytes_per_second,
            window_seconds=self.settings.read_timeout_seconds,
            now=self.loop.time(),
        )
        data = DataReader(self._limit_bytes(transaction))
        self._incoming = Incoming(transaction, data, pace, self.shared.inflight.hold())
        self._answers = len(transaction.recipients) if self.settings.lmtp else 1
        self.phase = Phase.RECEIVING
        self.deadline.start(self.settings.read_timeout_seconds)

    def take_data(self) -> bool:
        """Read towards the final dot; a client that goes away before it is forgotten."""
        incoming, chunk = self._incoming, self.input.chunk()
        assert incoming is not None
        if not chunk:
            if self.input.at_eof:
                self.leave(None)
            return False
        if incoming.pace.too_slow(len(chunk), self.loop.time()):
            self.time_over()
            return False
        data, held = incoming.data, incoming.held
        if data.refusal is None and not held.grow(len(chunk)):
            data.refuse(replies.NO_ROOM)
        rest = data.feed(chunk)
        if data.refusal:
            held.release()
        if rest is None:
            self.deadline.start(self.settings.read_timeout_seconds)
            return True
        self.input.give_back(rest)
        self.phase = Phase.COMMITTING
        self.deadline.stop()
        self._commit(incoming)
        return True

    def _commit(self, incoming: Incoming) -> None:
        data = incoming.data
        if data.refusal is None and data.loops():
            data.refuse(replies.LOOP)
        if data.refusal:
            self.forget_transaction()
            self.say_outcome(data.refusal)
            self.next_command()
            return
        build = partial(self._new_mail, data, incoming.transaction)
        if data.size_bytes > _LARGE_BYTES:
            self.loop.run_in_executor(None, build).add_done_callback(partial(self._put_built, incoming))
        else:
            self._put(incoming, build())

    def _limit_bytes(self, transaction: Transaction) -> int:
        largest = self.settings.max_message_bytes
        declared = transaction.size_bytes
        return largest if declared is None else min(largest, 2 * declared + _SIZE_SLACK_BYTES)

    def _new_mail(self, data: DataReader, transaction: Transaction) -> NewMail:
        now = self.shared.clock.now()
        prefix = received_field(
            client_name=self._client_name,
            client_address=self.peer,
            hostname=self.shared.hostname,
            protocol=protocol_word(
                extended=self._extended,
                smtputf8=transaction.smtputf8,
                tls=self.inside_tls,
                lmtp=self.settings.lmtp,
            ),
            now=now,
        )
        envelope = Envelope(
            mail_from=transaction.sender,
            rcpt_tos=tuple(transaction.recipients),
            source=Source.LMTP if self.settings.lmtp else Source.SMTP,
            peer=self.peer,
        )
        return new_mail(data.message(prefix=prefix), envelope, received_at=now)

    def _put_built(self, incoming: Incoming, built: "asyncio.Future[NewMail]") -> None:
        """Called by the loop when a large mail is ready for the spool; without its client it is forgotten."""
        if self._incoming is not incoming:
            return
        try:
            self._put(incoming, built.result())
        except Exception as error:
            self.failed(error)
            self.go_on()

    def _put(self, incoming: Incoming, mail: NewMail) -> None:
        incoming.answer = self.shared.put(mail)
        self.deadline.start(self.settings.commit_seconds)
        self.shared.answers.watch(incoming.answer, partial(self._answered, incoming, mail))

    def deadline_passed(self) -> None:
        """Give a mail back that waits too long for its commit; else the client was too slow."""
        if self.phase is not Phase.COMMITTING:
            self.time_over()
        elif self._incoming and self._incoming.answer:
            # Succeeds only for a mail that the spool has not begun with and never will, so 451 is the truth.
            self._incoming.answer.cancel()

    def _answered(self, incoming: Incoming, mail: NewMail) -> None:
        """Called by the loop when the spool has answered; the client may be gone by then."""
        assert incoming.answer is not None
        incoming.held.release()
        self._incoming = None
        try:
            self._say_what_became_of(mail, incoming.answer)
        except Exception as error:
            self.failed(error)
        else:
            self.next_command()
        self.go_on()

    def _say_what_became_of(self, mail: NewMail, answer: "Future[SpooledMail]") -> None:
        if answer.cancelled():
            self.say_outcome(replies.OUR_FAULT)
            return
        if error := answer.exception():
            maillog.smtp_failed(error=error, peer=self.peer)
            self.say_outcome(replies.NO_ROOM if is_disk_full(error) else replies.OUR_FAULT)
            return
        spooled = answer.result()
        self.say_outcome(replies.queued(spooled.id))
        self._messages += 1
        self.good_client()
        maillog.smtp_accepted(
            mail=spooled.id,
            duplicate_of=spooled.duplicate_of,
            size_bytes=len(mail.raw),
            recipients=len(mail.envelope.rcpt_tos),
            peer=self.peer,
        )

    def _greet(self, client_name: str, *, extended: bool) -> bool:
        name = read_host(client_name)
        if isinstance(name, Reply):
            self.say(name)
            return False
        self._client_name, self._extended, self._transaction = name, extended, None
        return True
