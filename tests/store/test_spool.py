"""The spool: one original for each mail, one row for each acceptance, whatever comes at once."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from gateway.model import Disposition, EntryState
from gateway.store import mail_views, mails
from gateway.store.db import Database
from gateway.store.tables import attachment, blob, mail
from tests.store.support import NOW, new_mail, queued, reading, together


def test_duplicates_within_a_batch_point_to_the_first(database: Database) -> None:
    """DD-01, CONTRACT 5."""
    one, other = new_mail("one"), new_mail("other")
    with database.write() as conn:
        spooled = mails.spool_many(conn, [one, other, one, new_mail("one"), other])
    assert [row.duplicate_of for row in spooled] == [None, None, spooled[0].id, spooled[0].id, spooled[1].id]
    assert len({row.id for row in spooled}) == 5
    with database.read() as conn:
        ledger = mail_views.ledger(conn)
        assert conn.execute(select(func.count()).select_from(blob)).scalar_one() == 2
    assert (ledger.accepted, ledger.duplicate, ledger.in_progress, ledger.balanced) == (5, 3, 2, True)


def test_a_duplicate_in_a_later_batch_points_to_the_original_and_its_bytes(database: Database) -> None:
    """DD-01, DD-03: the copy has another trace block, so other bytes; it is kept once."""
    first = new_mail("text")
    again = new_mail("text")
    with database.write() as conn:
        (original,) = mails.spool_many(conn, [first])
    with database.write() as conn:
        (copy,) = mails.spool_many(conn, [again])
    assert copy.duplicate_of == original.id
    with database.read() as conn:
        assert mails.raw(conn, copy.id) == first.raw
        view = mail_views.one(conn, copy.id)
        assert mails.in_progress(conn) == 1
    assert view is not None
    assert (view.disposition, view.reason, view.duplicate_of) == ("duplicate", "duplicate", str(original.id))


def test_many_threads_with_the_same_mails_make_one_original_each(database: Database) -> None:
    """DD-01, DD-03: eight ways in at once, each with the same twenty mails in another order."""

    def put(number: int) -> list[int | None]:
        batch = [new_mail(f"mail {(number * 7 + i) % 20}") for i in range(20)]
        with database.write() as conn:
            return [row.duplicate_of for row in mails.spool_many(conn, batch)]

    told = [original for batch in together(8, put) for original in batch]
    assert told.count(None) == 20
    with database.read() as conn:
        originals = select(func.count()).select_from(mail).where(mail.c.duplicate_of.is_(None))
        assert conn.execute(originals).scalar_one() == 20
        ledger = mail_views.ledger(conn)
    assert (ledger.accepted, ledger.duplicate, ledger.balanced) == (160, 140, True)


def test_nothing_of_a_batch_stays_when_its_transaction_fails(database: Database) -> None:
    """HAZARDS fact 24: what was not acknowledged is not there."""

    def fail() -> None:
        with database.write() as conn:
            mails.spool_many(conn, [new_mail("one")])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with database.read() as conn:
        assert mail_views.ledger(conn).accepted == 0


def test_claimed_mail_carries_its_bytes_and_its_attempt(database: Database) -> None:
    with database.write() as conn:
        mails.spool_many(conn, [new_mail("one"), new_mail("two")])
    with database.write() as conn:
        entries = mails.claim(conn, owner="a", limit=10, now=NOW)
    assert [(e.attempts, e.fence, e.failures) for e in entries] == [(1, 1, 0), (1, 1, 0)]
    assert {e.raw for e in entries} == {new_mail("one").raw, new_mail("two").raw}
    with database.write() as conn:
        assert mails.claim(conn, owner="b", limit=10, now=NOW) == []


def test_a_mail_given_back_waits_for_its_time_and_comes_alone(database: Database) -> None:
    with database.write() as conn:
        mails.spool_many(conn, [new_mail("one"), new_mail("two"), new_mail("three")])
        first, *_ = mails.claim(conn, owner="a", limit=1, now=NOW)
        later = NOW + timedelta(seconds=5)
        assert mails.give_back(conn, first, run_at=later, error="x" * 9999, failed=True, alone=True)
    with database.write() as conn:
        assert len(mails.claim(conn, owner="a", limit=1, now=NOW)) == 1
        (alone,) = mails.claim(conn, owner="a", limit=10, now=later)
        assert (alone.id, alone.failures, alone.alone) == (first.id, 1, True)
        assert len(mails.claim(conn, owner="a", limit=10, now=later)) == 1


def test_a_lost_lease_finishes_nothing(database: Database) -> None:
    """FA-08: the fence of a zombie is behind."""
    with database.write() as conn:
        mails.spool_many(conn, [new_mail("one")])
        (zombie,) = mails.claim(conn, owner="a", limit=1, now=NOW)
        mails.give_back(conn, zombie, run_at=NOW, error="", failed=False, alone=True)
        (holder,) = mails.claim(conn, owner="b", limit=1, now=NOW)
        assert not mails.finish(conn, zombie, reading(), queued(), now=NOW)
        assert not mails.give_back(conn, zombie, run_at=NOW, error="", failed=True, alone=True)
        assert not mails.quarantine(conn, zombie, now=NOW, error="")
        assert mails.finish(conn, holder, reading(), queued(), now=NOW)
        assert not mails.finish(conn, holder, reading(), queued(), now=NOW)


def test_a_quarantined_mail_is_replayed_alone_and_nothing_else_is(database: Database) -> None:
    with database.write() as conn:
        mails.spool_many(conn, [new_mail("one"), new_mail("two")])
        bad, good = mails.claim(conn, owner="a", limit=2, now=NOW)
        assert mails.quarantine(conn, bad, now=NOW, error="parser-died")
        assert mails.finish(conn, good, reading(), queued(), now=NOW)
        assert mail_views.ledger(conn).quarantined == 1
        assert not mails.replay(conn, good.id, now=NOW)
        assert mails.replay(conn, bad.id, now=NOW)
        (again,) = mails.claim(conn, owner="a", limit=5, now=NOW)
        assert (again.id, again.failures, again.alone) == (bad.id, 0, True)
        assert mail_views.ledger(conn).balanced


def test_two_batches_with_the_same_files_in_another_order_do_not_wait_in_a_ring(database: Database) -> None:
    """Two logos that half of all mails carry must not become a deadlock."""
    from gateway.model import Attachment
    from tests.store.support import digest

    def file(content: bytes) -> Attachment:
        sha256 = digest(content)
        return Attachment(name="f", content_type="x/y", size_bytes=1, sha256=sha256, content=content)

    def keep(number: int) -> None:
        for turn in range(3):
            files = [file(b"%d of %d" % (n, turn)) for n in range(400)]
            with database.write() as conn:
                mails.keep_files(conn, [reading(attachments=(f,)) for f in (files if number % 2 else files[::-1])])

    together(4, keep)
    with database.read() as conn:
        assert conn.execute(select(func.count()).select_from(blob)).scalar_one() == 1200


def test_the_files_of_a_finished_mail_are_listed_with_it(database: Database) -> None:
    from gateway.model import Attachment
    from tests.store.support import digest

    log = Attachment(name="a.log", content_type="text/plain", size_bytes=3, sha256=digest(b"log"), content=b"log")
    read = reading(attachments=(log,))
    with database.write() as conn:
        mails.spool_many(conn, [new_mail("one")])
        (entry,) = mails.claim(conn, owner="a", limit=1, now=NOW)
        mails.keep_files(conn, [read])
        mails.finish(conn, entry, read, queued(), now=NOW)
        assert conn.execute(select(attachment.c.mail_id)).scalar_one() == entry.id
        assert mails.raw_many(conn, [log.sha256]) == {log.sha256: b"log"}
        state = conn.execute(select(mail.c.state, mail.c.disposition)).one()
    assert tuple(state) == (EntryState.DONE, Disposition.QUEUED)
