"""The hours and days on which a follow-up may leave.  Source: PROCESS 4.3, TM-06."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from gateway.model import FollowUpPolicy
from gateway.rules import calendar


def local(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


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
        ({"send_window": "09:00-09:00"}, "09:00-09:00"),
        ({"timezone": "Mars/Olympus"}, "Mars/Olympus"),
        ({"country": "XY"}, "XY"),
        ({"country": "DE", "subdivision": "ZZ"}, "ZZ"),
        ({"days": (5, 2, 10)}, "rising"),
    ],
)
def test_settings_that_cannot_be_counted_with_are_refused_at_the_start(wrong: dict[str, object], word: str) -> None:
    assert word in calendar.fault(FollowUpPolicy(**wrong))  # type: ignore[arg-type]
