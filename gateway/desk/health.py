"""Whether the gateway can work now (database, broker, mailboxes), and its figures.  Changes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from gateway import mailboxes
from gateway.errors import ConfigError, Unavailable
from gateway.services import Services
from gateway.store import db
from gateway.store import gauges as figures
from gateway.store.gauges import Gauge

BROKER_SECONDS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What one look saw.  cause: why work cannot be done, "" when it can."""

    name: str
    cause: str


def checks(services: Services) -> list[Check]:
    """Look at everything that work needs; none of it ever raises."""
    return [
        Check(name="database", cause=_database(services)),
        Check(name="broker", cause=_broker(services)),
        Check(name="mailboxes", cause=_mailboxes(services)),
    ]


def gauges(services: Services) -> list[Gauge]:
    """Return the figures of the whole installation.  Raises Unavailable."""
    now = services.clock.now()
    with services.database.read() as conn:
        read = figures.read(conn, now=now)
    return [*read, *_mailbox_gauges(services, now)]


def _mailbox_gauges(services: Services, now: datetime) -> Iterator[Gauge]:
    # Names are of the settings.  One that was never looked into counts from when it was first watched.
    for status in mailboxes.statuses(services.database, services.config):
        labels = (("mailbox", status.mailbox.name),)
        since = status.checked_at or status.watched_since
        age = (now - since).total_seconds() if since else 0.0
        about = "Time since the last look into a mailbox that left nothing to take."
        yield Gauge(name="mailbox_unchecked_seconds", about=about, value=max(0.0, age), labels=labels)
        about = "Mails in a mailbox that could not be fetched so far."
        yield Gauge(name="mailbox_failing", about=about, value=status.failing, labels=labels)


def _database(services: Services) -> str:
    try:
        version = db.current(services.database)
    except (Unavailable, ConfigError) as error:
        return str(error)
    return "" if version == db.HEAD else f"The schema is {version or 'empty'}, not {db.HEAD}; run `gateway db upgrade`."


def _broker(services: Services) -> str:
    url = services.config.broker.url
    if not url:
        return ""
    import redis

    try:
        limits = {"socket_connect_timeout": BROKER_SECONDS, "socket_timeout": BROKER_SECONDS}
        with redis.Redis.from_url(url, **limits) as client:
            client.ping()
    except (redis.RedisError, OSError, ValueError) as error:
        return f"Redis does not answer ({type(error).__name__}); start it or check broker.url."
    return ""


def _mailboxes(services: Services) -> str:
    try:
        stale = services.stale_mailbox()
    except Unavailable as error:
        return str(error)
    return f"The mailbox {stale} has not answered for too long." if stale else ""
