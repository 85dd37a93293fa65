"""New mails and outgoing mails for the tests of the store."""

import hashlib
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, TypeVar, cast

from sqlalchemy import Connection

from gateway.clock import FixedClock
from gateway.config import Config
from gateway.inbound import content_key
from gateway.model import (
    Case,
    CaseType,
    Decision,
    Disposition,
    Envelope,
    InboundMail,
    MailKind,
    NewMail,
    Notice,
    Priority,
    Reading,
    Sender,
    Source,
    Status,
    Substatus,
)
from gateway.reasons import Reason
from gateway.services import Asking, Services
from gateway.store import cases, contacts, outbox
from gateway.store.db import Database
from gateway.store.instance import Instance

NOW = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
INSTANCE = Instance("night", b"a key of the tests")
T = TypeVar("T")


def new_mail(text: str, *, received_at: datetime = NOW, mail_from: str = "dana@example.com") -> NewMail:
    """Return a mail that was just received; equal texts are the same mail."""
    envelope = Envelope(mail_from=mail_from, rcpt_tos=("care@example.com",), source=Source.SMTP)
    return content_key.new_mail(f"Subject: x\r\n\r\n{text}\r\n".encode(), envelope, received_at=received_at)


def new_case(conn: Connection, *, number: str = "0000000001", email: str = "dana@example.com") -> Case:
    """Insert a case with its contact and return it."""
    person = contacts.find(conn, email) or contacts.create(conn, email=email, name="Dana", address_key=email)
    cases.insert(
        conn,
        number=number,
        subject="Export",
        description="It stops.",
        status=Status.OPEN,
        substatus=Substatus.NEW,
        priority=Priority.MEDIUM,
        type=CaseType.SUPPORT,
        profile="cloud",
        contact_id=person.id,
        opened_at=NOW,
        modified_at=NOW,
    )
    made = cases.load(conn, number)
    assert made is not None
    return made


def add_outgoing(conn: Connection, key: str, **changes: Any) -> int | None:
    """Write a mail into the outbox and return its id."""
    values: dict[str, Any] = {
        "notice": Notice.CASE_MESSAGE,
        "to": "dana@example.com",
        "to_name": "Dana",
        "case_number": "",
        "reference_id": "",
        "context": {"text": "Hello"},
        "instance": INSTANCE,
        "mail_domain": "example.com",
        "now": NOW,
    }
    given = {**values, **changes}
    about = {name: given.pop(name) for name in ("instance", "mail_domain", "now")}
    return next(iter(outbox.add(conn, [outbox.NewOutgoing(key=key, **given)], **about)), None)


def reading(**changes: Any) -> Reading:
    """Return what was read of a mail."""
    values: dict[str, Any] = {"subject": "x", "sender": Sender(address="dana@example.com"), "text": "Hello"}
    return Reading(mail=InboundMail(**{**values, **changes}), kind=MailKind.PERSON, kind_reason="test")


def queued() -> Decision:
    """Return a decision without effects."""
    return Decision(reason=Reason.NO_REFERENCE, disposition=Disposition.QUEUED)


def digest(content: bytes) -> str:
    """Return the name of a content."""
    return hashlib.sha256(content).hexdigest()


def services_on(database: Database, *, now: datetime = NOW) -> Services:
    """Return as much of the services as a turn of the scheduler needs: a database, a clock, usual settings."""
    return cast(Services, SimpleNamespace(database=database, clock=FixedClock(now), config=Config(), asking=Asking()))


def together(count: int, work: Callable[[int], T]) -> list[T]:
    """Do the same in many threads that start at once; return the results.  The first error of any thread is raised."""
    results: dict[int, T] = {}
    errors: list[BaseException] = []
    start = threading.Barrier(count)

    def run(number: int) -> None:
        try:
            start.wait(30)
            results[number] = work(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    if errors:
        raise errors[0]
    return [results[number] for number in range(count)]
