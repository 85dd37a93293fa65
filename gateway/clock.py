"""The only place that reads the clock.  Everything else takes `now` as an argument.

Two implementations: the machine's clock, and one that stands still where a test or `gateway tick --now` puts it.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tell the present moment as an aware UTC datetime."""

    def now(self) -> datetime:
        """Return the present moment, aware, UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the present moment, aware, UTC."""
        return datetime.now(UTC)


@dataclass(slots=True)
class FixedClock:
    """A clock that shows `moment` until somebody sets it anew."""

    moment: datetime

    def now(self) -> datetime:
        """Return the moment that was set."""
        return self.moment


def monotonic_seconds() -> float:
    """Return seconds of a clock that never jumps; only differences mean anything."""
    return time.monotonic()
