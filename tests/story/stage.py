"""The stage on which the stories play: an app on a database of its own, a clock that stands still, mails of people.

Everything goes through doors that the product has: mail comes in by `App.ingest`, people act through `gateway.desk`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, update

from gateway import app, config
from gateway.clock import FixedClock
from gateway.desk import cases, mails, queue
from gateway.desk import outbox as desk_outbox
from gateway.inbound.parse_pool import ParsePool
from gateway.model import Envelope, Feed, Source
from gateway.model.views import CaseView, MailDetailView, OutboxView, QueueItemView, UpdateView
from gateway.services import Services
from gateway.store import db, tables
from tests.fixtures import world

ADMIN = "admins@desk.example.test"
AGENT = "tess@desk.example.test"
DANA = "dana.reed@example.com"
STRANGER = "mallory@example.net"
PROFILE = "on-premises"


class SharedReader:
    """The parse pool of the whole test run, which no single app may close."""

    def __init__(self, pool: ParsePool) -> None:
        self.read_many = pool.read_many

    def close(self) -> None:
        """Leave it to the fixture."""


def start_reader() -> ParsePool:
    """Start the real parse children, for an installation with the facts of the fixture world."""
    return ParsePool(children=2, mail_seconds=30, memory_bytes=1_073_741_824, rules=world.reading_rules())


def build(url: str, folder: Path, reader: ParsePool, clock: FixedClock, **overrides: Any) -> app.App:
    """Build an app on a migrated, empty database, with the instance key that the parse children know."""
    become_the_fixture_world(url)
    ours = {
        "data_dir": folder,
        "care_address": world.CARE,
        "organisation": world.ORGANISATION,
        "admin_address": ADMIN,
        "profile": PROFILE,
    }
    sections: dict[str, Any] = {"gateway": ours, "database": {"url": url}, "web": {"port": 0}}
    for name, section in overrides.items():
        sections[name] = {**sections.get(name, {}), **section}
    built = app.build(config.load(None, **sections), clock=clock)
    built.reader = SharedReader(reader)  # type: ignore[assignment]
    return built


@dataclass
class Stage:
    """One installation and what happens on it.  Each mail that is composed here has bytes of its own."""

    app: app.App
    clock: FixedClock
    _written: int = field(default=0)

    @property
    def services(self) -> Services:
        """Return what the desk is called with."""
        return self.app.services

    # --- time and mail

    def later(self, **amount: float) -> datetime:
        """Let time pass."""
        self.clock.moment += timedelta(**amount)
        return self.clock.moment

    def write(
        self,
        text: str,
        *,
        sender: str = DANA,
        subject: str = "Re: your question",
        message_id: str | None = None,
        headers: Sequence[str] = (),
    ) -> bytes:
        """Compose a mail as a person's program would, with headers of one's choice on top."""
        self._written += 1
        lines = [
            *headers,
            f"From: {sender}",
            f"To: {world.CARE}",
            f"Subject: {subject}",
            f"Date: {format_datetime(self.clock.now())}",
            f"Message-ID: {message_id or f'<m{self._written}@mua.example.net>'}",
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8",
        ]
        return "\r\n".join([*lines, "", *text.split("\n"), ""]).encode()

    def ingest(self, raw: bytes, *, mail_from: str = DANA, to: Sequence[str] = (world.CARE,)) -> int:
        """Take a mail in without processing it; return its id."""
        envelope = Envelope(mail_from=mail_from, rcpt_tos=tuple(to), source=Source.INGEST)
        return self.app.ingest(raw, envelope).id

    def receive(self, raw: bytes, *, mail_from: str = DANA, to: Sequence[str] = (world.CARE,)) -> MailDetailView:
        """Take a mail in, process it and show what became of it."""
        mail_id = self.ingest(raw, mail_from=mail_from, to=to)
        self.app.process_mail()
        return mails.show(self.services, str(mail_id))

    def receive_over_smtp(self, raw: bytes, *, peer: str, mail_from: str = DANA) -> MailDetailView:
        """Take a mail in as if the client at this address had sent it, process it and show what became of it."""
        envelope = Envelope(mail_from=mail_from, rcpt_tos=(world.CARE,), source=Source.SMTP, peer=peer)
        mail_id = self.app.ingest(raw, envelope).id
        self.app.process_mail()
        return mails.show(self.services, str(mail_id))

    def answer(self, number: str, text: str = "It is version 4.2.", **how: Any) -> MailDetailView:
        """Receive a reply that quotes the Reference ID of a case."""
        quoted = f"{text}\n\n> Reference ID: {self.reference(number)}"
        return self.receive(self.write(quoted, **how), mail_from=how.get("sender", DANA))

    # --- cases

    def open_case(self, contact: str = DANA, **values: Any) -> str:
        """Open a case and return its number."""
        subject = values.pop("subject", "Nightly export stops")
        view = cases.open_case(
            self.services, subject=subject, description="It stops at 3 percent.", contact_email=contact, **values
        )
        return view.number

    def waiting_case(self, contact: str = DANA, **values: Any) -> str:
        """Open a case and ask its contact something, a minute later each."""
        number = self.open_case(contact, **values)
        self.later(minutes=1)
        cases.request_info(self.services, number, text="Which version do you run?", author=AGENT)
        self.later(minutes=1)
        return number

    def closed_case(self, contact: str = DANA) -> str:
        """Open a case, so that its Reference ID was sent, and close it."""
        number = self.open_case(contact)
        self.later(minutes=1)
        cases.close(self.services, number)
        self.later(minutes=1)
        return number

    def case(self, number: str) -> CaseView:
        """Return a case as it is now."""
        return cases.show(self.services, number)

    def state(self, number: str) -> tuple[str, str]:
        """Return status and substatus of a case."""
        view = self.case(number)
        return view.status, view.substatus

    def feed(self, number: str, feed: Feed = Feed.CASE) -> list[UpdateView]:
        """Return a feed of a case."""
        return cases.updates(self.services, number, feed=feed)

    def reference(self, number: str, feed: Feed = Feed.CASE) -> str:
        """Return the live Reference ID that was sent to the contact of a case."""
        where = (tables.reference.c.case_number == number, tables.reference.c.feed == feed)
        with self.services.database.read() as conn:
            found = select(tables.reference.c.id).where(*where, tables.reference.c.state == "live")
            return str(conn.execute(found).scalar_one())

    def revoke(self, number: str) -> str:
        """Revoke the Reference ID of a case, as a change of its contact would, and return it."""
        reference = self.reference(number)
        self.set_reference_state(reference, "revoked")
        return reference

    def set_reference_state(self, reference: str, state: str) -> None:
        """Change what a Reference ID is worth."""
        with self.services.database.write() as conn:
            conn.execute(update(tables.reference).where(tables.reference.c.id == reference).values(state=state))

    # --- queues

    def items(self, state: str = "open") -> list[QueueItemView]:
        """Return the items of the admin queue."""
        return queue.find(self.services, state=state, limit=1000)

    def item_of(self, mail: MailDetailView) -> QueueItemView:
        """Return the queue item of a mail, whatever its state."""
        return next(item for item in self.items("all") if item.mail_id == mail.id)

    def outbox(self, notice: str = "") -> list[OutboxView]:
        """Return all outgoing mails, of one kind only when it is named."""
        everything = desk_outbox.find(self.services, state="all", limit=1000)
        return [entry for entry in everything if notice in ("", entry.notice)]

    def notices(self) -> list[tuple[str, str]]:
        """Return (notice, recipient) of all outgoing mails, in the order in which they were written."""
        return [(entry.notice, entry.to) for entry in self.outbox()]

    def events(self, number: str = "") -> list[str]:
        """Return the types of the events so far, those of one case when it is named."""
        found = select(tables.event.c.type).order_by(tables.event.c.id)
        if number:
            found = found.where(tables.event.c.case_number == number)
        with self.services.database.read() as conn:
            return list(conn.execute(found).scalars())

    def everything(self) -> dict[str, int]:
        """Count the rows of each table: two equal answers mean that nothing was written between them."""
        with self.services.database.read() as conn:
            return {
                table.name: conn.execute(select(func.count()).select_from(table)).scalar_one()
                for table in tables.metadata.sorted_tables
            }

    def snapshot(self, number: str) -> tuple[Any, ...]:
        """Return all that a mail without effect must leave alone in a case: its view and its follow-ups."""
        view = self.case(number)
        return (view.status, view.substatus, view.modified_at, view.closed_at, view.follow_up)


def become_the_fixture_world(url: str) -> None:
    """Give an empty database the instance key that the parse children know."""
    database = db.Database(url)
    facts = [{"name": "id", "value": world.INSTANCE}, {"name": "key", "value": world.LOOP_KEY.hex()}]
    try:
        with database.write() as conn:
            conn.execute(tables.instance.insert(), facts)
    finally:
        database.close()
