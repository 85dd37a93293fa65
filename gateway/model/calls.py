"""A call to another system (a webhook delivery), and what the receiver said."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookCall:
    """One event that is leased to us for one webhook.

    event: the feed's own item, JSON types only; empty when it was forgotten meanwhile.  message_id: the same on every
    try.  secrets: the current one first, then the one before while both count.  attempts: leases taken so far, this one
    included.  failures: calls of this webhook in a row that failed, before this one.
    """

    id: int
    webhook_id: int
    url: str
    message_id: str
    secrets: tuple[str, ...]
    event: Mapping[str, Any]
    attempts: int
    fence: int
    failures: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The receiver answered 2xx.  words: its status with our word for it; never a word of the receiver's own."""

    words: str
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GoneForGood:
    """The receiver answered 410: it wants no more calls."""

    words: str
    status: int = 410


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """Any other answer, or none.  retry_after: how long the receiver asks us to wait, at least."""

    words: str
    status: int | None = None
    retry_after: timedelta | None = None


CallOutcome = Taken | GoneForGood | Missed


@dataclass(frozen=True, slots=True, kw_only=True)
class NextTry:
    """When a call is tried again, None for never; and until when its webhook rests, None for not at all."""

    run_at: datetime | None
    rest_until: datetime | None
