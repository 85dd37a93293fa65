"""The story of a received mail: claim, read, find its case, decide, do it.  Read this file first.

The story of a timer stands in `timers.py`, beside this one.

A batch of mails shares one transaction.  Where one of them breaks it, the batch is settled again with a savepoint for
each: what one mail breaks, only it loses.  Marking a mail done and changing its case are one commit.  What fails is
kept: it is tried again alone, and set aside for a person when reading or deciding failed three times on it alone.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from sqlalchemy import Connection

from gateway import addresses, effects, maillog
from gateway.errors import ParserDied
from gateway.linking import hints, match
from gateway.model import (
    BounceReport,
    Case,
    Circumstances,
    Contact,
    Decision,
    DeliveryRecord,
    Envelope,
    Escalation,
    Feed,
    Hint,
    Link,
    Linked,
    MailFacts,
    MailKind,
    Notice,
    Reading,
    SentMail,
    SpoolEntry,
    TraceStep,
    Unlinked,
)
from gateway.reasons import Reason
from gateway.rules import mail as mail_rules
from gateway.services import Services
from gateway.store import cases, contacts, deliverability, escalations, mails, outbox
from gateway.store import hints as hint_store
from gateway.store.db import GONE, patiently, savepoint
from gateway.store.journal import Journal
from gateway.store.named import Named

BATCH = 32
CHECKED_AT_ONCE = 8
FAILURES_TO_QUARANTINE = 3
# Of an oversized mail only its beginning is read, for the person who will look at it; it never links.
OVERSIZED_READ_BYTES = 262_144
TELL_AGAIN_AFTER = timedelta(days=1)
# Answers to strangers and late repliers, of one kind: a flood of forged senders must not become a flood from us.
NOTICES_AN_HOUR = 60
ANSWERS = (Notice.CASE_CLOSED_NOTICE, Notice.UNLINKED_NOTICE)
BOUNCE_PREFIX = "bounce+"


class Reader(Protocol):
    """Reads mails somewhere where they can do no harm (`inbound.parse_pool.ParsePool`)."""

    def read_many(self, items: Sequence[tuple[bytes, Envelope]]) -> list[Reading | ParserDied]:
        """Read each mail; what killed its reader comes back as ParserDied."""
        ...


_Batch = Sequence[tuple[SpoolEntry, Reading | ParserDied]]


class LeaseLost(Exception):
    """Another worker took this mail over while we had it; its result counts, ours is rolled back."""


class Broken(Exception):
    """One mail broke the transaction that it shares with others."""


@dataclass(slots=True)
class _Settling:
    """A batch that is being settled.  careful: each mail in a savepoint of its own.

    named: what the mails name.  journal: what is to be told before the commit.  settled: the mails that are done, which
    the log is told of after it.  written: the outgoing mails.
    """

    careful: bool
    now: datetime
    named: Named = field(default_factory=Named)
    journal: Journal = field(default_factory=Journal)
    settled: list[tuple[SpoolEntry, Reading, Decision]] = field(default_factory=list)
    written: list[int] = field(default_factory=list)


def process_mails(services: Services, reader: Reader, *, limit: int | None = None) -> int:
    """Process the mails that wait, `limit` at most, oldest first, and return how many were taken.

    While one batch is decided, the next is read: the reader's children have processors of their own.
    Raises Unavailable when the database went away; every mail is then still there and is tried again.
    """
    taken = 0
    reading = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reading")
    with reading as aside, services.owners.at_work() as owner:
        coming = _take(services, reader, aside, owner, limit)
        while coming:
            batch = coming.result()
            taken += len(batch)
            coming = _take(services, reader, aside, owner, None if limit is None else limit - taken)
            services.ring_outbox(patiently("process", partial(_settle_all, services, batch)))
    return taken


def decide(
    conn: Connection, services: Services, entry: SpoolEntry, reading: Reading, *, now: datetime
) -> tuple[Link, Decision]:
    """Find the case of one mail and decide about it; writes nothing (also the whole of `gateway explain`)."""
    link, decision, _ = _decided(conn, services, entry, reading, Named(), now=now)
    return link, decision


def mail_facts(entry: SpoolEntry, reading: Reading) -> MailFacts:
    """Return what the rules need to know of a mail that was just read."""
    read = reading.mail
    return MailFacts(
        id=entry.id,
        kind=reading.kind,
        kind_reason=reading.kind_reason,
        sender=read.sender,
        received_at=entry.received_at,
        recipient=next(iter(entry.envelope.rcpt_tos), ""),
        subject=read.subject,
        text=read.text,
        reply=read.reply,
        like_a_person=reading.like_a_person,
        defects=read.defects,
        null_sender=entry.envelope.mail_from in ("", "<>"),
        bounce=reading.bounce,
    )


def _take(
    services: Services, reader: Reader, aside: Executor, owner: str, limit: int | None
) -> "Future[_Batch] | None":
    """Claim the next mails and have them read on another thread; None when nothing waits now."""
    now = services.clock.now()
    most = BATCH if limit is None else min(BATCH, limit)
    with services.database.write() as conn:
        entries = mails.claim(conn, owner=owner, limit=most, now=now)
    return aside.submit(_read, services, reader, entries) if entries else None


def _read(services: Services, reader: Reader, entries: Sequence[SpoolEntry]) -> _Batch:
    """Read mails and check their senders, outside of any transaction: a parser or the DNS may take long."""
    read = reader.read_many([(_readable(entry), entry.envelope) for entry in entries])
    if services.config.sender.own_check:
        # Side by side: most of the time goes by waiting for the DNS.
        with ThreadPoolExecutor(max_workers=CHECKED_AT_ONCE, thread_name_prefix="authenticate") as checkers:
            read = list(checkers.map(partial(_authenticated, services), entries, read))
    return list(zip(entries, read, strict=True))


def _authenticated(services: Services, entry: SpoolEntry, reading: Reading | ParserDied) -> Reading | ParserDied:
    if isinstance(reading, ParserDied) or entry.oversized:
        return reading
    try:
        return services.authenticate(entry.raw, entry.envelope, reading)
    except Exception as error:  # A check that breaks says nothing about the sender; the mail must go on.
        maillog.mail_failed(entry, error)
        return reading


def _settle_all(services: Services, batch: _Batch) -> list[int]:
    """Decide about each mail and do it, in one transaction; return the outgoing mails that were written."""
    try:
        done = _settled_together(services, batch, careful=False)
    except Broken:
        # It happens to few batches, and a savepoint for each mail of all the others would cost them a sixth.
        done = _settled_together(services, batch, careful=True)
    for entry, reading, decision in done.settled:
        maillog.mail_processed(entry, reading, decision)
    return done.written


def _settled_together(services: Services, batch: _Batch, *, careful: bool) -> _Settling:
    all_ = _Settling(careful=careful, now=services.clock.now())
    with services.database.write() as conn:
        batch = _still_ours(conn, batch)
        readings = [reading for _, reading in batch if isinstance(reading, Reading)]
        ids = {found.id for reading in readings for found in reading.found.ids}
        cases.lock_named(conn, ids)
        all_.named = Named.read(conn, ids)
        mails.keep_files(conn, readings)
        for entry, reading in batch:
            if isinstance(reading, ParserDied):
                _failed(conn, entry, "parser-died", now=all_.now)
            else:
                _settle(conn, services, entry, reading, all_)
        all_.journal.write(conn, now=all_.now)
    return all_


def _still_ours(
    conn: Connection, batch: Sequence[tuple[SpoolEntry, Reading | ParserDied]]
) -> list[tuple[SpoolEntry, Reading | ParserDied]]:
    """Return what no other worker took over meanwhile; that stays so until the transaction ends.

    Seen before anything is decided: a mail that is done already would break on its own second update.
    """
    held = mails.hold(conn, [entry for entry, _ in batch])
    for entry, _ in batch:
        if entry.id not in held:
            maillog.mail_lease_lost(entry)
    return [(entry, reading) for entry, reading in batch if entry.id in held]


def _settle(conn: Connection, services: Services, entry: SpoolEntry, reading: Reading, all_: _Settling) -> None:
    told = Journal()
    scribe = services.scribe.acting(f"mail:{entry.id}")
    try:
        with savepoint(conn) if all_.careful else nullcontext():
            _, decision, case = _decided(conn, services, entry, reading, all_.named, now=all_.now)
            applied = effects.apply(conn, decision, scribe=scribe, now=all_.now, case=case, journal=told)
            if not mails.finish(conn, entry, reading, decision, now=all_.now):
                raise LeaseLost
        # Only what stands is told: a mail that broke took its own share back.
        all_.journal.take(told)
        all_.settled.append((entry, reading, decision))
        all_.written += applied.outbox_ids
        all_.named.forget(decision.case_number)
    except GONE:
        raise
    except Exception as error:
        if not all_.careful:
            raise Broken from error
        _lose(conn, entry, error, now=all_.now)


def _lose(conn: Connection, entry: SpoolEntry, error: Exception, *, now: datetime) -> None:
    """Go on without a mail that another worker has, or that broke.

    The one broad catch ends here: a mail that breaks our own code, or that the database refuses, must neither be lost
    nor hold up the others.  What the database cannot do at all ends the whole transaction instead.
    """
    if isinstance(error, LeaseLost):
        maillog.mail_lease_lost(entry)
        return
    maillog.mail_failed(entry, error)
    _failed(conn, entry, type(error).__name__, now=now)


def _failed(conn: Connection, entry: SpoolEntry, error: str, *, now: datetime) -> None:
    if entry.failures + 1 >= FAILURES_TO_QUARANTINE:
        mails.quarantine(conn, entry, now=now, error=error, names=hint_store.named_in_raw(conn, entry))
        maillog.mail_quarantined(entry, error)
    else:
        again = now + timedelta(seconds=2**entry.failures)
        mails.give_back(conn, entry, run_at=again, error=error, failed=True, alone=True)


def _decided(
    conn: Connection, services: Services, entry: SpoolEntry, reading: Reading, named: Named, *, now: datetime
) -> tuple[Link, Decision, Case | None]:
    known = named.known(conn, [found.id for found in reading.found.ids])
    link = match.match(reading.found, known, reading.mail, reading.kind, oversized=entry.oversized)
    facts = mail_facts(entry, reading)
    around = _circumstances(conn, services, link, facts, entry, reading, named, now=now)
    decision = mail_rules.on_mail(link, facts, around, policy=services.policy, now=now)
    traced = replace(decision, trace=(_link_step(link), *decision.trace, _decision_step(decision)))
    return link, traced, around.case


def _circumstances(
    conn: Connection,
    services: Services,
    link: Link,
    facts: MailFacts,
    entry: SpoolEntry,
    reading: Reading,
    named: Named,
    *,
    now: datetime,
) -> Circumstances:
    sent = _sent_mail(conn, entry.envelope.rcpt_tos)
    # A bounce is about the case of the mail that came back, whatever ID its returned part holds.
    bounced = sent.case_number if sent is not None and facts.kind is MailKind.BOUNCE else ""
    number = bounced or _number(link)
    case = named.case(conn, number) if number else None
    return Circumstances(
        case=case,
        sender_contact=_sender_contact(conn, facts.sender.address, case),
        already_told=_already_told(conn, services, link, facts, now=now),
        sent=sent,
        names_another=sent is not None and _names_another(conn, reading.bounce, sent),
        hints=_hints(conn, link, entry, reading),
        escalation=_escalation(conn, link, case),
        record=_record(conn, services, sent, facts, now=now),
    )


def _record(
    conn: Connection, services: Services, sent: SentMail | None, facts: MailFacts, *, now: datetime
) -> DeliveryRecord | None:
    if sent is None or facts.kind is not MailKind.BOUNCE:
        return None
    since = now - services.policy.bounces.window
    return deliverability.record(conn, sent.to, outbox_id=sent.outbox_id, since=since)


def _escalation(conn: Connection, link: Link, case: Case | None) -> Escalation | None:
    to_review = isinstance(link, Linked) and link.feed is Feed.ESCALATION
    return escalations.latest(conn, case.id) if to_review and case is not None else None


def _sender_contact(conn: Connection, sender: str, case: Case | None) -> Contact | None:
    # Nearly always the case's own contact, who is read already.
    own = (case.contact.email, *case.contact.alternates) if case else ()
    if case and any(addresses.same(sender, address) for address in own):
        return case.contact
    return contacts.find(conn, addresses.key(sender))


def _number(link: Link) -> str:
    if isinstance(link, Linked):
        return link.case_number
    return link.case_numbers[0] if link.reason is Reason.CASE_CLOSED and link.case_numbers else ""


def _already_told(conn: Connection, services: Services, link: Link, facts: MailFacts, *, now: datetime) -> bool:
    if not isinstance(link, Unlinked):
        return False
    notice = Notice.CASE_CLOSED_NOTICE if link.reason is Reason.CASE_CLOSED else Notice.UNLINKED_NOTICE
    if notice is Notice.UNLINKED_NOTICE and not services.policy.acknowledge_unlinked:
        return False
    # Either answer counts for both (LP-02), or a machine that answers each of ours gets one of each kind.
    told = (outbox.last_written(conn, kind, to=facts.sender.address) for kind in ANSWERS)
    if any(last is not None and now - last < TELL_AGAIN_AFTER for last in told):
        return True
    return outbox.written_since(conn, notice, now - timedelta(hours=1)) >= NOTICES_AN_HOUR


def _sent_mail(conn: Connection, rcpt_tos: Iterable[str]) -> SentMail | None:
    locals_ = (to.rpartition("@")[0].lower() for to in rcpt_tos)
    keys = [local.removeprefix(BOUNCE_PREFIX) for local in locals_ if local.startswith(BOUNCE_PREFIX)]
    return next(iter(outbox.sent_by_verp(conn, keys).values()), None)


def _names_another(conn: Connection, report: BounceReport | None, sent: SentMail) -> bool:
    named = {addresses.key(r.address) for r in report.recipients} if report else set()
    others = (contacts.find(conn, key) for key in named - {"", addresses.key(sent.to)})
    return any(other is not None for other in others)


def _hints(conn: Connection, link: Link, entry: SpoolEntry, reading: Reading) -> tuple[Hint, ...]:
    people = reading.kind in (MailKind.PERSON, MailKind.LIST) or reading.like_a_person
    if isinstance(link, Linked) or not people:
        return ()
    recipients = entry.envelope.rcpt_tos
    candidates = hint_store.candidates(conn, hints.wanted(reading.mail, reading.found, recipients))
    return hints.score(reading.mail, reading.found, candidates, recipients)


def _readable(entry: SpoolEntry) -> bytes:
    return entry.raw[:OVERSIZED_READ_BYTES] if entry.oversized else entry.raw


def _link_step(link: Link) -> TraceStep:
    if isinstance(link, Linked):
        return TraceStep(step="link", result=f"case {link.case_number}, {link.feed} feed", reason=link.reason)
    named = f" (names {', '.join(link.case_numbers)})" if link.case_numbers else ""
    return TraceStep(step="link", result=f"no case{named}", reason=link.reason)


def _decision_step(decision: Decision) -> TraceStep:
    done = ", ".join(type(effect).__name__ for effect in decision.effects) or "nothing to do"
    return TraceStep(step="decide", result=f"{decision.disposition}: {done}", reason=decision.reason)
