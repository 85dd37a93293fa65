"""What arrives between 354 and the dot.  Source: HAZARDS SM-01, SM-02, SM-03, SM-05, SM-16; RFC 5321 4.5.2."""

import pytest

from tests.wire.smtp_peer import CARE, MESSAGE, NOW, house

FAKE_ENDS = [
    b"\n.\n",
    b"\n.\r\n",
    b"\r\n.\n",
    b"\r.\r",
    b"\r.\r\n",
    b"\r\n.\r",
    b"\r\n\0.\r\n",
    b"\r\0\n.\r\n",
    b"\r\n.\0\r\n",
    b"\r\n.\r\0\n",
    b"\n.\r",
    b"\r.\n",
    b"\r\n.\r\r\n",
    b"\r\r\n.\r\r\n",
]
# With a NUL between dot and line end there is no lone dot, only odd content.
HARMLESS = [b"\r\n\0.\r\n", b"\r\n.\0\r\n"]
SMUGGLED = b"MAIL FROM:<eve@example.org>\r\nRCPT TO:<care@example.com>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\n"


@pytest.mark.parametrize("fake", FAKE_ENDS, ids=repr)
def test_a_fake_end_smuggles_no_mail_and_leaves_the_session_in_step(fake: bytes) -> None:
    """SM-01: one mail or one refusal for everything up to the real dot, then the next NOOP is answered."""
    with house() as h, h.client() as client:
        client.begin()
        client.send(b"Subject: outer\r\n\r\nfirst" + fake + SMUGGLED)
        reply = client.reply()
        assert client.command("NOOP").startswith("250 ")
    if fake in HARMLESS:
        assert reply.startswith("250 ")
        assert [b"smuggled" in mail.raw for mail in h.store.mails] == [True]
    else:
        assert reply.startswith("550 5.5.2")
        assert h.store.mails == []


@pytest.mark.parametrize("fake", FAKE_ENDS, ids=repr)
def test_a_fake_end_is_seen_in_single_bytes_too(fake: bytes) -> None:
    """SM-01, SM-03: what is found does not depend on how the bytes were cut into packets."""
    with house() as h, h.client() as client:
        client.begin()
        for byte in b"first" + fake + b"second\r\n.\r\n":
            client.send(bytes([byte]))
        assert client.reply().startswith("250 " if fake in HARMLESS else "550 5.5.2")
        assert client.command("NOOP").startswith("250 ")


def test_bare_line_ends_elsewhere_are_kept_byte_by_byte() -> None:
    """SM-02: a sentence may end in a dot before a bare LF."""
    body = b"Subject: odd\r\n\r\none.\ntwo\rthree\r\r\nfour\n\r\n.five\n..six\r\n\0\xff\xfe\r\n"
    stuffed = body.replace(b"\r\n.five", b"\r\n..five")
    with house() as h, h.client() as client:
        assert client.deliver(stuffed).startswith("250 ")
        assert h.store.content() == body


def test_the_end_may_come_in_single_bytes() -> None:
    """SM-03: the real terminator split over one-byte segments ends one mail."""
    with house() as h, h.client() as client:
        client.begin()
        for byte in MESSAGE + b".\r\n":
            client.send(bytes([byte]))
        assert client.reply().startswith("250 2.0.0 Ok: queued as 1")
        assert h.store.content() == MESSAGE


@pytest.mark.parametrize(
    ("wire", "content"),
    [
        (b"a\r\n..\r\nb\r\n", b"a\r\n.\r\nb\r\n"),
        (b"..first\r\n", b".first\r\n"),
        (b".x\r\n", b"x\r\n"),
        (b"a\r\n....\r\n", b"a\r\n...\r\n"),
        (b"", b""),
        (b"\r\n", b"\r\n"),
    ],
)
def test_one_leading_dot_of_a_line_is_removed(wire: bytes, content: bytes) -> None:
    """SM-03: dot stuffing (RFC 5321 4.5.2), and a mail of nothing but the final dot."""
    with house() as h, h.client() as client:
        assert client.deliver(wire).startswith("250 ")
        assert h.store.content() == content


@pytest.mark.parametrize("length", [998, 999, 1000, 2000, 65_536, 1_048_576])
def test_a_line_of_any_length_arrives_whole(length: int) -> None:
    """SM-05: never `500 Line too long`."""
    message = b"Subject: long\r\n\r\n" + b"x" * length + b"\r\nend\r\n"
    with house() as h, h.client() as client:
        assert client.deliver(message).startswith("250 ")
        assert h.store.content() == message


@pytest.mark.parametrize(("fields", "code"), [(100, "250 2.0.0"), (101, "554 5.4.6")])
def test_more_than_a_hundred_received_fields_are_a_loop(fields: int, code: str) -> None:
    """SM-16: RFC 5321 6.3."""
    with house() as h, h.client() as client:
        assert client.deliver(b"Received: from a by b; now\r\n" * fields + MESSAGE).startswith(code)
        assert len(h.store.mails) == (fields <= 100)


def test_received_fields_that_a_body_quotes_are_no_loop() -> None:
    """SM-16: only the header counts."""
    with house() as h, h.client() as client:
        assert client.deliver(MESSAGE + b"Received: quoted\r\n" * 200).startswith("250 ")


def test_our_own_trace_field_comes_on_top_and_holds_no_line_of_the_client() -> None:
    """RFC 5321 4.4: Received is prepended; the client's name for itself cannot forge header syntax."""
    with house() as h, h.client(hello=False) as client:
        client.reply()
        assert client.command('EHLO evil(\\)"<>;x').startswith("250")
        assert client.deliver().startswith("250 ")
        mail = h.store.mails[0]
    field = mail.raw[: -len(MESSAGE)].decode()
    assert field == (
        "Received: from evil???????x ([127.0.0.1])\r\n\tby example.com with ESMTP;\r\n"
        "\tMon, 02 Mar 2026 09:00:00 +0000\r\n"
    )
    assert (mail.received_at, mail.envelope.mail_from, mail.envelope.rcpt_tos) == (NOW, "ann@example.org", (CARE,))
