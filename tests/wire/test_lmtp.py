"""LMTP on the listener: one reply to the dot for each recipient.  Source: RFC 2033."""

from gateway.model import Source
from tests.wire.smtp_peer import CARE, MESSAGE, Client, House, house


def greeted(h: House) -> Client:
    client = h.client(hello=False)
    assert " LMTP" in client.reply()
    assert client.command("LHLO mta.example.com").startswith("250-")
    return client


def address_two(client: Client) -> None:
    assert client.command("MAIL FROM:<ann@example.org>").startswith("250 ")
    for recipient in (CARE, "care+two@example.com"):
        assert client.command(f"RCPT TO:<{recipient}>").startswith("250 ")
    assert client.command("RCPT TO:<nobody@example.com>").startswith("550 ")
    assert client.command("DATA").startswith("354 ")


def test_each_recipient_has_its_own_reply_and_the_mail_is_kept_once() -> None:
    with house(lmtp=True) as h, greeted(h) as client:
        address_two(client)
        client.send(MESSAGE + b".\r\n")
        assert [client.reply()[:9] for _ in range(2)] == ["250 2.0.0"] * 2
        assert client.command("NOOP").startswith("250 ")
        assert client.command("QUIT").startswith("221 ")
        (kept,) = h.store.mails
        assert kept.envelope.rcpt_tos == (CARE, "care+two@example.com")
        assert kept.envelope.source is Source.LMTP
        assert b" with LMTP;" in kept.raw


def test_a_refused_or_failed_mail_is_refused_for_each_recipient() -> None:
    """SM-01, SM-18: the replies stay in step with the recipients whatever happens."""
    with house(lmtp=True) as h, greeted(h) as client:
        address_two(client)
        client.send(b"Subject: x\r\n\r\n\n.\r\n\r\n.\r\n")
        assert [client.reply()[:9] for _ in range(2)] == ["550 5.5.2"] * 2
        h.store.error = RuntimeError("boom")
        address_two(client)
        client.send(MESSAGE + b".\r\n")
        assert [client.reply()[:9] for _ in range(2)] == ["451 4.3.0"] * 2
        h.store.error = None
        address_two(client)
        client.send(MESSAGE + b".\r\nNOOP\r\n")
        assert [client.reply()[:9] for _ in range(3)] == ["250 2.0.0"] * 3


def test_the_greetings_of_the_two_protocols_are_not_mixed() -> None:
    with house(lmtp=True) as h, greeted(h) as client:
        for hello in ("EHLO a.example", "HELO a.example"):
            assert client.command(hello).startswith("500 ")
        assert client.command("MAIL FROM:<ann@example.org>").startswith("250 ")
        assert client.command("DATA").startswith("503 ")
    with house() as h, h.client() as client:
        assert client.command("LHLO a.example").startswith("500 ")
