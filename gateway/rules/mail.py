"""What becomes of a received mail: PROCESS 3 as one function.  Pure.

`on_mail` takes what was read, where it links to and the circumstances, and returns a Decision.  The same function
serves arrival and a person's hand link; only `link.reason` and `by` differ.  Nothing here looks anything up.
"""

from collections.abc import Sequence
from datetime import datetime

from gateway import addresses
from gateway.linking import conversation
from gateway.model import (
    Access,
    BounceReport,
    Case,
    Channel,
    Circumstances,
    Decision,
    Disposition,
    Effect,
    Feed,
    Link,
    Linked,
    MailFacts,
    MailKind,
    MarkBounced,
    Policy,
    Publish,
    QueueForAdmin,
    RecordUpdate,
    SentMail,
    SetStatus,
    Status,
    StopEpisode,
    Substatus,
    Unlinked,
    Verdict,
    Visibility,
)
from gateway.reasons import Reason
from gateway.rules import deliverability, notices

# A kind other than a person's is the first word why a status does not flip; the words are the same.
KIND_REASON = {
    MailKind.AUTO_REPLY: Reason.AUTO_REPLY,
    MailKind.BOUNCE: Reason.BOUNCE,
    MailKind.CHALLENGE: Reason.CHALLENGE,
    MailKind.LIST: Reason.LIST,
    MailKind.REPORT: Reason.REPORT,
    MailKind.OWN_MAIL: Reason.OWN_MAIL,
}
WRITTEN_BY_PEOPLE = (MailKind.PERSON, MailKind.LIST)


def on_mail(
    link: Link, mail: MailFacts, around: Circumstances, *, policy: Policy, now: datetime, by: str = ""
) -> Decision:
    """Decide about one mail.  by: the person who links it by hand, "" on arrival.  Source: PROCESS 3, CONTRACT 5-6."""
    if mail.kind in (MailKind.BOUNCE, MailKind.REPORT) and not by:
        return _report(mail, around, policy)
    if isinstance(link, Linked) and around.case is not None:
        return _linked(link, mail, around.case, around, policy=policy, now=now, by=by)
    assert isinstance(link, Unlinked)
    if mail.kind in WRITTEN_BY_PEOPLE or mail.like_a_person:
        return _queued(link, mail, around, policy=policy, now=now)
    reason = KIND_REASON[mail.kind]
    return Decision(reason=reason, disposition=Disposition.AUTOMATIC, flags=_flags([reason, *link.flags], mail))


def no_flip_reasons(link: Linked, mail: MailFacts, case: Case, around: Circumstances, policy: Policy) -> list[Reason]:
    """Return every word that keeps this mail from flipping its case, the deciding one first.  Source: CONTRACT 6."""
    words = [KIND_REASON[mail.kind]] if mail.kind in KIND_REASON else []
    if mail.sender.ambiguous:
        words.append(Reason.SENDER_AMBIGUOUS)
    if not (_may_answer(mail, case, around, policy) or _is_requester(link, mail, around)):
        words.append(Reason.SENDER_NOT_CONTACT)
    if mail.sender.authentication is Verdict.FAIL:
        words.append(Reason.SENDER_UNVERIFIED)
    if case.episode is not None and mail.received_at < case.episode.started_at:
        words.append(Reason.BEFORE_QUESTION)
    if link.feed is Feed.ESCALATION:
        words.append(Reason.ESCALATION_FEED)
    return words


def proves_bounce(report: BounceReport | None, sent: SentMail) -> bool:
    """Say whether a bounce that came to a mail's own bounce address also names that mail.

    The address alone is not enough: it must name its recipient or its Message-ID, and nothing that contradicts them.
    Source: RFC 3464 4.1 (forgeries).
    """
    if report is None:
        return False
    if report.original_message_id and report.original_message_id != sent.message_id:
        return False
    named = [a for r in report.recipients for a in (r.address, r.original_address) if a]
    return any(addresses.same(a, sent.to) for a in named) or report.original_message_id == sent.message_id


def _linked(
    link: Linked, mail: MailFacts, case: Case, around: Circumstances, *, policy: Policy, now: datetime, by: str
) -> Decision:
    words = no_flip_reasons(link, mail, case, around, policy)
    flags = _flags([*words, *link.flags], mail)
    if by and case.is_closed:
        flags = (*flags, Reason.CASE_CLOSED)
    effects: list[Effect] = [_record(link, mail, case, words, flags)]
    flips = case.waits_for_customer and not words
    if flips:
        effects += _flip(case)
    effects.append(_published("mail.linked", mail, case))
    effects += _told(link, mail, case, around, policy, note=_note(case, words, flips), flags=flags)
    people = mail.kind in WRITTEN_BY_PEOPLE
    return Decision(
        reason=link.reason if by else (words[0] if words else link.reason),
        effects=tuple(effects),
        flags=flags,
        disposition=Disposition.LINKED if people else Disposition.AUTOMATIC,
        case_number=case.number,
    )


def _told(
    link: Linked,
    mail: MailFacts,
    case: Case,
    around: Circumstances,
    policy: Policy,
    *,
    note: str,
    flags: Sequence[Reason],
) -> list[Effect]:
    looks_human = Reason.NEEDS_A_LOOK in flags
    if link.feed is Feed.ESCALATION:
        return notices.about_escalation_reply(case, around.escalation, mail, policy, looks_human=looks_human)
    return notices.about_reply(case, mail, policy, looks_human=looks_human, note=note)


def _note(case: Case, words: Sequence[Reason], flips: bool) -> str:
    if flips:
        return f"The case was {case.status} and is open again; follow-ups have stopped."
    return words[0].sentence if words else f"The case was not waiting for the customer; it stays {case.status}."


def _queued(link: Unlinked, mail: MailFacts, around: Circumstances, *, policy: Policy, now: datetime) -> Decision:
    # Of a machine's mail the link's reason is its kind; one that a person wrote waits for what a person's would.
    reason = link.reason if mail.kind in WRITTEN_BY_PEOPLE else next(iter(link.flags), Reason.NO_REFERENCE)
    effects: list[Effect] = [
        QueueForAdmin(
            mail_id=mail.id,
            reason=reason,
            recipient=mail.recipient,
            hints=around.hints,
            conversation=conversation.key(mail.sender.address, mail.subject),
        ),
        Publish(type="mail.queued", data={"mail_id": str(mail.id), "reason": reason}),
    ]
    if link.reason is Reason.CASE_CLOSED:
        if _deserves_closed_notice(mail, around):
            assert around.case is not None
            effects.append(notices.case_closed_notice(around.case, mail, policy, now=now))
    elif policy.acknowledge_unlinked and _may_be_answered(mail, around):
        effects.append(notices.unlinked_notice(mail))
    return Decision(
        reason=reason,
        effects=tuple(effects),
        flags=_flags([flag for flag in link.flags if flag is not reason], mail),
        disposition=Disposition.QUEUED,
    )


def _report(mail: MailFacts, around: Circumstances, policy: Policy) -> Decision:
    reason = KIND_REASON[mail.kind]
    if mail.kind is MailKind.REPORT:
        return Decision(reason=reason, disposition=Disposition.BOUNCE, flags=_flags([reason], mail))
    sent = around.sent
    if sent is None or around.names_another or not proves_bounce(mail.bounce, sent):
        flags = _flags([reason, Reason.BOUNCE_UNVERIFIED], mail)
        return Decision(reason=reason, disposition=Disposition.BOUNCE, flags=flags)
    if not _failed(mail.bounce):
        flags = _flags([reason], mail)
        return Decision(reason=reason, disposition=Disposition.BOUNCE, flags=flags, case_number=sent.case_number)
    data = {"outbox_id": str(sent.outbox_id), "mail_id": str(mail.id)}
    case = around.case
    counted = deliverability.after_bounce(mail.bounce, sent, around.record, policy.bounces)
    told = case is not None and deliverability.owner_is_told(case, sent)
    notice = notices.delivery_failed(case, sent, str(mail.id), counted, "", policy) if case and told else []
    return Decision(
        reason=reason,
        disposition=Disposition.BOUNCE,
        flags=_flags([reason], mail),
        case_number=sent.case_number,
        effects=(
            MarkBounced(outbox_id=sent.outbox_id),
            *counted,
            Publish(type="notice.bounced", case_number=sent.case_number, data=data),
            *notice,
        ),
    )


def _failed(report: BounceReport | None) -> bool:
    """Say whether a report tells of a failure; a delay, a relay or a delivery is none (RFC 3464 2.3.3)."""
    actions = [r.action for r in report.recipients] if report else []
    return "failed" in actions or not any(actions)


def _may_answer(mail: MailFacts, case: Case, around: Circumstances, policy: Policy) -> bool:
    if any(addresses.same(mail.sender.address, own) for own in (case.contact.email, *case.contact.alternates)):
        return True
    other = around.sender_contact
    if policy.flip_by != "designated" or other is None:
        return False
    return other.account_id == case.contact.account_id and other.access is Access.READ_WRITE


def _is_requester(link: Linked, mail: MailFacts, around: Circumstances) -> bool:
    """Say whether this comes from who escalated: in the escalation feed that person is the one we talk with."""
    asked = around.escalation if link.feed is Feed.ESCALATION else None
    return asked is not None and addresses.same(mail.sender.address, asked.requester)


def _record(link: Linked, mail: MailFacts, case: Case, words: Sequence[Reason], flags: tuple[Reason, ...]) -> Effect:
    # What a stranger or a machine wrote is for our side's eyes: the customer's portal shows public updates only.
    hidden = {Reason.SENDER_NOT_CONTACT, Reason.SENDER_AMBIGUOUS, Reason.SENDER_UNVERIFIED}
    public = mail.kind in WRITTEN_BY_PEOPLE and not hidden & set(words)
    return RecordUpdate(
        case_number=case.number,
        feed=link.feed,
        channel=Channel.MAIL,
        author=mail.sender.address,
        visibility=Visibility.PUBLIC if public else Visibility.INTERNAL,
        text=mail.reply or mail.text,
        mail_id=mail.id,
        flags=flags,
        touches=mail.kind in WRITTEN_BY_PEOPLE,
        read=mail.kind not in WRITTEN_BY_PEOPLE,
    )


def _flip(case: Case) -> list[Effect]:
    return [
        SetStatus(case_number=case.number, status=Status.OPEN, substatus=Substatus.CUSTOMER_RESPONDED),
        StopEpisode(case_number=case.number, why="answered"),
    ]


def _published(type_: str, mail: MailFacts, case: Case) -> Publish:
    return Publish(type=type_, case_number=case.number, data={"mail_id": str(mail.id)})


def _deserves_closed_notice(mail: MailFacts, around: Circumstances) -> bool:
    """Say whether a late reply is answered: by a known contact of the account, a person, once a day (PROCESS 3.6)."""
    case, sender = around.case, around.sender_contact
    if case is None or sender is None:
        return False
    return sender.account_id == case.contact.account_id and _may_be_answered(mail, around)


def _may_be_answered(mail: MailFacts, around: Circumstances) -> bool:
    """Say whether anything may be sent back: only to a person who is not forged, not ours and not told already.

    Source: RFC 3834 2, RFC 5321 4.5.5.
    """
    trusted = not mail.sender.ambiguous and mail.sender.authentication is not Verdict.FAIL
    ours = "sender:own-address" in mail.defects
    return mail.kind is MailKind.PERSON and trusted and not (ours or mail.null_sender or around.already_told)


def _flags(words: list[Reason], mail: MailFacts) -> tuple[Reason, ...]:
    extra = []
    if mail.kind in KIND_REASON and mail.kind is not MailKind.LIST and mail.like_a_person:
        extra.append(Reason.NEEDS_A_LOOK)
    if "sender:own-address" in mail.defects:
        extra.append(Reason.OWN_ADDRESS_SPOOFED)
    return tuple(dict.fromkeys([*words, *extra]))
