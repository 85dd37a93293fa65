"""Delivery reports: recipients, what happened to them, and which mail came back."""

import base64

import pytest

from gateway.model import BounceRecipient, MailKind
from tests.unit.mails import REFERENCE, mail, multipart, read, text

GROUPS = (
    b"Reporting-MTA: dns; mx.example.net\r\n\r\n"
    b"Original-Recipient: rfc822;ann@example.com\r\nFinal-Recipient: RFC822; <Ann@EXAMPLE.com>\r\nAction: FAILED\r\n"
    b"Status: 5.1.1 (bad mailbox)\r\nDiagnostic-Code: smtp; 550 5.1.1\r\n <ann@example.com>: unknown\r\n\r\n"
    b"Final-Recipient: rfc822;bob@example.com\r\nAction: delayed\r\nStatus: 4.4.1\r\n"
)
RETURNED = b"Message-ID: <out-1@example.test>\r\nSubject: x\r\n\r\nReference ID: " + REFERENCE.encode() + b"\r\n"


def _dsn(status: bytes = GROUPS, returned: bytes = RETURNED, kind: bytes = b"message/rfc822") -> bytes:
    parts = [text(b"It failed."), text(status, b"message/delivery-status"), text(returned, kind)]
    return multipart(*parts, kind=b"report; report-type=delivery-status")


def test_every_recipient_of_a_report_is_read() -> None:
    """LP-06, RFC 3464 2.3: actions in lower case, folded diagnostics, the address as we wrote it."""
    reading = read(_dsn())
    assert reading.kind is MailKind.BOUNCE
    assert reading.bounce is not None
    assert reading.bounce.recipients == (
        BounceRecipient(address="ann@example.com", action="failed", status="5.1.1",
                        diagnostic="550 5.1.1 <ann@example.com>: unknown", original_address="ann@example.com"),
        BounceRecipient(address="bob@example.com", action="delayed", status="4.4.1"),
    )  # fmt: skip


@pytest.mark.parametrize("kind", [b"message/rfc822", b"text/rfc822-headers", b"message/global"])
def test_the_mail_that_came_back_is_named(kind: bytes) -> None:
    """LP-06: the returned part is a whole mail or its headers."""
    bounce = read(_dsn(kind=kind)).bounce
    assert bounce is not None
    assert bounce.original_message_id == "<out-1@example.test>"


def test_an_id_in_the_returned_mail_is_outside_the_body() -> None:
    """LP-05: the returned part never links."""
    mail_ = read(_dsn()).mail
    assert REFERENCE not in "".join(mail_.searched)
    assert any(REFERENCE in words for _, words in mail_.elsewhere)


def test_an_encoded_report_part_is_read() -> None:
    part = b"Content-Type: message/delivery-status\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(
        GROUPS
    )
    bounce = read(multipart(text(b"x"), part, kind=b"report; report-type=delivery-status")).bounce
    assert bounce is not None
    assert [r.address for r in bounce.recipients] == ["ann@example.com", "bob@example.com"]


@pytest.mark.parametrize(
    "body",
    [
        "I was not able to deliver your message.\r\n\r\n<ann@example.com>:\r\n192.0.2.9 said 550 no such user\r\n\r\n"
        "--- Below this line is a copy of the message.\r\n\r\n"
        "Message-ID: <out-1@example.test>\r\nTo: other@example.net\r\n",
        "The following address failed:\r\n\r\n  ann@example.com\r\n    550 5.1.1 unknown user\r\n\r\n"
        "------ This is a copy of your message, including all the headers. ------\r\n"
        "Message-ID: <out-1@example.test>\r\n",
        "Recipient: ann@example.com\r\nReason: mailbox full\r\n\r\nMessage-ID: <out-1@example.test>\r\n",
    ],
)
def test_reports_in_words_name_their_recipient(body: str) -> None:
    """LP-06: servers that write no machine-readable part."""
    head = b"From: MAILER-DAEMON@mx.example.net\r\nSubject: failure notice\r\n"
    bounce = read(mail(body.encode(), head=head)).bounce
    assert bounce is not None
    assert [r.address for r in bounce.recipients] == ["ann@example.com"]
    assert bounce.original_message_id == "<out-1@example.test>"
