"""The overview: the ledger as a balance, mail per hour, the queue, what leaves, and whether mailboxes answer."""

from collections.abc import Mapping, Sequence

from starlette.responses import Response

from gateway.desk import figures, health
from gateway.model import Disposition
from gateway.store.gauges import Gauge
from gateway.web.console import drawing
from gateway.web.console.permits import Act
from gateway.web.console.shell import Route
from gateway.web.console.visit import Visit

WORDS = (*(word.value for word in Disposition), "progress")


def page(visit: Visit) -> Response:
    """Show the figures as of now."""
    seen = figures.figures(visit.services)
    gauges = health.gauges(visit.services)
    counts = {word: getattr(seen.ledger, word) for word in Disposition}
    return visit.show(
        "overview.html",
        seen=seen,
        gauges=gauges,
        total=lambda name, **labels: _total(gauges, name, labels),
        counts={**counts, "in progress": seen.ledger.in_progress},
        difference=seen.ledger.accepted - sum(counts.values()) - seen.ledger.in_progress,
        chart=drawing.bars(seen.hours, WORDS),
        words=[word for word in WORDS if any(hour.get(word) for _, hour in seen.hours)],
        mailboxes=figures.mailboxes(visit.services),
        alarm_seconds=visit.app.config.queue.alarm_hours * 3600,
        now=visit.services.clock.now(),
    )


def _total(gauges: Sequence[Gauge], name: str, labels: Mapping[str, str]) -> int:
    """Return a figure of `/metrics`, summed over the labels that are not asked for."""
    wanted = set(labels.items())
    return int(sum(gauge.value for gauge in gauges if gauge.name == name and wanted <= set(gauge.labels)))


ROUTES = (Route(method="GET", path="/overview", act=Act.READ_ALL, serve=page),)
