"""How a mailbox is read: what is fetched together, what counts as fetched, when we try again."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.inbound import imap_plan
from gateway.inbound.imap_plan import Group, Part
from gateway.model import FailingMail

NOW = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)
LIMIT = 26_214_400


def part(uid: int, size_bytes: int = 1000, *, arrived_at: datetime | None = None) -> Part:
    return Part(uid=uid, size_bytes=size_bytes, arrived_at=arrived_at)


def grouped(*parts: Part) -> list[list[int]]:
    return [group.uids for group in imap_plan.groups(parts, limit_bytes=LIMIT)]


def test_groups_are_ascending_and_bounded_in_number() -> None:
    """IM-07."""
    found = grouped(*(part(uid) for uid in range(120, 0, -1)))
    assert [len(uids) for uids in found] == [50, 50, 20]
    assert [uid for uids in found for uid in uids] == list(range(1, 121))


def test_groups_are_bounded_in_bytes_and_a_large_mail_still_fits() -> None:
    """IM-07."""
    assert grouped(part(1, 3_000_000), part(2, 3_000_000), part(3, 20_000_000), part(4)) == [[1], [2], [3], [4]]


def test_a_mail_above_the_limit_is_fetched_in_part_and_alone() -> None:
    """IM-07: 30 MB."""
    small, large, last = imap_plan.groups([part(1), part(2, 30_000_000), part(3)], limit_bytes=LIMIT)
    assert [group.oversized for group in (small, large, last)] == [False, True, False]
    assert large.parts[0].limit_bytes == imap_plan.OVERSIZED_BYTES


@pytest.mark.parametrize(
    ("body", "counts"),
    [(b"x" * 1000, True), (b"x" * 1001, True), (b"x" * 999, False), (b"", False), (None, False)],
)
def test_only_a_whole_body_counts_as_fetched(body: bytes | None, counts: bool) -> None:
    """IM-03, PEERS 14: missing, empty and short ones do not; a server that adds line ends may send more."""
    group = Group(parts=(part(7),))
    bodies = {} if body is None else {7: body}
    assert (7 in imap_plan.whole(group, bodies)) is counts
    assert imap_plan.why_not(part(7), body).startswith("the server sent")


def test_a_mail_without_size_is_never_whole() -> None:
    """IM-03: a server that says 0 and sends nothing has told us nothing."""
    assert imap_plan.whole(Group(parts=(part(7, 0),)), {7: b""}) == {}


def test_of_an_oversized_mail_the_beginning_must_be_whole() -> None:
    (group,) = imap_plan.groups([part(7, 30_000_000)], limit_bytes=LIMIT)
    assert imap_plan.whole(group, {7: b"x" * imap_plan.OVERSIZED_BYTES}) != {}
    assert imap_plan.whole(group, {7: b"x" * (imap_plan.OVERSIZED_BYTES - 1)}) == {}


def test_the_last_mail_is_found_again_and_is_not_new() -> None:
    """LIBRARIES: `UID 8:*` finds mail 7 when there is none above it."""
    assert imap_plan.fresh([7], 7) == []
    assert imap_plan.fresh([9, 8, 9, 7], 7) == [8, 9]


@pytest.mark.parametrize(
    ("tries", "after"), [(1, timedelta(minutes=1)), (4, timedelta(minutes=4)), (5, timedelta(hours=1))]
)
def test_a_failing_mail_is_tried_again_for_ever_but_less_often(tries: int, after: timedelta) -> None:
    """IM-04."""
    assert imap_plan.retry_after(FailingMail(uid=7, tries=tries)) == after


def test_a_refused_login_is_tried_at_most_once_a_minute() -> None:
    """IM-06: no account is locked out by us."""
    assert min(imap_plan.pause_seconds(n, refused=True) for n in range(1, 50)) >= 60
    assert imap_plan.pause_seconds(1000, refused=True) == 300


def test_a_link_that_returns_is_tried_within_90_seconds() -> None:
    """IM-05: the longest pause, and the longest wait on a connection that the network has forgotten."""
    longest = max(imap_plan.pause_seconds(n, refused=False) for n in range(1, 50))
    assert longest + 10 < 90
    assert imap_plan.SLICE_SECONDS + 30 + imap_plan.pause_seconds(1, refused=False) + 10 < 90


@pytest.mark.parametrize(
    ("age", "counts"),
    [
        (timedelta(days=3), True),
        (timedelta(minutes=3), True),
        (timedelta(seconds=90), False),
        (timedelta(days=-1), False),
        (None, False),
    ],
)
def test_a_mail_that_lay_in_the_mailbox_counts_from_its_arrival(age: timedelta | None, counts: bool) -> None:
    """PROCESS 3.3: an answer that nobody could fetch for three days is not one to the question of today."""
    arrived_at = None if age is None else NOW - age
    expected = arrived_at + timedelta(seconds=1) if arrived_at and counts else NOW
    assert imap_plan.received_at(part(7, arrived_at=arrived_at), NOW) == expected
