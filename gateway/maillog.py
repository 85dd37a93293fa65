"""The log is an interface: one function per event, here and nowhere else.

An operator's searches and alerts hang on these event names and keys, so they change like an API.  Events carry ids,
counts and reasons; never a body, a subject, a Reference ID, a key or a whole mail address (addresses are cut to
`***@domain`); of a relay's answer the codes, because its words may quote the mail.  Values are `key=value`, or JSON
lines when standard error is no terminal.  A log that cannot be written is never a reason to stop work.
"""

import contextlib
import logging
import re
import sys
import traceback
from collections.abc import Collection, Iterator, Mapping, MutableMapping
from datetime import datetime
from typing import Any

import structlog

from gateway import counts
from gateway.model import CallOutcome, Decision, OutboxEntry, Reading, RelayOutcome, SpoolEntry, WebhookCall

_FIRST = ["timestamp", "level", "event"]
_log = structlog.get_logger()
# Bounded and anchored at the @, so that a hostile reply costs linear time.
_ADDRESS = re.compile(r"[^\s<>@:;,\"'()]{1,255}@")
_REFERENCE = re.compile(r"REF-[0-9A-Z]{20,34}", re.IGNORECASE)

_CODES = re.compile(r"[2-5]\d\d(?: [245]\.\d{1,3}\.\d{1,3})?(?= |$)")


def configure(*, level: str = "INFO", json: bool | None = None) -> None:
    """Send the log to standard error.  json: True, False, or None for JSON unless it is a terminal.  Twice is once."""
    as_json = not sys.stderr.isatty() if json is None else json
    # Libraries speak in sentences of their own; only what they warn of belongs into a log of events.
    quiet = max(logging.WARNING, logging.getLevelName(level))
    logging.basicConfig(level=quiet, stream=sys.stderr, format="%(message)s", force=True)
    logging.raiseExceptions = False
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _masked,
            structlog.processors.JSONRenderer() if as_json else structlog.processors.KeyValueRenderer(key_order=_FIRST),
        ],
        logger_factory=_Lines,
        # Not the standard library's logger: it costs 0.1 ms a line, a fifth of what accepting a mail costs.
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
    )
    # Bound once, not at each line.
    global _log
    _log = structlog.get_logger().bind()


class _Lines:
    """Writes lines to standard error; a log that is full, closed or gone stops nobody."""

    def __init__(self, *_named: object) -> None:
        """Take what structlog hands to every logger."""

    def msg(self, line: str) -> None:
        """Write one line."""
        with contextlib.suppress(OSError, ValueError, AttributeError):
            sys.stderr.write(line + "\n")
            sys.stderr.flush()

    debug = info = warning = error = critical = msg


# --- mails coming in


def smtp_listening(*, host: str, port: int, tls: bool) -> None:
    """`smtp.listening`: the listener takes connections."""
    _log.info("smtp.listening", host=host, port=port, tls=tls)


def smtp_certificate(*, taken: bool, why: str) -> None:
    """`smtp.certificate`: the certificate's files have changed; taken, or the former one stays.  why: kind of error."""
    (_log.info if taken else _log.error)("smtp.certificate", taken=taken, why=why)


def smtp_stopped(*, cut: int) -> None:
    """`smtp.stopped`: the listener is gone.  cut: sessions that did not finish in time."""
    _log.info("smtp.stopped", cut=cut)


def smtp_accepted(*, mail: int, duplicate_of: int | None, size_bytes: int, recipients: int, peer: str) -> None:
    """`smtp.accepted`: we took responsibility for a mail."""
    _log.info(
        "smtp.accepted", mail=mail, duplicate_of=duplicate_of, size_bytes=size_bytes, recipients=recipients, peer=peer
    )


def smtp_refused(*, code: int, enhanced: str, why: str, peer: str) -> None:
    """`smtp.refused`: a 4yz or 5yz.  why: the cause in the table of replies."""
    _log.info("smtp.refused", code=code, enhanced=enhanced, why=why, peer=peer)


def smtp_failed(*, error: BaseException, peer: str) -> None:
    """`smtp.failed`: something failed on our side and the client was told to try again; only its kind is named."""
    _log.error("smtp.failed", error=type(error).__name__, cause=type(error.__cause__).__name__, peer=peer)


def mail_processed(entry: SpoolEntry, reading: Reading, decision: Decision) -> None:
    """`mail.processed`: a mail has its disposition."""
    counts.mail_processed(decision.disposition.value if decision.disposition else "", decision.reason.value)
    _log.info(
        "mail.processed",
        mail=entry.id,
        kind=reading.kind.value,
        disposition=decision.disposition.value if decision.disposition else None,
        reason=decision.reason.value,
        case=decision.case_number or None,
    )


def mail_failed(entry: SpoolEntry, error: Exception) -> None:
    """`mail.failed`: our own code broke on a mail; it is kept and tried again alone."""
    _log.error("mail.failed", mail=entry.id, failures=entry.failures + 1, error=type(error).__name__, at=_frames(error))


def mail_quarantined(entry: SpoolEntry, why: str) -> None:
    """`mail.quarantined`: three failures on one mail; it is set aside and a person must look."""
    _log.error("mail.quarantined", mail=entry.id, why=why)


def mail_lease_lost(entry: SpoolEntry) -> None:
    """`mail.lease_lost`: another worker took this mail over meanwhile; our result was rolled back."""
    _log.warning("mail.lease_lost", mail=entry.id, fence=entry.fence)


# --- mailboxes


def mailbox_connected(mailbox: str, *, host: str) -> None:
    """`mailbox.connected`: we are signed in and look into this mailbox."""
    _log.info("mailbox.connected", mailbox=mailbox, host=host)


def mailbox_taken(mailbox: str, *, mails: int, duplicates: int) -> None:
    """`mailbox.taken`: mails are committed; those that were received before are counted as duplicates."""
    _log.info("mailbox.taken", mailbox=mailbox, mails=mails, duplicates=duplicates)


def mailbox_renumbered(mailbox: str, *, mails: int) -> None:
    """`mailbox.renumbered`: the server numbers its mails anew; all are taken again, known ones as duplicates."""
    _log.error("mailbox.renumbered", mailbox=mailbox, mails=mails)


def mailbox_mail_failed(mailbox: str, *, uid: int, tries: int, why: str) -> None:
    """`mailbox.mail_failed`: a mail could not be fetched whole; it stays where it is and is tried again."""
    _log.error("mailbox.mail_failed", mailbox=mailbox, uid=uid, tries=tries, why=why)


def mailbox_mail_gone(mailbox: str, *, uid: int) -> None:
    """`mailbox.mail_gone`: a mail that could not be fetched before is no longer in the folder."""
    _log.warning("mailbox.mail_gone", mailbox=mailbox, uid=uid)


def mailbox_not_filed(mailbox: str, *, mails: int, why: str) -> None:
    """`mailbox.not_filed`: committed mails could not be marked or moved; they are not taken again."""
    _log.error("mailbox.not_filed", mailbox=mailbox, mails=mails, why=why)


def mailbox_trouble(mailbox: str, *, why: str, failures: int, pause_seconds: float) -> None:
    """`mailbox.trouble`: a look failed.  pause_seconds: so long nobody looks."""
    _log.error("mailbox.trouble", mailbox=mailbox, why=why, failures=failures, pause_seconds=pause_seconds)


def mailbox_stuck(mailbox: str) -> None:
    """`mailbox.stuck`: its thread did not get on in time, so its connection was cut."""
    _log.error("mailbox.stuck", mailbox=mailbox)


def mailbox_lease_lost(mailbox: str) -> None:
    """`mailbox.lease_lost`: another process leads this mailbox now; what we had not committed is its to take."""
    _log.warning("mailbox.lease_lost", mailbox=mailbox)


def mailbox_stale(mailbox: str, *, since: datetime, why: str) -> None:
    """`mailbox.stale`: nobody has looked into this mailbox for too long, and nothing is closed while that lasts."""
    _log.error("mailbox.stale", mailbox=mailbox, since=since.isoformat(), why=why)


def mailbox_recovered(mailbox: str) -> None:
    """`mailbox.recovered`: a stale mailbox is looked into again."""
    _log.warning("mailbox.recovered", mailbox=mailbox)


# --- the process


def signed_in(*, user: str, peer: str, how: str) -> None:
    """Somebody signed in to the console, or was refused.  how: password, link, refused.  user: id, "" for nobody."""
    _log.info("console.signed_in" if how != "refused" else "console.refused", user=user, peer=peer, how=how)


def remote_images(*, mail: str, user: str) -> None:
    """A person asked for the remote images of one mail."""
    _log.info("console.remote_images", mail=mail, user=user)


def settings(section: str, values: Mapping[str, Any]) -> None:
    """`process.settings`: the effective settings of one section.  values: with secrets masked."""
    _log.info("process.settings", section=section, settings=" ".join(f"{k}={v!r}" for k, v in values.items()))


def ready(*, roles: Collection[str], smtp: str, web: str) -> None:
    """`process.ready`: `gateway serve` is up.  smtp, web: where they listen, "off" without that role."""
    _log.info("process.ready", roles=",".join(roles), smtp=smtp, web=web)


def roles_started(*, roles: list[str], database: str, owner: str) -> None:
    """`process.roles_started`: this process does its work now."""
    _log.info("process.roles_started", roles=",".join(roles), database=database, owner=owner)


def roles_stopped() -> None:
    """`process.roles_stopped`: this process has stopped cleanly."""
    _log.info("process.roles_stopped")


def leases_expired(*, mails: int, notices: int) -> None:
    """`process.leases_expired`: somebody went away in the middle of work, which is ready again."""
    _log.warning("process.leases_expired", mails=mails, notices=notices)


def timer_fired(decision: Decision) -> None:
    """`timer.fired`: a follow-up was due; reason says what became of it (a reminder, a closure, or why it waits)."""
    _log.info("timer.fired", case=decision.case_number, reason=decision.reason.value)


def audit_signed(position: int, digest: str) -> None:
    """`audit.signed`: the audit trail ends here now; whoever cuts its end off cannot cut this line off, too."""
    _log.info("audit.signed", position=position, hash=digest)


def timer_failed(case_ids: Collection[int], error: BaseException) -> None:
    """`timer.failed`: our own code broke on the timer of a case; the case is looked at again later."""
    _log.error("timer.failed", case_ids=list(case_ids), error=type(error).__name__, at=_frames(error))


def clock_doubted(why: str, *, frozen: str) -> None:
    """`clock.doubted`: the clock jumped or the scheduler was away.  frozen: what waits until the time is confirmed."""
    _log.error("clock.doubted", why=why, frozen=frozen)


def clock_trusted(how: str) -> None:
    """`clock.trusted`: the time is confirmed again, by a person or by a quiet period; timers go on."""
    _log.warning("clock.trusted", how=how)


def store_unavailable(what: str, error: Exception) -> None:
    """`process.store_unavailable`: the database did not answer; `what` is tried again soon and nothing is lost."""
    _log.error("process.store_unavailable", what=what, error=str(error))


# --- calls by HTTP


@contextlib.contextmanager
def request(request_id: str) -> Iterator[None]:
    """Let every line that is written inside name this call, in threads that it starts too."""
    with structlog.contextvars.bound_contextvars(request=request_id):
        yield


def request_id() -> str:
    """Return the call that is being served, "" outside of one."""
    return str(structlog.contextvars.get_contextvars().get("request", ""))


def web_listening(*, host: str, port: int) -> None:
    """`web.listening`: API and console take calls."""
    _log.info("web.listening", host=host, port=port)


def web_answered(*, method: str, route: str, status: int, seconds: float, who: str) -> None:
    """`web.answered`: a call was served.  route: its template, never the path itself.  who: `key:ID`, "" for nobody."""
    counts.call_answered(method, route, status, seconds)
    _log.info("web.answered", method=method, route=route, status=status, ms=round(seconds * 1000, 1), who=who)


def web_failed(error: BaseException) -> None:
    """`web.failed`: our own code broke on a call; the caller was told nothing but that."""
    _log.error("web.failed", error=type(error).__name__, at=_frames(error))


# --- mails going out


def outbox_answered(entry: OutboxEntry, outcome: RelayOutcome) -> None:
    """`outbox.answered`: the relay took, deferred or rejected a mail, or its answer was lost.

    reply: the codes of the answer; its words, which may quote the mail, stand in `gateway outbox show`.
    request: the call that caused the mail, None for all that no call caused.
    """
    counts.relay_answered(entry.notice.value, type(outcome).__name__.lower())
    _log.info(
        "outbox.answered",
        outbox_id=entry.id,
        notice=entry.notice.value,
        case=entry.case_number or None,
        outcome=type(outcome).__name__.lower(),
        attempts=entry.attempts,
        reply=code(outcome.reply),
        request=entry.request_id or None,
    )


def outbox_gave_up(entry: OutboxEntry, outcome: RelayOutcome) -> None:
    """`outbox.gave_up`: a mail will not be tried again; the row is dead and a person must look."""
    _log.error("outbox.gave_up", outbox_id=entry.id, notice=entry.notice.value, reply=code(outcome.reply))


def outbox_withdrawn(entry: OutboxEntry) -> None:
    """`outbox.withdrawn`: a reminder did not leave, because its wait had ended, was paused or had a later reminder."""
    _log.info("outbox.withdrawn", outbox_id=entry.id, notice=entry.notice.value, case=entry.case_number or None)


def outbox_held(entry: OutboxEntry, why: str) -> None:
    """`outbox.held`: a mail could not be written; its row waits until a person released it."""
    _log.error("outbox.held", outbox_id=entry.id, notice=entry.notice.value, why=why)


def outbox_lease_lost(entry: OutboxEntry) -> None:
    """`outbox.lease_lost`: another worker took this row over meanwhile; what we learnt about it was not recorded."""
    _log.warning("outbox.lease_lost", outbox_id=entry.id, fence=entry.fence)


def outbox_failed(outbox_id: int | None, error: Exception) -> None:
    """`outbox.failed`: an error of our own while delivering; the row stays and comes back when its lease ends."""
    _log.error("outbox.failed", outbox_id=outbox_id, error=type(error).__name__, at=_frames(error))


# --- calls of other systems; the addresses of webhooks may hold secrets, so their ids stand for them


def webhook_answered(call: WebhookCall, outcome: CallOutcome) -> None:
    """`webhook.answered`: a receiver took an event, did not, or was not reached."""
    _log.info(
        "webhook.answered",
        webhook=call.webhook_id,
        delivery=call.id,
        outcome=type(outcome).__name__.lower(),
        attempts=call.attempts,
        reply=outcome.words,
    )


def webhook_gave_up(call: WebhookCall, outcome: CallOutcome) -> None:
    """`webhook.gave_up`: an event will not be called out again by itself; `gateway webhook redeliver` does."""
    _log.error("webhook.gave_up", webhook=call.webhook_id, delivery=call.id, reply=outcome.words)


def webhook_disabled(call: WebhookCall) -> None:
    """`webhook.disabled`: a receiver said 410; it is called no more, and what waits for it is held."""
    _log.error("webhook.disabled", webhook=call.webhook_id, delivery=call.id)


def webhook_lease_lost(call: WebhookCall) -> None:
    """`webhook.lease_lost`: another worker took this call over meanwhile, or the webhook is gone."""
    _log.warning("webhook.lease_lost", webhook=call.webhook_id, delivery=call.id, fence=call.fence)


def webhook_failed(call: WebhookCall, error: Exception) -> None:
    """`webhook.failed`: an error of our own while calling; the row comes back when its lease ends."""
    _log.error(
        "webhook.failed", webhook=call.webhook_id, delivery=call.id, error=type(error).__name__, at=_frames(error)
    )


def worker_job_failed(job: str, error: Exception) -> None:
    """`worker.job_failed`: a wake-up ended in an error; the work stands in its table and the sweep comes back to it."""
    _log.error("worker.job_failed", job=job, error=type(error).__name__, at=_frames(error))


def worker_not_rung(job: str, error: Exception) -> None:
    """`worker.not_rung`: the broker is away; said once, until it answers again.  Work begins with the next sweep."""
    _log.warning("worker.not_rung", job=job, error=type(error).__name__)


def worker_rung_again(job: str) -> None:
    """`worker.rung_again`: the broker answers again."""
    _log.info("worker.rung_again", job=job)


def worker_died(*, pid: int, code: int, again_in_seconds: float) -> None:
    """`worker.died`: a worker process ended by itself; its leases end, and another one takes its place."""
    _log.error("worker.died", pid=pid, code=code, again_in_seconds=again_in_seconds)


# --- what is kept


def retention(act: str, *, case: str = "", by: str = "", **facts: int | str) -> None:
    """`retention.<act>`: purged, held, erased or exported.  facts: counts, ids and words, never what it was about."""
    _log.info(f"retention.{act}", case=case or None, by=by or None, **facts)


# --- shared


def masked(text: str) -> str:
    """Return text without local parts of addresses and without Reference IDs, on one line."""
    if text.isprintable() and "@" not in text and "ref-" not in text.lower():
        return text  # as nearly always: what is below costs more than writing the line
    return _ADDRESS.sub("***@", _REFERENCE.sub("REF-****", " ".join(text.split())))


def code(reply: str) -> str:
    """Return the codes that a relay's answer begins with, or our own words where there was no answer."""
    said = _CODES.match(reply)
    return said[0] if said else reply.partition(":")[0]


def _frames(error: BaseException) -> str:
    # Where it happened, and neither the message nor local variables: those hold mails, SQL parameters and secrets.
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    return " > ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames)


def _masked(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if isinstance(value, str) and key not in ("timestamp", "level", "event"):
            event[key] = masked(value)
    return event
