"""Days as people count them: zones, gaps, skipped days, holidays, the send window.  Source: PROCESS 4.3."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.model import FollowUpPolicy, Priority
from gateway.rules import calendar, followups

BUSINESS = "business"


def local(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def shown(moment: datetime, zone: str) -> str:
    return moment.astimezone(ZoneInfo(zone)).isoformat()


@pytest.mark.parametrize(
    ("zone", "start", "due", "hours"),
    [
        pytest.param("Europe/Berlin", "2026-03-27T16:00", "2026-03-31T16:00:00+02:00", 95, id="TM-01"),
        pytest.param("America/New_York", "2026-10-30T16:00", "2026-11-03T16:00:00-05:00", 97, id="TM-02"),
    ],
)
def test_two_business_days_keep_the_local_time_over_a_change_of_clocks(
    zone: str, start: str, due: str, hours: int
) -> None:
    """TM-01, TM-02."""
    began = local(start, zone)
    found = calendar.add_days(began, 2, FollowUpPolicy(count=BUSINESS, timezone=zone))
    assert shown(found, zone) == due
    assert found - began == timedelta(hours=hours)


def test_a_due_time_in_a_gap_moves_forward_and_is_due_once() -> None:
    """TM-03: on 24 April 2026 Cairo has no 00:30."""
    zone = "Africa/Cairo"
    policy = FollowUpPolicy(timezone=zone)
    due = calendar.add_days(local("2026-04-22T00:30", zone), 2, policy)
    assert shown(due, zone) == "2026-04-24T01:30:00+03:00"
    steps = followups.plan(local("2026-04-22T00:30", zone), Priority.MEDIUM, policy)
    assert [step.due_at for step in steps].count(due) == 1


def test_a_due_time_that_exists_twice_means_the_first() -> None:
    """TM-04."""
    zone = "Europe/Berlin"
    due = calendar.add_days(local("2026-10-18T02:30", zone), 7, FollowUpPolicy(timezone=zone))
    assert shown(due, zone) == "2026-10-25T02:30:00+02:00"


@pytest.mark.parametrize(("count", "due"), [("business", "2012-01-02T10:00"), ("calendar", "2011-12-31T10:00")])
def test_a_day_that_a_zone_left_out_is_passed_over(count: str, due: str) -> None:
    """TM-05: Samoa had no 30 December 2011."""
    zone = "Pacific/Apia"
    policy = FollowUpPolicy(count=count, timezone=zone)  # type: ignore[arg-type]
    found = calendar.add_days(local("2011-12-29T10:00", zone), 1, policy)
    assert shown(found, zone)[:16] == due


@pytest.mark.parametrize(
    ("start", "days", "country", "due"),
    [
        pytest.param("2026-11-21T10:00", 2, "", "2026-11-24T10:00", id="a Saturday"),
        pytest.param("2026-11-22T10:00", 2, "", "2026-11-24T10:00", id="a Sunday"),
        pytest.param("2026-12-24T10:00", 2, "DE", "2026-12-29T10:00", id="before Christmas"),
        pytest.param("2026-12-25T10:00", 2, "DE", "2026-12-29T10:00", id="on a holiday"),
        pytest.param("2026-12-30T10:00", 2, "DE", "2027-01-04T10:00", id="over the end of the year"),
        pytest.param("2028-02-28T10:00", 1, "", "2028-02-29T10:00", id="onto a leap day"),
        pytest.param("2028-02-29T10:00", 2, "", "2028-03-02T10:00", id="from a leap day"),
    ],
)
def test_business_days_pass_over_weekends_and_holidays(start: str, days: int, country: str, due: str) -> None:
    """TM-06."""
    policy = FollowUpPolicy(count=BUSINESS, country=country)
    assert calendar.add_days(local(start, "UTC"), days, policy) == local(due, "UTC")


@pytest.mark.parametrize(
    ("window", "count", "at", "opens"),
    [
        pytest.param("08:00-17:00", "calendar", "2026-11-20T12:00", "2026-11-20T12:00", id="inside"),
        pytest.param("08:00-17:00", "calendar", "2026-11-20T07:59", "2026-11-20T08:00", id="before"),
        pytest.param("08:00-17:00", "calendar", "2026-11-20T17:00", "2026-11-21T08:00", id="after"),
        pytest.param("08:00-17:00", "business", "2026-11-20T17:00", "2026-11-23T08:00", id="after, then a weekend"),
        pytest.param("22:00-06:00", "calendar", "2026-11-20T23:00", "2026-11-20T23:00", id="over midnight, inside"),
        pytest.param("22:00-06:00", "calendar", "2026-11-20T07:00", "2026-11-20T22:00", id="over midnight, outside"),
        pytest.param("00:00-24:00", "calendar", "2026-11-20T23:59", "2026-11-20T23:59", id="always"),
    ],
)
def test_follow_ups_leave_only_in_the_send_window(window: str, count: str, at: str, opens: str) -> None:
    policy = FollowUpPolicy(send_window=window, timezone="Europe/Berlin")
    found = calendar.next_opening(local(at, "Europe/Berlin"), policy, business=count == "business")
    assert found == local(opens, "Europe/Berlin")


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"send_window": "25:00-26:00"}, "25:00"),
        ({"send_window": "09:75-10:00"}, "09:75"),
        ({"send_window": "09:00-09:00"}, "empty"),
        ({"timezone": "Mars/Olympus"}, "Mars/Olympus"),
        ({"country": "XY"}, "XY"),
        ({"country": "DE", "subdivision": "ZZ"}, "DE ZZ"),
        ({"days": (5, 2, 10)}, "rise"),
    ],
)
def test_settings_that_cannot_be_counted_with_are_refused_at_the_start(wrong: dict[str, object], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        calendar.check(FollowUpPolicy(**wrong))  # type: ignore[arg-type]
