"""What would become of a mail: read, linked and decided about exactly as if it had arrived, and nothing is written.

With a database the same `process.decide` answers as for a received mail.  Without one, a well-formed Reference ID
counts as one of ours, of an open case whose contact is the sender; a step `not-resolved` of the trace says so.
Unlike all other output this shows Reference IDs in full.  Source: CONTRACT 2 (`gateway explain`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gateway import process
from gateway.errors import ParserDied
from gateway.linking import match
from gateway.model import (
    Attachment,
    BounceReport,
    Case,
    CaseType,
    Circumstances,
    Contact,
    Decision,
    Disposition,
    Feed,
    KnownReference,
    Linked,
    MailKind,
    Policy,
    Priority,
    Reading,
    ReferenceState,
    SpoolEntry,
    Status,
    Substatus,
    TraceStep,
)
from gateway.model.views import AttachmentView, TraceView
from gateway.reasons import Reason
from gateway.rules import mail as mail_rules
from gateway.services import Services
from gateway.store import cases


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceView:
    """A Reference ID found in the body.  valid: it resolves; without a database: it is well formed."""

    id: str
    valid: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientView:
    """What a bounce says about one recipient."""

    address: str
    action: str
    status: str
    diagnostic: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BounceView:
    """What a bounce says."""

    recipients: tuple[RecipientView, ...]
    original_message_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What was understood of one mail and what would become of it."""

    path: str
    sha256: str
    kind: str = MailKind.PERSON.value
    kind_reason: str = ""
    from_: str | None = None
    flags: tuple[str, ...] = ()
    subject: str = ""
    message_id: str = ""
    text: str = ""
    text_without_signature: str = ""
    reply: str = ""
    reply_without_signature: str = ""
    references: tuple[ReferenceView, ...] = ()
    attachments: tuple[AttachmentView, ...] = ()
    bounce: BounceView | None = None
    defects: tuple[str, ...] = ()
    disposition: str = ""
    reason: str = ""
    trace: tuple[TraceView, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One mail to explain.  entry: the mail as if it had just been accepted.  sha256: hex, of the file."""

    path: str
    sha256: str
    entry: SpoolEntry


def explain(asked: Sequence[Asked], reader: process.Reader, rules: Services | Policy) -> list[Explanation]:
    """Explain mails, in order.  rules: Services look into a database; a Policy alone does without one."""
    readings = reader.read_many([(_readable(one.entry), one.entry.envelope) for one in asked])
    return [_one(one, reading, rules) for one, reading in zip(asked, readings, strict=True)]


def _readable(entry: SpoolEntry) -> bytes:
    return entry.raw[: process.OVERSIZED_READ_BYTES] if entry.oversized else entry.raw


def _one(asked: Asked, reading: Reading | ParserDied, rules: Services | Policy) -> Explanation:
    if isinstance(reading, ParserDied):
        return _unread(asked, reading)
    if isinstance(rules, Services):
        valid, decision = _looked_up(rules, asked.entry, reading)
    else:
        valid, decision = _assumed(rules, asked.entry, reading)
    mail = reading.mail
    return Explanation(
        path=asked.path,
        sha256=asked.sha256,
        kind=reading.kind,
        kind_reason=reading.kind_reason,
        from_=mail.sender.address or None,
        flags=decision.flags,
        subject=mail.subject,
        message_id=mail.message_id,
        text=mail.text,
        text_without_signature=mail.text_without_signature,
        reply=mail.reply,
        reply_without_signature=mail.reply_without_signature,
        references=tuple(ReferenceView(id=f.id, valid=f.id in valid) for f in reading.found.ids),
        attachments=tuple(_attachment(a) for a in mail.attachments),
        bounce=_bounce(reading.bounce),
        defects=mail.defects,
        disposition=decision.disposition or "",
        reason=decision.reason,
        trace=tuple(_step(t) for t in (*reading.trace, *decision.trace)),
    )


def _unread(asked: Asked, died: ParserDied) -> Explanation:
    return Explanation(
        path=asked.path,
        sha256=asked.sha256,
        defects=("parser:died",),
        disposition=Disposition.QUARANTINED,
        reason=Reason.QUARANTINED,
        trace=(TraceView(step="parse", result=str(died), reason=Reason.QUARANTINED),),
    )


def _looked_up(services: Services, entry: SpoolEntry, reading: Reading) -> tuple[set[str], Decision]:
    """Decide by what the database knows.  Returns the IDs that resolve, too."""
    with services.database.read() as conn:
        known = cases.known_references(conn, [found.id for found in reading.found.ids])
        _, decision = process.decide(conn, services, entry, reading, now=entry.received_at)
    return {reference.id for reference in known if reference.state is ReferenceState.LIVE}, decision


def _assumed(policy: Policy, entry: SpoolEntry, reading: Reading) -> tuple[set[str], Decision]:
    """Decide as if every well-formed ID were ours, each of a case of its own."""
    known = [_known(id, place) for place, id in enumerate(found.id for found in reading.found.ids)]
    link = match.match(reading.found, known, reading.mail, reading.kind, oversized=entry.oversized)
    facts = process.mail_facts(entry, reading)
    case = _case(facts.sender.address, entry.received_at, policy) if isinstance(link, Linked) else None
    decision = mail_rules.on_mail(link, facts, Circumstances(case=case), policy=policy, now=entry.received_at)
    steps = [TraceStep(step="link", result="one case" if case else "no case", reason=link.reason)]
    if known:
        steps.append(TraceStep(step="not-resolved", result="there is no database, so a well-formed ID counts as ours"))
    steps.append(TraceStep(step="decide", result=str(decision.disposition), reason=decision.reason))
    return {reference.id for reference in known}, replace(decision, trace=tuple(steps))


def _known(id: str, place: int) -> KnownReference:
    return KnownReference(
        id=id, case_number=str(place), feed=Feed.CASE, recipient="", state=ReferenceState.LIVE, closed=False
    )


def _case(contact: str, opened_at: datetime, policy: Policy) -> Case:
    """Return the case that a well-formed ID would name if everything were as it should be."""
    return Case(
        id=0,
        number="",
        subject="",
        description="",
        status=Status.OPEN,
        substatus=Substatus.INVESTIGATION,
        priority=Priority.MEDIUM,
        type=CaseType.SUPPORT,
        profile=policy.default_profile,
        contact=Contact(id=0, email=contact, name="", account_id=0, account=""),
        owner="",
        external_ref="",
        previous="",
        opened_at=opened_at,
        modified_at=opened_at,
        closed_at=None,
        version=0,
    )


def _attachment(attached: Attachment) -> AttachmentView:
    return AttachmentView(
        name=attached.name, content_type=attached.content_type, size=attached.size_bytes, sha256=attached.sha256
    )


def _bounce(report: BounceReport | None) -> BounceView | None:
    if report is None:
        return None
    recipients = tuple(
        RecipientView(address=r.address, action=r.action, status=r.status, diagnostic=r.diagnostic)
        for r in report.recipients
    )
    return BounceView(recipients=recipients, original_message_id=report.original_message_id)


def _step(step: TraceStep) -> TraceView:
    return TraceView(step=step.step, result=step.result, reason=step.reason)
