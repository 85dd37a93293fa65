"""LP-01: machines that answer machines, over real sockets: it ends by itself, after three mails of ours at most."""

import contextlib
import email
import smtplib
import threading
from collections import Counter
from collections.abc import Iterator
from email.message import Message
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from gateway.app import App, build
from gateway.config import load
from gateway.desk import cases, mails, outbox, queue
from tests.support import free_port, wait_until

MOST = 3
RESPONDER = "support@acker.example.test"


@contextlib.contextmanager
def gateway(name: str, folder: Path, *, port: int, relay: int) -> Iterator[App]:
    """Run a gateway that answers as much as a gateway can: also those whose mail it cannot link."""
    folder.mkdir()
    config = load(
        gateway={"data_dir": str(folder), "care_address": f"care@{name}.example.test", "organisation": name},
        database={"url": f"sqlite:///{folder / 'gateway.db'}"},
        smtp={"port": port},
        relay={"host": "127.0.0.1", "port": relay},
        unlinked_notice={"enabled": True},
        scheduler={"tick_seconds": 0.1},
        parser={"children": 1},
    )
    with build(config) as app:
        app.start(("smtp", "worker", "scheduler"))
        yield app


class Responder:
    """A mail program that answers each mail with the same words, like a person: no header says that it is a machine.

    quotes: it repeats the mail that it answers, Reference ID and all.
    """

    def __init__(self, to_port: int, *, quotes: bool) -> None:
        self.port = free_port()
        self.answered = 0
        self._to_port, self._quotes = to_port, quotes
        self._server = Controller(self, hostname="127.0.0.1", port=self.port)

    def __enter__(self) -> "Responder":
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Answer from another thread: whoever sends waits for this reply first."""
        content: Any = envelope.content
        threading.Thread(target=self._answer, args=(content,), daemon=True).start()
        return "250 taken"

    def _answer(self, raw: bytes) -> None:
        mail = email.message_from_bytes(raw)
        part = mail.get_payload(0) if mail.is_multipart() else mail
        content: Any = part.get_payload(decode=True) if isinstance(part, Message) else b""
        text = content.decode()
        quoted = "".join(f"> {line}\r\n" for line in text.splitlines()) if self._quotes else ""
        to = parseaddr(str(mail["From"]))[1]
        self.answered += 1
        answer = (
            f"From: Support <{RESPONDER}>\r\nTo: {to}\r\nSubject: Re: {mail['Subject']}\r\n"
            f"Message-ID: <{self.answered}@acker.example.test>\r\n\r\nThank you for your mail.\r\n\r\n{quoted}"
        )
        with smtplib.SMTP("127.0.0.1", self._to_port, timeout=60) as client:
            client.sendmail(RESPONDER, [to], answer.encode())


def quiet(*apps: App) -> bool:
    """Say whether nothing is under way: every mail has its disposition, everything has left."""
    settled = all(mail.disposition for app in apps for mail in mails.find(app.services))
    return settled and not any(outbox.find(app.services) for app in apps)


def sent(app: App) -> Counter[str]:
    return Counter(entry.notice for entry in outbox.find(app.services, state="all"))


def test_two_gateways_that_answer_each_other_fall_silent(tmp_path: Path) -> None:
    ports = [free_port(), free_port()]
    with (
        gateway("one", tmp_path / "one", port=ports[0], relay=ports[1]) as one,
        gateway("two", tmp_path / "two", port=ports[1], relay=ports[0]) as two,
    ):
        cases.open_case(one.services, subject="x", description="y", contact_email="care@two.example.test")
        with smtplib.SMTP("127.0.0.1", ports[0], timeout=60) as client:
            seed = (
                b"From: care@two.example.test\r\nTo: care@one.example.test\r\nSubject: Hello\r\n\r\nAre you there?\r\n"
            )
            client.sendmail("care@two.example.test", ["care@one.example.test"], seed)
        wait_until(lambda: len(mails.find(two.services)) >= 2 and quiet(one, two), what="silence")
        for app in (one, two):
            assert sum(sent(app).values()) <= MOST, sent(app)
            assert len(queue.find(app.services, state="all")) <= 4
        assert sent(one) == {"case-opened": 1, "unlinked-notice": 1}


@pytest.mark.parametrize("quotes", [True, False], ids=["quoting our mail", "without a word of ours"])
def test_a_responder_that_no_header_gives_away_gets_three_mails_at_most(quotes: bool, tmp_path: Path) -> None:
    port = free_port()
    with (
        Responder(port, quotes=quotes) as responder,
        gateway("one", tmp_path / "one", port=port, relay=responder.port) as one,
    ):
        number = cases.open_case(one.services, subject="x", description="y", contact_email=RESPONDER).number
        wait_until(lambda: mails.find(one.services) and quiet(one), what="the first answer")
        cases.close(one.services, number)
        wait_until(lambda: len(mails.find(one.services)) == sum(sent(one).values()) and quiet(one), what="silence")
        assert sum(sent(one).values()) == MOST, sent(one)
        assert responder.answered == MOST
        assert len(queue.find(one.services, state="all")) <= 4
        assert cases.show(one.services, number).status == "closed"
