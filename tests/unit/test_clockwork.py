"""When the time is believed and when not.  Source: FA-09, PROCESS 4.7."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.model import ClockReading, DoubtKind
from gateway.rules import clockwork

NOW = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)


def reading(wall: datetime, monotonic: float = 0.0, database: datetime | None = None) -> ClockReading:
    return ClockReading(wall=wall, monotonic=monotonic, database=(database or wall).timestamp())


@pytest.mark.parametrize(
    "moved", [timedelta(hours=1), timedelta(hours=-1), timedelta(days=30), timedelta(days=-30)], ids=str
)
def test_a_clock_that_moves_against_the_monotonic_one_has_jumped(moved: timedelta) -> None:
    """FA-09."""
    present = reading(NOW + moved + timedelta(seconds=5), 5.0)
    doubt = clockwork.doubt(present, reading(NOW), NOW)
    assert doubt is not None
    assert doubt.kind is DoubtKind.JUMP


@pytest.mark.parametrize("moved", [timedelta(seconds=90), timedelta(minutes=-14), timedelta(0)], ids=str)
def test_slewing_and_two_hosts_that_differ_by_a_minute_are_no_jump(moved: timedelta) -> None:
    """FA-09."""
    assert clockwork.doubt(reading(NOW + moved, 5.0, NOW), reading(NOW, 5.0), NOW) is None


def test_a_clock_far_from_the_databases_has_jumped() -> None:
    doubt = clockwork.doubt(reading(NOW, database=NOW + timedelta(hours=2)), None, None)
    assert doubt is not None
    assert doubt.kind is DoubtKind.JUMP


def test_a_clock_that_was_set_back_while_nothing_ran_has_jumped() -> None:
    doubt = clockwork.doubt(reading(NOW), None, NOW + timedelta(days=30))
    assert doubt is not None
    assert doubt.kind is DoubtKind.JUMP


def test_time_without_any_scheduler_is_an_outage() -> None:
    doubt = clockwork.doubt(reading(NOW), None, NOW - timedelta(days=21))
    assert doubt is not None
    assert doubt.kind is DoubtKind.OUTAGE


def test_the_very_first_turn_and_a_quick_restart_are_believed() -> None:
    assert clockwork.doubt(reading(NOW), None, None) is None
    assert clockwork.doubt(reading(NOW), None, NOW - timedelta(minutes=10)) is None
