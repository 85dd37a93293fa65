"""What the console asks of the queue beside the actions: pages, one item whole, what changed, many at once.

Acting on many items is one transaction an item: what the rules refuse for one is told and stops none of the others.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.desk import mails, queue
from gateway.desk.ids import row_id
from gateway.errors import NotFound, Refused
from gateway.model.desk_views import PulseView, QueuePageView, QueueRowView
from gateway.model.views import CaseView, MailDetailView
from gateway.services import Services
from gateway.store import case_views, cases, queue_list
from gateway.store.queue_list import QueueQuery

MOST_AT_ONCE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenItem:
    """All that a person needs to decide about one item.  cases: those that the hints name, by number."""

    row: QueueRowView
    mail: MailDetailView
    siblings: tuple[QueueRowView, ...]
    cases: dict[str, CaseView]


@dataclass(frozen=True, slots=True, kw_only=True)
class Many:
    """What acting on many items did.  refused: (item, why)."""

    done: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]


def page(services: Services, query: QueueQuery) -> QueuePageView:
    """Return one page of the queue."""
    with services.database.read() as conn:
        return queue_list.page(conn, query, now=services.clock.now())


def item(services: Services, item_id: str) -> OpenItem:
    """Return one item with its mail, its conversation and the cases that may be meant.  Raises NotFound."""
    now = services.clock.now()
    with services.database.read() as conn:
        row = queue_list.row(conn, row_id(item_id), now=now)
        if row is None:
            raise NotFound(f"There is no queue item {item_id[:20]}.")
        siblings = queue_list.siblings(conn, row_id(item_id), now=now)
        numbers = dict.fromkeys(hint.case for hint in row.item.hints)
        there = [number for number in numbers if cases.load(conn, number) is not None]
        named = {number: case_views.one(conn, number) for number in there}
    return OpenItem(row=row, mail=mails.show(services, row.item.mail_id), siblings=siblings, cases=named)


def next_open(services: Services, query: QueueQuery, *, beside: Sequence[str]) -> str | None:
    """Return the item to look at after these."""
    with services.database.read() as conn:
        found = queue_list.next_open(conn, query, beside=[row_id(one) for one in beside])
    return None if found is None else str(found)


def pulse(services: Services, query: QueueQuery, *, ids: Sequence[str], newest: str) -> PulseView:
    """Say what changed since a list was shown."""
    wanted = [row_id(one) for one in ids[:MOST_AT_ONCE]]
    with services.database.read() as conn:
        return queue_list.pulse(conn, query, ids=wanted, newest=row_id(newest), now=services.clock.now())


def recipients(services: Services) -> list[str]:
    """Return addresses of ours that open items were sent to."""
    with services.database.read() as conn:
        return queue_list.recipients(conn)


def link_many(services: Services, ids: Sequence[str], number: str, *, by: str) -> Many:
    """Link mails to one case by hand."""
    return _many(ids, lambda one: queue.link(services, one, number, by=by))


def discard_many(services: Services, ids: Sequence[str], *, by: str, why: str) -> Many:
    """Set items aside with one reason."""
    return _many(ids, lambda one: queue.discard(services, one, by=by, why=why))


def claim_many(services: Services, ids: Sequence[str], *, by: str) -> Many:
    """Say that one person looks at these items."""
    return _many(ids, lambda one: queue.claim(services, one, by=by))


def undo_many(services: Services, ids: Sequence[str], *, by: str) -> Many:
    """Take resolutions back, the latest first: one may rest upon the other."""
    return _many(tuple(reversed(ids)), lambda one: queue.undo(services, one, by=by))


def _many(ids: Sequence[str], act: Callable[[str], object]) -> Many:
    done: list[str] = []
    refused: list[tuple[str, str]] = []
    for one in dict.fromkeys(ids[:MOST_AT_ONCE]):
        try:
            act(one)
            done.append(one)
        except Refused as no:
            refused.append((one, str(no)))
    return Many(done=tuple(done), refused=tuple(refused))
