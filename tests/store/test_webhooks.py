"""SQL of webhooks on both databases: every event of the feed becomes one delivery, leases and fences hold."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Connection, update

from gateway.model import EntryState, EventType, GoneForGood, Missed, NextTry, Taken, WebhookCall
from gateway.store import events, grants, keys, lease, webhooks
from gateway.store.db import Database
from gateway.store.tables import webhook_delivery
from tests.store.support import INSTANCE, NOW, together

NEVER = NextTry(run_at=None, rest_until=None)
TAKEN = Taken(words="HTTP 200 OK", status=200)
DOWN = Missed(words="HTTP 500", status=500)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.close()


def add(database: Database, *types: str) -> int:
    with database.write() as conn:
        return webhooks.insert(conn, url="https://a.example", types=types, secret="whsec_QQ==", key_id=None, now=NOW)


def happen(database: Database, *types: str, case: str = "0000000001") -> None:
    """Let things happen, and give them their place in the feed."""
    with database.write() as conn:
        for type_ in types:
            events.append(conn, type_, case_number=case, data={}, now=NOW)
        events.sequence(conn, limit=1000)


def write(database: Database, hook: int, limit: int = 1000) -> int:
    with database.write() as conn:
        return webhooks.write_deliveries(conn, hook, instance=INSTANCE, limit=limit, now=NOW)


def claim(database: Database, limit: int = 10, **how: float) -> list[WebhookCall]:
    return webhooks.claim(database, owner="me", limit=limit, now=NOW + timedelta(**how))


def settle(
    database: Database, call: WebhookCall, outcome: Taken | Missed | GoneForGood, after: NextTry = NEVER
) -> bool:
    with database.write() as conn:
        return webhooks.settle(conn, call, outcome, after=after, now=NOW)


def states(database: Database, hook: int) -> list[tuple[str, str]]:
    with database.read() as conn:
        return [(one.type, one.state) for one in reversed(webhooks.deliveries(conn, hook))]


def test_a_webhook_is_told_of_what_happens_after_it_was_made_once_each_and_in_order(database: Database) -> None:
    happen(database, "case.opened")
    hook = add(database)
    happen(database, *["case.updated"] * 5)
    with database.read() as conn:
        assert webhooks.behind(conn) == [hook]
    while write(database, hook, limit=2):
        pass
    assert write(database, hook) == 0
    with database.read() as conn:
        assert webhooks.behind(conn) == []
        found = webhooks.deliveries(conn, hook)
    assert [int(one.cursor) for one in reversed(found)] == [2, 3, 4, 5, 6]
    assert len({one.message_id for one in found}) == 5


def test_only_the_types_that_were_asked_for_go_out_under_the_feeds_own_words(database: Database) -> None:
    hook = add(database, EventType.CASE_CLOSED, EventType.CASE_UPDATED)
    happen(database, "case.opened", "case.closed", "case.rca_requested", "notice.sent")
    write(database, hook)
    assert states(database, hook) == [("case.closed", "ready"), ("case.updated", "ready")]
    with database.read() as conn:
        assert webhooks.behind(conn) == []


def test_many_that_write_deliveries_at_once_write_each_once(database: Database) -> None:
    hook = add(database)
    happen(database, *["case.updated"] * 40)
    together(4, lambda _number: [write(database, hook, limit=3) for _turn in range(15)])
    with database.read() as conn:
        found = webhooks.deliveries(conn, hook, limit=1000)
    assert [int(one.cursor) for one in reversed(found)] == list(range(1, 41))


def test_a_call_holds_the_feeds_own_item_and_both_secrets_while_they_count(database: Database) -> None:
    hook = add(database)
    happen(database, "case.opened")
    write(database, hook)
    with database.write() as conn:
        webhooks.rotate(conn, hook, secret="whsec_Qg==", old_until=NOW + timedelta(hours=1))
    (call,) = claim(database)
    assert call.secrets == ("whsec_Qg==", "whsec_QQ==")
    assert call.event == {
        "cursor": "1",
        "id": call.event["id"],
        "at": "2026-03-10T09:00:00Z",
        "type": "case.opened",
        "case": "0000000001",
        "sequence": 1,
        "data": {},
    }
    settle(database, call, DOWN, NextTry(run_at=NOW, rest_until=None))
    (later,) = claim(database, hours=2)
    assert (later.secrets, later.message_id, later.attempts) == (("whsec_Qg==",), call.message_id, 2)


def test_one_webhook_has_two_calls_under_way_at_most_and_others_go_on(database: Database) -> None:
    slow, other = add(database), add(database)
    happen(database, *["case.updated"] * 5)
    for hook in (slow, other):
        write(database, hook)
    claimed = [call.webhook_id for _turn in range(20) for call in claim(database, limit=1)]
    assert sorted(claimed) == [slow, slow, other, other]


def test_a_webhook_that_rests_is_left_alone_until_its_time(database: Database) -> None:
    hook = add(database)
    happen(database, "case.opened", "case.updated")
    write(database, hook)
    (first,) = claim(database, limit=1)
    settle(database, first, DOWN, NextTry(run_at=NOW + timedelta(seconds=5), rest_until=NOW + timedelta(seconds=60)))
    assert claim(database, seconds=59) == []
    one, two = claim(database, seconds=60)
    assert (one.failures, two.failures) == (1, 1)
    settle(database, one, TAKEN)
    with database.read() as conn:
        view = webhooks.one(conn, hook)
    assert view is not None
    assert (view.failures, view.waiting) == (0, 1)


def test_whoever_lost_the_lease_changes_nothing(database: Database) -> None:
    hook = add(database)
    happen(database, "case.opened")
    write(database, hook)
    (lost,) = claim(database)
    with database.write() as conn:
        conn.execute(update(webhook_delivery).values(lease_until=0))
    with database.read() as conn:
        assert webhooks.any_lost(conn)
    with database.write() as conn:
        assert webhooks.release_lost(conn, now=NOW) == 1
    (mine,) = claim(database)
    assert not settle(database, lost, TAKEN)
    assert states(database, hook) == [("case.opened", "leased")]
    assert settle(database, mine, TAKEN)
    assert (mine.message_id, states(database, hook)) == (lost.message_id, [("case.opened", "done")])


def test_a_disabled_webhook_keeps_what_waits_and_its_place_in_the_feed(database: Database) -> None:
    hook = add(database)
    happen(database, "case.opened", "case.updated")
    write(database, hook)
    call, _other = claim(database)
    with database.write() as conn:
        assert webhooks.settle(conn, call, GoneForGood(words="HTTP 410 Gone"), after=NEVER, now=NOW)
        assert webhooks.disable(conn, hook, why="HTTP 410 Gone")
        assert not webhooks.disable(conn, hook, why="again")
    happen(database, "case.closed")
    assert write(database, hook) == 0
    assert claim(database) == []
    with database.write() as conn:
        webhooks.enable(conn, hook)
    write(database, hook)
    assert states(database, hook) == [("case.opened", "dead"), ("case.updated", "leased"), ("case.closed", "ready")]


def test_dead_ones_and_any_one_can_be_called_again_under_the_same_id(database: Database) -> None:
    hook = add(database)
    happen(database, "case.opened", "case.updated")
    write(database, hook)
    dead, done = claim(database)
    settle(database, dead, DOWN)
    settle(database, done, TAKEN)
    with database.write() as conn:
        assert webhooks.again(conn, hook, delivery_id=None, now=NOW) == 1
        assert webhooks.again(conn, hook, delivery_id=done.id, now=NOW) == 1
        assert webhooks.again(conn, hook, delivery_id=10**9, now=NOW) == 0
    assert {call.message_id for call in claim(database)} == {dead.message_id, done.message_id}


def test_a_forgotten_event_is_not_called_out(database: Database) -> None:
    hook = add(database)
    happen(database, "case.opened", case="0000000009")
    write(database, hook)
    with database.write() as conn:
        assert events.forget(conn, before=NOW + timedelta(days=1), limit=10) == 1
    (call,) = claim(database)
    assert call.event == {}
    with database.write() as conn:
        assert webhooks.drop(conn, call)
    assert states(database, hook) == [("case.opened", "cancelled")]


def test_the_log_is_forgotten_when_it_is_old_and_over_and_removed_with_its_webhook(database: Database) -> None:
    hook = add(database)
    happen(database, "case.opened", "case.updated")
    write(database, hook)
    done, _under_way = claim(database)
    settle(database, done, TAKEN)
    with database.write() as conn:
        assert webhooks.forget(conn, before=NOW, limit=10) == 0
        assert webhooks.forget(conn, before=NOW + timedelta(seconds=1), limit=10) == 1
    assert states(database, hook) == [("case.updated", "leased")]
    with database.write() as conn:
        webhooks.remove(conn, hook)
    assert not settle(database, done, TAKEN)
    with database.read() as conn:
        assert webhooks.many(conn) == []


def test_numbers_that_a_restored_backup_gives_again_make_other_messages(database: Database) -> None:
    def message(conn: Connection, days: int) -> None:
        hook = webhooks.insert(conn, url="https://a.example", types=(), secret="whsec_QQ==", key_id=None, now=NOW)
        events.append(conn, "case.opened", case_number="", data={}, now=NOW + timedelta(days=days))
        events.sequence(conn, limit=10)
        webhooks.write_deliveries(conn, hook, instance=INSTANCE, limit=10, now=NOW)
        seen.append(webhooks.deliveries(conn, hook)[0].message_id)
        raise Restored

    class Restored(Exception):
        """The transaction is undone, as a restore would."""

    seen: list[str] = []
    for days in (0, 1):
        with pytest.raises(Restored), database.write() as conn:
            message(conn, days)
    assert seen[0] != seen[1]


def test_a_lease_is_prolonged_while_a_call_is_under_way(database: Database) -> None:
    hook = add(database)
    happen(database, "case.opened")
    write(database, hook)
    claim(database)
    with database.write() as conn:
        assert lease.renew(conn, webhook_delivery, owners=["me"]) == 1
    assert states(database, hook) == [("case.opened", EntryState.LEASED)]


def test_a_webhook_of_a_key_is_told_of_the_cases_that_the_key_sees_while_the_key_may_be_used(
    database: Database,
) -> None:
    with database.write() as conn:
        key = keys.insert(
            conn, name="portal", role="system", prefix="cgk_x", key_sha256="ab" * 32, now=NOW, expires_at=None
        )
        grants.give(conn, int(key.id), grants.CASE, "0000000001")
        hook = webhooks.insert(
            conn, url="https://a.example", types=(), secret="whsec_QQ==", key_id=int(key.id), now=NOW
        )
    happen(database, "case.opened", "case.updated")
    happen(database, "case.opened", case="0000000002")
    happen(database, "mailbox.stale", case="")
    write(database, hook)
    assert states(database, hook) == [("case.opened", "ready"), ("case.updated", "ready")]
    assert len(claim(database, limit=1)) == 1
    with database.write() as conn:
        keys.revoke(conn, int(key.id), now=NOW)
        assert not webhooks.any_due(conn, now=NOW)
    assert claim(database) == []
