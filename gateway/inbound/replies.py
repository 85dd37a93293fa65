"""Every reply that our SMTP listener gives, with its cause, in one table.

Each has an enhanced status code (RFC 2034, 3463, 5248) except greetings, EHLO answers and 354.  Texts are fixed: no
exception text, path, SQL or class name, and nothing that the client sent, can get into a reply.
4yz means that the client keeps the mail and tries again; 5yz that it tells its sender.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply line.  enhanced: "" where none belongs.  cause: what makes us say it, for the reader of this table."""

    code: int
    enhanced: str
    text: str
    cause: str

    @property
    def line(self) -> bytes:
        """Return the line as it is sent."""
        words = (str(self.code), self.enhanced, self.text) if self.enhanced else (str(self.code), self.text)
        return " ".join(words).encode("ascii") + b"\r\n"

    @property
    def is_permanent(self) -> bool:
        """Say whether it is a 5yz, which counts as an error of the client."""
        return self.code >= 500


# The session
BYE = Reply(221, "2.0.0", "Bye", "QUIT")
READY_FOR_TLS = Reply(220, "2.0.0", "Ready to start TLS", "STARTTLS")
OK = Reply(250, "2.0.0", "Ok", "NOOP, RSET")
CANNOT_VERIFY = Reply(252, "2.1.5", "Cannot verify; send a mail and see", "VRFY: we never say which addresses exist")
HELP = Reply(214, "2.0.0", "See RFC 5321", "HELP")
TIME_OVER = Reply(421, "4.4.2", "Time is over, closing", "silent or slow for too long, or the session is too old")
STOPPING = Reply(421, "4.3.2", "Shutting down, try again later", "the listener stops")
TOO_MANY_CONNECTIONS = Reply(421, "4.7.0", "Too many connections, try again later", "a cap on connections is reached")
TOO_MANY_ERRORS = Reply(421, "4.7.0", "Too many errors, closing", "the cap on refused commands is reached")
TOO_MUCH_JUNK = Reply(421, "4.7.0", "Too many commands without a mail, closing", "the cap on NOOP, RSET ... is reached")
TOO_MANY_MESSAGES = Reply(421, "4.7.0", "Too many mails in one session, connect again", "the cap on mails is reached")

# Commands that cannot be understood or do not fit here
LINE_TOO_LONG = Reply(500, "5.5.2", "Command line too long", "a command longer than we read")
BARE_LINE_END = Reply(500, "5.5.2", "Lines end with CRLF", "a command with a bare CR or LF (RFC 5321 2.3.8)")
UNKNOWN_COMMAND = Reply(500, "5.5.1", "Command not recognized", "a verb that we do not know")
NOT_IMPLEMENTED = Reply(502, "5.5.1", "Command not implemented", "EXPN")
BAD_CHARACTERS = Reply(501, "5.5.2", "Control or 8-bit characters in a command", "NUL, controls, 8-bit outside a path")
BAD_ARGUMENT = Reply(501, "5.5.4", "Syntax error in the arguments", "missing, surplus or malformed arguments")
BAD_PARAMETER = Reply(555, "5.5.4", "Parameter not recognized", "an extension parameter that we did not offer")
HELLO_FIRST = Reply(503, "5.5.1", "Send EHLO first", "MAIL before EHLO or HELO")
MAIL_FIRST = Reply(503, "5.5.1", "Send MAIL first", "RCPT or DATA before MAIL")
NESTED_MAIL = Reply(503, "5.5.1", "Sender already given", "MAIL inside a transaction")
NO_RECIPIENTS = Reply(554, "5.5.1", "No valid recipients", "DATA after every RCPT was refused")
NO_RECIPIENTS_LMTP = Reply(503, "5.5.1", "No valid recipients", "the same in LMTP (RFC 2033 4.2)")
TLS_NOT_AVAILABLE = Reply(502, "5.5.1", "TLS is not available", "STARTTLS without a certificate, or inside TLS")

# Sender and recipients
SENDER_OK = Reply(250, "2.1.0", "Sender ok", "MAIL")
RECIPIENT_OK = Reply(250, "2.1.5", "Recipient ok", "RCPT")
BAD_SENDER = Reply(501, "5.1.7", "Malformed sender address", "MAIL with a path that is none")
BAD_RECIPIENT = Reply(501, "5.1.3", "Malformed recipient address", "RCPT with a path that is none")
NEEDS_SMTPUTF8 = Reply(553, "5.6.7", "Address needs valid UTF-8 and SMTPUTF8", "8-bit in a path without SMTPUTF8")
NO_RELAYING = Reply(550, "5.7.1", "Relaying denied", "a recipient elsewhere, or a hidden one (percent, bang, quoted @)")
NO_SUCH_MAILBOX = Reply(550, "5.1.1", "No such mailbox here", "a recipient in our domain that is not accepted")
TOO_MANY_RECIPIENTS = Reply(452, "4.5.3", "Too many recipients, send the rest separately", "the cap on recipients")

# The mail itself
START_DATA = Reply(354, "", "End data with <CR><LF>.<CR><LF>", "DATA")
TOO_LARGE = Reply(552, "5.3.4", "Mail is larger than this server takes", "declared or counted size above the limit")
BARE_DOT_LINE = Reply(550, "5.5.2", "Lone dot with a bare CR or LF", "what message smuggling is made of")
LOOP = Reply(554, "5.4.6", "Too many hops", "more than 100 Received fields (RFC 5321 6.3)")
NO_ROOM = Reply(
    452, "4.3.1", "Not enough room now, try again later", "bytes in flight at their cap, or the disk is full"
)
OUR_FAULT_CLOSING = Reply(421, "4.3.0", "Something is wrong on our side, closing", "it failed in the middle of a mail")
OUR_FAULT = Reply(451, "4.3.0", "Something is wrong on our side, try again later", "whatever fails here, known or not")

TABLE = tuple(value for value in list(globals().values()) if isinstance(value, Reply))


def greeting(hostname: str, protocol: str = "ESMTP") -> Reply:
    """Return the first line of a session; it names no software and no version.  protocol: ESMTP or LMTP."""
    return Reply(220, "", f"{hostname} {protocol}", "a client connected")


def hello(hostname: str) -> Reply:
    """Return the answer to HELO."""
    return Reply(250, "", hostname, "HELO")


def extended_hello(hostname: str, extensions: Sequence[str]) -> bytes:
    """Return the lines that answer EHLO; extensions: at least one."""
    *first, last = (hostname, *extensions)
    return "".join([f"250-{word}\r\n" for word in first] + [f"250 {last}\r\n"]).encode("ascii")


def queued(mail_id: int) -> Reply:
    """Return the reply that takes responsibility for a mail (RFC 5321 4.2.5); only after its commit."""
    return Reply(250, "2.0.0", f"Ok: queued as {mail_id}", "the mail is committed, or was before")
