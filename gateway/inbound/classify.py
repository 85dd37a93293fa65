"""Who wrote a mail: a person, or which kind of machine.

One ordered table; the first row that matches decides, and its name is the reason that everybody sees.  Hard signs
(headers, report parts, daemon senders) stand before soft ones (subjects), and a soft sign never overrules a hard one.
An empty Return-Path alone proves nothing (redirected mail of persons has one), nor does X-Auto-Response-Suppress.
Mail of `human_senders` is never taken for an automatic reply, whatever it is marked with.
Source: RFC 3464, RFC 6522, RFC 8098, RFC 5965, RFC 3834 5, RFC 2919, RFC 2369.
"""

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from gateway.inbound import sender, signs
from gateway.inbound.dialects import words_of
from gateway.inbound.headers import Head
from gateway.inbound.parts import Parts
from gateway.model import Envelope, InboundMail, MailKind, ReadingRules, Source

LOOP_FIELD = "x-case-gateway"
_BODY_READ = 4_000
_PERSON_READ = 1_500
_OPENING_READ = 400
_SUBJECT_TAG = re.compile(r"\s*(?:\[[^\]]{0,60}\]|\*+\w{0,20}\*+)?\s*")
_ANSWER = re.compile(r"\s*(?:re|aw|antw|sv|vs|odp|ynt|res|rv|ref|回复|答复|返信)\s*(?:\[\d+\])?\s*[:：]", re.IGNORECASE)
_FORWARD = re.compile(r"\s*(?:fwd?|wg|tr|enc|doorst|vb|i|rv)\s*[:：]", re.IGNORECASE)
_SMTP_REPLY = re.compile(r"\b[45]\d\d[ -]|\b[45]\.\d{1,3}\.\d{1,3}\b")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a row looks at, gathered once.

    mailer_daemon: the sender can only be a mail system; daemon: it calls itself one; postmaster, role: it may be one.
    null_sender: the reverse path is empty, or a daemon's.  from_nobody: the transport itself said that it is empty.
    to_bounce_address: it went where only bounces go.
    list_program: the sender is the program of a list.  failed: the subject is that of a delivery report.
    words: the readable body, lower case, its beginning only.
    """

    mail: InboundMail
    head: Head
    parts: Parts
    rules: ReadingRules
    report_type: str
    subject: str
    words: str
    mailer_daemon: bool
    daemon: bool
    postmaster: bool
    role: bool
    list_program: bool
    to_bounce_address: bool
    null_sender: bool
    from_nobody: bool
    failed: bool
    human_sender: bool

    def has(self, fields: Mapping[str, tuple[str, ...]]) -> bool:
        """Say whether one of the header fields stands in the mail and begins with one of its values ("" is any)."""
        return any(
            field.value.strip().lower().startswith(fields[field.name])
            for field in self.head.fields
            if field.name in fields
        )


def classify(
    envelope: Envelope, mail: InboundMail, head: Head, parts: Parts, rules: ReadingRules
) -> tuple[MailKind, str]:
    """Return the kind of a mail and the name of the row that decided."""
    judged = _gather(envelope, mail, head, parts, rules)
    return next((kind, name) for kind, name, matches in ROWS if matches(judged))


def like_a_person(mail: InboundMail, kind: MailKind) -> bool:
    """Say whether a mail that is marked automatic reads like a person's answer.

    Some ticket systems mark what their people write (`auto-generated`).  It must be an answer (In-Reply-To,
    References or `Re:`), say something of its own, and hold none of the phrases by which machines speak.
    """
    if kind not in (MailKind.AUTO_REPLY, MailKind.CHALLENGE) or mail.fallback_only:
        return False
    answers = bool(mail.message_ids) or _ANSWER.match(mail.subject) is not None
    own_lines = (line for line in mail.reply_without_signature[:_PERSON_READ].split("\n") if not line.startswith(">"))
    said = "\n".join(own_lines).lower()
    by_machine = _mentions(said, (*_AUTOMATIC_BODY, *_CHALLENGE_BODY))
    speaks_as_machine = by_machine or _names_automatic_reply(mail.subject.lower())
    machine = mail.sender.address.lower().startswith(signs.NOBODY)
    return answers and not machine and not speaks_as_machine and len(_WORD.findall(said)) >= 2


def loop_mark(instance: str, key: bytes, message_id: str) -> str:
    """Return the value of X-Case-Gateway for one of our own mails: who sent it, and proof of it."""
    return f"{instance} {hmac.new(key, message_id.encode(), sha256).hexdigest()}"


def _gather(envelope: Envelope, mail: InboundMail, head: Head, parts: Parts, rules: ReadingRules) -> Judged:
    local_part = mail.sender.address.partition("@")[0].partition("+")[0].strip('"').lower()
    written = head.first("from").lower()
    subject = mail.subject.lower()
    mailer_daemon = local_part in signs.DAEMONS or local_part.startswith(signs.DAEMON_BEGINNINGS)
    return Judged(
        mail=mail,
        head=head,
        parts=parts,
        rules=rules,
        report_type=dict(parts.parameters).get("report-type", "").lower()
        if parts.content_type.startswith("multipart/")
        else "",
        subject=subject,
        words=mail.text[:_BODY_READ].lower(),
        mailer_daemon=mailer_daemon,
        daemon=mailer_daemon or _mentions(written, signs.DAEMON_NAMES) or (bool(head.fields) and written in ("", "<>")),
        postmaster=local_part in signs.POSTMASTERS or (not mail.sender.address and "postmaster" in written),
        role=_is_role(local_part),
        list_program=local_part.endswith(signs.LIST_PROGRAMS) or local_part in signs.LIST_PROGRAM_NAMES,
        to_bounce_address=any(map(_is_bounce_address, (*envelope.rcpt_tos, *mail.to))),
        null_sender=_is_null_sender(envelope, head),
        from_nobody=envelope.source in (Source.SMTP, Source.LMTP) and envelope.mail_from in ("", "<>"),
        failed=_begins(_SUBJECT_TAG.sub("", subject, count=1), _FAILURE_SUBJECTS) or "mail failure" in subject,
        human_sender=any(sender.same_address(mail.sender.address, known) for known in rules.human_senders),
    )


def _is_role(local_part: str) -> bool:
    return local_part.startswith(signs.NOBODY) or not signs.ROLES.isdisjoint(re.split(r"[._+-]", local_part))


def _is_bounce_address(address: str) -> bool:
    local_part = address.partition("@")[0].lower()
    return local_part.startswith(("bounce+", "bounces+", "bounce-")) or local_part.endswith(("-bounces", "-bounce"))


def _is_null_sender(envelope: Envelope, head: Head) -> bool:
    """Say whether the reverse path is empty; without a transport only the mail's own Return-Path can tell."""
    smtp = envelope.source in (Source.SMTP, Source.LMTP)
    path = (envelope.mail_from if smtp else head.first("return-path")).strip().lower()
    local_part = path.strip("<>").partition("@")[0]
    return path == "<>" or (smtp and not path) or local_part.startswith(signs.DAEMON_BEGINNINGS)


def _came_from_nobody(judged: Judged) -> bool:
    """Say whether the transport itself gave the null reverse path, which is for notifications only (RFC 5321 4.5.5).

    The Return-Path of a stored mail is no such sign: redirected mail of persons has an empty one.
    """
    return judged.from_nobody


def _is_own_mail(judged: Judged) -> bool:
    """Say whether the mail carries our keyed mark for its own Message-ID; nobody else can write it."""
    mark = judged.head.first(LOOP_FIELD).strip()
    if not mark or not judged.rules.loop_key:
        return False
    message_id = judged.mail.message_id
    expected = (
        loop_mark(judged.rules.instance, judged.rules.loop_key, known) for known in (message_id, message_id.strip("<>"))
    )
    return any(hmac.compare_digest(mark.encode(), mine.encode()) for mine in expected)


def _has_part(judged: Judged, *content_types: str) -> bool:
    return any(content_type in content_types for content_type, _ in judged.parts.reports)


def _is_delivery_report(judged: Judged) -> bool:
    return _has_part(judged, "message/delivery-status", "message/global-delivery-status") or (
        judged.report_type == "delivery-status"
    )


def _is_receipt(judged: Judged) -> bool:
    return _has_part(judged, "message/disposition-notification", "message/global-disposition-notification") or (
        judged.report_type == "disposition-notification"
    )


def _is_complaint(judged: Judged) -> bool:
    return _has_part(judged, "message/feedback-report") or judged.report_type == "feedback-report"


def _is_refusal(judged: Judged) -> bool:
    """Read a receipt by which a mail system says that it threw the mail away unread (RFC 8098 3.2.6)."""
    return judged.daemon and any("automatic-action" in text and "deleted" in text for _, text in judged.parts.reports)


def _is_daemon_bounce(judged: Judged) -> bool:
    spoken = judged.failed or judged.null_sender or _speaks_of_failure(judged)
    return judged.mailer_daemon or (judged.daemon and spoken)


def _is_postmaster_bounce(judged: Judged) -> bool:
    return judged.postmaster and (judged.failed or (judged.null_sender and _speaks_of_failure(judged)))


def _is_null_sender_bounce(judged: Judged) -> bool:
    return judged.null_sender and judged.failed


def _is_role_bounce(judged: Judged) -> bool:
    return (judged.role or judged.to_bounce_address) and judged.failed and _speaks_of_failure(judged)


def _is_returned_mail(judged: Judged) -> bool:
    """Read what comes from a machine, speaks of failure and holds the mail that it is about."""
    returned = judged.parts.attached or any(leaf.content_type == "text/rfc822-headers" for leaf in judged.parts.leaves)
    machine = judged.null_sender or judged.role or judged.postmaster
    return bool(returned) and machine and _mentions(judged.words, _FAILURE_BODY)


def _is_at_bounce_address(judged: Judged) -> bool:
    """Read what speaks of failure at an address that only reports go to; absence notes go there too."""
    automatic = _names_automatic_reply(judged.subject) or _mentions(judged.words[:_PERSON_READ], _ABSENCE)
    return judged.to_bounce_address and _mentions(judged.words, _FAILURE_BODY) and not automatic


def _names_failed_recipients(judged: Judged) -> bool:
    return judged.has(signs.BOUNCE_FIELDS)


def _is_bounce_notice(judged: Judged) -> bool:
    return judged.role and _notice_says(judged, signs.BOUNCE_NOTICES)


def _is_complaint_notice(judged: Judged) -> bool:
    return judged.role and _notice_says(judged, signs.COMPLAINT_NOTICES)


def _notice_says(judged: Judged, words: tuple[str, ...]) -> bool:
    """Look for words of a JSON notice; inside another notice its quotes are escaped."""
    return "{" in judged.words and _mentions("".join(judged.words.replace("\\", "").split()), words)


def _is_list_refusal(judged: Judged) -> bool:
    """Read how the program of a list says that it did not take the mail for the list."""
    refused = _begins(judged.subject, _LIST_REFUSALS) or _mentions(judged.words[:_PERSON_READ], _LIST_REFUSAL_BODY)
    return judged.has(signs.LIST_PROGRAM_FIELDS) and judged.list_program and refused


def _speaks_of_failure(judged: Judged) -> bool:
    return _mentions(judged.words, _FAILURE_BODY) or _SMTP_REPLY.search(judged.words) is not None


def _is_challenge(judged: Judged) -> bool:
    if judged.has(signs.CHALLENGE_FIELDS):
        return True
    return _begins(judged.subject, _CHALLENGE_SUBJECTS) and _mentions(judged.words, _CHALLENGE_BODY)


def _is_auto_submitted(judged: Judged) -> bool:
    """Read RFC 3834: any value but `no` is automatic; parameters and comments follow the word."""
    value = judged.head.first("auto-submitted")
    word = re.split(r"[;(\s]", value.strip().lower(), maxsplit=1)[0]
    return bool(word) and word != "no"


def _is_marked_automatic(judged: Judged) -> bool:
    return judged.has(signs.AUTOMATIC_FIELDS) and not judged.has(signs.LIST_FIELDS)


def _is_list(judged: Judged) -> bool:
    host = judged.mail.sender.address.rpartition("@")[2]
    return judged.has(signs.LIST_FIELDS) or host in signs.LIST_HOSTS


def _has_automatic_subject(judged: Judged) -> bool:
    """Read the subject; behind `Re:` it counts only when the body speaks as a machine and answers no mail.

    With more words behind the phrase (`Out of office until May`) the body must speak as a machine, too.
    """
    if _says_by_hand(judged):
        return False
    if _names_automatic_reply(judged.subject):
        return True
    behind = _ANSWER.sub("", judged.subject, count=1).strip()
    by_machine = _mentions(judged.words[:_PERSON_READ], _AUTOMATIC_BODY)
    if by_machine and _begins_automatic(judged.subject):
        return True
    speaks = not judged.mail.message_ids and by_machine
    return behind != judged.subject.strip() and speaks and _names_automatic_reply(behind)


def _names_automatic_reply(subject: str) -> bool:
    """Say whether a subject is an automatic reply's: the phrase alone, or before a colon; never after `Re:`."""
    if _ANSWER.match(subject) or _FORWARD.match(subject):
        return False
    head = re.split(r"[:：]", _SUBJECT_TAG.sub("", subject, count=1), maxsplit=1)[0]
    return head.strip(" .!-[]()") in _AUTOMATIC_SUBJECTS


def _begins_automatic(subject: str) -> bool:
    """Say whether a subject begins with the phrase of an automatic reply and goes on with a date, a name or a mark."""
    bare = _SUBJECT_TAG.sub("", subject, count=1)
    phrase = next((known for known in _AUTOMATIC_BEGINNINGS if bare.startswith(known)), "")
    return bool(phrase) and bare[len(phrase) :].lstrip().startswith(_CONTINUATIONS)


def _says_by_hand(judged: Judged) -> bool:
    """Say whether a header denies that a machine wrote it (`Auto-Submitted: no`); soft signs never overrule that."""
    return judged.head.first("auto-submitted").strip().lower().startswith("no")


def _has_automatic_body(judged: Judged) -> bool:
    """Read a note of absence by its shape: short, it opens with the absence, and a second sign is beside it.

    The second sign is an empty reverse path, a sender that takes no mail, or the wish to get no automatic answer.
    """
    opens = _mentions(judged.words[:_OPENING_READ], _ABSENCE) and len(judged.mail.reply) <= _PERSON_READ
    silent = judged.mail.sender.address.lower().startswith(signs.NOBODY) or judged.has(signs.SILENCE_FIELDS)
    by_program = not judged.has(signs.PERSONAL_FIELDS) and not _says_by_hand(judged)
    return opens and by_program and (judged.null_sender or silent)


def _unless_human(matches: Callable[[Judged], bool]) -> Callable[[Judged], bool]:
    return lambda judged: not judged.human_sender and matches(judged)


def _begins(text: str, phrases: tuple[str, ...]) -> bool:
    return text.startswith(phrases)


def _mentions(text: str, phrases: tuple[str, ...]) -> bool:
    return any(phrase in text for phrase in phrases)


_FAILURE_SUBJECTS = words_of(signs.FAILURE_SUBJECTS)
_FAILURE_BODY = words_of(signs.FAILURE_BODY)
_AUTOMATIC_SUBJECTS = frozenset(words_of(signs.AUTOMATIC_SUBJECTS))
_AUTOMATIC_BODY = words_of(signs.AUTOMATIC_BODY)
_AUTOMATIC_BEGINNINGS = words_of((*signs.AUTOMATIC_SUBJECTS, *signs.AUTOMATIC_BEGINNINGS))
_CONTINUATIONS = words_of(signs.CONTINUATIONS)
_ABSENCE = words_of(signs.ABSENCE)
_LIST_REFUSALS = words_of(signs.LIST_REFUSAL_SUBJECTS)
_LIST_REFUSAL_BODY = words_of(signs.LIST_REFUSAL_BODY)
_CHALLENGE_SUBJECTS = words_of(signs.CHALLENGE_SUBJECTS)
_CHALLENGE_BODY = words_of(signs.CHALLENGE_BODY)

# The order is the rule: our own mail, reports about mail, hard marks of automatic mail, lists, soft signs, persons.
ROWS: tuple[tuple[MailKind, str, Callable[[Judged], bool]], ...] = (
    (MailKind.OWN_MAIL, "own-mark", _is_own_mail),
    (MailKind.BOUNCE, "refusal", _is_refusal),
    (MailKind.REPORT, "receipt", _is_receipt),
    (MailKind.REPORT, "complaint", _is_complaint),
    (MailKind.BOUNCE, "delivery-report", _is_delivery_report),
    (MailKind.BOUNCE, "failed-recipients-header", _names_failed_recipients),
    (MailKind.BOUNCE, "daemon-sender", _is_daemon_bounce),
    (MailKind.BOUNCE, "postmaster-failure", _is_postmaster_bounce),
    (MailKind.BOUNCE, "null-sender-failure", _is_null_sender_bounce),
    (MailKind.BOUNCE, "machine-sender-failure", _is_role_bounce),
    (MailKind.BOUNCE, "returned-mail", _is_returned_mail),
    (MailKind.BOUNCE, "bounce-address", _is_at_bounce_address),
    (MailKind.BOUNCE, "bounce-notice", _is_bounce_notice),
    (MailKind.REPORT, "complaint-notice", _is_complaint_notice),
    (MailKind.BOUNCE, "list-refusal", _is_list_refusal),
    (MailKind.CHALLENGE, "challenge", _unless_human(_is_challenge)),
    (MailKind.AUTO_REPLY, "auto-submitted", _unless_human(_is_auto_submitted)),
    (MailKind.AUTO_REPLY, "vendor-header", _unless_human(_is_marked_automatic)),
    (MailKind.LIST, "list-header", _is_list),
    (MailKind.AUTO_REPLY, "automatic-subject", _unless_human(_has_automatic_subject)),
    (MailKind.AUTO_REPLY, "automatic-body", _unless_human(_has_automatic_body)),
    (MailKind.AUTO_REPLY, "null-sender", _unless_human(_came_from_nobody)),
    (MailKind.PERSON, "no-sign-of-a-machine", lambda judged: True),
)
