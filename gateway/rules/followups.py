"""The follow-up ladder of a wait for the customer: when each step is due.  Pure.  Source: PROCESS 4."""

from datetime import datetime

from gateway.model import FollowUpPolicy, FollowUpStep, Priority
from gateway.rules import calendar


def plan(started_at: datetime, priority: Priority, policy: FollowUpPolicy) -> tuple[FollowUpStep, ...]:
    """Return the three steps of a wait that begins now; none has a due time while the priority is excluded (4.5)."""
    excluded = priority in policy.exclude_priorities
    return tuple(
        FollowUpStep(step=step, due_at=None if excluded else calendar.add_days(started_at, days, policy))
        for step, days in enumerate(policy.days, start=1)
    )
