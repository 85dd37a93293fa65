"""What agents, the portal and the telephone ask of a case: each request becomes a Decision, or is refused in words.

Pure.  Mail has its own file (`rules/mail.py`).  Source: PROCESS 2, 4.1, 4.8, 5.1, 5.2.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from gateway.errors import Refused
from gateway.model import (
    Case,
    Channel,
    Contact,
    Decision,
    Effect,
    Feed,
    Notice,
    OpenCase,
    Policy,
    Publish,
    RecordUpdate,
    SetContact,
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
    priority that the profile lacks (PROCESS 1.1, 2.3, 2.5).
    """
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
    profile = policy.profile(case.profile)
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
    transitions.check_move(case, Status.CLOSED, chosen, policy.profile(case.profile))
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


def _ask(
    case: Case, status: Status, substatus: Substatus | None, text: str, author: str, *, policy: Policy, now: datetime
) -> Decision:
    profile = policy.profile(case.profile)
    if case.is_closed:
        raise Refused(Reason.CASE_CLOSED, f"Case {case.number} is closed; reopen it first.")
    chosen = substatus or _default(case, status, policy)
    transitions.check_move(case, status, chosen, profile)
    notice = Notice.INFO_REQUESTED if status is Status.AWAITING_INFO else Notice.SOLUTION_PROPOSED
    steps = followups.plan(now, case.priority, profile.follow_up)
    context = {"text": text, "privacy_line": policy.privacy_line} if notice is Notice.INFO_REQUESTED else {"text": text}
    effects = (
        _from_agent(case, text, author),
        SetStatus(case_number=case.number, status=status, substatus=chosen),
        StopEpisode(case_number=case.number, why="asked-again"),
        StartEpisode(case_number=case.number, status=status, question=text, steps=steps),
        notices.to_contact(case, notice, _once(case), context),
    )
    return Decision(reason=DONE, effects=effects, case_number=case.number)


def _default(case: Case, status: Status, policy: Policy) -> Substatus:
    profile = policy.profile(case.profile)
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


def _posted(posted: RecordUpdate) -> Mapping[str, Any]:
    return {"channel": posted.channel, "visibility": posted.visibility}


def _once(case: Case) -> str:
    return f"{case.number}/{case.version}"
