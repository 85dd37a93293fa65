"""What the console asks of cases beside the API's calls: how many there are of each status, and their outgoing mail."""

from gateway.model import Status
from gateway.model.views import OutboxView
from gateway.services import Services
from gateway.store import case_list, outbox_views

COUNTED = case_list.COUNTED
OUTGOING_SHOWN = 100


def counts(services: Services) -> dict[str, int]:
    """Return the cases of each status, counted up to COUNTED + 1."""
    with services.database.read() as conn:
        return case_list.counts(conn, [status.value for status in Status])


def outgoing(services: Services, number: str) -> list[OutboxView]:
    """Return the mails that left, or will leave, about a case, latest first."""
    with services.database.read() as conn:
        found = outbox_views.many(conn, state="all", limit=OUTGOING_SHOWN, case=number)
    return found[::-1]
