"""The overview: the ledger as a balance, mail per hour, the queue, what leaves, and whether mailboxes answer."""

from starlette.responses import Response

from gateway.desk import figures
from gateway.model import Disposition
from gateway.web.console import drawing
from gateway.web.console.permits import Act
from gateway.web.console.shell import Route
from gateway.web.console.visit import Visit

WORDS = (*(word.value for word in Disposition), "progress")


def page(visit: Visit) -> Response:
    """Show the figures as of now."""
    seen = figures.figures(visit.services)
    counts = {word: getattr(seen.ledger, word) for word in Disposition}
    return visit.show(
        "overview.html",
        seen=seen,
        counts={**counts, "in progress": seen.ledger.in_progress},
        difference=seen.ledger.accepted - sum(counts.values()) - seen.ledger.in_progress,
        chart=drawing.bars(seen.hours, WORDS),
        words=[word for word in WORDS if any(hour.get(word) for _, hour in seen.hours)],
        mailboxes=figures.mailboxes(visit.services),
        alarm_seconds=visit.app.config.queue.alarm_hours * 3600,
        now=visit.services.clock.now(),
    )


ROUTES = (Route(method="GET", path="/overview", act=Act.READ, serve=page),)
