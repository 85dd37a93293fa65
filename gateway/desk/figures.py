"""What an operator asks of the whole installation: does it balance, what waits, what leaves, is a mailbox silent."""

from dataclasses import dataclass
from datetime import datetime

from gateway import mailboxes as fetched
from gateway.model.desk_views import FiguresView
from gateway.rules import mailboxes as rules
from gateway.services import Services
from gateway.store import figures as stored


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxView:
    """A mailbox that is fetched.  checked_at: when nothing was left in it.  stale: it was silent for too long.

    error: why the last look failed.  failing: mails that could not be fetched so far.
    """

    name: str
    account: str
    folder: str
    checked_at: datetime | None
    stale: bool
    error: str
    failing: int


def figures(services: Services) -> FiguresView:
    """Return all figures as of now."""
    with services.database.read() as conn:
        return stored.figures(conn, now=services.clock.now())


def mailboxes(services: Services) -> list[MailboxView]:
    """Return the mailboxes of the settings, and how each of them is doing."""
    now = services.clock.now()
    return [
        MailboxView(
            name=status.mailbox.name,
            account=status.mailbox.account,
            folder=status.mailbox.folder,
            checked_at=status.checked_at,
            stale=rules.is_stale(status, now),
            error=status.error,
            failing=status.failing,
        )
        for status in fetched.statuses(services.database, services.config)
    ]
