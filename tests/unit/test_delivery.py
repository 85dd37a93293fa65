"""Delivering what is due: durable bytes before the first octet, one row's trouble is nobody else's."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from gateway.clock import FixedClock
from gateway.model import Accepted, Deferred, EntryState, Notice, Rejected, RelayOutcome, Unknown
from gateway.outbound import delivery
from gateway.store.lease import Owners
from tests.outgoing import ENV, LETTERHEAD, NOW, MemoryOutbox, entry

TAKEN = Accepted(reply="250 taken")


@dataclass(slots=True)
class ScriptedOutcomes:
    """A relay without a network: says what it is told, and remembers what it got."""

    journal: list[tuple[str, int]]
    says: Callable[[int], RelayOutcome] = lambda _id: TAKEN
    got: list[tuple[int, str, str, bytes]] = field(default_factory=list)

    def send(self, entry_id: int, envelope_from: str, to: str, raw: bytes) -> RelayOutcome:
        self.got.append((entry_id, envelope_from, to, raw))
        self.journal.append(("sent", entry_id))
        return self.says(entry_id)

    def close(self) -> None:
        """Nothing is open."""


def office(store: MemoryOutbox, says: Callable[[int], RelayOutcome] = lambda _id: TAKEN) -> delivery.PostOffice:
    return delivery.PostOffice(
        db=None,
        store=store,
        relay=ScriptedOutcomes(journal=store.journal, says=says),
        env=ENV,
        letterhead=LETTERHEAD,
        clock=FixedClock(NOW),
        owners=Owners("test"),
        jitter=lambda: 0.0,
    )


def got(post: delivery.PostOffice) -> list[tuple[int, str, str, bytes]]:
    assert isinstance(post.relay, ScriptedOutcomes)
    return post.relay.got


def test_everything_due_leaves_and_is_settled() -> None:
    store = MemoryOutbox().add(*(entry(id=i) for i in range(1, 26)))
    assert delivery.drain(office(store)) == 25
    assert {row.state for row in store.rows.values()} == {EntryState.DONE}


def test_the_bytes_are_durable_before_the_first_octet_leaves() -> None:
    """FA-06: else a second try could be another mail under the same Message-ID."""
    store = MemoryOutbox().add(entry(id=1))
    delivery.drain(office(store))
    assert store.journal == [("rendered", 1), ("sent", 1), ("done", 1)]


def test_when_the_bytes_cannot_be_stored_nothing_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryOutbox().add(entry(id=1))
    post = office(store)

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(MemoryOutbox, "keep_rendered", fail)
    with pytest.raises(OSError, match="disk full"):
        delivery.drain(post)
    assert got(post) == []


def test_a_worker_that_lost_its_lease_before_the_first_try_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """FA-08: another worker has the mail now and sends it; a second copy would not even be marked uncertain."""
    post = office(MemoryOutbox().add(entry(id=1)))
    monkeypatch.setattr(MemoryOutbox, "keep_rendered", lambda *_: [])
    assert delivery._written(post, [entry(id=1)]) == []


def test_a_second_try_sends_the_very_same_bytes() -> None:
    """OB-08: also when the answer to the dot was lost; the row is marked uncertain."""
    store = MemoryOutbox().add(entry(id=1))
    post = office(store, lambda _id: Unknown(reply="lost"))
    delivery.drain(post)
    assert store.rows[1].run_at == NOW + timedelta(minutes=1)
    assert store.rows[1].entry.uncertain
    later = replace(post, clock=FixedClock(NOW + timedelta(minutes=1)))
    delivery.drain(later)
    first, second = got(post)
    assert first == second
    assert store.rows[1].run_at == NOW + timedelta(minutes=6)


def test_each_mail_has_an_envelope_sender_of_its_own() -> None:
    """Source: CONTRACT 7 (VERP); an internationalised domain goes out in its ASCII form."""
    store = MemoryOutbox().add(entry(id=3, verp_key="k3", to="m@bücher.example"))
    post = office(store)
    delivery.drain(post)
    assert got(post)[0][1:3] == ("bounce+k3@example.com", "m@xn--bcher-kva.example")


@pytest.mark.parametrize("address", ["u@d\r\nRCPT TO:<v@x>", "a@b, c@d", "nobody"])
def test_an_invalid_recipient_is_rejected_without_asking_the_relay(address: str) -> None:
    """OB-02."""
    store = MemoryOutbox().add(entry(id=1, to=address), entry(id=2))
    post = office(store)
    assert delivery.drain(post) == 1
    assert (store.rows[1].state, store.rows[1].reply) == (EntryState.DEAD, "invalid-recipient")
    assert [sent[0] for sent in got(post)] == [2]


def test_a_mail_that_cannot_be_written_is_held_and_the_others_leave() -> None:
    """OB-06."""
    store = MemoryOutbox().add(entry(Notice.INFO_REQUESTED, id=1, context={"text": "x"}), entry(id=2))
    assert delivery.drain(office(store)) == 1
    assert store.rows[1].state is EntryState.HELD
    assert "privacy_line" in store.rows[1].reply
    assert store.rows[2].state is EntryState.DONE


def test_one_rejected_mail_among_a_hundred_costs_the_others_nothing() -> None:
    """OB-09."""
    store = MemoryOutbox().add(*(entry(id=i) for i in range(1, 102)))
    assert delivery.drain(office(store, lambda i: Rejected(reply="550 no") if i == 50 else TAKEN)) == 100
    assert store.rows[50].state is EntryState.DEAD


def test_an_error_of_ours_keeps_the_row_and_goes_on_with_the_next() -> None:
    store = MemoryOutbox().add(entry(id=1), entry(id=2))

    def says(number: int) -> RelayOutcome:
        if number == 1:
            raise RuntimeError("a fault of ours")
        return TAKEN

    assert delivery.drain(office(store, says)) == 1
    assert store.rows[1].state is EntryState.LEASED
    assert store.rows[2].state is EntryState.DONE


def test_after_48_hours_a_deferred_mail_is_given_up() -> None:
    store = MemoryOutbox().add(entry(id=1, first_tried_at=NOW - timedelta(hours=49), rendered=b"x\r\n"))
    delivery.drain(office(store, lambda _id: Deferred(reply="451 not yet")))
    assert (store.rows[1].state, store.rows[1].reply) == (EntryState.DEAD, "451 not yet")


def test_a_worker_whose_lease_was_taken_over_counts_nothing() -> None:
    """FA-08: the fence decides."""
    store = MemoryOutbox().add(entry(id=1))

    def says(number: int) -> RelayOutcome:
        row = store.rows[number]
        row.entry = replace(row.entry, fence=row.entry.fence + 1)
        return TAKEN

    assert delivery.drain(office(store, says)) == 0
    assert store.rows[1].state is EntryState.LEASED


def test_a_full_claim_calls_for_help() -> None:
    """OB-10: a backlog is worked off by all lanes, a single mail by one."""
    calls: list[int] = []
    for rows in (3, 25):
        store = MemoryOutbox().add(*(entry(id=i) for i in range(rows)))
        delivery.drain(replace(office(store), call_help=lambda rows=rows: calls.append(rows)))
    assert calls == [25, 25]
