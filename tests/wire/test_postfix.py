"""A real Postfix in front of the gateway and as its smart host, with the configuration of `examples/postfix/`."""

import contextlib
import email
import os
import re
import smtplib
import socket
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.app import App, build
from gateway.config import load
from gateway.desk import cases, mails
from gateway.model.views import MailView
from gateway.store import tables
from tests import postfix as postfixes
from tests.conftest import needed
from tests.crash.sink import Sink
from tests.postfix import Postfix
from tests.support import wait_until

DANA = "dana@example.org"
CARE = "care@care.example.com"
# HAZARDS SM-01; each is followed by a whole transaction that some servers would take for one.
ENDS = (
    *(b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r", b"\r\n\0.\r\n", b"\r\0\n.\r\n"),
    *(b"\r\n.\0\r\n", b"\r\n.\r\0\n", b"\n.\r", b"\r.\n", b"\r\n.\r\r\n", b"\r\r\n.\r\r\n"),
)
SMUGGLED = b"MAIL FROM:<eve@evil.example>\r\nRCPT TO:<%s>\r\nDATA\r\nSubject: smuggled\r\n\r\nI was smuggled.\r\n.\r\n"


@pytest.fixture(scope="module")
def postfix(tmp_path_factory: pytest.TempPathFactory, run_folder: Path) -> Iterator[Postfix]:
    """Return a Postfix of this worker's own."""
    folder = run_folder / f"postfix-{os.getpid()}"
    with needed(), contextlib.ExitStack() as stack:
        running = stack.enter_context(postfixes.running(folder))
        yield running


@contextlib.contextmanager
def gateway(postfix: Postfix, url: str, folder: Path, **smtp: object) -> Iterator[App]:
    """Run a gateway where Postfix expects it, with Postfix as its smart host."""
    config = load(
        gateway={"data_dir": str(folder), "care_address": CARE, "organisation": "Care"},
        database={"url": url},
        smtp={
            "port": postfix.smtp,
            "accept": ["@care.example.com", "@lmtp.example.com", "@pipe.example.com"],
            "trusted_relays": ["127.0.0.0/8"],
            **smtp,
        },
        relay={"host": "127.0.0.1", "port": postfix.relay},
        scheduler={"tick_seconds": 0.1},
        parser={"children": 1},
    )
    with build(config) as app:
        app.start(("smtp", "worker", "scheduler"))
        yield app


@pytest.fixture
def sink(postfix: Postfix) -> Iterator[Sink]:
    """Return the customers' mail server."""
    with Sink(postfix.sink) as running:
        yield running


def write(to: str, text: str, *, sender: str = DANA, number: int = 1) -> bytes:
    head = f"From: {sender}\r\nTo: {to}\r\nSubject: Re: question\r\nMessage-ID: <{number}.{to}>\r\n\r\n"
    return (head + text.replace("\n", "\r\n") + "\r\n").encode()


def hand_in(postfix: Postfix, raw: bytes, *to: str) -> None:
    with smtplib.SMTP("127.0.0.1", postfix.public, timeout=60) as client:
        client.sendmail(DANA, to, raw)


def arrived(sink: Sink, count: int) -> list[Message]:
    """Wait for that many mails at the customer."""
    wait_until(lambda: len(sink.mails) >= count, what=f"{count} mails at the customer")
    return [email.message_from_bytes(mail.raw) for mail in sink.mails]


def text_of(mail: Message) -> str:
    part = mail.get_payload(0) if mail.is_multipart() else mail
    assert isinstance(part, Message)
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content.decode()


def received(app: App, count: int = 1) -> list[MailView]:
    """Wait until that many mails have their disposition."""

    def settled() -> list[MailView]:
        found = mails.find(app.services)
        return found if len(found) >= count and all(mail.disposition for mail in found) else []

    return wait_until(settled, what=f"{count} settled mails")


def test_a_reply_travels_from_the_customer_through_postfix_to_us_and_back(
    postfix: Postfix, sink: Sink, sqlite_url: str, tmp_path: Path
) -> None:
    """customer -> Postfix -> us -> Postfix -> customer; the bounce address survives the way."""
    with gateway(postfix, sqlite_url, tmp_path) as app:
        number = cases.open_case(app.services, subject="Export", description="It stops.", contact_email=DANA).number
        cases.request_info(app.services, number, text="Which version?", author="tess@example.com")
        question = text_of(arrived(sink, 2)[-1])
        reference = re.search(r"REF-[0-9A-Z]{27}", question)
        assert reference
        hand_in(postfix, write(CARE, f"It is 4.2.\n\n> Reference ID: {reference[0]}"), CARE)
        (mail,) = received(app)
        assert (mail.disposition, mail.case, mail.source) == ("linked", number, "smtp")
        assert cases.show(app.services, number).substatus == "customer-responded"
        cases.close(app.services, number)
        farewell = arrived(sink, 3)[-1]
        assert number in farewell["Subject"]
        assert re.fullmatch(r"bounce\+[a-z2-7]{26}@care\.example\.com", sink.mails[-1].sender)


def test_what_smugglers_send_through_postfix_is_one_mail(postfix: Postfix, sqlite_url: str, tmp_path: Path) -> None:
    """SM-01: fourteen fake ends, a whole transaction behind each."""
    with gateway(postfix, sqlite_url, tmp_path) as app:
        for number, end in enumerate(ENDS, start=1):
            smuggle(postfix, number, end)
        # Whatever would have been smuggled stands in front of this one.
        hand_in(postfix, write(CARE, "The last one.", number=99), CARE)
        found = received(app, len(ENDS) + 1)
        wait_until(postfix.queue_is_empty, what="an empty queue")
        found = received(app, len(ENDS) + 1)
        with app.database.read() as conn:
            senders = set(conn.execute(select(tables.mail.c.mail_from)).scalars())
    assert len(found) == len(ENDS) + 1
    assert senders == {DANA}


def smuggle(postfix: Postfix, number: int, end: bytes) -> None:
    with socket.create_connection(("127.0.0.1", postfix.public), timeout=60) as client:
        replies = client.makefile("rb")

        def say(line: bytes) -> bytes:
            client.sendall(line)
            return replies.readline()

        replies.readline()
        say(b"HELO client.example.org\r\n")
        say(b"MAIL FROM:<%s>\r\n" % DANA.encode())
        say(b"RCPT TO:<%s>\r\n" % CARE.encode())
        assert say(b"DATA\r\n").startswith(b"354")
        body = write(CARE, "Hello", number=number).rstrip() + end + SMUGGLED % CARE.encode()
        assert say(body).startswith(b"250"), end
        say(b"QUIT\r\n")


def test_postfix_hands_over_by_lmtp(postfix: Postfix, sqlite_url: str, tmp_path: Path) -> None:
    """Two recipients, one of whom the gateway does not take: that one alone is refused."""
    with gateway(postfix, sqlite_url, tmp_path, port=postfix.lmtp, lmtp=True) as app:
        hand_in(postfix, write("care@lmtp.example.com", "Hello"), "care@lmtp.example.com", "care+x@lmtp.example.com")
        (mail,) = received(app)
        assert mail.source == "lmtp"
        wait_until(postfix.queue_is_empty, what="an empty queue")


def test_postfix_hands_over_by_a_pipe_and_tries_again_what_could_not_be_committed(
    postfix: Postfix, sqlite_url: str, tmp_path: Path
) -> None:
    """`gateway ingest -`: exit 75 keeps the mail in Postfix' queue, exit 0 comes after the commit."""
    settings = f'[gateway]\ndata_dir = "{tmp_path}"\ncare_address = "{CARE}"\n[database]\nurl = "{sqlite_url}"\n'
    to = "care@pipe.example.com"
    with gateway(postfix, sqlite_url, tmp_path) as app, postfixes.answering_pipe(postfix) as codes:
        postfix.pipe_settings.write_text(settings + "broken", encoding="utf-8")
        hand_in(postfix, write(to, "Hello"), to)
        wait_until(lambda: codes == [75], what="the first try")
        wait_until(lambda: not postfix.queue_is_empty(), what="the mail in the queue")
        assert mails.find(app.services) == []
        postfix.pipe_settings.write_text(settings, encoding="utf-8")
        wait_until(lambda: retried(postfix, codes), every=0.5, what="the second try")
        (mail,) = received(app)
        assert (mail.source, mail.from_, codes) == ("ingest", DANA, [75, 0])
        with app.database.read() as conn:
            row = conn.execute(select(tables.mail.c.mail_from, tables.mail.c.rcpt_tos)).one()
        assert (row.mail_from, row.rcpt_tos) == (DANA, [to])
        wait_until(postfix.queue_is_empty, what="an empty queue")


def retried(postfix: Postfix, codes: list[int]) -> bool:
    # The first try may not have been written off yet when it is flushed, so it is asked again.
    postfix.flush()
    return len(codes) > 1
