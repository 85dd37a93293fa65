"""Days as people count them: local time in a zone, business days, public holidays.  Pure.

Local days are walked one by one, never multiplied by 24 hours: clocks go forward and back, and one zone once left a
day out.  A local time that does not exist moves forward over the gap; one that exists twice means the first.
Source: PROCESS 4.3.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from gateway.model import FollowUpPolicy

_DAY = timedelta(days=1)
_NOON = time(12)
_SATURDAY = 5
_DAY_MINUTES = 24 * 60
# A country without a working day in a year would be an error of its calendar, not a reason to search for ever.
_DAYS_AHEAD = 366


def add_days(start: datetime, days: int, policy: FollowUpPolicy) -> datetime:
    """Return the moment `days` days after `start`, at the same local time of the policy's zone.

    Business days: the n-th business day after the start day (Saturday 10:00 + 2 = Tuesday 10:00).
    """
    zone = ZoneInfo(policy.timezone)
    local = start.astimezone(zone)
    business = policy.count == "business"
    day = _nth_business_day(local.date(), days, policy, zone) if business else local.date() + days * _DAY
    return at_local(datetime.combine(day, local.time().replace(fold=0)), zone)


def next_opening(moment: datetime, policy: FollowUpPolicy, *, business: bool = False) -> datetime:
    """Return the first moment from `moment` on that lies in the send window.  business: on a business day, too."""
    start, end = window(policy)
    if (start, end) == (0, _DAY_MINUTES) and not business:
        return moment
    zone = ZoneInfo(policy.timezone)
    local = moment.astimezone(zone)
    if _open_at(local, start, end) and (not business or is_business_day(local.date(), policy)):
        return moment
    for days in range(_DAYS_AHEAD):
        day = local.date() + days * _DAY
        opens = at_local(datetime.combine(day, time(start // 60, start % 60)), zone)
        if opens >= moment and _exists(day, zone) and (not business or is_business_day(day, policy)):
            return opens
    raise ValueError("the calendar of the follow-ups has no working day in a year")


def next_business_day(moment: datetime, policy: FollowUpPolicy) -> datetime:
    """Return the moment itself on a business day, else the same local time of the next one."""
    zone = ZoneInfo(policy.timezone)
    local = moment.astimezone(zone)
    if is_business_day(local.date(), policy):
        return moment
    day = _nth_business_day(local.date(), 1, policy, zone)
    return at_local(datetime.combine(day, local.time().replace(fold=0)), zone)


def window(policy: FollowUpPolicy) -> tuple[int, int]:
    """Return begin and end of the send window, in minutes of the day; one may run over midnight."""
    opens, _, closes = policy.send_window.partition("-")
    return _minutes(opens), _minutes(closes)


def at_local(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the UTC moment of a wall-clock time; one in a gap moves forward by the gap, of a doubled one the first."""
    # In a gap fold=0 reads the clock of before the change, which lands after the gap: exactly the move forward.
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def fault(policy: FollowUpPolicy) -> str:
    """Say what makes a ladder unusable, in one sentence; "" for a sound one.

    Days that do not rise would close a case before its reminders, or at once.
    """
    try:
        ZoneInfo(policy.timezone)
    except (ValueError, OSError, KeyError):
        return f"there is no time zone {policy.timezone!r}; write one like Europe/Berlin."
    if not 0 < policy.days[0] < policy.days[1] < policy.days[2]:
        return f"days are {list(policy.days)}; write three rising numbers above 0."
    try:
        _holidays(policy.country, policy.subdivision, 2026)
    except RuntimeError:  # holidays raises a kind of it for what it does not know
        return f"no holidays are known for {policy.country!r} {policy.subdivision!r}; write an ISO 3166 code like DE."
    opens, _, closes = policy.send_window.partition("-")
    if not all(_is_time(end) for end in (opens, closes)) or opens in (closes, "24:00"):
        return f"the send window {policy.send_window!r} is none; write one like 08:00-18:00."
    return ""


def _is_time(text: str) -> bool:
    hours, _, minutes = text.partition(":")
    return text == "24:00" or (hours.isdecimal() and minutes.isdecimal() and int(hours) < 24 and int(minutes) < 60)


def is_business_day(day: date, policy: FollowUpPolicy) -> bool:
    """Say whether a day is neither Saturday nor Sunday nor a public holiday of the policy's country."""
    return day.weekday() < _SATURDAY and day not in _holidays(policy.country, policy.subdivision, day.year)


def _open_at(local: datetime, start: int, end: int) -> bool:
    """Say whether a local time lies in the window, which may run over midnight."""
    minute = local.hour * 60 + local.minute
    return start <= minute < end if start < end else minute >= start or minute < end


def _minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


def _nth_business_day(day: date, count: int, policy: FollowUpPolicy, zone: ZoneInfo) -> date:
    while count > 0:
        day += _DAY
        count -= is_business_day(day, policy) and _exists(day, zone)
    return day


def _exists(day: date, zone: ZoneInfo) -> bool:
    """Say whether the zone has this day: Samoa went from 29 to 31 December 2011."""
    return at_local(datetime.combine(day, _NOON), zone).astimezone(zone).date() == day


@lru_cache(maxsize=64)
def _holidays(country: str, subdivision: str, year: int) -> frozenset[date]:
    if not country:
        return frozenset()
    return frozenset(holidays.country_holidays(country, subdiv=subdivision or None, years=year))
