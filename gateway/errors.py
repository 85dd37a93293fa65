"""Errors that this product raises, and what each one means for the caller.

    GatewayError
    +-- Refused            the rules or the input say no           exit 1, HTTP 4xx, never retried
    |   +-- NotFound       no such thing, or not visible           exit 1, HTTP 404
    |   +-- Conflict       somebody was faster                     exit 1, HTTP 409
    |   |   `-- Stale      it is no longer what the caller saw     exit 1, HTTP 412
    |   `-- InvalidInput   what was given cannot be used           exit 2, HTTP 422
    +-- ConfigError        the settings cannot be used             exit 2, the process does not start
    +-- Unavailable        a thing we need does not answer now     SMTP 451, exit 75, retried
    +-- ParserDied         a parse child died or ran out of time   one attempt of that mail is used up
    +-- CannotCompose      a notice cannot be written              the outbox row is held, a person is told
    `-- AuditBroken        the audit trail was touched             exit 1; nothing more is signed, a person is told

The message of each error is one sentence that says what to do; it holds no path, no SQL and no class name.
A routine outcome (a mail that cannot be linked, a relay that says no) is a value, never an exception.
Unknown exceptions count as temporary: the mail stays where it is.
"""

from gateway.reasons import Reason


class GatewayError(Exception):
    """Base of all errors that we raise on purpose."""


class Refused(GatewayError):
    """The rules of the process, or the input, do not allow it.  `reason` is the word of the closed enum."""

    def __init__(self, reason: Reason, message: str = "") -> None:
        super().__init__(message or reason.sentence)
        self.reason = reason


class NotFound(Refused):
    """There is nothing with this id, or the caller may not see it."""

    def __init__(self, message: str = "") -> None:
        super().__init__(Reason.NOT_FOUND, message)


class Conflict(Refused):
    """Somebody else changed or resolved it first."""


class Stale(Conflict):
    """It was changed since the caller looked at it."""


class InvalidInput(Refused):
    """What was given cannot be used; the message says what would be accepted."""

    def __init__(self, message: str = "", reason: Reason = Reason.INVALID_INPUT) -> None:
        super().__init__(reason, message)


class ConfigError(GatewayError):
    """The settings are wrong; the message lists every fault at once, one a line."""


class Unavailable(GatewayError):
    """A database, disk or broker does not answer now; the same call may work later."""


class ParserDied(GatewayError):
    """The parse child was killed, ran out of time or memory, or crashed on this input."""


class CannotCompose(GatewayError):
    """A template or its values are wrong, so the notice is held instead of being sent half-empty."""


class AuditBroken(GatewayError):
    """The audit trail is not the one that was signed; nothing more is signed until a person has looked."""
