"""Which notice goes to whom, under which key, with which values.  Pure.  Source: PROCESS 8.

Keys make a notice happen once: `<notice>/<what makes it one>`.
    case-opened/<case>                      one for each case
    case-message/<case>/<version>           one for each public message of an agent
    info-requested/<case>/<version>         one for each question       solution-proposed likewise
    case-closed/<case>/<version>            one for each closing
    case-closed-notice/<mail>               one for each late reply that deserves it (at most one a day and sender)
    unlinked-notice/<mail>                  one for each unlinked mail, where that is switched on (at most one a day)
    escalation-received/<case>/<number>     one for each escalation     -accepted, -declined, -closed likewise
    escalation-assigned/<case>/<number>/<owner>  one for each owner of an escalation
    escalation-update/<case>/<number>/<version>  one for each update of an escalation
    escalation-reply/<case>/<version>/<mail>     one for each answer in the escalation feed
    incident-report/<case>/<version>        one for each report
    target-missed/<case>/<target>           one for each target
    queue-alarm/<item>                      one for each time that new items have waited too long; <item> is the oldest
    reply-received/<case>/<version>/<mail>  one for each answer         needs-a-look likewise; <mail> only for mail
    follow-up-1/<case>/<episode>            one for each wait           follow-up-2, follow-up-closed likewise
    needs-a-look/<case>/held/<episode>/<reason>  one for each reason that a closure waits for in a wait
    case-reopened/<case>/<version>          one for each reopening      reopen-requested, reopen-wanted likewise
    closure-requested/<case>/<version>      one for each request
    mailbox-stale/<mailbox>/<since>         one for each silence, and one with /recovered at its end
    delivery-failed/<case>/<mail>           one for each bounce of a notice
    delivery-failed/<case>/outbox-<mail>    one for each notice that the relay refused
    webhook-disabled/<webhook>/<message>    one for each time that a receiver says it is gone
`<version>` is the case's version at the moment of deciding.  It grows with all that changes a case, so a mail that is
linked again after an undo tells the owner again; what a machine wrote changes nothing, so two such mails share it.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from gateway import addresses
from gateway.model import (
    Case,
    Contact,
    Decision,
    Effect,
    Episode,
    Escalation,
    Feed,
    MailFacts,
    MailKind,
    MarkUndeliverable,
    Notice,
    Notify,
    OpenCase,
    OpenEscalation,
    Policy,
    SentMail,
    Status,
    Unanswered,
    WebhookCall,
)
from gateway.reasons import Reason

EXCERPT_LENGTH = 1000
_STAYS = "The case was due to be closed and stays"
_WAITS = {Reason.CONTACT_UNDELIVERABLE: "The follow-ups have stopped and the case stays"}
MACHINES = (MailKind.AUTO_REPLY, MailKind.CHALLENGE, MailKind.OWN_MAIL, MailKind.BOUNCE, MailKind.REPORT)


def to_contact(case: Case, notice: Notice, key: str, context: dict[str, Any]) -> Notify:
    """Write to the case contact, the recipient of record (PROCESS 3.9), with the Reference ID of the case feed."""
    return Notify(
        notice=notice,
        key=f"{notice}/{key}",
        to=case.contact.email,
        to_name=case.contact.name,
        case_number=case.number,
        with_reference=True,
        feed=Feed.CASE,
        context=context,
    )


def about_reply(case: Case, mail: MailFacts, policy: Policy, *, looks_human: bool, note: str) -> list[Effect]:
    """Tell the owner (none: the admin team) that a person answered, or that a machine's mail needs a look.

    note: what the answer did to the case, in a sentence.
    """
    machine = mail.kind in MACHINES
    if machine and not looks_human:
        return []
    notice = Notice.NEEDS_A_LOOK if machine else Notice.REPLY_RECEIVED
    text = (mail.reply or mail.text)[:EXCERPT_LENGTH]
    context = {"author": mail.sender.address, "text": text, "note": note}
    return to_owner(case, notice, context, policy, mail_id=mail.id)


def to_requester(
    case: Case, about: Escalation | OpenEscalation, notice: Notice, context: dict[str, Any], *, key: str = ""
) -> Notify:
    """Write to who escalated, with the Reference ID of the escalation feed, so that the answer lands there (6.5)."""
    return Notify(
        notice=notice,
        key=f"{notice}/{case.number}/{key or about.number}",
        to=about.requester,
        to_name=about.requester_name,
        case_number=case.number,
        with_reference=True,
        feed=Feed.ESCALATION,
        context=context,
    )


def to_escalation_owner(
    case: Case, about: Escalation | OpenEscalation, owner: str, context: dict[str, Any], policy: Policy
) -> list[Effect]:
    """Give an escalation to its owner; nothing when nobody is named, or when it would be a mail to ourselves."""
    if not owner or addresses.key(owner) in policy.own_addresses:
        return []
    notice = Notice.ESCALATION_ASSIGNED
    key = f"{notice}/{case.number}/{about.number}/{addresses.key(owner)}"
    return [Notify(notice=notice, key=key, to=owner, case_number=case.number, context=context)]


def about_escalation_reply(
    case: Case, escalation: Escalation | None, mail: MailFacts, policy: Policy, *, looks_human: bool
) -> list[Effect]:
    """Tell the escalation owner that an answer waits in the escalation feed; of a machine's only if it looks human."""
    if mail.kind in MACHINES and not looks_human:
        return []
    to = (escalation.owner if escalation else "") or policy.escalation_owner or policy.admin_address
    if not to or addresses.key(to) in policy.own_addresses:
        return []
    notice = Notice.ESCALATION_REPLY
    key = f"{notice}/{case.number}/{case.version}/{mail.id}"
    context = {"author": mail.sender.address, "text": (mail.reply or mail.text)[:EXCERPT_LENGTH]}
    return [Notify(notice=notice, key=key, to=to, case_number=case.number, context=context)]


def to_owner(
    case: Case, notice: Notice, context: dict[str, Any], policy: Policy, *, mail_id: int | None = None
) -> list[Effect]:
    """Write to our own side; nothing when there is nobody to tell, or when it would be a mail to ourselves."""
    key = str(case.version) + (f"/{mail_id}" if mail_id is not None else "")
    return _our_side(case, notice, key, context, policy)


def closing(case: Case, policy: Policy, *, closed_at: datetime) -> dict[str, Any]:
    """Return what every mail about a closed case says: how long it can be reopened and how, how long data is kept."""
    profile = policy.profile(case.profile)
    return {
        "closed_at": closed_at.date().isoformat(),
        "reopen_until": (closed_at + timedelta(days=profile.reopen_window_days)).date().isoformat(),
        "reopen_how": profile.reopen_by,
        "kept_until": (closed_at + timedelta(days=policy.uploads_days)).date().isoformat(),
    }


def follow_up(case: Case, episode: Episode, step: int, *, closes_at: datetime, zone: str) -> Notify:
    """Remind the contact: what was asked, what is wanted, when the case closes (PROCESS 4.2).

    zone: whose local time is shown when the contact has none.
    """
    context = {
        "question": episode.question,
        "wanted": _wanted(episode),
        "asked_at": episode.started_at.isoformat(),
        "closes_at": closes_at.isoformat(),
        "timezone": case.contact.timezone or zone,
    }
    notice = Notice(f"follow-up-{step}")
    return replace(to_contact(case, notice, f"{case.number}/{episode.number}", context), episode_id=episode.id)


def follow_up_closed(case: Case, episode: Episode, policy: Policy, *, now: datetime) -> Notify:
    """Tell the contact that the case was closed because nobody answered, and how it comes back (PROCESS 4.2)."""
    context = {
        "question": episode.question,
        "wanted": _wanted(episode),
        "asked_at": episode.started_at.isoformat(),
        **closing(case, policy, closed_at=now),
    }
    return to_contact(case, Notice.FOLLOW_UP_CLOSED, f"{case.number}/{episode.number}", context)


def closing_held(
    case: Case, episode: Episode, reason: Reason, unanswered: Unanswered | None, policy: Policy
) -> list[Effect]:
    """Tell the owner, once, that a case is not closed before a person has done something (PROCESS 4.7)."""
    context = {
        "author": unanswered.author if unanswered else case.contact.email,
        "text": unanswered.text[:EXCERPT_LENGTH] if unanswered else "",
        "note": f"{_WAITS.get(reason, _STAYS)} {case.status}: {reason.sentence}",
    }
    key = f"held/{episode.number}/{reason}"
    return _our_side(case, Notice.NEEDS_A_LOOK, key, context, policy)


def delivery_failed(
    case: Case, sent: SentMail, key: str, counted: Sequence[Effect], words: str, policy: Policy
) -> list[Effect]:
    """Tell the owner that a mail about the case came back (LP-05, TM-09).

    counted: what follows for the address.  words: what the relay said, "" for a bounce whose words are not shown.
    """
    held = any(isinstance(effect, MarkUndeliverable) for effect in counted)
    context = {"recipient": sent.to, "held": held, "reply": words[:EXCERPT_LENGTH]}
    return _our_side(case, Notice.DELIVERY_FAILED, key, context, policy)


def _wanted(episode: Episode) -> str:
    return "information" if episode.status is Status.AWAITING_INFO else "verdict"


def _our_side(case: Case, notice: Notice, key: str, context: dict[str, Any], policy: Policy) -> list[Effect]:
    to = case.owner or policy.admin_address
    if not to or addresses.key(to) in policy.own_addresses:
        return []
    return [Notify(notice=notice, key=f"{notice}/{case.number}/{key}", to=to, case_number=case.number, context=context)]


def case_closed_notice(case: Case, mail: MailFacts, policy: Policy, *, now: datetime) -> Notify:
    """Tell a known contact that the answer came too late.  It holds none of the sender's words and no Reference ID."""
    return Notify(
        notice=Notice.CASE_CLOSED_NOTICE,
        key=f"{Notice.CASE_CLOSED_NOTICE}/{mail.id}",
        to=mail.sender.address,
        case_number=case.number,
        context=closing(case, policy, closed_at=case.closed_at or now),
    )


def case_opened(opened: OpenCase, contact: Contact) -> Notify:
    """Tell the contact that a case was created."""
    return Notify(
        notice=Notice.CASE_OPENED,
        key=f"{Notice.CASE_OPENED}/{opened.case_number}",
        to=contact.email,
        to_name=contact.name,
        case_number=opened.case_number,
        with_reference=True,
        context={"description": opened.description},
    )


def unlinked_notice(mail: MailFacts) -> Notify:
    """Tell a sender that a person will look at the mail: a fixed text, none of the sender's words (PROCESS 8)."""
    key = f"{Notice.UNLINKED_NOTICE}/{mail.id}"
    return Notify(notice=Notice.UNLINKED_NOTICE, key=key, to=mail.sender.address)


def webhook_disabled(call: WebhookCall, host: str, answer: str, policy: Policy) -> Decision:
    """Tell the admin team that a receiver wants no more calls; nothing when there is none (WH-02).

    host: where it is; the rest of its address may hold a secret.
    """
    to = policy.admin_address
    if not to or addresses.key(to) in policy.own_addresses:
        return Decision(reason=Reason.DONE)
    notice = Notice.WEBHOOK_DISABLED
    context = {"webhook": str(call.webhook_id), "host": host, "answer": answer}
    key = f"{notice}/{call.webhook_id}/{call.message_id}"
    return Decision(reason=Reason.DONE, effects=(Notify(notice=notice, key=key, to=to, context=context),))
