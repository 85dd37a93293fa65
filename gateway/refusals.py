"""What follows when a relay refuses a mail for good: the owner is told, and the address may get no more mail.

Part of the transaction that settles the outgoing mail, so a refusal and its consequences are one fact.
"""

from datetime import datetime

from sqlalchemy import Connection

from gateway import effects
from gateway.model import OutboxEntry, Rejected, SentMail
from gateway.rules import deliverability as rules
from gateway.services import Services
from gateway.store import cases, deliverability


def after(conn: Connection, services: Services, entry: OutboxEntry, outcome: Rejected, *, now: datetime) -> None:
    """Decide about a refused mail and do it; the mails that it writes are found by the next claim."""
    sent = SentMail(
        outbox_id=entry.id,
        to=entry.to,
        message_id=entry.message_id,
        case_number=entry.case_number,
        notice=entry.notice,
    )
    since = now - services.policy.bounces.window
    record = deliverability.record(conn, entry.to, outbox_id=entry.id, since=since) if outcome.recipient else None
    case = cases.load(conn, entry.case_number) if entry.case_number else None
    decision = rules.after_refusal(
        sent, outcome.reply, case, record, at_recipient=outcome.recipient, policy=services.policy
    )
    effects.apply(conn, decision, scribe=services.scribe, now=now, case=case)
