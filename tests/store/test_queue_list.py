"""The queue as a list and the figures of the whole, on both databases."""

from datetime import timedelta

import pytest

from gateway.model import Hint, QueueForAdmin, Resolution
from gateway.reasons import Reason
from gateway.store import case_list, figures, mails, queue, queue_list, users
from gateway.store.db import Database
from gateway.store.queue_list import QueueQuery
from tests.store.support import NOW, new_case, new_mail


def waiting(database: Database, count: int, **item: object) -> list[int]:
    """Put so many mails into the queue, a minute apart; return the ids of their items."""
    with database.write() as conn:
        first = queue_list.newest_id(conn)
        for number in range(count):
            spooled = mails.spool_many(conn, [new_mail(f"mail {first} {number}")])[0]
            hints = (Hint(case_number="0000000001", score=50, evidence=("x",)),)
            given = {"reason": Reason.NO_REFERENCE, "recipient": "care@example.com", **item}
            queued = QueueForAdmin(mail_id=spooled.id, hints=hints, **given)  # type: ignore[arg-type]
            queue.add(conn, queued, now=NOW + timedelta(minutes=number))
        return list(range(first + 1, queue_list.newest_id(conn) + 1))


def test_pages_follow_each_other_without_gap_or_repetition(database: Database) -> None:
    ids = waiting(database, 7)
    seen: list[str] = []
    after: str | None = "0"
    with database.read() as conn:
        while after is not None:
            page = queue_list.page(conn, QueueQuery(after=int(after), limit=3), now=NOW)
            seen += [row.item.id for row in page.rows]
            after = page.next_after
    assert seen == [str(id_) for id_ in ids]
    assert (page.total, page.more_than) == (7, False)


def test_filters_narrow_the_list_and_the_next_item_obeys_them(database: Database) -> None:
    plain = waiting(database, 2)
    damaged = waiting(database, 3, reason=Reason.DAMAGED_REFERENCE, recipient="help@example.com")
    by_reason = QueueQuery(reason=Reason.DAMAGED_REFERENCE)
    old = QueueQuery(older_than=NOW + timedelta(seconds=30))
    with database.read() as conn:
        assert [row.item.id for row in queue_list.page(conn, by_reason, now=NOW).rows] == [str(one) for one in damaged]
        assert len(queue_list.page(conn, QueueQuery(recipient="help@example.com"), now=NOW).rows) == 3
        assert len(queue_list.page(conn, old, now=NOW).rows) == 2
        assert queue_list.next_open(conn, by_reason, beside=[damaged[0]]) == damaged[1]
        assert queue_list.next_open(conn, by_reason, beside=[damaged[2]]) == damaged[0]
        assert queue_list.next_open(conn, QueueQuery(), beside=[plain[0], plain[1]]) == damaged[0]
        assert queue_list.recipients(conn) == ["care@example.com", "help@example.com"]


def test_a_conversation_counts_its_open_items(database: Database) -> None:
    ids = waiting(database, 3, conversation="one thing")
    waiting(database, 1)
    with database.write() as conn:
        queue.resolve(conn, ids[0], Resolution.DISCARDED, by="ada", now=NOW)
        rows = queue_list.page(conn, QueueQuery(), now=NOW).rows
        assert [row.siblings for row in rows] == [1, 1, 0]
        assert [row.item.id for row in queue_list.siblings(conn, ids[1], now=NOW)] == [str(ids[2])]


def test_the_pulse_tells_what_came_and_what_became_of_what_is_shown(database: Database) -> None:
    ids = waiting(database, 2)
    with database.write() as conn:
        newest = queue_list.newest_id(conn)
        queue.claim(conn, ids[0], "ada@example.com", now=NOW)
    waiting(database, 3)
    with database.read() as conn:
        seen = queue_list.pulse(conn, QueueQuery(), ids=ids, newest=newest, now=NOW + timedelta(hours=1))
    assert (seen.newer, seen.oldest_seconds) == (3, 3600)
    assert sorted(seen.items) == [(str(ids[0]), "open", "ada@example.com"), (str(ids[1]), "open", "")]


def test_the_figures_are_those_of_the_tables(database: Database) -> None:
    waiting(database, 2)
    with database.write() as conn:
        mails.spool_many(conn, [new_mail("earlier", received_at=NOW - timedelta(hours=3))])
        mails.spool_many(conn, [new_mail("long ago", received_at=NOW - timedelta(days=3))])
        new_case(conn)
        seen = figures.figures(conn, now=NOW + timedelta(minutes=5))
        assert case_list.counts(conn, ["open", "closed"]) == {"open": 1, "closed": 0}
    assert (seen.ledger.accepted, seen.ledger.balanced) == (4, True)
    assert [sum(counts.values()) for _, counts in seen.hours][-4:] == [1, 0, 0, 2]
    assert len(seen.hours) == figures.HOURS
    assert (seen.deferred, seen.uncertain, seen.sent_of_a_day, seen.bounced_of_a_day) == (0, 0, 0, 0)


def test_a_link_is_used_up_by_one_of_two_who_hold_it(database: Database) -> None:
    with database.write() as conn:
        user = users.add(conn, email="a@example.com", email_key="a@example.com", name="", role="admin", now=NOW)
        assert user is not None
        later = NOW + timedelta(hours=1)
        users.add_link(conn, token_sha256="x", user_id=int(user.id), expires_at=later, now=NOW)
        assert users.link_user(conn, "x", now=NOW) is not None
        assert [users.use_link(conn, "x", now=NOW) for _ in range(2)] == [True, False]
        assert (
            users.add(conn, email="A@example.com", email_key="a@example.com", name="", role="viewer", now=NOW) is None
        )


@pytest.mark.parametrize("state", ["done", "all"])
def test_what_is_done_is_listed_latest_first(database: Database, state: str) -> None:
    ids = waiting(database, 3)
    with database.write() as conn:
        for id_ in ids:
            queue.resolve(conn, id_, Resolution.DISCARDED, by="ada", now=NOW)
        page = queue_list.page(conn, QueueQuery(state=state, limit=2), now=NOW)
        assert [row.item.id for row in page.rows] == [str(ids[2]), str(ids[1])]
        rest = queue_list.page(conn, QueueQuery(state=state, after=int(page.next_after or 0)), now=NOW)
    assert [row.item.id for row in rest.rows] == [str(ids[0])]
