"""Commands and their replies.  Source: HAZARDS SM-12, SM-13, SM-14, SM-15; RFC 5321, 1870, 2920, 6531."""

import asyncio

import pytest

from gateway.inbound import replies
from tests.wire.smtp_peer import CARE, HANG_SECONDS, MESSAGE, Client, house

DIALOGUE = (
    b"MAIL FROM:<ann@example.org>\r\nRCPT TO:<care@example.com>\r\nRCPT TO:<nobody@example.com>\r\nDATA\r\n"
    + MESSAGE
    + b".\r\nNOOP\r\nQUIT\r\n"
)


def test_a_whole_dialogue_in_one_write_is_answered_in_order() -> None:
    """SM-12: we advertise PIPELINING because it is true."""
    with house() as h, h.client() as client:
        client.send(DIALOGUE)
        codes = [client.reply()[:3] for _ in range(7)]
        assert codes == ["250", "250", "550", "354", "250", "250", "221"]
        assert client.ended()
        assert h.store.content() == MESSAGE


def test_an_early_talker_is_answered_in_order() -> None:
    """SM-12: bytes before our 220 and before the EHLO reply."""
    with house() as h, h.client(hello=False) as client:
        client.send(b"EHLO client.example.org\r\n" + DIALOGUE)
        codes = [client.reply()[:3] for _ in range(9)]
        assert codes == ["220", "250", "250", "250", "550", "354", "250", "250", "221"]
        assert len(h.store.mails) == 1


def test_a_client_that_does_not_read_its_replies_is_not_obeyed_meanwhile() -> None:
    """SM-12: what it sends then is kept, and answered in order as soon as it has read."""
    with house() as h, h.client() as client:
        (connection,) = h.listener._shared.open
        said: list[bytes] = []

        async def choke() -> int:
            connection.send = said.append  # type: ignore[method-assign]
            connection.pause_writing()
            connection.data_received(b"NOOP\r\nRSET\r\n")
            unread = len(said)
            connection.resume_writing()
            return unread

        assert asyncio.run_coroutine_threadsafe(choke(), h.listener._loop).result(HANG_SECONDS) == 0
        assert [line[:3] for line in said] == [b"250", b"250"]
        client.close()


def test_the_greeting_names_our_host_and_no_software() -> None:
    with house() as h, h.client(hello=False) as client:
        assert client.reply() == "220 example.com ESMTP"


def test_only_what_is_true_is_advertised() -> None:
    with house(max_message_bytes=5000) as h, h.client(hello=False) as client:
        client.reply()
        lines = client.command("EHLO client.example.org").split("\n")
    assert [line[4:] for line in lines] == [
        "example.com",
        "SIZE 5000",
        "8BITMIME",
        "SMTPUTF8",
        "PIPELINING",
        "ENHANCEDSTATUSCODES",
    ]


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (b"NO\0OP", "501 5.5.2"),
        (b"\xff\xfe\x80", "501 5.5.2"),
        (b"NOOP \xe4", "501 5.5.2"),
        (b"EHLO j\xc3\xb6.example", "501 5.5.2"),
        (b"MAIL FROM:<a\0b@example.org>", "501 5.5.2"),
        ("MAIL FROM:<jö@example.org>".encode(), "553 5.6.7"),
        (b"MAIL FROM:<j\xff@example.org>", "553 5.6.7"),
        (b"MAIL FROM:<j\xff@example.org> SMTPUTF8", "553 5.6.7"),
        ("MAIL FROM:<jö@example.org> SMTPUTF8".encode(), "250 2.1.0"),
        ("MAIL FROM:<a@exämple.org> SMTPUTF8".encode(), "250 2.1.0"),
        (b"MAIL FROM:<a@example.org> SMTPUTF8=1", "501 5.5.4"),
    ],
)
def test_odd_bytes_in_commands_are_refused_by_fixed_rules(command: bytes, code: str) -> None:
    """SM-13."""
    with house() as h, h.client() as client:
        assert client.command(command).startswith(code)
        assert client.command("NOOP").startswith("250 ")


@pytest.mark.parametrize(
    ("argument", "code", "sender"),
    [
        ("<>", "250 2.1.0", ""),
        ("< >", "250 2.1.0", ""),
        ("<ann@example.org> BODY=8BITMIME", "250 2.1.0", "ann@example.org"),
        ("<ann@example.org> body=7bit size=100", "250 2.1.0", "ann@example.org"),
        (" <ann@example.org>", "250 2.1.0", "ann@example.org"),
        ("ann@example.org", "250 2.1.0", "ann@example.org"),
        ("<@a.example,@b.example:ann@example.org>", "250 2.1.0", "ann@example.org"),
        ('<"ann lee"@example.org>', "250 2.1.0", '"ann lee"@example.org'),
        ("<" + "a" * 300 + "@example.org>", "501 5.1.7", None),
        ("<ann@" + "d" * 300 + ">", "501 5.1.7", None),
        ("<ann>", "501 5.1.7", None),
        ("<ann@example.org", "501 5.1.7", None),
        ("<a@b@example.org>", "501 5.1.7", None),
        ("", "501 5.1.7", None),
        ("<ann@example.org> BODY=BINARYMIME", "501 5.5.4", None),
        ("<ann@example.org> RET=HDRS", "555 5.5.4", None),
        ("<ann@example.org> SIZE=1 SIZE=2", "501 5.5.4", None),
    ],
)
def test_mail_takes_every_form_of_a_sender(argument: str, code: str, sender: str | None) -> None:
    """SM-14: null sender, 8BITMIME, source route, over-long local part."""
    with house() as h, h.client() as client:
        assert client.command(f"MAIL FROM:{argument}").startswith(code)
        if sender is not None:
            assert client.command(f"RCPT TO:<{CARE}>").startswith("250 ")
            client.command("DATA")
            assert client.command(MESSAGE + b".").startswith("250 ")
            assert h.store.mails[0].envelope.mail_from == sender


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("<care@example.com>", "250 2.1.5"),
        ("<CARE@Example.COM>", "250 2.1.5"),
        ('<"care"@example.com>', "250 2.1.5"),
        ("<care+case-7@example.com>", "250 2.1.5"),
        ("<@relay.example:care@example.com>", "250 2.1.5"),
        ("<anyone@open.example>", "250 2.1.5"),
        ("<bounce+Ab3-x@bounces.example>", "250 2.1.5"),
        ("<postmaster>", "250 2.1.5"),
        ("<Postmaster@example.com>", "250 2.1.5"),
        ("<bounce+@bounces.example>", "550 5.1.1"),
        ("<other@example.com>", "550 5.1.1"),
        ("<other>", "550 5.1.1"),
        ("<care@elsewhere.example>", "550 5.7.1"),
        ("<postmaster@elsewhere.example>", "550 5.7.1"),
        ("<care@[127.0.0.1]>", "550 5.7.1"),
        ("<care%elsewhere.example@open.example>", "550 5.7.1"),
        ("<elsewhere.example!care@open.example>", "550 5.7.1"),
        ('<"care@elsewhere.example"@open.example>', "550 5.7.1"),
        ("<>", "501 5.1.3"),
        ("<care@example.com", "501 5.1.3"),
        ("<care@example.com> NOTIFY=NEVER", "555 5.5.4"),
        ("<cäre@example.com>", "553 5.6.7"),
    ],
)
def test_only_our_own_recipients_are_taken(path: str, code: str) -> None:
    """SM-15, SM-14: nothing is relayed, whatever the route hides in; postmaster always has a mailbox."""
    with house(gateway={"mail_domain": "bounces.example"}, accept=[CARE, "@open.example"]) as h, h.client() as client:
        client.command("MAIL FROM:<ann@example.org>")
        assert client.command(f"RCPT TO:{path}").startswith(code)


def test_verbs_that_could_tell_addresses_tell_nothing() -> None:
    """SM-15."""
    with house() as h, h.client() as client:
        known, unknown = client.command(f"VRFY {CARE}"), client.command("VRFY nobody@example.com")
        assert known == unknown
        assert known.startswith("252 ")
        assert client.command("EXPN staff").startswith("502 ")
        assert client.command("HELP MAIL") == "214 2.0.0 See RFC 5321"


def _codes(client: Client, *commands: str) -> list[str]:
    return [client.command(command)[:9] for command in commands]


def test_commands_out_of_order_are_refused_and_change_nothing() -> None:
    with house() as h, h.client(hello=False) as client:
        client.reply()
        mail, rcpt = "MAIL FROM:<ann@example.org>", f"RCPT TO:<{CARE}>"
        assert _codes(client, mail, rcpt, "DATA") == ["503 5.5.1"] * 3
        client.command("HELO client")
        assert _codes(client, rcpt, mail, mail, "DATA") == ["503 5.5.1", "250 2.1.0", "503 5.5.1", "554 5.5.1"]
        assert _codes(client, rcpt, "RSET", rcpt, mail, rcpt) == [
            "250 2.1.5",
            "250 2.0.0",
            "503 5.5.1",
            "250 2.1.0",
            "250 2.1.5",
        ]
        assert client.command("DATA").startswith("354 ")
        assert client.command(MESSAGE + b".").startswith("250 ")
        assert b" with SMTP;" in h.store.mails[0].raw


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"NOOP\n", "500 5.5.2"),
        (b"NO\rOP\r\n", "500 5.5.2"),
        (b"\r\n", "500 5.5.1"),
        (b"XYZZY\r\n", "500 5.5.1"),
        (b"AUTH PLAIN AGEAYg==\r\n", "500 5.5.1"),
        (b"STARTTLS\r\n", "502 5.5.1"),
        (b"NOOP " + b"x" * 100_000 + b"\r\n", "500 5.5.2"),
        (b"DATA now\r\n", "501 5.5.4"),
        (b"EHLO\r\n", "501 5.5.4"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_command_that_cannot_be_obeyed_leaves_the_session_in_step(sent: bytes, code: str) -> None:
    with house() as h, h.client() as client:
        client.send(sent)
        assert client.reply().startswith(code)
        assert client.deliver().startswith("250 ")


def test_every_reply_fits_its_class_and_one_short_line() -> None:
    """RFC 2034: the enhanced code's class is the first digit of the code; RFC 5321 4.5.3.1.5: 512 bytes."""
    assert len(replies.TABLE) > 30
    for reply in replies.TABLE:
        assert reply.cause
        assert len(reply.line) <= 512
        assert reply.code in (214, 354) or reply.enhanced[0] == str(reply.code)[0]
