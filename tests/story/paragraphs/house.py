"""What a test of a paragraph can do: type commands, send mail by SMTP, let time pass, look at what the relay got."""

import io
import json
import re
import smtplib
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from gateway import cli
from gateway.clock import FixedClock
from tests.fixtures import world
from tests.relays import ScriptedRelay

CARE = world.CARE
DANA, SAM, STRANGER = "dana.reed@example.com", "sam.okafor@example.com", "mallory@example.net"
TESS, ADMIN = "tess@desk.example.test", "admins@desk.example.test"
DESCRIBED = "The nightly export stops at three percent since the last update of the server."
REFERENCE = re.compile(r"REF-[0-9A-Z]{27}")


@dataclass
class House:
    """One installation, seen from outside."""

    settings: Path
    clock: FixedClock
    sink: ScriptedRelay
    port: int
    monkeypatch: pytest.MonkeyPatch
    _written: int = field(default=0)

    # --- the command line

    def type(self, *arguments: str) -> tuple[int, str, str]:
        """Run a command; return its exit code and what it said on stdout and stderr."""
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
        with self.monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", out)
            patched.setattr(sys, "stderr", err)
            code = cli.run([*arguments, "--config", str(self.settings)])
            for stream in (out, err):
                stream.flush()
        said = [stream.buffer.getvalue().decode() for stream in (out, err)]  # type: ignore[attr-defined]
        return code, said[0], said[1]

    def ask(self, *arguments: str) -> list[dict[str, Any]]:
        """Run a command that must succeed; return the objects that it prints."""
        code, out, err = self.type(*arguments, "--json")
        assert code == 0, (arguments, err)
        return [json.loads(line) for line in out.splitlines()]

    def one(self, *arguments: str) -> dict[str, Any]:
        """Run a command that must succeed and print one object."""
        (found,) = self.ask(*arguments)
        return found

    def refused(self, *arguments: str) -> str:
        """Run a command that must be refused; return the sentence."""
        code, _, err = self.type(*arguments)
        assert code in (1, 2), (arguments, code)
        return err

    # --- cases

    def open_case(self, *options: str, contact: str = DANA) -> str:
        """Open a case and return its number."""
        how = ("--subject", "Nightly export stops", "--description", DESCRIBED, "--contact", contact)
        return str(self.one("case", "open", *how, *options)["number"])

    def asked_case(self, *options: str, text: str = "Which version do you run?") -> str:
        """Open a case and ask its contact something, a minute later."""
        number = self.open_case(*options)
        self.later(minutes=1)
        self.one("case", "request-info", number, "--text", text, "--author", TESS)
        self.later(minutes=1)
        return number

    def solved_case(self, *options: str) -> str:
        """Open a case and propose a solution."""
        number = self.open_case(*options)
        self.later(minutes=1)
        self.one("case", "propose-solution", number, "--text", "Install 4.3.", "--author", TESS)
        self.later(minutes=1)
        return number

    def case(self, number: str) -> dict[str, Any]:
        """Return a case."""
        return self.ask("case", "show", number)[0]

    def state(self, number: str) -> tuple[str, str]:
        """Return status and substatus of a case."""
        found = self.case(number)
        return found["status"], found["substatus"]

    # --- time and mail

    def later(self, **amount: float) -> datetime:
        """Let time pass."""
        self.clock.moment += timedelta(**amount)
        return self.clock.moment

    def tick(self) -> dict[str, Any]:
        """Take a turn of the scheduler: mail, one step of each due case, deliveries."""
        return self.one("tick")

    def send(self, text: str, *, sender: str = DANA, subject: str = "Re: export", headers: Sequence[str] = ()) -> str:
        """Send a mail by SMTP and let a turn process it; return its id."""
        self._written += 1
        lines = [
            *headers,
            f"From: {sender}",
            f"To: {CARE}",
            f"Subject: {subject}",
            f"Message-ID: <p{self._written}.{self.port}@mua.example.net>",
        ]
        raw = "\r\n".join([*lines, "", *text.split("\n"), ""]).encode()
        with smtplib.SMTP("127.0.0.1", self.port, timeout=60) as client:
            client.sendmail(sender, [CARE], raw)
        self.tick()
        return str(self.ask("mail", "list", "--limit", "1")[0]["id"])

    def answer(self, number: str, text: str = "It is 4.2.", **how: Any) -> dict[str, Any]:
        """Answer the last mail about a case, quoting its Reference ID; return the mail as it was recorded."""
        return self.mail(self.send(f"{text}\n\n> Reference ID: {self.reference(number)}", **how))

    def mail(self, mail_id: str) -> dict[str, Any]:
        """Return a received mail."""
        return self.ask("mail", "show", mail_id)[0]

    def sent(self, number: str = "", to: str = "") -> list[EmailMessage]:
        """Return what the relay got, oldest first."""
        mails = [message_from_bytes(raw, policy=policy.default) for raw in self.sink.mails]
        return [one for one in mails if number in str(one["Subject"]) and to in str(one["To"])]  # type: ignore[misc]

    def text(self, number: str = "", to: str = "") -> str:
        """Return the text of the last mail that the relay got."""
        body = self.sent(number, to)[-1].get_body(("plain",))
        assert body is not None
        return str(body.get_content())

    def notices(self, number: str = "") -> list[str]:
        """Return the kinds of all outgoing mails, in the order in which they were written."""
        found = self.ask("outbox", "list", "--state", "all", "--limit", "1000")
        return [entry["notice"] for entry in found if number in (entry["case"] or "", "")]

    def reference(self, number: str) -> str:
        """Return the Reference ID that the contact of a case was sent."""
        for mail in reversed(self.sent(number, DANA)):
            body = mail.get_body(("plain",))
            if body is not None and (found := REFERENCE.search(str(body.get_content()))):
                return found[0]
        raise LookupError(number)

    def queue(self) -> list[dict[str, Any]]:
        """Return the open items of the admin queue."""
        return self.ask("queue", "list")
