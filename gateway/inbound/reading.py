"""The table of contents of reading one mail: all that can be known of it without a database."""

from collections.abc import Callable

from gateway.inbound import classify, dsn, parse
from gateway.linking import extract
from gateway.model import (
    Envelope,
    FoundReferences,
    InboundMail,
    MailKind,
    Reading,
    ReadingRules,
    TraceStep,
)

Find = Callable[[InboundMail], FoundReferences]


def read(raw: bytes, envelope: Envelope, rules: ReadingRules, find: Find = extract.find) -> Reading:
    """Read one mail: parse it, say who wrote it, look for Reference IDs.  Pure; never raises for any bytes."""
    parsed = parse.parse(raw, envelope, rules)
    mail = parsed.mail
    kind, why = classify.classify(envelope, mail, parsed.head, parsed.parts, rules)
    bounce = dsn.read(raw, parsed.head, parsed.parts, mail) if kind is MailKind.BOUNCE else None
    found = find(mail)
    person = classify.like_a_person(mail, kind)
    return Reading(
        mail=mail,
        kind=kind,
        kind_reason=why,
        found=found,
        bounce=bounce,
        like_a_person=person,
        trace=_trace(mail, kind, why, found, person),
    )


def _trace(mail: InboundMail, kind: MailKind, why: str, found: FoundReferences, person: bool) -> tuple[TraceStep, ...]:
    who = "ambiguous" if mail.sender.ambiguous else "one address"
    seen = f"{len(found.ids)} well formed, {len(found.damaged)} damaged, {len(found.elsewhere)} outside the body"
    return (
        TraceStep(step="parse", result=", ".join(mail.defects) or "clean"),
        TraceStep(step="sender", result=f"{who}, authentication {mail.sender.authentication}"),
        TraceStep(step="kind", result=f"{kind}{' (reads like a person)' if person else ''}", reason=why),
        TraceStep(step="references", result=seen),
    )
