"""A gateway that fetches mailboxes, in this process: what mailbox tests start from."""

import contextlib
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

from sqlalchemy import select

from gateway import config, mailboxes
from gateway.app import App, build
from gateway.inbound import imap, imap_plan
from gateway.model import MailboxStatus
from gateway.store.tables import mail
from tests.mailboxes import PASSWORD
from tests.support import wait_until

CARE = "care@example.com"
CUSTOMER = "dana@example.org"
NAME = "support"


def settings(port: int, user: str, **changes: Any) -> dict[str, Any]:
    """Return the settings of a mailbox."""
    plain = {"host": "127.0.0.1", "port": port, "user": user, "password": PASSWORD, "tls": "none", "poll_seconds": 1}
    return plain | changes


@contextlib.contextmanager
def fetching(
    folder: Path, url: str, box: dict[str, Any], *, roles: Sequence[str] = ("imap",), **sections: Any
) -> Iterator[App]:
    """Run a gateway that fetches one mailbox, in more of a hurry than usual."""
    loaded = config.load(
        None,
        gateway={"data_dir": folder, "care_address": CARE},
        database={"url": url},
        imap={NAME: box},
        **{"scheduler": {"tick_seconds": 0.1}, "parser": {"children": 1}} | sections,
    )
    with contextlib.ExitStack() as hurry:
        hurry.enter_context(mock.patch.object(imap, "ASK_SECONDS", 0.1))
        hurry.enter_context(mock.patch.object(imap_plan, "SLICE_SECONDS", 0.2))
        hurry.enter_context(mock.patch.object(imap_plan, "SOON_SECONDS", (0.2,)))
        with build(loaded) as running:
            running.start(roles)
            yield running


def letter(number: int, text: str = "It is version 4.2.") -> bytes:
    """Return a mail of the customer; each number makes another."""
    return (
        f"From: Dana Reed <{CUSTOMER}>\r\nTo: {CARE}\r\nSubject: Letter {number}\r\n"
        f"Message-ID: <letter.{number}@example.org>\r\nDate: Mon, 2 Mar 2026 10:00:00 +0000\r\n\r\n{text}\r\n"
    ).encode()


def rows(app: App) -> list[Any]:
    """Return every mail that was taken, oldest first."""
    with app.database.read() as conn:
        return list(conn.execute(select(mail).order_by(mail.c.id)))


def status(app: App) -> MailboxStatus:
    """Return how the mailbox is doing."""
    [found] = mailboxes.statuses(app.database, app.config)
    return found


def wait_for(app: App, count: int) -> list[Any]:
    """Wait until so many mails were taken and return them."""
    wait_until(lambda: len(rows(app)) >= count, what=f"{count} mails; there are {len(rows(app))}, {status(app)}")
    return rows(app)


def wait_until_empty(app: App) -> None:
    """Wait until a look began after this moment and left nothing to take."""
    before = app.clock.now()

    def looked() -> bool:
        at = status(app).checked_at
        return at is not None and at > before

    # The look that is under way may have searched before; the one after it has not.
    wait_until(looked, what="a look")
    before = app.clock.now()
    wait_until(looked, what="the look after it")


def threads() -> list[str]:
    """Return the names of the threads that fetch."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("imap ")]
