"""Leases: each entry has one owner at a time, whoever lost it cannot settle, and nothing stays leased for ever."""

from datetime import timedelta

from sqlalchemy import func, select, update

from gateway.model import EntryState
from gateway.store import lease, mails
from gateway.store.db import Database, epoch_now
from gateway.store.tables import mail, outbox
from tests.store.support import NOW, add_outgoing, new_mail, together


def _spool(database: Database, count: int) -> None:
    with database.write() as conn:
        mails.spool_many(conn, [new_mail(f"mail {n}") for n in range(count)])


def test_eight_threads_that_claim_get_each_of_a_thousand_entries_exactly_once(database: Database) -> None:
    """FA-08: also where they settle what they got while the others go on claiming."""
    _spool(database, 1000)

    def work(number: int) -> list[int]:
        mine: list[int] = []
        while True:
            with database.write() as conn:
                rows = lease.claim(conn, mail, owner=f"w{number}", limit=25, now=NOW)
                for row in rows:
                    assert lease.settle(conn, mail, entry_id=row.id, fence=row.fence, state=EntryState.DONE)
            if not rows:
                return mine
            mine += [row.id for row in rows]

    got = [entry for mine in together(8, work) for entry in mine]
    assert len(got) == 1000
    assert len(set(got)) == 1000
    with database.read() as conn:
        assert {tuple(row) for row in conn.execute(select(mail.c.attempts, mail.c.fence))} == {(1, 1)}


def test_the_entry_that_was_due_first_comes_first_and_none_before_its_time(database: Database) -> None:
    with database.write() as conn:
        for minutes in (3, 1, 2, 99):
            add_outgoing(conn, f"a/{minutes}", now=NOW + timedelta(minutes=minutes))
        first = lease.claim(conn, outbox, owner="a", limit=2, now=NOW + timedelta(minutes=5))
        rest = lease.claim(conn, outbox, owner="a", limit=9, now=NOW + timedelta(minutes=5))
        assert [row.id for row in (*first, *rest)] == [2, 3, 1]


def test_an_expired_lease_is_given_back_with_its_mark_and_its_owner_cannot_settle(database: Database) -> None:
    """FA-08: a paused worker that wakes up after its lease."""
    _spool(database, 2)
    with database.write() as conn:
        (zombie,) = lease.claim(conn, mail, owner="zombie", limit=1, now=NOW, seconds=-1)
        (alive,) = lease.claim(conn, mail, owner="alive", limit=1, now=NOW)
    with database.write() as conn:
        assert lease.release_expired(conn, mail, now=NOW, alone=True) == 1
        assert lease.release_expired(conn, mail, now=NOW, alone=True) == 0
        assert not lease.settle(conn, mail, entry_id=zombie.id, fence=zombie.fence, state=EntryState.DONE)
        (entry,) = mails.claim(conn, owner="next", limit=10, now=NOW)
        assert (entry.id, entry.alone, entry.attempts, entry.fence) == (zombie.id, True, 2, 2)
        assert not lease.settle(conn, mail, entry_id=zombie.id, fence=zombie.fence, state=EntryState.DONE)
        assert lease.settle(conn, mail, entry_id=alive.id, fence=alive.fence, state=EntryState.DONE)


def test_renewing_prolongs_only_ones_own_leases(database: Database) -> None:
    _spool(database, 3)
    with database.write() as conn:
        lease.claim(conn, mail, owner="a", limit=2, now=NOW, seconds=-5)
        lease.claim(conn, mail, owner="b", limit=1, now=NOW, seconds=-5)
        assert lease.renew(conn, mail, owners=["a"]) == 2
        assert lease.renew(conn, mail, owners=["nobody"]) == 0
        assert lease.renew(conn, mail, owners=[]) == 0
    with database.write() as conn:
        assert lease.release_expired(conn, mail, now=NOW) == 1
        leased = select(mail.c.lease_owner).where(mail.c.state == EntryState.LEASED)
        assert list(conn.execute(leased).scalars()) == ["a", "a"]


def test_leases_run_by_the_clock_of_the_database(database: Database) -> None:
    """FA-09: whatever `now` the application believes in, the end of a lease is the database's."""
    _spool(database, 1)
    with database.write() as conn:
        lease.claim(conn, mail, owner="a", limit=1, now=NOW + timedelta(days=9000), seconds=60)
    with database.read() as conn:
        left = conn.execute(select(mail.c.lease_until - epoch_now())).scalar_one()
        assert 30 < left <= 60


def test_600_increments_from_threads_lose_none(database: Database, database_url: str) -> None:
    """FA-04: read, then write, in one transaction; the SQLite driver's own transactions lose most of these.

    Each thread has a pool of its own, as another process would have.
    """
    _spool(database, 1)

    def add(_number: int) -> None:
        own = Database(database_url)
        for _ in range(75):
            with own.write() as conn:
                row = select(mail.c.failures).where(mail.c.id == 1).with_for_update()
                seen = conn.execute(row).scalar_one()
                conn.execute(update(mail).where(mail.c.id == 1).values(failures=seen + 1))
        own.close()

    together(8, add)
    with database.read() as conn:
        assert conn.execute(select(mail.c.failures)).scalar_one() == 600
        assert conn.execute(select(func.count()).select_from(mail)).scalar_one() == 1
