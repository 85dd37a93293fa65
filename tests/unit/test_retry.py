"""When a deferred mail is tried again."""

from datetime import timedelta

import pytest

from gateway.outbound.retry import GiveUp, next_attempt
from tests.outgoing import NOW


@pytest.mark.parametrize(("attempts", "minutes"), [(0, 1), (1, 1), (2, 5), (3, 15), (4, 60), (5, 60), (500, 60)])
def test_waits_grow_from_a_minute_to_an_hour(attempts: int, minutes: int) -> None:
    assert next_attempt(attempts, first_tried_at=NOW, now=NOW, jitter=0) == NOW + timedelta(minutes=minutes)


def test_jitter_spreads_a_burst_by_a_tenth_at_most() -> None:
    """OB-10."""
    late = next_attempt(4, first_tried_at=NOW, now=NOW, jitter=0.999)
    assert NOW + timedelta(minutes=65) < late < NOW + timedelta(minutes=66)


def test_after_48_hours_a_person_is_told_instead() -> None:
    first = NOW - timedelta(hours=48)
    assert next_attempt(9, first_tried_at=first, now=NOW, jitter=0) == GiveUp(tried_for=timedelta(hours=48))
    assert not isinstance(next_attempt(9, first_tried_at=first + timedelta(seconds=1), now=NOW, jitter=0), GiveUp)
