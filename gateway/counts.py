"""What this process counted since it started: by words of closed lists, never by what anybody wrote.

`maillog` counts where it writes the line, so that log and metric cannot differ.  Figures of the whole installation are
read from the tables instead (`store/gauges.py`).
"""

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
# Seconds; most calls take a few milliseconds.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60)

registry = CollectorRegistry()
_PROCESSED = Counter(
    "gateway_mails_processed", "Mails that got their disposition here.", ("disposition", "reason"), registry=registry
)
_ANSWERS = Counter("gateway_relay_answers", "What the relay said.", ("notice", "outcome"), registry=registry)
_CALLS = Counter("gateway_http_requests", "Calls that were answered.", ("method", "route", "status"), registry=registry)
_SECONDS = Histogram("gateway_http_seconds", "How long calls took.", ("route",), buckets=BUCKETS, registry=registry)


def mail_processed(disposition: str, reason: str) -> None:
    """Count a mail."""
    _PROCESSED.labels(disposition, reason).inc()


def relay_answered(notice: str, outcome: str) -> None:
    """Count an answer of the relay."""
    _ANSWERS.labels(notice, outcome).inc()


def call_answered(method: str, route: str, status: int, seconds: float) -> None:
    """Count a call.  route: the template of its path."""
    _CALLS.labels(method, route, str(status)).inc()
    _SECONDS.labels(route).observe(seconds)


def text() -> str:
    """Return all counts in the text form of Prometheus."""
    return generate_latest(registry).decode()
