"""What the admin team does with mail that could not be linked: link by hand, open a case, discard, claim, undo.

A hand link goes through the same rules and effects as a mail that arrived with its Reference ID (PROCESS 3.4).  Each
function is one transaction; a second resolution is refused with `already-resolved`.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from gateway import addresses, effects
from gateway.cleaning import clean_header
from gateway.desk import audit
from gateway.desk import cases as desk_cases
from gateway.desk.ids import row_id
from gateway.errors import Conflict, InvalidInput, NotFound
from gateway.model import (
    Case,
    CaseType,
    Circumstances,
    Decision,
    EntryState,
    Feed,
    Linked,
    MailFacts,
    Notify,
    OpenCase,
    Priority,
    Resolution,
    SetStatus,
    Substatus,
)
from gateway.model.views import QueueItemView
from gateway.reasons import Reason
from gateway.rules import mail as mail_rules
from gateway.rules import requests
from gateway.services import Services
from gateway.store import cases, contacts, events, mails, outbox, queue


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueResult:
    """What an action on a queue item did, in words (or would do, for a preview)."""

    item: QueueItemView
    effects: tuple[str, ...]


# What an undo says of the mails that the undone action wrote.
UNSENT = {
    EntryState.CANCELLED: "was not sent yet and is cancelled",
    EntryState.DONE: "has left already",
    EntryState.DEAD: "could not be sent and stays unsent",
}


class _Preview(Exception):
    """Ends the transaction of a preview, so that nothing of it stays."""


def find(
    services: Services, *, state: str = queue.OPEN, reason: str = "", limit: int = 100, after: int = 0
) -> list[QueueItemView]:
    """Return items, oldest first.  state: open, done or all.  after: only those with a higher id."""
    with services.database.read() as conn:
        return queue.views(conn, now=services.clock.now(), state=state, reason=reason, limit=limit, after=after)


def show(services: Services, item_id: str) -> QueueItemView:
    """Return one item."""
    with services.database.read() as conn:
        return _view(conn, services, _item(conn, item_id).id)


def link(services: Services, item_id: str, number: str, *, by: str, preview: bool = False) -> QueueResult:
    """Link a mail to a case by hand, with the effects that it would have had on arrival.

    preview: say what would happen and change nothing.
    """
    result: list[QueueResult] = []
    try:
        with services.database.write() as conn:
            made, ids = _link(conn, services, item_id, number, by=by)
            result.append(made)
            if preview:
                raise _Preview
    except _Preview:
        return QueueResult(item=show(services, item_id), effects=result[0].effects)
    services.ring_outbox(ids)
    return result[0]


def open_case(
    services: Services,
    item_id: str,
    *,
    by: str,
    subject: str = "",
    priority: Priority = Priority.MEDIUM,
    contact_email: str = "",
) -> QueueResult:
    """Open a case from a mail; the mail becomes its first update.

    contact_email: whose case it is; the mail's sender when nobody is named.
    """
    now = services.clock.now()
    with services.database.write() as conn:
        item = _open_item(conn, services, item_id)
        mail = _facts(conn, item.mail_id)
        email = contact_email or mail.sender.address
        contact = desk_cases.contact_for(conn, services, email, "" if contact_email else mail.sender.name)
        # A mail's longer subject is shortened; the mail itself is kept whole (PROCESS 2.5).
        title = (subject or mail.subject or "(no subject)")[: requests.SUBJECT_LENGTH].strip()
        opened = OpenCase(
            case_number=cases.next_number(conn, services.config.gateway.first_case_number),
            subject=title,
            description=mail.reply or mail.text,
            contact_id=contact.id,
            priority=priority,
            type=CaseType.SUPPORT,
            profile=services.policy.default_profile,
        )
        decision = requests.open_case(opened, contact, policy=services.policy)
        made = effects.apply(conn, decision, scribe=services.scribe, now=now)
        # Who opens the case knows of it, so the owner is not told of this mail as well.
        _apply_link(conn, services, _case(conn, opened.case_number), mail, by=by, tell=False)
        _publish_resolved(conn, services, Resolution.CASE_OPENED, item, opened.case_number, now=now)
        undo = _undo_record(conn, None, made.outbox_ids, opened.case_number)
        _resolve(conn, item.id, Resolution.CASE_OPENED, by=by, now=now, case_number=opened.case_number, undo=undo)
        result = QueueResult(
            item=_view(conn, services, item.id),
            effects=(f"Case {opened.case_number} is opened for {contact.email}.", "The contact is told by mail."),
        )
    services.ring_outbox(made.outbox_ids)
    return result


def discard(services: Services, item_id: str, *, by: str, why: str) -> QueueResult:
    """Set an item aside with a reason; its mail stays."""
    if not why.strip():
        raise InvalidInput("Say why this mail is discarded, for example: --why spam.")
    with services.database.write() as conn:
        item = _open_item(conn, services, item_id)
        now = services.clock.now()
        _resolve(conn, item.id, Resolution.DISCARDED, by=by, now=now, why=clean_header(why))
        _publish_resolved(conn, services, Resolution.DISCARDED, item, "", now=now)
        return QueueResult(item=_view(conn, services, item.id), effects=("The mail is kept and leaves the queue.",))


def claim(services: Services, item_id: str, *, by: str) -> QueueResult:
    """Say that somebody looks at an item; a claim of somebody else is taken over."""
    with services.database.write() as conn:
        item = _open_item(conn, services, item_id)
        queue.claim(conn, item.id, clean_header(by), now=services.clock.now())
        was = f", taken over from {item.claimed_by}" if item.claimed_by not in ("", by) else ""
        return QueueResult(item=_view(conn, services, item.id), effects=(f"Claimed by {by}{was}.",))


def release(services: Services, item_id: str) -> QueueResult:
    """Give a claimed item back."""
    with services.database.write() as conn:
        item = _open_item(conn, services, item_id)
        queue.claim(conn, item.id, "", now=None)
        return QueueResult(item=_view(conn, services, item.id), effects=("Nobody claims it now.",))


def undo(services: Services, item_id: str, *, by: str) -> QueueResult:
    """Take a resolution back: status, substatus and timer as before, unsent mails cancelled (PROCESS 3.4).

    Raises Conflict when the time for it is over, or the case was changed since (the message says by what).
    """
    now = services.clock.now()
    with services.database.write() as conn:
        item = _resolved_item(conn, services, item_id, now)
        done = _take_back(conn, services, item, by=by, now=now) if item.undo else ()
        queue.reopen(conn, item.id)
        facts = {"mail": item.mail_id, "case": item.case_number, "resolution": item.resolution}
        audit.note_along(conn, services, "queue.undo", f"item:{item.id}", **facts)
        return QueueResult(item=_view(conn, services, item.id), effects=(*done, "The mail is back in the queue."))


def _link(conn: Connection, services: Services, item_id: str, number: str, *, by: str) -> tuple[QueueResult, list[int]]:
    item = _open_item(conn, services, item_id)
    mail = _facts(conn, item.mail_id)
    case = _case(conn, number, lock=True)
    decision, made = _apply_link(conn, services, case, mail, by=by)
    now = services.clock.now()
    _publish_resolved(conn, services, Resolution.LINKED, item, case.number, now=now)
    undo_record = _undo_record(conn, case, made.outbox_ids, case.number)
    _resolve(conn, item.id, Resolution.LINKED, by=by, now=now, case_number=case.number, undo=undo_record)
    result = QueueResult(item=_view(conn, services, item.id), effects=_in_words(case, decision, mail))
    return result, made.outbox_ids


def _apply_link(
    conn: Connection, services: Services, case: Case, mail: MailFacts, *, by: str, tell: bool = True
) -> tuple[Decision, effects.Applied]:
    link = Linked(case_number=case.number, feed=Feed.CASE, reason=Reason.LINKED_BY_HAND)
    around = Circumstances(case=case, sender_contact=contacts.find(conn, addresses.key(mail.sender.address)))
    now = services.clock.now()
    decision = mail_rules.on_mail(link, mail, around, policy=services.policy, now=now, by=by)
    if not tell:
        decision = replace(decision, effects=tuple(e for e in decision.effects if not isinstance(e, Notify)))
    made = effects.apply(conn, decision, scribe=services.scribe, now=now)
    mails.link(conn, mail.id, case.number)
    return decision, made


def _take_back(conn: Connection, services: Services, item: Any, *, by: str, now: datetime) -> tuple[str, ...]:
    case = _case(conn, item.case_number, lock=True)
    record = item.undo
    _check_unchanged(conn, case, record)
    words = []
    if item.resolution == Resolution.CASE_OPENED:
        # The number was given and is never used again, so the case stays and is closed without a word to anybody.
        decision = requests.close(case, Substatus.CANCELLED, "", by, policy=services.policy, now=now, notify=False)
        effects.apply(conn, decision, scribe=services.scribe, now=now)
        words.append(f"Case {case.number} is closed as cancelled; nobody is told.")
    else:
        before = record["before"]
        modified = datetime.fromisoformat(before["modified_at"])
        was = {"status": before["status"], "substatus": before["substatus"]}
        cases.restore(conn, case.number, modified_at=modified, **was)
        if (case.status, case.substatus) != (was["status"], was["substatus"]):
            events.append(
                conn, "case.status_changed", case_number=case.number, data={**was, "was": case.status}, now=now
            )
        if before["episode_id"] is not None and case.episode is None:
            cases.resume_episode(conn, before["episode_id"])
            outbox.want_again(conn, before["episode_id"])
            words.append("The wait for the customer runs again as before.")
        words.append(f"Case {case.number} is {before['status']} / {before['substatus']} again.")
    cases.remove_update(conn, item.mail_id)
    mails.link(conn, item.mail_id, None)
    events.append(
        conn, "case.updated", case_number=case.number, data={"mail_id": str(item.mail_id), "undone": True}, now=now
    )
    return (*words, *_unsend(conn, record["outbox_ids"]))


def _unsend(conn: Connection, outbox_ids: list[int]) -> list[str]:
    states = outbox.cancel_unsent(conn, outbox_ids)
    return [
        f"Mail {id} {UNSENT.get(EntryState(state), 'is being tried and may have left')}."
        for id, state in states.items()
    ]


def _check_unchanged(conn: Connection, case: Case, record: dict[str, Any]) -> None:
    if case.version == record["version"]:
        return
    since = events.after(conn, case.number, record["event_id"])
    what = ", ".join(f"{type_} at {at:%H:%M:%S} UTC" for type_, at in since) or "another change"
    raise Conflict(Reason.CHANGED_MEANWHILE, f"Case {case.number} was changed since ({what}); undo would lose that.")


def _undo_record(conn: Connection, before: Case | None, outbox_ids: list[int], number: str) -> dict[str, Any]:
    """Return what undo needs: the case as it was, and marks by which it sees that the case changed since."""
    after = _case(conn, number)
    was = None
    if before is not None:
        was = {
            "status": before.status,
            "substatus": before.substatus,
            "modified_at": before.modified_at.isoformat(),
            "episode_id": before.episode.id if before.episode else None,
        }
    marks = {"version": after.version, "event_id": events.latest_id(conn)}
    return {**marks, "before": was, "outbox_ids": outbox_ids}


def _in_words(case: Case, decision: Decision, mail: MailFacts) -> tuple[str, ...]:
    words = [f"The mail becomes an update of case {case.number}."]
    if any(isinstance(effect, SetStatus) for effect in decision.effects):
        words.append(f"Case {case.number} goes from {case.status} to open / customer-responded; follow-ups stop.")
    elif case.is_closed:
        words.append(f"Case {case.number} stays closed.")
    else:
        why = next((flag.sentence for flag in decision.flags), f"It does not wait for the customer ({case.status}).")
        words.append(f"The status stays {case.status}. {why}")
    told = [effect.to for effect in decision.effects if isinstance(effect, Notify)]
    return (*words, *(f"{to} is told by mail." for to in told))


def _publish_resolved(
    conn: Connection, services: Services, how: Resolution, item: Any, number: str, *, now: datetime
) -> None:
    data = {"mail_id": str(item.mail_id), "resolution": how}
    events.append(conn, "mail.resolved", case_number=number, data=data, now=now)
    facts = {"mail": item.mail_id, "case": number or None, "resolution": how}
    audit.note_along(conn, services, "queue.resolve", f"item:{item.id}", **facts)


def _resolve(conn: Connection, item_id: int, resolution: Resolution, *, by: str, **details: Any) -> None:
    if not queue.resolve(conn, item_id, resolution, by=clean_header(by), **details):
        raise Conflict(Reason.ALREADY_RESOLVED, f"Item {item_id} was resolved by somebody else meanwhile.")


def _item(conn: Connection, item_id: str, *, lock: bool = False) -> Any:
    item = queue.load(conn, row_id(item_id), lock=lock)
    if item is None:
        raise NotFound(
            f"There is no queue item {item_id[:20]}; `gateway queue list --state all` shows those there are."
        )
    return item


def _open_item(conn: Connection, services: Services, item_id: str) -> Any:
    item = _item(conn, item_id, lock=True)
    services.check_match(queue.version(item))
    if item.state != queue.OPEN:
        how = f"{item.resolution} by {item.resolved_by or 'somebody'}"
        raise Conflict(Reason.ALREADY_RESOLVED, f"Item {item.id} was resolved before ({how}); undo that first.")
    return item


def _resolved_item(conn: Connection, services: Services, item_id: str, now: datetime) -> Any:
    item, minutes = _item(conn, item_id, lock=True), services.policy.undo_minutes
    services.check_match(queue.version(item))
    if item.state == queue.OPEN:
        raise Conflict(Reason.CHANGED_MEANWHILE, f"Item {item.id} is open; there is nothing to undo.")
    if mails.is_purged(conn, item.mail_id):
        raise Conflict(
            Reason.CHANGED_MEANWHILE, f"The mail of item {item.id} was erased; there is nothing to go back to."
        )
    if now - item.resolved_at > timedelta(minutes=minutes):
        raise Conflict(Reason.CHANGED_MEANWHILE, f"Item {item.id} was resolved more than {minutes} minutes ago.")
    return item


def _facts(conn: Connection, mail_id: int) -> MailFacts:
    mail = mails.facts(conn, mail_id)
    if mail is None:
        raise NotFound(f"The mail {mail_id} of this item is gone.")
    return mail


def _case(conn: Connection, number: str, *, lock: bool = False) -> Case:
    return desk_cases.load(conn, number, lock=lock)


def _view(conn: Connection, services: Services, item_id: int) -> QueueItemView:
    return queue.views(conn, now=services.clock.now(), item_id=item_id)[0]
