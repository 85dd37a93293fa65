"""What the console shows beside the API's views: our own people, and the queue as a list that is worked through.

Times are aware UTC, ids are strings.  Nothing here holds a Reference ID.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.model.views import LedgerView, QueueItemView


@dataclass(frozen=True, slots=True, kw_only=True)
class UserView:
    """One of our people who use the console; the password is never shown."""

    id: str
    email: str
    name: str
    role: str
    has_password: bool
    created_at: datetime
    last_seen_at: datetime | None
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionView:
    """One browser in which somebody is signed in.  id: a digest that signs nobody in.  peer: its IP address."""

    id: str
    created_at: datetime
    seen_at: datetime
    peer: str
    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRowView:
    """A queue item as one row of the list.  first_line: of what the sender wrote.  siblings: other open items of the
    same conversation (same sender, same subject without `Re:`).  files: how many are attached."""

    item: QueueItemView
    sender_name: str
    first_line: str
    files: int
    siblings: int
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePageView:
    """One page of the queue.  total: items that match, counted up to a limit; `more_than` says that it was reached.

    next_after: id from which the next page goes on, None on the last one.  newest: the highest id of the whole queue.
    """

    rows: tuple[QueueRowView, ...]
    total: int
    more_than: bool
    next_after: str | None
    oldest_seconds: int | None
    newest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PulseView:
    """What changed in a list that somebody looks at.  newer: items that came since.  items: what became of those shown,
    as (id, state, claimed by)."""

    newer: int
    items: tuple[tuple[str, str, str], ...]
    oldest_seconds: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FiguresView:
    """The ledger, and how the last day went.

    deferred: mails that wait after a try.  uncertain: mails whose relay may have taken them before.
    hours: oldest first: begin of the hour and mails by disposition (`progress`: none yet).
    """

    ledger: LedgerView
    deferred: int
    uncertain: int
    sent_of_a_day: int
    bounced_of_a_day: int
    hours: tuple[tuple[datetime, Mapping[str, int]], ...]
