"""What each dialect of bounce says: who was not reached, whether for good, and why."""

import pytest

from gateway.inbound import dsn, dsn_words, notices, second_opinion
from gateway.model import MailKind
from tests.fixtures import world
from tests.unit.mails import mail
from tests.unit.mails import read as read_bytes
from tests.unit.test_fixture_mails_offline import read
from tests.unit.timing import seconds

# The fixture below `bounce/`, and the address, action and status of its one recipient.
SAID = {
    "bare-user-name-of-own-domain": ("dana.reed@example.com", "failed", "5.1.1"),
    "chinese-tui-xin": ("li.wei@example.org", "failed", "5.1.1"),
    "dutch-onbestelbaar": ("sanne.devries@example.net", "failed", "5.4.14"),
    "exchange-2003-system-administrator": ("dana.reed@example.com", "failed", "5.1.1"),
    "exchange-55-x400-address": ("dana.reed@example.com", "failed", "5.1.1"),
    "exchange-online-from-numbered-address": ("dana.reed@example.com", "failed", ""),
    "exim-alias-generated-from": ("dana.reed@example.com", "failed", "5.2.2"),
    "exim-delay-warning": ("dana.reed@example.com", "delayed", "4.4.1"),
    "french-non-remis": ("claire.moreau@example.net", "failed", "5.2.2"),
    "gateway-sentence-without-list": ("dana.reed@example.com", "failed", ""),
    "german-exchange-unzustellbar": ("jonas.weber@example.org", "failed", "5.1.10"),
    "italian-mancata-consegna": ("marco.conti@example.net", "failed", "5.7.1"),
    "japanese-mobile-carrier": ("kenji.mori@example.net", "failed", "5.1.1"),
    "korean-return": ("minji.kim@example.org", "failed", "5.2.2"),
    "mdaemon-transcript": ("dana.reed@example.com", "failed", "5.2.2"),
    "polish-niedostarczone": ("piotr.zielinski@example.org", "failed", "5.1.1"),
    "portuguese-nao-entregue": ("rui.almeida@example.org", "failed", "5.1.1"),
    "postfix-words-only": ("dana.reed@example.com", "failed", "5.2.2"),
    "qmail-same-domain": ("dana.reed@example.com", "failed", "5.1.1"),
    "russian-not-delivered": ("olga.orlova@example.net", "failed", "5.2.1"),
    "sendmail-plain-transcript": ("dana.reed@example.com", "failed", "5.1.1"),
    "sendmail-warning-four-hours": ("dana.reed@example.com", "delayed", "4.4.1"),
    "service-notice-in-json": ("dana.reed@example.com", "failed", "5.1.1"),
    "spanish-no-entregado": ("lucia.ortega@example.org", "failed", "5.1.1"),
    "virus-gateway-keeps-trying": ("dana.reed@example.com", "delayed", ""),
}
MEGABYTE = 1_048_576
HOSTILE = ("a", "@", "<", "a@", "a@b.", "> ", "--- \n", "to: ", "(", "5.1.1 ", "\n", "recipient: ", "=", "[", "\\",
           "x@example.com\n", "final-recipient: a\n\n", "message-id: <", "Received: from ")  # fmt: skip


@pytest.mark.parametrize("name", SAID)
def test_a_dialect_names_its_recipient_what_happened_and_why(name: str) -> None:
    """LP-06: delayed is not failed; the status is the server's, or the one of the reason it tells."""
    bounce = read(world.EMAILS / "bounce" / f"{name}.eml").bounce
    assert bounce is not None
    assert [(r.address, r.action, r.status) for r in bounce.recipients] == [SAID[name]]


def test_a_report_that_a_gateway_passed_on_as_an_attached_mail_is_read() -> None:
    """LP-06: some gateways wrap the report of the server behind them."""
    inner = (
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=in\r\n\r\n--in\r\n"
        b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
        b"Final-Recipient: rfc822; ann@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--in\r\n"
        b"Content-Type: message/rfc822\r\n\r\nMessage-ID: <out-1@example.test>\r\n\r\nx\r\n--in--\r\n"
    )
    head = b"From: postmaster@example.net\r\nSubject: Delivery Status Notification (Failure)\r\n"
    body = b"--o\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"--o--\r\n"
    seen = read_bytes(mail(body, head=head, extra=b"Content-Type: multipart/mixed; boundary=o\r\n"))
    assert seen.kind is MailKind.BOUNCE
    assert seen.bounce is not None
    assert [r.address for r in seen.bounce.recipients] == ["ann@example.com"]
    assert seen.bounce.original_message_id == "<out-1@example.test>"


def test_nobody_is_named_only_because_he_wrote_or_got_the_report() -> None:
    """LP-07: sender, receiver and help desk of a report are no failed recipients."""
    body = "Delivery failed.\nFor help write to postmaster@example.net or to support@example.net.\n"
    assert dsn_words.recipients(body, "failure notice", "", frozenset()) == []


@pytest.mark.parametrize("shape", HOSTILE)
def test_a_megabyte_of_anything_is_read_in_half_a_second(shape: str) -> None:
    """MI-16."""
    text = (shape * (MEGABYTE // len(shape) + 1))[:MEGABYTE]
    assert seconds(lambda: dsn_words.recipients(text, text, "example.net", frozenset())) < 0.5
    assert seconds(lambda: notices.read(text)) < 0.5
    assert seconds(lambda: dsn._copied_groups(text)) < 0.5


def test_the_second_opinion_never_raises() -> None:
    assert second_opinion.failed_addresses(b"\xff\x00\r\n\r\n" * 1_000) == ()
    assert second_opinion.failed_addresses(b"x" * (second_opinion.BYTES_LIMIT + 1)) == ()
