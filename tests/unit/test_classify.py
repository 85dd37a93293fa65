"""Who wrote it: every row of the table, and that no row takes a person for a machine."""

import pytest

from gateway.inbound import classify
from gateway.model import Envelope, MailKind, ReadingRules, Source
from tests.unit.mails import ENVELOPE, HEAD, REFERENCE, RULES, mail, multipart, read, text

NULL = Envelope(mail_from="", rcpt_tos=("care@example.test",), source=Source.SMTP)
STATUS = (
    b"Reporting-MTA: dns; mx.example.net\r\n\r\n"
    b"Final-Recipient: rfc822; ann@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n"
)


def _head(sender: str = "Ann <ann@example.com>", subject: str = "Hello", *more: str) -> bytes:
    lines = [f"From: {sender}", "To: care@example.test", f"Subject: {subject}", "Message-ID: <m1@example.com>", *more]
    return "\r\n".join(lines).encode() + b"\r\n"


def _report(kind: bytes, part: bytes) -> bytes:
    return multipart(text(b"words"), part, kind=b"report; report-type=" + kind)


@pytest.mark.parametrize(
    ("raw", "kind", "row"),
    [
        (mail(), MailKind.PERSON, "no-sign-of-a-machine"),
        (_report(b"delivery-status", text(STATUS, b"message/delivery-status")), MailKind.BOUNCE, "delivery-report"),
        (_report(b"disposition-notification", text(b"Disposition: x; displayed", b"message/disposition-notification")),
         MailKind.REPORT, "receipt"),
        (_report(b"feedback-report", text(b"Feedback-Type: abuse", b"message/feedback-report")),
         MailKind.REPORT, "complaint"),
        (mail(b"550 5.1.1 no such user", head=_head("MAILER-DAEMON@mx.example.net", "failure notice")),
         MailKind.BOUNCE, "daemon-sender"),
        (mail(b"user unknown", head=_head("postmaster@example.net", "Undeliverable: Hello")),
         MailKind.BOUNCE, "postmaster-failure"),
        (mail(head=_head(subject="Hello") + b"Auto-Submitted: auto-replied (vacation)\r\n"),
         MailKind.AUTO_REPLY, "auto-submitted"),
        (mail(head=_head() + b"X-Autoreply: yes\r\n"), MailKind.AUTO_REPLY, "vendor-header"),
        (mail(head=_head() + b"Precedence: bulk\r\n"), MailKind.AUTO_REPLY, "vendor-header"),
        (mail(head=_head() + b"List-Id: <users.example.org>\r\n"), MailKind.LIST, "list-header"),
        (mail(head=_head(subject="Automatic reply: Hello")), MailKind.AUTO_REPLY, "automatic-subject"),
        (mail(head=_head(subject="Abwesenheitsnotiz: Hallo")), MailKind.AUTO_REPLY, "automatic-subject"),
        (mail(b"Your message is waiting for you to prove that you are a human.",
              head=_head(subject="Please confirm your message")), MailKind.CHALLENGE, "challenge"),
        (mail(head=_head("users@googlegroups.com")), MailKind.LIST, "list-header"),
        (mail(head=_head() + b"Sender: owner-users@example.org\r\n"), MailKind.LIST, "list-header"),
        (mail(head=_head("it@example.net") + b"X-Failed-Recipients: ann@example.com\r\n"),
         MailKind.BOUNCE, "failed-recipients-header"),
        (mail(b'{"notificationType": "Complaint"}', head=_head("no-reply@example.net")),
         MailKind.REPORT, "complaint-notice"),
        (mail(b'{"Message": "{\\"notificationType\\":\\"Bounce\\"}"}', head=_head("no-reply@example.net")),
         MailKind.BOUNCE, "bounce-notice"),
        (mail(b"You are not a member of this mailing list.", head=_head("list-admin@example.net", "Your post")
              + b"X-MLServer: fml\r\n"), MailKind.BOUNCE, "list-refusal"),
        (mail(b"I am out of the office.", head=_head(subject="Re: Hello") + b"X-Auto-Response-Suppress: All\r\n"),
         MailKind.AUTO_REPLY, "automatic-body"),
    ],
)  # fmt: skip
def test_each_row_has_its_mail(raw: bytes, kind: MailKind, row: str) -> None:
    """LP-06: kinds follow one ordered table, and the row's name is the reason."""
    reading = read(raw)
    assert (reading.kind, reading.kind_reason) == (kind, row)


@pytest.mark.parametrize(
    "head",
    [
        _head() + b"Auto-Submitted: no\r\n",
        _head() + b"X-Auto-Response-Suppress: All\r\n",
        _head("postmaster@example.com", "Our printer"),
        _head("Admin <admin@example.com>", "Undeliverable packages in your shop"),
        _head(subject="Re: Automatic reply: Hello"),
        _head(subject="Re: Undeliverable: Hello"),
        _head(subject="Auto insurance question"),
        _head(subject="Out of office assistant is broken"),
        _head(subject="Please confirm your message about the order"),
        _head() + b"Return-Path: <>\r\n",
    ],
)
def test_a_person_stays_a_person(head: bytes) -> None:
    """LP-03, human recall: none of these alone makes a machine."""
    assert read(mail(b"It is still broken, please help.\r\n", head=head)).kind is MailKind.PERSON


@pytest.mark.parametrize(
    "head",
    [
        _head(subject="Re: Hello"),
        _head(subject="Re: Hello") + b"X-Auto-Response-Suppress: All\r\nUser-Agent: Mozilla Thunderbird\r\n",
        _head(subject="Automatic reply: Hello") + b"Auto-Submitted: no\r\n",
        _head(subject="Out of office until May") + b"Auto-Submitted: no\r\n",
    ],
)
def test_soft_signs_never_overrule_a_header_that_says_otherwise(head: bytes) -> None:
    """LP-03: words of absence alone, or against the header of a person's program, make no machine."""
    assert read(mail(b"I am out of the office, but here is the log.", head=head)).kind is MailKind.PERSON


def test_a_mail_whose_header_is_in_doubt_is_kept_whole_beside_its_reading() -> None:
    """MI-14: where readers differ on header and body, nothing is lost."""
    raw = b"\r\n" + HEAD + b"\r\nHello\r\n"
    whole = [a.content for a in read(raw).mail.attachments]
    assert whole == [raw]
    assert read(mail()).mail.attachments == ()


def test_a_null_sender_alone_is_no_bounce_and_no_person_either() -> None:
    """LP-08, RFC 5321 4.5.5: a mail from nobody never flips a case; one that reads like an answer gets a look."""
    answer = read(mail(b"It is version 4.2, as you asked.\r\n", head=_head(subject="Re: Hello")), envelope=NULL)
    assert (answer.kind, answer.kind_reason, answer.like_a_person) == (MailKind.AUTO_REPLY, "null-sender", True)
    assert read(mail(head=_head(subject="Undeliverable: Hello")), envelope=NULL).kind_reason == "null-sender-failure"


def test_an_empty_return_path_of_a_stored_mail_is_no_sign() -> None:
    """A customer's redirected mail lies in a mailbox with one."""
    assert read(b"Return-Path: <>\r\n" + mail()).kind is MailKind.PERSON


def test_a_bounce_that_is_marked_automatic_is_a_bounce() -> None:
    """LP-06: nearly half of all bounces carry Auto-Submitted."""
    raw = _report(b"delivery-status", text(STATUS, b"message/delivery-status"))
    assert read(b"Auto-Submitted: auto-replied\r\n" + raw).kind is MailKind.BOUNCE


def test_a_forwarded_bounce_is_a_persons_mail() -> None:
    """LP-06: an attached report is another mail."""
    inner = b"Content-Type: message/rfc822\r\n\r\n" + _report(
        b"delivery-status", text(STATUS, b"message/delivery-status")
    )
    raw = multipart(text(b"What does this mean?"), inner, boundary=b"outer")
    assert read(raw).kind is MailKind.PERSON


def test_human_senders_are_never_automatic() -> None:
    """LP-04: the setting overrules every mark of automatic mail, and no other kind."""
    rules = ReadingRules(human_senders=frozenset({"ann@example.com"}))
    marked = b"Auto-Submitted: auto-generated\r\nPrecedence: bulk\r\n"
    assert read(mail(head=_head() + marked), rules=rules).kind is MailKind.PERSON
    report = _report(b"delivery-status", text(STATUS, b"message/delivery-status"))
    assert read(report, rules=rules).kind is MailKind.BOUNCE


@pytest.mark.parametrize(
    ("subject", "body", "expected"),
    [
        ("Re: [Case 0000000001] Printer", b"We replaced the fuse and it prints again.\r\n", True),
        ("Re: [Case 0000000001] Printer", b"I am out of office until Monday.\r\n", False),
        ("Re: [Case 0000000001] Printer", b"Your ticket has been created.\r\n", False),
        ("Printer", b"We replaced the fuse and it prints again.\r\n", False),
        ("Re: Printer", b"\r\n> Reference ID\r\n", False),
    ],
)
def test_marked_mail_that_reads_like_an_answer_needs_a_look(subject: str, body: bytes, expected: bool) -> None:
    """LP-04: ServiceNow marks what its people write as auto-generated."""
    raw = mail(body, head=_head(subject=subject) + b"Auto-Submitted: auto-generated\r\n")
    assert read(raw).kind is MailKind.AUTO_REPLY
    assert read(raw).like_a_person is expected


def test_an_out_of_office_note_is_automatic_even_with_our_id() -> None:
    """LP-03: the ID is searched for, the kind stays automatic."""
    body = b"I am on vacation.\r\n\r\n> Reference ID: " + REFERENCE.encode() + b"\r\n"
    reading = read(mail(body, head=_head(subject="Automatic reply: x") + b"Auto-Submitted: auto-replied\r\n"))
    assert reading.kind is MailKind.AUTO_REPLY
    assert not reading.like_a_person
    assert REFERENCE in reading.mail.searched[0]


def test_our_own_mail_is_known_by_its_keyed_mark() -> None:
    """LP-11: also when a list sends it back to us."""
    mark = classify.loop_mark(RULES.instance, RULES.loop_key, "<m1@example.com>").encode()
    own = HEAD + b"X-Case-Gateway: " + mark + b"\r\n"
    assert read(mail(head=own)).kind is MailKind.OWN_MAIL
    assert read(mail(head=own + b"List-Id: <x.example.org>\r\n")).kind is MailKind.OWN_MAIL


@pytest.mark.parametrize("mark", [b"care.example.test " + b"0" * 64, b"care.example.test", b"\xff\xfe", b""])
def test_a_forged_mark_is_no_own_mail(mark: bytes) -> None:
    """LP-11: without the key nobody can make us ignore a mail."""
    assert read(mail(head=HEAD + b"X-Case-Gateway: " + mark + b"\r\n")).kind is MailKind.PERSON
    copied = classify.loop_mark(RULES.instance, RULES.loop_key, "<other@example.com>").encode()
    assert read(mail(head=HEAD + b"X-Case-Gateway: " + copied + b"\r\n")).kind is MailKind.PERSON


def test_the_trace_names_each_step() -> None:
    assert [step.step for step in read(mail(), envelope=ENVELOPE).trace] == ["parse", "sender", "kind", "references"]
