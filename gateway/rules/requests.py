"""What agents, the portal and the telephone ask of a case: each request becomes a Decision, or is refused in words.

Pure.  Mail has its own file (`rules/mail.py`).  Source: PROCESS 2, 4.1, 4.5, 4.8, 5.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from gateway.cleaning import clean_header
from gateway.errors import InvalidInput, Refused
from gateway.model import (
    Case,
    CaseType,
    Channel,
    Contact,
    Decision,
    Effect,
    Feed,
    Notice,
    OpenCase,
    Policy,
    Priority,
    Publish,
    RecordUpdate,
    SetContact,
    SetPriority,
    SetStatus,
    SetTargets,
    StartEpisode,
    Status,
    StopEpisode,
    Substatus,
    Visibility,
)
from gateway.reasons import Reason
from gateway.rules import access, followups, notices, targets, transitions

SUBJECT_LENGTH = 100
DESCRIPTION_WORDS = 10
FROM_CUSTOMER = (Channel.PORTAL, Channel.MOBILE, Channel.PHONE)
# Nothing speaks against a request: the one word that no mail carries.
DONE = Reason.DONE


def open_case(
    opened: OpenCase, contact: Contact, *, policy: Policy, notify: bool = True, by_customer: bool = False
) -> Decision:
    """Open a case with a number that was drawn for it.

    by_customer: the customer chose the priority.
    Raises Refused: `subject-too-long`, `not-designated-contact`, `priority-needs-phone`, or `invalid-input` for a
    priority that the profile lacks and a type that is not taken in (PROCESS 1.1, 2.2, 2.3, 2.5).
    """
    _check_intake(opened.type, policy)
    access.check_case_contact(contact)
    if len(opened.subject) > SUBJECT_LENGTH:
        raise Refused(
            Reason.SUBJECT_TOO_LONG,
            f"The subject has {len(opened.subject)} characters; shorten it to {SUBJECT_LENGTH}.",
        )
    transitions.check_priority(opened.priority, policy.profile(opened.profile))
    if by_customer:
        access.check_customer_priority(opened.priority, policy, opened.profile)
    effects: list[Effect] = [
        opened,
        Publish(type="case.opened", case_number=opened.case_number, data={"priority": opened.priority}),
    ]
    if promised := targets.promised(opened.type, opened.priority, contact.plan, policy.profile(opened.profile)):
        effects.append(SetTargets(case_number=opened.case_number, within=promised))
    if notify:
        effects.append(notices.case_opened(opened, contact))
    return Decision(reason=DONE, effects=tuple(effects), case_number=opened.case_number)


def _check_intake(type_: CaseType, policy: Policy) -> None:
    of_type = policy.types.get(type_)
    if of_type is not None and not of_type.intake:
        pointer = f" {of_type.pointer}" if of_type.pointer else ""
        raise InvalidInput(f"New cases of the type {type_} are not taken here.{pointer}")


def split(mail_id: int, case: Case, made: str, author: str) -> tuple[Decision, Decision]:
    """Let a case and the one that was split from one of its mails name each other: (old case's, new case's).

    made: number of the new case.  Neither note moves `modified_at` nor any status, and nobody is mailed (PROCESS 2.6).
    """
    old = f"Mail {mail_id} is about something else as well: case {made} was split from it."
    new = f"Split from mail {mail_id} of case {case.number}."
    return _noted(case.number, old, author, {"split": made}), _noted(made, new, author, {"split_from": case.number})


def profile_for(named: str, product_line: str, *, policy: Policy) -> str:
    """Return the profile of a new case: the named one, else that of its product line, else the default (PROCESS 2.4).

    Raises InvalidInput for a profile or a product line that the settings lack; the sentence lists those there are.
    """
    if product_line and product_line not in policy.product_lines:
        there = ", ".join(sorted(policy.product_lines)) or "none ([product_lines] of the settings names them)"
        raise InvalidInput(f"There is no product line {clean_header(product_line)}; there is: {there}.")
    profile = named or policy.product_lines.get(product_line, policy.default_profile)
    if profile not in policy.profiles:
        raise InvalidInput(
            f"There is no profile {clean_header(profile)}; there is: {', '.join(sorted(policy.profiles))}."
        )
    return profile


def hints(subject: str, description: str) -> tuple[str, ...]:
    """Return what could be better about a new case; never a reason to refuse it (PROCESS 2.5)."""
    found = []
    if len(description.split()) < DESCRIPTION_WORDS:
        found.append(f"Describe the problem in at least {DESCRIPTION_WORDS} words: it is solved sooner.")
    if len(subject.split()) < 2:
        found.append("A subject of a few words helps to find the case again.")
    return tuple(found)


def post_update(
    case: Case, posted: RecordUpdate, author: Contact | None, *, policy: Policy, pin_checked: bool | None = None
) -> Decision:
    """Post an update; one by a Designated Contact through portal, app or telephone flips a waiting case (PROCESS 5.1).

    author: the contact who posts, None for our side.  pin_checked: as in `access.check_pin`.
    Raises Refused: `case-closed`, `not-designated-contact`, `pin-wrong`.
    """
    internal = posted.visibility is Visibility.INTERNAL and posted.channel not in FROM_CUSTOMER
    if case.is_closed and not internal:
        raise Refused(Reason.CASE_CLOSED, f"Case {case.number} is closed; reopen it, or post an internal note.")
    effects: list[Effect] = [posted, Publish(type="case.updated", case_number=case.number, data=_posted(posted))]
    if posted.channel in FROM_CUSTOMER:
        access.check(access.Act.UPDATE, author, case)
        if posted.channel is Channel.PHONE:
            access.check_pin(case, policy, pin_checked=pin_checked)
        effects += _answered(case)
        note = "The case is open again; follow-ups have stopped." if case.waits_for_customer else ""
        context = {"author": posted.author, "text": posted.text[: notices.EXCERPT_LENGTH], "note": note}
        effects += notices.to_owner(case, Notice.REPLY_RECEIVED, context, policy)
    elif posted.visibility is Visibility.PUBLIC and posted.channel is Channel.AGENT:
        context = {"text": posted.text}
        effects.append(notices.to_contact(case, Notice.CASE_MESSAGE, _once(case), context))
    return Decision(reason=DONE, effects=tuple(effects), case_number=case.number)


def request_info(case: Case, text: str, author: str, *, policy: Policy, now: datetime) -> Decision:
    """Ask the contact for something: awaiting-info, a mail, and a new wait (PROCESS 4.1)."""
    return _ask(case, Status.AWAITING_INFO, None, text, author, policy=policy, now=now)


def propose_solution(
    case: Case, text: str, author: str, substatus: Substatus | None, *, policy: Policy, now: datetime
) -> Decision:
    """Give a solution and ask for confirmation: solution-proposed, a mail, and a new wait (PROCESS 4.1)."""
    return _ask(case, Status.SOLUTION_PROPOSED, substatus, text, author, policy=policy, now=now)


def set_status(case: Case, status: Status, substatus: Substatus | None, *, policy: Policy) -> Decision:
    """Move a case by hand; leaving a wait ends it (PROCESS 4.8).  Raises Refused `transition-not-allowed`."""
    profile = policy.profile(case.profile, case.type)
    if case.is_closed:
        transitions.check_move(case, status, substatus or Substatus.INVESTIGATION, profile)
    transitions.check_chosen(status, substatus)
    chosen = substatus or _default(case, status, policy)
    transitions.check_move(case, status, chosen, profile)
    effects = (
        SetStatus(case_number=case.number, status=status, substatus=chosen),
        StopEpisode(case_number=case.number, why="status-changed"),
    )
    return Decision(reason=DONE, effects=effects, case_number=case.number)


def change_contact(case: Case, contact: Contact, author: str, *, revoke: bool = False) -> Decision:
    """Give a case to another contact, who gets a Reference ID of the own with the next mail; the feed notes it inside.

    revoke: the Reference IDs that the old contact was sent end; for the same contact that means a new one (ID-11).
    Raises Refused `not-designated-contact`, or `invalid-input` when the case is that contact's already.
    """
    access.check_case_contact(contact)
    if contact.id == case.contact.id and not revoke:
        raise Refused(Reason.INVALID_INPUT, f"{contact.email} is the contact of case {case.number} already.")
    ended = " The Reference IDs sent before are revoked." if revoke else ""
    note = RecordUpdate(
        case_number=case.number,
        feed=Feed.CASE,
        channel=Channel.SYSTEM,
        author=author,
        visibility=Visibility.INTERNAL,
        text=f"The contact changed from {case.contact.email} to {contact.email}.{ended}",
    )
    effects: tuple[Effect, ...] = (
        SetContact(case_number=case.number, contact_id=contact.id, revoke=revoke),
        note,
        Publish(type="case.updated", case_number=case.number, data={"changed": "contact"}),
    )
    return Decision(reason=DONE, effects=effects, case_number=case.number)


def set_priority(
    case: Case, priority: Priority, *, policy: Policy, now: datetime, by_customer: bool = False
) -> Decision:
    """Give a case another priority; follow-ups pause and resume with it (PROCESS 2.3, 4.5).

    by_customer: asked by note, not by our side: raising low to medium, or lowering, is all that a note can do.
    Raises Refused: `case-closed`, `invalid-input`, `priority-needs-phone`.
    """
    if case.is_closed:
        raise Refused(Reason.CASE_CLOSED, f"Case {case.number} is closed; reopen it first.")
    transitions.check_priority(priority, policy.profile(case.profile))
    if by_customer and _raised(case.priority, priority) and priority is not Priority.MEDIUM:
        raise Refused(Reason.PRIORITY_NEEDS_PHONE, f"{priority} is set by our side after a telephone call.")
    if priority is case.priority:
        return Decision(reason=DONE, case_number=case.number)
    data = {"priority": priority, "was": case.priority}
    effects: list[Effect] = [
        SetPriority(case_number=case.number, priority=priority),
        *followups.on_priority(case, priority, now=now, policy=policy),
        Publish(type="case.updated", case_number=case.number, data=data),
    ]
    promised = targets.promised(case.type, priority, case.contact.plan, policy.profile(case.profile))
    effects.append(SetTargets(case_number=case.number, within=promised))
    return Decision(reason=DONE, effects=tuple(effects), case_number=case.number)


def acknowledge(case: Case, author: str) -> Decision:
    """Note that our side has read what came in and that it is no answer: the closure need not wait for it (4.7)."""
    if case.is_closed:
        raise Refused(Reason.CASE_CLOSED, f"Case {case.number} is closed; there is nothing to acknowledge.")
    text = "Read: what came in does not answer the open question."
    read = replace(_from_agent(case, text, author), visibility=Visibility.INTERNAL, touches=False)
    effects = (read, Publish(type="case.updated", case_number=case.number, data=_posted(read)))
    return Decision(reason=DONE, effects=effects, case_number=case.number)


def close(
    case: Case,
    substatus: Substatus | None,
    text: str,
    author: str,
    *,
    policy: Policy,
    now: datetime,
    notify: bool = True,
) -> Decision:
    """Close a case and say so to the contact (PROCESS 5.2).

    Raises Refused: `case-closed`, `transition-not-allowed`.
    """
    if case.is_closed:
        raise Refused(Reason.CASE_CLOSED, f"Case {case.number} is closed already.")
    chosen = substatus or Substatus.RESOLVED
    transitions.check_move(case, Status.CLOSED, chosen, policy.profile(case.profile, case.type))
    effects: list[Effect] = [
        SetStatus(case_number=case.number, status=Status.CLOSED, substatus=chosen),
        StopEpisode(case_number=case.number, why="closed"),
        Publish(type="case.closed", case_number=case.number, data={"substatus": chosen}),
    ]
    if text:
        effects.insert(0, _from_agent(case, text, author))
    if notify:
        context = {"text": text, **notices.closing(case, policy, closed_at=now)}
        effects.append(notices.to_contact(case, Notice.CASE_CLOSED, _once(case), context))
    return Decision(reason=DONE, effects=tuple(effects), case_number=case.number)


def close_request(case: Case, text: str, author: str, contact: Contact | None, *, policy: Policy) -> Decision:
    """Record that a Designated Contact wants the case closed; it tells the owner and changes nothing (PROCESS 5.2).

    Raises Refused: `case-closed`, `not-designated-contact`.
    """
    if case.is_closed:
        raise Refused(Reason.CASE_CLOSED, f"Case {case.number} is closed already.")
    access.check(access.Act.CLOSE, contact, case)
    return _asked_for(case, text, author, "close", Notice.CLOSURE_REQUESTED, policy)


def reopen_request(
    case: Case, text: str, author: str, contact: Contact | None, *, policy: Policy, now: datetime
) -> Decision:
    """Record that a Designated Contact wants a closed case back; the answer says how to call (PROCESS 5.3).

    Raises Refused: `transition-not-allowed` for a case that is not closed, `reopen-window-over`,
    `not-designated-contact`.
    """
    _check_reopenable(case, policy, now)
    access.check(access.Act.REOPEN, contact, case)
    asked = _asked_for(case, text, author, "reopen", Notice.REOPEN_WANTED, policy)
    context = notices.closing(case, policy, closed_at=case.closed_at or now)
    answer = notices.to_contact(case, Notice.REOPEN_REQUESTED, _once(case), context)
    return replace(asked, effects=(*asked.effects, answer))


def reopen(
    case: Case,
    posted: RecordUpdate,
    contact: Contact | None,
    *,
    policy: Policy,
    now: datetime,
    pin_checked: bool | None = None,
) -> Decision:
    """Open a closed case again, because the problem is back or the closure was a mistake (PROCESS 5.3).

    posted: what was said, and the channel that it came by.  contact: who said it, None for our side.
    pin_checked: as in `access.check_pin`.
    Raises Refused: `transition-not-allowed` for a case that is not closed, `reopen-window-over`, `reopen-needs-phone`,
    `not-designated-contact`, `pin-wrong`.
    """
    _check_reopenable(case, policy, now)
    by_themselves = posted.channel in FROM_CUSTOMER and posted.channel is not Channel.PHONE
    if by_themselves and policy.profile(case.profile).reopen_by == "phone":
        raise Refused(
            Reason.REOPEN_NEEDS_PHONE,
            f"Case {case.number} is reopened by telephone; a request for it (reopen-request) is stored and answered.",
        )
    if by_themselves or contact is not None:
        access.check(access.Act.REOPEN, contact, case)
    if posted.channel is Channel.PHONE:
        access.check_pin(case, policy, pin_checked=pin_checked)
    effects: list[Effect] = [
        posted,
        SetStatus(case_number=case.number, status=Status.OPEN, substatus=Substatus.INVESTIGATION),
        Publish(type="case.reopened", case_number=case.number, data={"channel": posted.channel}),
        notices.to_contact(case, Notice.CASE_REOPENED, _once(case), {"text": posted.text}),
    ]
    if posted.channel in FROM_CUSTOMER:
        note = "The case was closed and is open again."
        context = {"author": posted.author, "text": posted.text[: notices.EXCERPT_LENGTH], "note": note}
        effects += notices.to_owner(case, Notice.REPLY_RECEIVED, context, policy)
    return Decision(reason=DONE, effects=tuple(effects), case_number=case.number)


def _asked_for(case: Case, text: str, author: str, what: str, notice: Notice, policy: Policy) -> Decision:
    """Record a request of the customer's that our side answers; nothing else changes."""
    posted = RecordUpdate(
        case_number=case.number,
        feed=Feed.CASE,
        channel=Channel.PORTAL,
        author=author,
        visibility=Visibility.PUBLIC,
        text=text,
    )
    context = {"author": author, "text": text[: notices.EXCERPT_LENGTH]}
    effects = (
        posted,
        Publish(type="case.updated", case_number=case.number, data={**_posted(posted), "asks": what}),
        *notices.to_owner(case, notice, context, policy),
    )
    return Decision(reason=DONE, effects=effects, case_number=case.number)


def _check_reopenable(case: Case, policy: Policy, now: datetime) -> None:
    if not case.is_closed or case.closed_at is None:
        raise Refused(Reason.TRANSITION_NOT_ALLOWED, f"Case {case.number} is {case.status}; only a closed one reopens.")
    days = policy.profile(case.profile).reopen_window_days
    if now > case.closed_at + timedelta(days=days):
        raise Refused(
            Reason.REOPEN_WINDOW_OVER,
            f"Case {case.number} was closed more than {days} days ago; open a new case and give {case.number} as its "
            "previous one.",
        )


def _raised(before: Priority, after: Priority) -> bool:
    """Say whether a priority is higher than before; the enum stands highest first."""
    order = list(Priority)
    return order.index(after) < order.index(before)


def _ask(
    case: Case, status: Status, substatus: Substatus | None, text: str, author: str, *, policy: Policy, now: datetime
) -> Decision:
    profile = policy.profile(case.profile, case.type)
    if case.is_closed:
        raise Refused(Reason.CASE_CLOSED, f"Case {case.number} is closed; reopen it first.")
    chosen = substatus or _default(case, status, policy)
    transitions.check_move(case, status, chosen, profile)
    notice = Notice.INFO_REQUESTED if status is Status.AWAITING_INFO else Notice.SOLUTION_PROPOSED
    steps = followups.plan(now, case.priority, profile.follow_up)
    context = {"text": text, "privacy_line": policy.privacy_line} if notice is Notice.INFO_REQUESTED else {"text": text}
    asked = _from_agent(case, text, author)
    effects = (
        asked,
        Publish(type="case.updated", case_number=case.number, data=_posted(asked)),
        SetStatus(case_number=case.number, status=status, substatus=chosen),
        StopEpisode(case_number=case.number, why="asked-again"),
        StartEpisode(case_number=case.number, status=status, question=text, steps=steps),
        notices.to_contact(case, notice, _once(case), context),
    )
    return Decision(reason=DONE, effects=effects, case_number=case.number)


def _default(case: Case, status: Status, policy: Policy) -> Substatus:
    profile = policy.profile(case.profile, case.type)
    if status in profile.substatuses:
        return transitions.default_substatus(status, profile)
    # The profile lacks the status itself: let the table refuse it in its own words.
    return case.substatus


def _answered(case: Case) -> list[Effect]:
    if not case.waits_for_customer:
        return []
    return [
        SetStatus(case_number=case.number, status=Status.OPEN, substatus=Substatus.CUSTOMER_RESPONDED),
        StopEpisode(case_number=case.number, why="answered"),
    ]


def _from_agent(case: Case, text: str, author: str) -> RecordUpdate:
    return RecordUpdate(
        case_number=case.number,
        feed=Feed.CASE,
        channel=Channel.AGENT,
        author=author,
        visibility=Visibility.PUBLIC,
        text=text,
    )


def _noted(number: str, text: str, author: str, data: Mapping[str, Any]) -> Decision:
    note = RecordUpdate(
        case_number=number,
        feed=Feed.CASE,
        channel=Channel.SYSTEM,
        author=author,
        visibility=Visibility.INTERNAL,
        text=text,
        touches=False,
    )
    effects = (note, Publish(type="case.updated", case_number=number, data=data))
    return Decision(reason=DONE, effects=effects, case_number=number)


def _posted(posted: RecordUpdate) -> Mapping[str, Any]:
    return {"channel": posted.channel, "visibility": posted.visibility}


def _once(case: Case) -> str:
    return f"{case.number}/{case.version}"
