"""The schedule of Standard Webhooks, and the rest of a receiver that fails again and again."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.outbound import retry

NOW = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
HOUR = 3600
# "Immediately", then these; the specification's list.
SCHEDULE = [5, 300, 1800, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR]


def wait(attempts: int, failures: int = 1, asked: float | None = None, jitter: float = 0.0) -> float | None:
    after = None if asked is None else timedelta(seconds=asked)
    run_at = retry.next_call(attempts, failures, now=NOW, retry_after=after, jitter=jitter).run_at
    return None if run_at is None else (run_at - NOW).total_seconds()


def test_the_waits_are_those_of_the_specification_and_end_after_three_days() -> None:
    assert [wait(attempts) for attempts in range(1, 12)] == [*SCHEDULE, None, None]
    assert timedelta(days=3) < timedelta(seconds=sum(SCHEDULE)) < timedelta(days=3.5)


def test_a_burst_is_spread_by_a_tenth_at_most() -> None:
    assert wait(2, jitter=0.999) == pytest.approx(300 * 1.0999)


def test_what_a_receiver_asks_for_lengthens_a_wait_and_never_shortens_it() -> None:
    assert [wait(1, asked=1), wait(1, asked=120), wait(4, asked=120)] == [5, 120, 2 * HOUR]
    assert wait(10, asked=120) is None


def test_a_receiver_that_fails_again_and_again_rests_a_little_whatever_waits_for_it() -> None:
    rests = [retry.next_call(1, n, now=NOW, retry_after=None, jitter=0).rest_until for n in (1, 2, 3, 4, 5, 6, 10**6)]
    assert [None if at is None else (at - NOW).total_seconds() for at in rests] == [None, 5, 10, 20, 40, 60, 60]
