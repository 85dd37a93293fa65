"""The stage of the demo: a gateway of its own, a customer who mails it over SMTP, and a sink that gets what it sends.

Nothing is faked but the people: listener, database, workers and relay are those of `gateway serve`.
"""

import asyncio
import smtplib
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from gateway.cli import console
from gateway.clock import monotonic_seconds

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.app import App
    from gateway.model.views import CaseView, MailDetailView
    from gateway.services import Services

PATIENCE_SECONDS = 30
LOOK_AGAIN_SECONDS = 0.02
PAUSE_SECONDS = 0.7
# Wide enough for the longest name of who speaks.
MARGIN = 10

T = TypeVar("T")


class NotAsTold(Exception):
    """A step of the story did not turn out as it was told."""


class Sink:
    """An SMTP server that takes every mail, keeps it in a folder, and hands it out by recipient."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._arrived: list[tuple[str, EmailMessage]] = []
        self._taken: set[int] = set()
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(self._listen())
        self.port: int = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, name="sink", daemon=True)
        self._thread.start()

    async def _listen(self) -> asyncio.Server:
        from aiosmtpd.smtp import SMTP

        make = lambda: SMTP(self, hostname="sink.example.org", loop=self._loop)  # noqa: E731 - a protocol factory
        return await self._loop.create_server(make, "127.0.0.1", 0)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        """Keep one mail.  Replies: 250 always."""
        number = len(self._arrived) + 1
        (self._folder / f"{number:03}.eml").write_bytes(envelope.content)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self._arrived.append((envelope.rcpt_tos[0].lower(), mail))
        return f"250 2.0.0 kept as mail {number}"

    def next_to(self, address: str) -> EmailMessage | None:
        """Return the oldest mail to this address that nobody took yet."""
        for place, (to, mail) in enumerate(list(self._arrived)):
            if to == address and place not in self._taken:
                self._taken.add(place)
                return mail
        return None

    def close(self) -> None:
        """Stop taking mail."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._server.close()


@dataclass(slots=True)
class Stage:
    """Where the story is played.  pause: seconds between two lines."""

    running: "App"
    sink: Sink
    pause: float = 0.0
    chapter: int = field(default=0)

    @property
    def services(self) -> "Services":
        """Return what the desk functions need."""
        return self.running.services

    # --- telling

    def begin(self, title: str) -> None:
        """Begin a chapter."""
        self.chapter += 1
        console.line()
        console.line(f"{self.chapter}. {title}")
        self._rest()

    def tell(self, who: str, text: str) -> None:
        """Say what somebody does."""
        for number, part in enumerate(text.splitlines()):
            console.line(f"   {who if number == 0 else '':<{MARGIN}}{part}")
        self._rest()

    def check(self, promise: str, kept: bool) -> None:
        """Say that a promise of the story is kept.  Raises NotAsTold when it is not."""
        if not kept:
            raise NotAsTold(promise)
        self.tell("ok", promise)

    def _rest(self) -> None:
        time.sleep(self.pause)

    # --- the customer's side, over SMTP

    def send(self, mail: EmailMessage, *, sender: str) -> "MailDetailView":
        """Hand a mail to the gateway like any mail server would; return it as soon as it is processed."""
        from gateway.desk import mails

        care = self.services.config.gateway.care_address
        with smtplib.SMTP("127.0.0.1", self.running.smtp_port, timeout=PATIENCE_SECONDS) as session:
            session.send_message(mail, sender, [care])
        newest = mails.find(self.services, limit=1)[0].id
        return wait_for(lambda: self._processed(newest), what=f"mail {newest} to be processed")

    def _processed(self, mail_id: str) -> "MailDetailView | None":
        from gateway.desk import mails

        mail = mails.show(self.services, mail_id)
        return mail if mail.disposition else None

    def receive(self, address: str) -> EmailMessage:
        """Wait for the next mail to somebody."""
        return wait_for(lambda: self.sink.next_to(address), what=f"a mail to {address}")

    def show_notice(self, who: str, mail: EmailMessage) -> None:
        """Show what a customer sees first of a notice."""
        lines = [f"From: {mail['From']}", f"Subject: {mail['Subject']}"]
        with suppress(NotAsTold):
            lines.append(reference_line(mail))
        self.tell(who, "gets a mail over SMTP:\n" + "\n".join(f"  {one}" for one in lines))

    def tick(self, moment: "datetime") -> None:
        """Take a turn of the scheduler as if it were `moment`, like `gateway tick --now` does."""
        from gateway import app
        from gateway.clock import FixedClock

        with app.build(self.services.config, clock=FixedClock(moment)) as turn:
            turn.tick()

    def case(self, number: str) -> "CaseView":
        """Return the case as it is now."""
        from gateway.desk import cases

        return cases.show(self.services, number)


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(look: Callable[[], T | None], *, what: str) -> T:
    """Return the first thing that `look` finds.  Raises NotAsTold when nothing comes in time."""
    deadline = monotonic_seconds() + PATIENCE_SECONDS
    while monotonic_seconds() < deadline:
        found = look()
        if found is not None:
            return found
        time.sleep(LOOK_AGAIN_SECONDS)
    raise NotAsTold(f"Waited {PATIENCE_SECONDS} seconds in vain for {what}.")


def written(sender: str, subject: str, text: str, **headers: str) -> EmailMessage:
    """Write a new mail as a mail client would."""
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"] = sender
    mail["To"] = "care@example.com"
    mail["Subject"] = subject
    mail["Message-ID"] = make_msgid(domain="example.org")
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail


def answer(notice: EmailMessage, sender: str, text: str, **headers: str) -> EmailMessage:
    """Answer a notice as a mail client would: subject, thread, and the notice quoted below the new text."""
    quoted = "\n".join(f"> {line}" for line in body(notice).splitlines())
    whole = f"{text}\n\nOn Monday, {notice['From']} wrote:\n{quoted}\n"
    return written(sender, f"Re: {notice['Subject']}", whole, In_Reply_To=str(notice["Message-ID"]), **headers)


def body(mail: EmailMessage) -> str:
    """Return the plain text of a mail."""
    part = mail.get_body(("plain",))
    return str(part.get_content()) if part is not None else ""


def reference_line(mail: EmailMessage) -> str:
    """Return the visible line with the Reference ID.  Raises NotAsTold when a notice has none."""
    for line in body(mail).splitlines():
        if "REF-" in line:
            return line.strip()
    raise NotAsTold("The notice carries a Reference ID.")
