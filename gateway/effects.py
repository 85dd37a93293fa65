"""Apply decisions: the only code that changes a case.

Mail, timers, requests and clicks all end here, inside the caller's transaction: everything a decision says happens, or
nothing.  What happened is told to other systems (events) and entered into the audit trail in the same transaction.
`apply` also reports what it did, so that an undo can put it back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, assert_never

from sqlalchemy import Connection

from gateway import addresses
from gateway.cleaning import clean_header, clean_text
from gateway.errors import Refused
from gateway.linking import reference_id
from gateway.model import (
    Act,
    Actor,
    Case,
    Decision,
    Effect,
    MarkBounced,
    MarkUndeliverable,
    MissTarget,
    Notify,
    OpenCase,
    OpenEscalation,
    Publish,
    QueueForAdmin,
    RecordFailure,
    RecordUpdate,
    ReviewEscalation,
    SetContact,
    SetFollowUp,
    SetPriority,
    SetStatus,
    SetTargets,
    StartEpisode,
    Status,
    StopEpisode,
    Substatus,
)
from gateway.reasons import Reason
from gateway.rules import acts, followups
from gateway.rules import targets as target_rules
from gateway.store import audit, cases, deliverability, escalations, outbox, queue, targets, timers
from gateway.store.instance import Instance
from gateway.store.journal import Journal


@dataclass(slots=True)
class Applied:
    """What a decision did.  outbox_ids: mails written.  before: the case as it was, None when none was touched.

    journal: what it has to tell.  updates: what was entered into a feed, as it is kept, each with its id.
    """

    before: Case | None = None
    outbox_ids: list[int] = field(default_factory=list)
    updates: list[tuple[int, RecordUpdate]] = field(default_factory=list)
    journal: Journal = field(default_factory=Journal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scribe:
    """What writing effects needs of this installation.  random_bytes: a source nobody can guess.

    actor: who acts, for the audit trail.
    """

    instance: Instance
    mail_domain: str
    random_bytes: Any
    actor: Actor = field(default_factory=Actor)

    def acting(self, name: str, source: str = "") -> "Scribe":
        """Return the same for somebody else who acts."""
        return replace(self, actor=Actor(name=name, source=source))


def apply(
    conn: Connection,
    decision: Decision,
    *,
    scribe: Scribe,
    now: datetime,
    case: Case | None = None,
    journal: Journal | None = None,
) -> Applied:
    """Do what the decision says.  The caller holds the case's row lock and commits.

    case: the case as this transaction has just read it; it is read here when it is not the decision's.
    journal: where to tell what happened; its owner writes it before the commit.  Written here when there is none.
    Raises Refused `case-purged`: of such a case only the stub is left, and nothing is added to it.
    Publishes `case.status_changed` by itself, so that no rule can forget it; the audit trail is kept by itself, too.
    """
    applied = Applied(journal=Journal() if journal is None else journal)
    if decision.case_number and not any(isinstance(e, OpenCase) for e in decision.effects):
        read = case is not None and case.number == decision.case_number
        applied.before = case if read else cases.load(conn, decision.case_number)
        check_not_purged(applied.before)
    for effect in decision.effects:
        _apply_one(conn, effect, applied, scribe=scribe, now=now)
    if journal is None:
        applied.journal.write(conn, now=now)
    return applied


def note(conn: Connection, act: Act, *, scribe: Scribe, now: datetime) -> None:
    """Enter an act that is no effect of a decision into the audit trail, in the transaction that does it."""
    audit.append(conn, [audit.row(act, scribe.actor, now=now)])


def apply_many(
    conn: Connection, decided: Sequence[tuple[Case, Decision]], *, scribe: Scribe, now: datetime
) -> list[int]:
    """Do what decisions about different cases say, each case as this transaction has just read it.

    The end is that of `apply` for each; ladders, events and mails are written for all of them at once, because a
    statement costs more than a row.  Returns the ids of the mails written.
    """
    ladders: list[tuple[Case, SetFollowUp]] = []
    journal = Journal()
    mails: list[Notify] = []
    for case, decision in decided:
        applied = Applied(before=case, journal=journal)
        for effect in decision.effects:
            match effect:
                case SetFollowUp():
                    ladders.append((case, effect))
                case Notify():
                    mails.append(effect)
                case _:
                    _apply_one(conn, effect, applied, scribe=scribe, now=now)
    _set_follow_ups(conn, ladders)
    journal.write(conn, now=now)
    return _notify_all(conn, mails, scribe=scribe, now=now)


def _apply_one(conn: Connection, effect: Effect, applied: Applied, *, scribe: Scribe, now: datetime) -> None:
    match effect:
        case OpenCase():
            _open(conn, effect, now=now)
        case RecordUpdate():
            _record(conn, effect, applied, now=now)
        case SetStatus():
            _set_status(conn, effect, applied, now=now)
        case SetPriority():
            cases.set_priority(conn, effect.case_number, effect.priority)
        case StartEpisode():
            _start_episode(conn, effect, _case(applied), now=now)
        case SetFollowUp():
            _set_follow_ups(conn, [(_case(applied), effect)])
        case StopEpisode():
            cases.end_episode(conn, _case(applied), why=effect.why, now=now)
        case Notify():
            applied.outbox_ids += _notify_all(conn, [effect], scribe=scribe, now=now)
        case Publish():
            applied.journal.tell(effect.type, effect.case_number, effect.data)
        case QueueForAdmin():
            queue.add(conn, effect, now=now)
        case MarkBounced():
            outbox.mark_bounced(conn, effect.outbox_id, now=now)
        case RecordFailure():
            deliverability.count(conn, effect, now=now)
        case MarkUndeliverable():
            deliverability.mark(conn, effect.address, why=clean_text(effect.why), now=now)
        case OpenEscalation():
            _open_escalation(conn, effect, applied, now=now)
        case ReviewEscalation():
            _review(conn, effect, applied, now=now)
        case SetContact():
            _set_contact(conn, effect, _case(applied))
        case SetTargets():
            targets.promise(conn, effect.case_number, effect.within)
        case MissTarget():
            targets.miss(conn, _case(applied).id, effect.target, now=now)
        case _:
            assert_never(effect)
    if applied.before is not None and (kept := target_rules.met_by(effect)):
        targets.meet(conn, applied.before.id, kept, now=now)
    if (act := acts.act_of(effect, applied.before)) is not None:
        applied.journal.note(act, scribe.actor, now=now)


def check_not_purged(case: Case | None) -> None:
    """Refuse to change a case whose data was purged.  Raises Refused `case-purged`."""
    # Whatever was written into it now would stay for good: nothing ever purges it again.
    if case is not None and case.purged_at is not None:
        raise Refused(Reason.CASE_PURGED, f"The data of case {case.number} has been deleted; open a new case.")


def _case(applied: Applied) -> Case:
    if applied.before is None:
        raise LookupError("a decision changes a case that does not exist")
    return applied.before


def _open(conn: Connection, opened: OpenCase, *, now: datetime) -> None:
    cases.insert(
        conn,
        number=opened.case_number,
        subject=clean_header(opened.subject),
        description=clean_text(opened.description),
        status=Status.OPEN,
        substatus=Substatus.NEW,
        priority=opened.priority,
        type=opened.type,
        profile=opened.profile,
        contact_id=opened.contact_id,
        owner=opened.owner,
        external_ref=clean_header(opened.external_ref),
        **{name: clean_header(value) for name, value in asdict(opened.details).items()},
        previous=opened.previous,
        opened_at=now,
        modified_at=now,
    )


def _record(conn: Connection, posted: RecordUpdate, applied: Applied, *, now: datetime) -> None:
    case = _case(applied)
    cleaned = replace(posted, text=clean_text(posted.text), author=clean_header(posted.author))
    applied.updates.append((cases.add_update(conn, case, cleaned, now=now), cleaned))
    if posted.touches:
        cases.touch(conn, case.number, now=now)


def _set_status(conn: Connection, effect: SetStatus, applied: Applied, *, now: datetime) -> None:
    before = _case(applied)
    cases.set_status(conn, before, effect.status, effect.substatus, now=now)
    if (before.status, before.substatus) != (effect.status, effect.substatus):
        data = {"status": effect.status, "substatus": effect.substatus, "was": before.status}
        applied.journal.tell("case.status_changed", before.number, data)


def _open_escalation(conn: Connection, opened: OpenEscalation, applied: Applied, *, now: datetime) -> None:
    case = _case(applied)
    cleaned = replace(opened, details=clean_text(opened.details), requester_name=clean_header(opened.requester_name))
    made = escalations.insert(conn, case, cleaned, now=now)
    data = {"escalation_id": str(made), "reason": opened.reason}
    applied.journal.tell("escalation.requested", case.number, data)


def _review(conn: Connection, reviewed: ReviewEscalation, applied: Applied, *, now: datetime) -> None:
    case = _case(applied)
    cleaned = replace(
        reviewed,
        owner=_line(reviewed.owner),
        importance=_line(reviewed.importance),
        urgency=_line(reviewed.urgency),
        answer=_clean(reviewed.answer),
    )
    escalations.review(conn, case, cleaned, now=now)
    if reviewed.state is not reviewed.escalation.state:
        data = {"escalation_id": str(reviewed.escalation.id)}
        applied.journal.tell(f"escalation.{reviewed.state}", case.number, data)


def _line(value: str | None) -> str | None:
    return None if value is None else clean_header(value)


def _set_contact(conn: Connection, effect: SetContact, case: Case) -> None:
    if effect.revoke:
        own = (case.contact.email, *case.contact.alternates)
        cases.revoke_references(conn, case.number, [addresses.key(address) for address in own])
        # A mail that still waits would carry an ID that is worth nothing, to a person who is out of it.
        outbox.cancel_to(conn, case.number, [address.lower() for address in own])
    cases.set_contact(conn, case.number, effect.contact_id)


def _start_episode(conn: Connection, effect: StartEpisode, case: Case, *, now: datetime) -> None:
    cases.start_episode(
        conn,
        case,
        status=effect.status,
        question=clean_text(effect.question),
        steps=effect.steps,
        next_at=followups.next_at(effect.steps),
        now=now,
    )


def _set_follow_ups(conn: Connection, ladders: Sequence[tuple[Case, SetFollowUp]]) -> None:
    rows = []
    for case, effect in ladders:
        if case.episode is None:
            raise LookupError("a decision changes a wait that does not run")
        at = effect.look_at or followups.next_at(effect.steps)
        rows.append(timers.Ladder(before=case.episode, steps=effect.steps, next_at=at, held=effect.held))
        if case.episode.paused and at is not None:
            outbox.want_again(conn, case.episode.id)
    timers.write(conn, rows)


def _notify_all(conn: Connection, effects: Sequence[Notify], *, scribe: Scribe, now: datetime) -> list[int]:
    wanted = [(e.case_number, e.feed, addresses.key(e.to)) for e in effects if e.with_reference]
    references = cases.references_for(conn, wanted, fresh=lambda: reference_id.new(scribe.random_bytes), now=now)
    mails = [
        outbox.NewOutgoing(
            key=effect.key,
            notice=effect.notice,
            to=effect.to,
            to_name=clean_header(effect.to_name),
            case_number=effect.case_number,
            reference_id=references.get((effect.case_number, effect.feed, addresses.key(effect.to)), "")
            if effect.with_reference
            else "",
            context=cleaned(effect.context),
            episode_id=effect.episode_id,
        )
        for effect in effects
    ]
    return outbox.add(conn, mails, instance=scribe.instance, mail_domain=scribe.mail_domain, now=now)


def cleaned(context: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a notice as they are kept."""
    return {key: _clean(value) for key, value in context.items()}


def _clean(value: Any) -> Any:
    match value:
        case str():
            return clean_text(value)
        case Mapping():
            return cleaned(value)
        case list() | tuple():
            return [_clean(item) for item in value]
        case _:
            return value
