"""Figures for operators, read from the tables when they are asked for: what waits, since when, how long things took."""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from gateway.model import Disposition, EntryState
from gateway.store.tables import event, mail, outbox, queue_item, webhook_delivery

# Latencies are those of so many mails, the latest ones.
LATEST = 200
QUANTILES = (0.5, 0.95)
UNFINISHED = (EntryState.READY, EntryState.LEASED, EntryState.HELD, EntryState.DEAD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """One figure.  labels: words of closed lists only, never what anybody wrote."""

    name: str
    about: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()


def read(conn: Connection, *, now: datetime) -> list[Gauge]:
    """Return all figures; each statement is served by an index."""
    return [
        *_mails(conn, now),
        *_queue(conn, now),
        *_outbox(conn, now),
        *_events(conn),
        *_webhooks(conn, now),
        *_latencies(conn),
    ]


def _mails(conn: Connection, now: datetime) -> Iterator[Gauge]:
    found = select(mail.c.disposition, func.count()).group_by(mail.c.disposition)
    counts: dict[str | None, int] = {row[0]: row[1] for row in conn.execute(found)}
    for word in Disposition:
        about = "Mails by what became of them."
        yield Gauge(name="mails", about=about, value=counts.get(word, 0), labels=(("disposition", word),))
    waiting = select(func.min(mail.c.received_at)).where(mail.c.disposition.is_(None))
    yield Gauge(name="mails_in_progress", about="Mails without a disposition yet.", value=counts.get(None, 0))
    yield _age("mails_in_progress_oldest_seconds", "Age of the oldest of them.", conn.execute(waiting).scalar(), now)


def _queue(conn: Connection, now: datetime) -> Iterator[Gauge]:
    open_ = select(queue_item.c.reason, func.count(), func.min(queue_item.c.created_at)).where(
        queue_item.c.state == "open"
    )
    rows: Sequence[Any] = conn.execute(open_.group_by(queue_item.c.reason)).all()
    for reason, count, _ in rows:
        about = "Open items of the admin queue."
        yield Gauge(name="queue_items", about=about, value=count, labels=(("reason", reason),))
    oldest = min((at for _, _, at in rows), default=None)
    yield _age("queue_oldest_seconds", "Age of the oldest open item of the admin queue.", oldest, now)


def _outbox(conn: Connection, now: datetime) -> Iterator[Gauge]:
    for state in UNFINISHED:
        found = select(func.count(), func.min(outbox.c.run_at)).where(outbox.c.state == state)
        count, oldest = conn.execute(found).one()
        yield Gauge(name="outbox", about="Outgoing mails that have not left.", value=count, labels=(("state", state),))
        if state is EntryState.READY:
            due = oldest if oldest is not None and oldest <= now else None
            yield _age("outbox_overdue_seconds", "How long the most overdue outgoing mail has been due.", due, now)


def _events(conn: Connection) -> Iterator[Gauge]:
    waiting = select(func.count()).select_from(event).where(event.c.cursor.is_(None))
    yield Gauge(name="events_unplaced", about="Events without a place yet.", value=conn.execute(waiting).scalar_one())


def _webhooks(conn: Connection, now: datetime) -> Iterator[Gauge]:
    waiting = webhook_delivery.c.state == EntryState.READY
    count, oldest = conn.execute(select(func.count(), func.min(webhook_delivery.c.run_at)).where(waiting)).one()
    yield Gauge(name="webhook_deliveries_waiting", about="Calls of other systems that wait.", value=count)
    due = oldest if oldest is not None and oldest <= now else None
    yield _age("webhook_overdue_seconds", "How long the most overdue call of another system has been due.", due, now)


def _latencies(conn: Connection) -> Iterator[Gauge]:
    for name, about, table, began, ended in (
        ("mail_seconds", "From receiving a mail to its disposition.", mail, mail.c.received_at, mail.c.processed_at),
        ("delivery_seconds", "From writing a mail to the relay's yes.", outbox, outbox.c.created_at, outbox.c.sent_at),
    ):
        latest = select(began, ended).where(ended.is_not(None)).order_by(table.c.id.desc()).limit(LATEST)
        seconds = sorted((end - begin).total_seconds() for begin, end in conn.execute(latest))
        for quantile in QUANTILES if seconds else ():
            value = statistics.quantiles(seconds, n=100)[int(quantile * 100) - 1] if len(seconds) > 1 else seconds[0]
            yield Gauge(name=name, about=about, value=max(0.0, value), labels=(("quantile", str(quantile)),))


def _age(name: str, about: str, since: datetime | None, now: datetime) -> Gauge:
    return Gauge(name=name, about=about, value=max(0.0, (now - since).total_seconds()) if since else 0.0)
