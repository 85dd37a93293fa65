"""What an operator asks of the whole installation: does it balance, what waits, what leaves, is a mailbox silent."""

from dataclasses import dataclass

from gateway.errors import Unavailable
from gateway.model.desk_views import FiguresView
from gateway.services import Services
from gateway.store import figures as stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """A mailbox that is fetched.  stale: it has not answered for too long."""

    name: str
    host: str
    stale: bool


def figures(services: Services) -> FiguresView:
    """Return all figures as of now."""
    with services.database.read() as conn:
        return stored.figures(conn, now=services.clock.now())


def mailboxes(services: Services) -> list[Mailbox]:
    """Return the mailboxes of the settings, and which of them is silent."""
    try:
        stale = services.stale_mailbox()
    except Unavailable:
        stale = ""
    return [
        Mailbox(name=name, host=box.host, stale=name == stale) for name, box in sorted(services.config.imap.items())
    ]
