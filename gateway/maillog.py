"""One function per event of the log: ids and figures, never bodies, tokens or whole mail addresses.

The names of events and keys are an interface: operators' searches and alarms depend on them.
"""

import structlog

_smtp = structlog.get_logger("gateway.smtp")


def smtp_listening(*, host: str, port: int, tls: bool) -> None:
    """Log that the listener takes connections."""
    _smtp.info("smtp.listening", host=host, port=port, tls=tls)


def smtp_stopped(*, cut: int) -> None:
    """Log that the listener is gone.  cut: sessions that did not finish in time."""
    _smtp.info("smtp.stopped", cut=cut)


def smtp_accepted(*, mail: int, duplicate_of: int | None, size_bytes: int, recipients: int, peer: str) -> None:
    """Log that we took responsibility for a mail."""
    _smtp.info(
        "smtp.accepted", mail=mail, duplicate_of=duplicate_of, size_bytes=size_bytes, recipients=recipients, peer=peer
    )


def smtp_refused(*, code: int, enhanced: str, why: str, peer: str) -> None:
    """Log a 4yz or 5yz.  why: the cause in the table of replies."""
    _smtp.info("smtp.refused", code=code, enhanced=enhanced, why=why, peer=peer)


def smtp_failed(*, error: BaseException, peer: str) -> None:
    """Log that something failed on our side and the client was told to try again; only the kind of error is named."""
    _smtp.error("smtp.failed", error=type(error).__name__, cause=type(error.__cause__).__name__, peer=peer)
