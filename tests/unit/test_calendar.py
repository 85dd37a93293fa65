"""TM-01 to TM-06: days as people count them, in the zones and on the days where that goes wrong."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model import FollowUpPolicy, Priority
from gateway.rules import calendar, followups

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Africa/Cairo",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
)


def local(zone: str, *when: int) -> datetime:
    return datetime(*when, tzinfo=ZoneInfo(zone))  # type: ignore[arg-type,misc]


def added(zone: str, start: tuple[int, ...], days: int, count: str = "business", country: str = "") -> str:
    policy = FollowUpPolicy(count=count, timezone=zone, country=country)  # type: ignore[arg-type]
    due = calendar.add_days(local(zone, *start), days, policy)
    assert due.tzinfo is UTC
    return due.astimezone(ZoneInfo(zone)).isoformat()


def test_the_clock_that_goes_forward_leaves_the_local_time() -> None:
    """TM-01: 95 hours, not 96."""
    assert added("Europe/Berlin", (2026, 3, 27, 16), 2) == "2026-03-31T16:00:00+02:00"


def test_the_clock_that_goes_back_leaves_the_local_time() -> None:
    """TM-02: 97 hours."""
    assert added("America/New_York", (2026, 10, 30, 16), 2) == "2026-11-03T16:00:00-05:00"


def test_a_time_that_does_not_exist_moves_forward_over_the_gap() -> None:
    """TM-03."""
    assert added("Africa/Cairo", (2026, 4, 22, 0, 30), 2) == "2026-04-24T01:30:00+03:00"


def test_of_a_time_that_exists_twice_the_first_counts() -> None:
    """TM-04."""
    assert added("Europe/Berlin", (2026, 10, 18, 2, 30), 7, "calendar") == "2026-10-25T02:30:00+02:00"
    second = local("Europe/Berlin", 2026, 10, 25, 2, 30).replace(fold=1)
    policy = FollowUpPolicy(timezone="Europe/Berlin")
    due = calendar.add_days(second, 1, policy).astimezone(ZoneInfo("Europe/Berlin"))
    assert due.isoformat() == "2026-10-26T02:30:00+01:00"


def test_a_day_that_a_zone_left_out_is_no_business_day() -> None:
    """TM-05: Samoa had no Friday 30 December 2011; Monday is next, and counting goes on from there."""
    assert added("Pacific/Apia", (2011, 12, 28, 10), 1)[:16] == "2011-12-29T10:00"
    assert added("Pacific/Apia", (2011, 12, 28, 10), 2)[:16] == "2012-01-02T10:00"
    assert added("Pacific/Apia", (2011, 12, 28, 10), 3)[:16] == "2012-01-03T10:00"


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ((2026, 3, 7, 10), 2, "2026-03-10T10:00"),  # Saturday + 2 = Tuesday, PROCESS 4.3
        ((2026, 3, 8, 10), 2, "2026-03-10T10:00"),
        ((2026, 3, 6, 10), 2, "2026-03-10T10:00"),
        ((2026, 3, 9, 10), 5, "2026-03-16T10:00"),
        ((2026, 3, 9, 10), 10, "2026-03-23T10:00"),
        ((2026, 12, 31, 10), 2, "2027-01-04T10:00"),
        ((2028, 2, 28, 10), 2, "2028-03-01T10:00"),
        ((2026, 3, 9, 10), 0, "2026-03-09T10:00"),
    ],
)
def test_business_days_pass_over_weekends_year_ends_and_leap_days(start: tuple[int, ...], days: int, due: str) -> None:
    """TM-06, PROCESS 4.3."""
    assert added("UTC", start, days)[:16] == due


def test_public_holidays_of_the_policy_are_no_business_days() -> None:
    """TM-06: 24 December is a Thursday; 25 and 26 are holidays in Germany, 1 January too."""
    assert added("Europe/Berlin", (2026, 12, 24, 10), 1, country="DE")[:10] == "2026-12-28"
    assert added("Europe/Berlin", (2026, 12, 24, 10), 1)[:10] == "2026-12-25"
    assert added("Europe/Berlin", (2026, 12, 24, 10), 5, country="DE")[:10] == "2027-01-04"
    policy = FollowUpPolicy(country="DE", subdivision="BY")
    assert not calendar.is_business_day(date(2026, 1, 6), policy)
    assert calendar.is_business_day(date(2026, 1, 6), FollowUpPolicy(country="DE"))


@given(
    start=st.datetimes(datetime(2000, 1, 1), datetime(2050, 1, 1)),
    days=st.integers(0, 40),
    zone=st.sampled_from(ZONES),
    count=st.sampled_from(["business", "calendar"]),
)
def test_later_days_are_never_earlier_and_local_time_is_kept_but_for_gaps(
    start: datetime, days: int, zone: str, count: str
) -> None:
    """TM-10: for any start, in any zone."""
    policy = FollowUpPolicy(count=count, timezone=zone)  # type: ignore[arg-type]
    begin = start.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    due, next_due = (calendar.add_days(begin, days + more, policy) for more in (0, 1))
    assert begin - timedelta(hours=1) <= due < next_due
    moved = due.astimezone(ZoneInfo(zone)).replace(tzinfo=None) - datetime.combine(
        due.astimezone(ZoneInfo(zone)).date(), begin.astimezone(ZoneInfo(zone)).time()
    )
    assert timedelta(0) <= moved <= timedelta(hours=1)
    if count == "business" and days:
        assert calendar.is_business_day(due.astimezone(ZoneInfo(zone)).date(), policy)


@pytest.mark.parametrize("priority", Priority)
def test_the_ladder_has_three_steps_and_waits_where_the_priority_is_excluded(priority: Priority) -> None:
    """PROCESS 4.2, 4.5."""
    policy = FollowUpPolicy(exclude_priorities=(Priority.CRITICAL_PRODUCTION_DOWN,))
    start = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
    steps = followups.plan(start, priority, policy)
    excluded = priority is Priority.CRITICAL_PRODUCTION_DOWN
    assert [step.step for step in steps] == [1, 2, 3]
    expected = [None if excluded else start + timedelta(days=days) for days in (2, 5, 10)]
    assert [step.due_at for step in steps] == expected
