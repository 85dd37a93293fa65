"""What happens when another system asks for a notice: who gets it, under which key, what the case records.  Pure.

The law: the gateway writes what it was given to whom it was told, once.  Nothing here changes a status, stops a timer
or moves `modified_at`: a chat transcript is a record, not an answer.  The Reference ID goes to the case contact and to
nobody else (CONTRACT 7).
Keys: `<notice>/<hash of case, recipient and the values named by same_by of the context>`.
Source: PROCESS 8.
"""

import hashlib

from gateway import addresses
from gateway.errors import InvalidInput
from gateway.model import Case, Channel, Decision, Effect, Feed, Notice, Notify, Policy, RecordUpdate, Visibility
from gateway.reasons import Reason
from gateway.rules.notice_contexts import ChatContactLeft, ChatTranscript, Context

KEY_LENGTH = 40


def check_case(context: Context, named: bool) -> None:
    """Refuse a notice without the case that it is about, or with one that it cannot be about.  Raises InvalidInput."""
    if context.about_case == "required" and not named:
        raise InvalidInput(f"The notice {context.notice} is about a case; name it in `case`.")
    if context.about_case == "never" and named:
        raise InvalidInput(f"The notice {context.notice} is about no case; leave `case` out.")


def recipient(context: Context, given: str, policy: Policy) -> str:
    """Return who gets the notice: who was named, or our management for a number that was left.  Raises InvalidInput."""
    to = given
    if not to and isinstance(context, ChatContactLeft):
        to = policy.escalation_owner or policy.admin_address
    if not to:
        raise InvalidInput(f"Say in `to` who gets the notice {context.notice}.")
    if addresses.key(to) in policy.own_addresses:
        raise InvalidInput("One of our own addresses cannot get a notice; it would come back to us as mail.")
    return to


def send(context: Context, case: Case | None, *, to: str, to_name: str, author: str, policy: Policy) -> Decision:
    """Write a notice, first of all effects, and what belongs to it.  to: from `recipient`.  author: who asks."""
    number = case.number if case else ""
    effects: list[Effect] = [_notify(context, case, to, to_name)]
    if isinstance(context, ChatContactLeft) and case is not None:
        owner = case.owner or policy.admin_address
        # The same key as the first, so that nobody gets it twice: outbox keys are unique.
        if owner and addresses.key(owner) not in {*policy.own_addresses, addresses.key(to)}:
            effects.append(_notify(context, case, owner, ""))
    if case is not None and (text := _recorded(context)):
        effects.append(_note(context, number, text, author))
    return Decision(reason=Reason.DONE, effects=tuple(effects), case_number=number)


def key(context: Context, number: str, to: str) -> str:
    """Return the key under which the same notice to the same person about the same case is written once."""
    parts = "\n".join((number, addresses.key(to), *context.identity()))
    return f"{context.notice}/{hashlib.sha256(parts.encode()).hexdigest()[:KEY_LENGTH]}"


def _notify(context: Context, case: Case | None, to: str, to_name: str) -> Notify:
    contact = case.contact if case else None
    theirs = {addresses.key(a) for a in (contact.email, *contact.alternates)} if contact else set()
    return Notify(
        notice=context.notice,
        key=key(context, case.number if case else "", to),
        to=to,
        to_name=to_name,
        case_number=case.number if case else "",
        with_reference=context.notice is not Notice.CHAT_CONTACT_LEFT and addresses.key(to) in theirs,
        feed=Feed.CASE,
        context=context.values(),
    )


def _note(context: Context, number: str, text: str, author: str) -> RecordUpdate:
    public = isinstance(context, ChatTranscript)
    return RecordUpdate(
        case_number=number,
        feed=Feed.CASE,
        channel=Channel.CHAT,
        author=author,
        visibility=Visibility.PUBLIC if public else Visibility.INTERNAL,
        text=text,
        # PROCESS 2.4: a notice never moves the last modification.
        touches=False,
    )


def _recorded(context: Context) -> str:
    match context:
        case ChatTranscript():
            return "\n".join(f"{line.at:%Y-%m-%d %H:%M} {line.author}: {line.text}" for line in context.messages)
        case ChatContactLeft():
            note = f"\n{context.note}" if context.note else ""
            return f"A number was left in the chat: {context.name}, {context.phone}{note}"
        case _:
            return ""
