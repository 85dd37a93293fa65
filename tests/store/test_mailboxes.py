"""Who leads a mailbox, how far it was taken, and how it is doing, on both databases."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from gateway.model import FailingMail, Mailbox
from gateway.store import mailboxes
from gateway.store.db import Database
from gateway.store.mailboxes import Lead
from gateway.store.tables import mailbox
from tests.store.support import together

NOW = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)
BOX = Mailbox(name="support", account="care@imap.example.com", folder="INBOX", stale_after=timedelta(minutes=15))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    with opened.write() as conn:
        mailboxes.watch(conn, [BOX], now=NOW)
    yield opened
    opened.close()


def lead(database: Database, owner: str = "one", mark: str = "a") -> Lead | None:
    with database.write() as conn:
        return mailboxes.lead(conn, BOX, owner=owner, mark=mark)


def must_lead(database: Database) -> Lead:
    led = lead(database)
    assert led is not None
    return led


def test_of_many_that_ask_at_once_one_leads(database: Database) -> None:
    """PEERS 25."""
    found = together(4, lambda number: lead(database, f"owner {number}"))
    assert sum(led is not None for led in found) == 1
    with database.read() as conn:
        assert not mailboxes.is_free(conn, BOX, mark="a")


def test_a_leader_that_stops_or_dies_is_followed_by_another(database: Database) -> None:
    first = must_lead(database)
    with database.write() as conn:
        assert mailboxes.renew(conn, first)
        mailboxes.release(conn, first)
    second = lead(database, "two")
    assert second is not None
    with database.write() as conn:
        conn.execute(mailbox.update().values(lease_until=0))
        assert not mailboxes.renew(conn, first)
    assert lead(database, "three") is not None


def test_after_a_failure_nobody_leads_for_a_while_but_with_other_settings(database: Database) -> None:
    """IM-06: the pause holds for every process, also for one that starts anew."""
    led = must_lead(database)
    with database.write() as conn:
        mailboxes.failed(conn, led, error="Wrong password.", pause_seconds=60)
    assert lead(database, "two") is None
    mended = lead(database, "two", mark="b")
    assert mended is not None
    assert mended.failures == 0


def test_failures_in_a_row_are_counted_until_a_look_succeeds(database: Database) -> None:
    for failures in range(3):
        led = must_lead(database)
        assert led.failures == failures
        with database.write() as conn:
            mailboxes.failed(conn, led, error="No answer.", pause_seconds=-1)
    led = must_lead(database)
    with database.write() as conn:
        mailboxes.checked(conn, led, now=NOW)
        mailboxes.release(conn, led)
        (status,) = mailboxes.statuses(conn, [BOX])
    assert (status.error, status.checked_at) == ("", NOW)
    assert must_lead(database).failures == 0


def test_the_checkpoint_goes_on_and_begins_anew_with_new_numbers(database: Database) -> None:
    """IM-02: UIDVALIDITY changes, or the next number is one that was there before."""
    led = must_lead(database)
    with database.write() as conn:
        first = mailboxes.begin(conn, led, uidvalidity=7, uidnext=4)
        mailboxes.taken(conn, led, last_uid=3, done=[1, 3], failing={2: "short"}, try_at=NOW)
        again = mailboxes.begin(conn, led, uidvalidity=7, uidnext=4)
        assert mailboxes.unfiled(conn, BOX) == [1, 3]
        shrunk = mailboxes.begin(conn, led, uidvalidity=7, uidnext=3)
        mailboxes.taken(conn, led, last_uid=3, done=[3], failing={}, try_at=NOW)
        other = mailboxes.begin(conn, led, uidvalidity=8, uidnext=0)
        assert mailboxes.unfiled(conn, BOX) == []
    assert [(p.last_uid, p.started_over) for p in (first, again, shrunk, other)] == [
        *((0, False), (3, False), (0, True), (0, True)),
    ]


def test_a_checkpoint_never_goes_back(database: Database) -> None:
    led = must_lead(database)
    with database.write() as conn:
        mailboxes.begin(conn, led, uidvalidity=7, uidnext=0)
        mailboxes.taken(conn, led, last_uid=9, done=[9], failing={}, try_at=NOW)
        mailboxes.taken(conn, led, last_uid=2, done=[2], failing={}, try_at=NOW)
        assert conn.execute(select(mailbox.c.last_uid)).scalar_one() == 9


def test_a_failing_mail_comes_back_when_it_is_due_and_goes_when_it_was_taken(database: Database) -> None:
    """IM-04."""
    led = must_lead(database)
    later = NOW + timedelta(minutes=2)
    with database.write() as conn:
        mailboxes.begin(conn, led, uidvalidity=7, uidnext=0)
        mailboxes.taken(conn, led, last_uid=3, done=[], failing={3: "short"}, try_at=NOW)
        (failing,) = mailboxes.due_again(conn, BOX, now=NOW)
        assert failing == FailingMail(uid=3, tries=1)
        mailboxes.failed_again(conn, led, failing, error="short", set_aside=True, try_at=later)
        assert mailboxes.due_again(conn, BOX, now=NOW) == []
        assert mailboxes.due_again(conn, BOX, now=later) == [FailingMail(uid=3, tries=2, set_aside=True)]
        mailboxes.taken(conn, led, last_uid=3, done=[3], failing={}, try_at=NOW)
        assert mailboxes.due_again(conn, BOX, now=later) == []
        mailboxes.forget(conn, led, mailboxes.unfiled(conn, BOX))
        (status,) = mailboxes.statuses(conn, [BOX])
    assert (status.failing, status.unfiled) == (0, 0)


def test_two_schedulers_raise_one_alarm_and_end_it_once(database: Database) -> None:
    def turn(work: str) -> int:
        def one(_number: int) -> bool:
            with database.write() as conn:
                if work == "raise":
                    return mailboxes.raise_alarm(conn, BOX, since=NOW)
                return mailboxes.end_alarm(conn, BOX)

        return sum(together(3, one))

    assert (turn("raise"), turn("end")) == (1, 1)


def test_a_refresh_token_counts_only_for_the_one_it_replaced(database: Database) -> None:
    with database.write() as conn:
        mailboxes.keep_refresh_token(conn, BOX, "newer", mark="a")
        assert mailboxes.refresh_token(conn, BOX, mark="a") == "newer"
        assert mailboxes.refresh_token(conn, BOX, mark="b") == ""
