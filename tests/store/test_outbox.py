"""The outbox: one row for each key, what the relay said settles it, and nothing unsent leaves after an undo."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from gateway.model import Accepted, Deferred, EntryState, Notice, OutboxEntry, Rejected, RelayOutcome, Unknown
from gateway.model.views import OutboxView
from gateway.store import events, outbox, outbox_views
from gateway.store.db import Database
from gateway.store.tables import event
from tests.store.support import NOW, add_outgoing, new_case, together

LATER = NOW + timedelta(minutes=5)


def _claimed(database: Database, now=NOW) -> OutboxEntry:  # type: ignore[no-untyped-def]
    (entry,) = outbox.claim(database, owner="a", limit=10, now=now)
    return entry


def _view(database: Database, outbox_id: int = 1) -> OutboxView:
    with database.read() as conn:
        view = outbox_views.one(conn, outbox_id)
    assert view is not None
    return view


def test_writing_a_notice_twice_is_writing_it_once(database: Database) -> None:
    """FA-08: also from many threads at once."""

    def add(_number: int) -> int | None:
        with database.write() as conn:
            return add_outgoing(conn, "case-opened/0000000001")

    assert sorted(map(bool, together(6, add))) == [False] * 5 + [True]
    with database.read() as conn:
        assert len(outbox_views.many(conn, state="all", limit=9)) == 1


def test_message_id_and_bounce_address_come_from_the_key_and_cannot_be_guessed(database: Database) -> None:
    """CONTRACT 7, LP-07."""
    with database.write() as conn:
        add_outgoing(conn, "a/1")
        add_outgoing(conn, "a/2")
    one, two = outbox.claim(database, owner="a", limit=10, now=NOW)
    assert len({one.message_id, two.message_id, one.verp_key, two.verp_key}) == 4
    assert one.verp_key not in one.message_id
    with database.read() as conn:
        assert set(outbox.sent_by_verp(conn, [one.verp_key, "nonsense", ""])) == {one.verp_key}
        assert outbox.sent_by_verp(conn, []) == {}


SETTLED = [
    (Accepted(reply="250 ok"), None, EntryState.DONE, False, ["notice.sent"]),
    (Deferred(reply="451 later"), LATER, EntryState.READY, False, []),
    (Deferred(reply="451 later"), None, EntryState.DEAD, False, ["notice.failed"]),
    (Rejected(reply="550 no"), None, EntryState.DEAD, False, ["notice.failed"]),
    (Rejected(reply="550 no"), LATER, EntryState.DEAD, False, ["notice.failed"]),
    (Unknown(reply="lost"), LATER, EntryState.READY, True, []),
    (Unknown(reply="lost"), None, EntryState.DEAD, True, ["notice.failed"]),
]


@pytest.mark.parametrize(("outcome", "next_run_at", "state", "uncertain", "published"), SETTLED)
def test_what_the_relay_said_settles_a_mail(
    database: Database,
    outcome: RelayOutcome,
    next_run_at,  # type: ignore[no-untyped-def]
    state: EntryState,
    uncertain: bool,
    published: list[str],
) -> None:
    """OB-08, FA-06: Accepted, Deferred, Rejected and Unknown, with and without another try."""
    with database.write() as conn:
        add_outgoing(conn, "a/1")
    entry = _claimed(database)
    assert outbox.settle(database, entry, outcome, next_run_at=next_run_at, now=NOW)
    assert not outbox.settle(database, entry, Accepted(reply="twice"), next_run_at=None, now=NOW)
    view = _view(database)
    assert (view.state, view.uncertain, view.attempts) == (state, uncertain, 1)
    assert view.last_reply == outcome.reply
    assert view.sent_at == (NOW if state is EntryState.DONE else None)
    with database.read() as conn:
        assert list(conn.execute(select(event.c.type)).scalars()) == published
    if state is EntryState.READY:
        assert outbox.claim(database, owner="a", limit=1, now=NOW) == []
        assert _claimed(database, LATER).attempts == 2


def test_the_bytes_of_the_first_render_are_those_of_every_try(database: Database) -> None:
    """OB-08, FA-06; the hold of another worker cannot replace them."""
    with database.write() as conn:
        add_outgoing(conn, "a/1")
    entry = _claimed(database)
    outbox.keep_rendered(database, [(entry, b"first bytes")])
    outbox.settle(database, entry, Unknown(reply=""), next_run_at=LATER, now=NOW)
    again = _claimed(database, LATER)
    assert outbox.keep_rendered(database, [(entry, b"bytes of a zombie")]) == []
    assert (again.rendered, again.uncertain, again.first_tried_at) == (b"first bytes", True, NOW)
    outbox.settle(database, again, Deferred(reply=""), next_run_at=LATER, now=LATER)
    assert _claimed(database, LATER).rendered == b"first bytes"


def test_a_parked_mail_is_held_with_its_reason_until_it_is_released(database: Database) -> None:
    """OB-06."""
    with database.write() as conn:
        add_outgoing(conn, "a/1")
    entry = _claimed(database)
    assert outbox.park(database, entry, why="lacks a value", now=NOW)
    assert (_view(database).state, _view(database).last_reply) == ("held", "lacks a value")
    assert outbox.claim(database, owner="a", limit=1, now=LATER) == []
    with database.write() as conn:
        assert outbox.move(conn, 1, state=EntryState.READY, allowed=(EntryState.HELD,), run_at=NOW)
        assert not outbox.move(conn, 1, state=EntryState.READY, allowed=(EntryState.HELD,), run_at=NOW)
    assert _claimed(database).attempts == 2


def test_only_what_has_not_begun_to_leave_is_cancelled(database: Database) -> None:
    with database.write() as conn:
        ids = [add_outgoing(conn, f"a/{n}") for n in range(5)]
    leased, uncertain, sent, *_ = outbox.claim(database, owner="a", limit=3, now=NOW)
    outbox.settle(database, uncertain, Unknown(reply=""), next_run_at=LATER, now=NOW)
    outbox.settle(database, sent, Accepted(reply=""), next_run_at=None, now=NOW)
    with database.write() as conn:
        states = outbox.cancel_unsent(conn, [i for i in ids if i is not None])
        assert outbox.cancel_unsent(conn, []) == {}
    expected = {leased.id: "leased", uncertain.id: "ready", sent.id: "done", ids[3]: "cancelled", ids[4]: "cancelled"}
    assert states == expected
    assert [e.id for e in outbox.claim(database, owner="a", limit=9, now=LATER)] == [uncertain.id]


def test_a_mail_that_came_back_is_marked_once(database: Database) -> None:
    with database.write() as conn:
        add_outgoing(conn, "a/1")
        outbox.mark_bounced(conn, 1, now=NOW)
        outbox.mark_bounced(conn, 1, now=LATER)
    assert _view(database).bounced_at == NOW


def test_a_command_claims_only_its_own_mails(database: Database) -> None:
    with database.write() as conn:
        add_outgoing(conn, "a/1")
        mine = add_outgoing(conn, "a/2")
    assert mine is not None
    assert [e.id for e in outbox.claim(database, owner="a", limit=9, now=NOW, ids=[mine])] == [mine]
    with database.read() as conn:
        assert outbox.not_left(conn, [1, mine]) == [(1, "ready"), (mine, "leased")]


def test_the_thread_of_a_case_keeps_its_first_and_last_eight(database: Database) -> None:
    """CONTRACT 7."""
    with database.write() as conn:
        new_case(conn)
        for n in range(20):
            at = NOW + timedelta(minutes=n)
            add_outgoing(conn, f"a/{n}", case_number="0000000001", reference_id="REF-X", now=at)
    for n in range(20):
        at = NOW + timedelta(minutes=n)
        for entry in outbox.claim(database, owner="a", limit=1, now=at):
            outbox.settle(database, entry, Accepted(reply=""), next_run_at=None, now=at)
    with database.write() as conn:
        add_outgoing(conn, "a/new", case_number="0000000001", reference_id="REF-X")
        sent = [v.message_id for v in outbox_views.many(conn, state="done", limit=99)]
    entry = _claimed(database, LATER)
    assert list(entry.thread) == sent[:8] + sent[-8:]
    assert (entry.subject, entry.language) == ("Export", "en")


def test_last_written_and_written_since_count_notices_of_one_kind(database: Database) -> None:
    with database.write() as conn:
        add_outgoing(conn, "a/1", notice=Notice.CASE_CLOSED_NOTICE, to="Dana@Example.com")
        add_outgoing(conn, "a/2", now=LATER)
        assert outbox.last_written(conn, Notice.CASE_CLOSED_NOTICE, to="dana@example.com") == NOW
        assert outbox.last_written(conn, Notice.CASE_CLOSED_NOTICE, to="sam@example.com") is None
        assert outbox.written_since(conn, Notice.CASE_CLOSED_NOTICE, NOW) == 1
        assert outbox.written_since(conn, Notice.CASE_CLOSED_NOTICE, LATER) == 0


def test_the_events_of_a_case_since_a_mark_are_found_by_their_case(database: Database) -> None:
    with database.write() as conn:
        ids = [events.append(conn, "case.updated", case_number="0000000001", data={}, now=NOW) for _ in range(3)]
        events.append(conn, "mail.queued", case_number="", data={}, now=NOW)
        assert len(events.after(conn, "0000000001", ids[0])) == 2
        assert events.latest_id(conn) == ids[-1] + 1
