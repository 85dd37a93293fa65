"""AU-01, AU-02: whatever changes something leaves an entry, of ids and facts, in a chain that shows tampering."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, delete, func, select, update

from gateway import sequencer
from gateway.desk import access, audit, cases, contacts, escalations, mails, outbox, queue, retention
from gateway.errors import AuditBroken, Conflict, Refused
from gateway.model import Access, Channel, EscalationReason, Priority
from gateway.store import tables
from tests.story.stage import ADMIN, AGENT, DANA, STRANGER, Stage
from tests.story.terminal import Terminal

CANARY = "Kanarienvogel"
TRAIL, HEAD = tables.audit, tables.audit_head


def acts(stage: Stage, about: str = "") -> list[tuple[str, str, str]]:
    """Return (actor, act, object) of each entry, oldest first."""
    found = audit.find(stage.services, about=about, limit=1000)
    return [(one.actor, one.act, one.object) for one in reversed(found)]


def tamper(stage: Stage, do: Callable[[Connection], Any]) -> None:
    with stage.services.database.write() as conn:
        do(conn)


def test_a_mail_a_person_and_the_clock_each_act_under_their_own_name(stage: Stage) -> None:
    number = stage.waiting_case()
    mail = stage.answer(number)
    stage.later(minutes=1)
    cases.request_info(stage.services.acting("key:3", "192.0.2.7"), number, text="And?", author=AGENT)
    stage.later(days=10)
    for _ in range(3):
        stage.app.tick()
        stage.later(days=9)
    case = f"case:{number}"
    assert acts(stage) == [
        ("gateway", "case.open", case),
        ("gateway", "case.update", case),
        ("gateway", "case.status", case),
        (f"mail:{mail.id}", "mail.link", f"mail:{mail.id}"),
        (f"mail:{mail.id}", "case.status", case),
        ("key:3", "case.update", case),
        ("key:3", "case.status", case),
        ("timer", "case.status", case),
    ]
    asked = audit.find(stage.services, actor="key:3")
    assert {one.source for one in asked} == {"192.0.2.7"}
    assert asked[0].facts == {
        "status": "awaiting-info",
        "substatus": "information-required-from-customer",
        "was": "open",
        "was_substatus": "customer-responded",
    }
    assert audit.verify(stage.services).intact


def _do_everything(stage: Stage) -> None:
    services = stage.services
    contacts.put(
        services, DANA, name=CANARY, access=Access.READ_WRITE, pin="73519", alternates=[f"{CANARY}@example.com"]
    )
    contacts.set_account(services, "#1", plan="gold")
    number = stage.open_case(subject=CANARY, external_ref=CANARY, contact_name=CANARY)
    cases.post(services, number, text=CANARY, author=AGENT)
    cases.set_priority(services, number, Priority.LOW)
    cases.set_priority(services, number, Priority.HIGH)
    item = stage.item_of(stage.receive(stage.write(CANARY, sender=f"{CANARY} <{STRANGER}>", subject=CANARY)))
    queue.link(services, item.id, number, by=ADMIN)
    queue.undo(services, item.id, by=ADMIN)
    queue.discard(services, item.id, by=ADMIN, why=CANARY)
    asked = {"reason": EscalationReason.OTHER, "details": CANARY, "requester": DANA, "channel": Channel.PORTAL}
    first = escalations.request(services, number, **asked)
    escalations.accept(services, first.id, owner=ADMIN, importance=CANARY, urgency=CANARY, text=CANARY, author=ADMIN)
    escalations.update(services, first.id, text=CANARY, author=ADMIN)
    escalations.close(services, first.id, text=CANARY, author=ADMIN)
    second = escalations.request(services, number, **asked)
    escalations.decline(services, second.id, text=CANARY, author=ADMIN)
    contacts.of_case(services, number, email=f"{CANARY}@example.org", revoke=True)
    waiting = next(entry for entry in outbox.find(services) if entry.notice == "escalation-assigned")
    outbox.hold(services, waiting.id)
    outbox.release(services, waiting.id)
    outbox.cancel(services, waiting.id)
    mails.raw(services, item.mail_id)
    key, _ = access.create_key(services, role="agent", name=CANARY)
    access.revoke(services, key.id)
    escalations.note_rca_request(services, number)
    cases.close(services, number, text=CANARY)


DONE = (
    "account.set case.contact case.open case.priority case.rca-request case.status case.update contact.set "
    "escalation.accept escalation.close escalation.decline escalation.request escalation.update key.create key.revoke "
    "mail.link mail.raw outbox.cancel outbox.hold outbox.release queue.resolve queue.undo"
)


def test_every_change_leaves_an_entry_and_none_holds_what_anybody_wrote(stage: Stage) -> None:
    """AU-02, PR-04: the trail keeps ids; no name, no address, no text."""
    stage.open_case()
    _do_everything(stage)
    seen = {act for _, act, _ in acts(stage)}
    assert sorted(seen) == sorted(set(DONE.split()))
    with stage.services.database.read() as conn:
        written = json.dumps([list(row) for row in conn.execute(select(TRAIL))], default=str)
    assert CANARY.lower() not in written.lower()
    assert "@" not in written
    assert "73519" not in written
    assert "REF-" not in written


def test_what_is_refused_for_want_of_a_right_leaves_an_entry_and_nothing_else(stage: Stage) -> None:
    number = stage.open_case()
    before = acts(stage)
    services = stage.services.acting("key:7", "198.51.100.4")
    with pytest.raises(Refused):
        cases.post(services, number, text="Hello", author=STRANGER, channel=Channel.PORTAL)
    with pytest.raises(Refused):
        cases.close_request(services, number, text="Done", author=STRANGER)
    with pytest.raises(Refused):
        cases.set_status(services, number, stage_status())
    after = acts(stage)[len(before) :]
    assert after == [("key:7", "refused", f"case:{number}")] * 2
    refused = audit.find(services, actor="key:7")
    assert [(one.facts["act"], one.facts["reason"], one.source) for one in refused] == [
        ("case.close-request", "not-designated-contact", "198.51.100.4"),
        ("case.update", "not-designated-contact", "198.51.100.4"),
    ]


def stage_status() -> Any:
    from gateway.model import Status

    return Status.CLOSED


def test_an_act_that_is_undone_with_its_transaction_leaves_no_entry(stage: Stage) -> None:
    number = stage.open_case()
    item = stage.item_of(stage.receive(stage.write("Hello")))
    before = acts(stage)
    queue.link(stage.services, item.id, number, by=ADMIN, preview=True)
    assert acts(stage) == before


def trail(stage: Stage) -> int:
    """Make a trail of 20 entries and chain it; return its length."""
    with stage.services.database.write() as conn:
        for number in range(20):
            audit.note_along(conn, stage.services, "case.update", f"case:{number}", n=number)
    assert audit.verify(stage.services).intact
    return 20


def shift(conn: Connection, first: int) -> None:
    """Make room for an entry, from the end on, because places are unique."""
    for place in range(20, first - 1, -1):
        conn.execute(update(TRAIL).where(TRAIL.c.position == place).values(position=place + 1))


def swap(conn: Connection, one: int, other: int) -> None:
    for old, new in ((one, 1000), (other, one), (1000, other)):
        conn.execute(update(TRAIL).where(TRAIL.c.position == old).values(position=new))


def insert(conn: Connection, place: int) -> None:
    shift(conn, place)
    copied = conn.execute(select(TRAIL).where(TRAIL.c.position == place + 1)).one()._asdict()
    conn.execute(TRAIL.insert().values({**copied, "id": 5000, "position": place, "actor": "key:1"}))


TAMPERINGS: dict[str, Callable[[Connection, int], Any]] = {
    "change": lambda conn, at: conn.execute(update(TRAIL).where(TRAIL.c.position == at).values(facts='{"n":99}')),
    "delete": lambda conn, at: conn.execute(delete(TRAIL).where(TRAIL.c.position == at)),
    "insert": insert,
    "swap": lambda conn, at: swap(conn, at, 20 if at < 20 else 19),
    "cut the tail": lambda conn, at: conn.execute(delete(TRAIL).where(TRAIL.c.position >= at)),
    "unchain": lambda conn, at: conn.execute(update(TRAIL).where(TRAIL.c.position == at).values(position=None)),
}


@pytest.mark.parametrize("how", TAMPERINGS)
def test_tampering_in_the_database_is_found_and_going_on_does_not_cover_it(stage: Stage, how: str) -> None:
    """AU-01, on both databases: verified right away, and after more was entered and chained behind it."""
    trail(stage)
    at = random.Random(how).randrange(1, 20)
    tamper(stage, lambda conn: TAMPERINGS[how](conn, at))
    bad = at if how != "swap" or at < 20 else 19
    report = audit.verify(stage.services)
    assert (report.intact, report.first_bad) == (False, bad), report
    audit.note(stage.services, "case.update", "case:21")
    assert audit.verify(stage.services).first_bad == bad
    with pytest.raises(Conflict):
        audit.sign_anew(stage.services)


HEADS: dict[str, Callable[[Connection], Any]] = {
    "a head without the key": lambda conn: conn.execute(
        update(HEAD).values(
            position=10, hash=select(TRAIL.c.hash).where(TRAIL.c.position == 10).scalar_subquery(), signature="0" * 64
        )
    ),
    "no head": lambda conn: conn.execute(delete(HEAD)),
}


@pytest.mark.parametrize("how", HEADS)
def test_a_tail_that_is_cut_together_with_its_head_is_found_and_not_signed_over(stage: Stage, how: str) -> None:
    trail(stage)
    tamper(stage, HEADS[how])
    tamper(stage, lambda conn: conn.execute(delete(TRAIL).where(TRAIL.c.position > (10 if how != "no head" else 0))))
    audit.note(stage.services, "case.update", "case:21")
    with pytest.raises(AuditBroken):
        sequencer.turn(stage.services)
    report = audit.verify(stage.services)
    assert not report.intact
    with stage.services.database.read() as conn:
        waiting = conn.execute(select(func.count()).where(TRAIL.c.position.is_(None))).scalar_one()
    assert waiting == 1


def test_beginning_anew_over_a_trail_without_places_is_refused(stage: Stage) -> None:
    trail(stage)
    tamper(stage, lambda conn: conn.execute(delete(HEAD)))
    tamper(stage, lambda conn: conn.execute(update(TRAIL).values(position=None, hash=None, actor="key:1")))
    with pytest.raises(AuditBroken):
        sequencer.turn(stage.services)
    assert not audit.verify(stage.services).intact


def test_a_lost_key_is_told_and_an_intact_trail_can_be_signed_anew(stage: Stage) -> None:
    trail(stage)
    stage.app.config.audit_key_file.unlink()
    report = audit.verify(stage.services)
    assert not report.intact
    assert "another key" in (report.why or "")
    audit.sign_anew(stage.services)
    assert audit.verify(stage.services).intact
    assert acts(stage)[-1][1:] == ("audit.sign-anew", "audit:head")


def test_events_go_on_while_the_trail_is_broken(stage: Stage) -> None:
    trail(stage)
    tamper(stage, HEADS["a head without the key"])
    stage.open_case()
    with pytest.raises(AuditBroken):
        sequencer.turn(stage.services)
    with stage.services.database.read() as conn:
        assert conn.execute(select(tables.event.c.cursor)).scalars().all() == [1]


def test_the_command_line_verifies_and_names_the_first_bad_entry(terminal: Terminal, tmp_path: Path) -> None:
    number = terminal.asked_case()
    done = terminal.run("verify-audit")
    assert (done.code, done.err) == (0, "")
    assert "intact: 3 entries" in done.out
    shown = terminal.ok("audit", "list", "--about", f"case:{number}")
    assert terminal.ok("audit", "list", "--about", f"case:{int(number)}") == shown
    assert [entry["act"] for entry in shown] == ["case.status", "case.update", "case.open"]
    assert all(entry["actor"].startswith("command-line") for entry in shown)
    assert "case.open" in terminal.run("audit", "list").out
    _change_an_entry(terminal)
    done = terminal.run("verify-audit")
    assert done.code == 1
    assert "Entry 2 was changed" in done.out
    assert len(done.out.splitlines()) == 1
    assert terminal.run("verify-audit", "--json").json[0]["first_bad"] == 2


def _change_an_entry(terminal: Terminal) -> None:
    import sqlite3

    with sqlite3.connect(terminal.folder / "gateway.db") as conn:
        conn.execute("UPDATE audit SET actor = 'key:1' WHERE position = 2")
    conn.close()


def test_a_hold_and_a_purge_leave_entries(stage: Stage) -> None:
    """PROCESS 7.1: what was deleted, and what kept it from that, stays provable after it."""
    number = stage.closed_case()
    retention.hold(stage.services, number, by=ADMIN, why=CANARY)
    retention.release_hold(stage.services, number, by=ADMIN)
    stage.later(days=40)
    retention.purge(stage.services)
    kept = [act for _, act, about in acts(stage) if about in (f"case:{number}", "retention")]
    assert kept[-4:] == ["retention.held", "retention.released", "case.purge", "retention.purged"]
    with stage.services.database.read() as conn:
        written = json.dumps([list(row) for row in conn.execute(select(TRAIL))], default=str)
    assert CANARY not in written
    assert ADMIN not in written
    assert audit.verify(stage.services).intact
