"""PROCESS 7, PR-01 to PR-03: what goes when its time is over, what stays, and that nothing of it is left to be read."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from gateway import maillog, scheduler, timers
from gateway.desk import cases, contacts, escalations, mails, queue, retention
from gateway.errors import NotFound, Refused
from gateway.model import Access, Channel, Doubt, DoubtKind
from gateway.reasons import Reason
from gateway.store import clock_guard, tables
from tests.story import canaries
from tests.story.stage import AGENT, DANA, Stage


@pytest.fixture
def profiled(staged: Callable[..., Stage]) -> Stage:
    """Return a stage whose profile entitles to everything."""
    return staged(gateway={"profile": "cloud"})


def test_nothing_of_a_purged_case_can_be_read_anywhere(
    profiled: Stage, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """PROCESS 7.1, 7.2, PR-01, PR-02."""
    maillog.configure(level="INFO", json=True)
    scene = canaries.play(profiled)
    words = (*canaries.CANARY.values(), scene.reference.lower(), canaries.PIN)
    there = {word for _, word in canaries.left_in_rows(profiled.services.database, words)}
    assert set(canaries.CANARY.values()) - there == set(), "a canary that was nowhere proves nothing"
    before = mails.ledger(profiled.services)
    profiled.later(days=31)
    done = retention.purge(profiled.services)
    assert done.swept
    assert canaries.left_in_rows(profiled.services.database, words) == set()
    assert canaries.left_in_files(tmp_path, words) == set()
    said = capfd.readouterr()
    assert not [word for word in words if word in (said.err + said.out).lower()]
    assert "retention.purged" in said.err
    assert mails.ledger(profiled.services) == before
    assert retention.plan(profiled.services) == []
    late = profiled.receive(profiled.write(f"Hello?\n\n> Reference ID: {scene.reference}"))
    assert (late.disposition, late.reason) == ("queued", "case-purged")
    case = profiled.case(scene.number)
    assert (case.status, case.substatus, case.subject, case.contact.email) == ("closed", "resolved", "", "")
    assert case.closed_at is not None
    with profiled.services.database.read() as conn:
        assert conn.execute(select(tables.blob.c.sha256)).all() != []


def test_uploads_go_first_and_the_words_stay_until_the_case_goes(staged: Callable[..., Stage]) -> None:
    """PROCESS 7.1: two settings, and reopening begins the time anew."""
    stage = staged(retention={"uploads_days": 5, "case_days": 20})
    number, mail_id = _case_with_a_file(stage)
    stage.later(days=5)
    assert retention.purge(stage.services).uploads == 0
    cases.reopen(stage.services, number, text="Again.", channel=Channel.AGENT)
    cases.close(stage.services, number)
    stage.later(days=5, minutes=1)
    assert [(one.goes, one.what, one.files) for one in retention.plan(stage.services)] == [(True, "uploads", 1)]
    assert retention.purge(stage.services).uploads == 1
    update = next(one for one in stage.feed(number) if one.mail_id == mail_id)
    assert ([a.name for a in update.attachments], update.text) == (["log.txt"], "See the file.")
    with pytest.raises(NotFound):
        mails.raw(stage.services, mail_id)
    assert _contents(stage) & {b"the content of the file"} == set()
    assert retention.purge(stage.services).uploads == 0
    stage.later(days=15)
    assert retention.purge(stage.services).cases == 1
    assert stage.feed(number) == []


def test_a_legal_hold_keeps_everything_until_it_is_released(stage: Stage) -> None:
    """PROCESS 7.1, PR-03: hold wins."""
    number, mail_id = _case_with_a_file(stage)
    held = retention.hold(stage.services, number, by=AGENT, why="Dispute")
    assert held.held_at is not None
    stage.later(days=400)
    (due,) = retention.plan(stage.services)
    assert (due.goes, due.case, due.why) == (False, number, Reason.LEGAL_HOLD.sentence)
    assert [(one.case, one.reason) for one in retention.purge(stage.services).waiting] == [(number, "legal-hold")]
    assert b"See the file." in mails.raw(stage.services, mail_id)
    assert retention.release_hold(stage.services, number, by=AGENT).held_at is None
    assert retention.purge(stage.services).cases == 1


def test_mail_of_no_case_goes_after_its_end_and_what_is_open_or_quarantined_never(stage: Stage) -> None:
    """PROCESS 7.2."""
    open_ = stage.receive(stage.write("Who knows?"))
    done = stage.receive(stage.write("Buy this!"))
    away = stage.receive(stage.write("I am away.", headers=["Auto-Submitted: auto-replied"]))
    aside = stage.receive(stage.write("A killer."))
    with stage.services.database.write() as conn:
        conn.execute(tables.queue_item.delete().where(tables.queue_item.c.mail_id == int(aside.id)))
        conn.execute(
            update(tables.mail).where(tables.mail.c.id == int(aside.id)).values(disposition="quarantined", reason="x")
        )
    copy = stage.ingest(mails.raw(stage.services, done.id))
    stage.later(days=20)
    queue.discard(stage.services, stage.item_of(done).id, by=AGENT, why="spam")
    stage.later(days=11)
    assert {one.mail for one in retention.plan(stage.services)} == {away.id, str(copy)}
    assert retention.purge(stage.services).mails == 2
    assert mails.raw(stage.services, done.id)
    stage.later(days=20)
    assert retention.purge(stage.services).mails == 1
    assert {id_ for id_ in (open_.id, aside.id) if mails.raw(stage.services, id_)} == {open_.id, aside.id}
    assert stage.receive(stage.write("New")).disposition == "queued"
    assert mails.show(stage.services, done.id).text == ""
    assert mails.ledger(stage.services).balanced


def test_the_same_mail_is_a_duplicate_still_after_its_original_was_purged(stage: Stage) -> None:
    """CONTRACT 5: the stub keeps the content key."""
    raw = stage.write("Away.", headers=["Auto-Submitted: auto-replied"])
    first = stage.receive(raw)
    stage.later(days=31)
    retention.purge(stage.services)
    again = stage.receive(raw)
    assert (again.disposition, again.duplicate_of) == ("duplicate", first.id)


def test_what_a_person_may_still_undo_is_not_purged(staged: Callable[..., Stage]) -> None:
    """PR-03, PROCESS 3.4: a late mail was linked by hand to a case whose time is over."""
    stage = staged(retention={"undo_minutes": 60})
    number = stage.closed_case()
    stage.later(days=30)
    item = stage.item_of(stage.answer(number, "Late."))
    queue.link(stage.services, item.id, number, by=AGENT)
    stage.later(minutes=30)
    assert [one.reason for one in retention.purge(stage.services).waiting] == ["undo-possible"]
    queue.undo(stage.services, item.id, by=AGENT)
    assert retention.purge(stage.services).cases == 1
    assert [one.reason for one in stage.items()] == ["case-closed"]
    assert mails.raw(stage.services, item.mail_id)


def test_a_purged_case_never_changes_again(stage: Stage) -> None:
    """PR-03: whatever was written into it would stay for good."""
    number = stage.closed_case()
    stage.later(days=31)
    item = stage.item_of(stage.receive(stage.write("Late, without a reference.")))
    retention.purge(stage.services)
    before = stage.everything()
    acts: list[Callable[[], object]] = [
        lambda: cases.post(stage.services, number, text="A note.", author=AGENT),
        lambda: queue.link(stage.services, item.id, number, by=AGENT),
        lambda: contacts.of_case(stage.services, number, email="erin@example.org"),
        lambda: retention.hold(stage.services, number, by=AGENT, why="Too late"),
        lambda: escalations.note_rca_request(stage.services, number),
    ]
    for act in acts:
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.reason is Reason.CASE_PURGED
    with pytest.raises(Refused) as refused:
        cases.reopen(stage.services, number, text="Again.", channel=Channel.AGENT)
    assert refused.value.reason is Reason.REOPEN_WINDOW_OVER
    assert stage.everything() == before


def test_a_contact_goes_with_the_last_case_unless_something_was_arranged(stage: Stage) -> None:
    """PROCESS 7.1: whom a new case would make anew, just the same, goes; the account's data stays."""
    erin, finn = "erin@example.org", "finn@example.net"
    first, other = stage.closed_case(), stage.open_case()
    stage.closed_case(erin)
    stage.closed_case(finn)
    contacts.put(stage.services, erin, account="Northwind")
    contacts.set_account(stage.services, "Northwind", plan="gold")
    contacts.put(stage.services, finn, access=Access.READ_ONLY)
    stage.later(days=31)
    assert retention.purge(stage.services).contacts == 0
    assert {one.email for one in contacts.find(stage.services)} == {DANA, erin, finn}
    assert stage.case(first).contact.email == ""
    cases.close(stage.services, other)
    stage.later(days=31)
    assert retention.purge(stage.services).contacts == 1
    assert {one.email for one in contacts.find(stage.services)} == {erin, finn}
    assert contacts.put(stage.services, DANA).has_pin is False


def test_an_attached_mail_that_was_also_received_itself_keeps_its_bytes(stage: Stage) -> None:
    """PR-03: shared bytes."""
    inner = stage.write("The inner mail.")
    alone = stage.receive(inner)
    number = stage.open_case()
    carrier = stage.answer(number, "See the mail.")
    sha256 = mails.show(stage.services, alone.id).sha256
    row = {"mail_id": int(carrier.id), "name": "x.eml", "content_type": "message/rfc822", "size": len(inner)}
    with stage.services.database.write() as conn:
        conn.execute(tables.attachment.insert().values(row | {"sha256": sha256}))
    cases.close(stage.services, number)
    stage.later(days=31)
    retention.purge(stage.services)
    assert mails.raw(stage.services, alone.id) == inner


@pytest.mark.parametrize("steps", [2, 4, 6])
def test_a_purge_that_is_killed_goes_on_with_the_next(
    stage: Stage, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PR-03: crash in mid-purge, after each of its commits; repeated, it is nothing."""
    number, _ = _case_with_a_file(stage)
    stage.receive(stage.write("Away.", headers=["Auto-Submitted: auto-replied"]))
    monkeypatch.setattr(retention, "BATCH", 1)
    stage.later(days=31)
    database, left = stage.services.database, [steps]
    whole = type(database).write

    @contextlib.contextmanager
    def mortal(self: Any) -> Iterator[Any]:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        with whole(self) as conn:
            yield conn

    with monkeypatch.context() as patched, contextlib.suppress(KeyboardInterrupt):
        patched.setattr(type(database), "write", mortal)
        retention.purge(stage.services)
    retention.purge(stage.services)
    assert retention.plan(stage.services) == []
    assert _contents(stage) == set()
    assert stage.case(number).purged_at is not None
    assert mails.ledger(stage.services).balanced
    assert retention.purge(stage.services).mails == 0


def test_a_scheduler_does_not_purge_while_it_doubts_the_clock(stage: Stage) -> None:
    """TM-08 in the words of PROCESS 7: what a wrong clock purges is lost for good."""
    stage.closed_case()
    stage.later(days=31)
    scheduler.purge(stage.services)
    assert retention.plan(stage.services), "nobody has looked at the clock yet"
    doubt = Doubt(kind=DoubtKind.JUMP, why="The clock jumped.")
    with stage.services.database.write() as conn:
        clock_guard.note_turn(conn, now=stage.clock.now(), doubt=doubt, quiet_seconds=3600)
    scheduler.purge(stage.services)
    assert retention.plan(stage.services)
    timers.confirm_clock(stage.services)
    scheduler.purge(stage.services)
    assert retention.plan(stage.services) == []


def _case_with_a_file(stage: Stage) -> tuple[str, str]:
    """Open a case, receive a reply with a file, and close the case; return its number and the mail's id."""
    number = stage.open_case()
    words = f"--b\n\nSee the file.\n\n> Reference ID: {stage.reference(number)}\n--b\n"
    text = f'{words}Content-Disposition: attachment; filename="log.txt"\n\nthe content of the file\n--b--'
    raw = stage.write(text).replace(b"text/plain; charset=utf-8", b'multipart/mixed; boundary="b"')
    mail_id = stage.receive(raw).id
    stage.later(minutes=1)
    cases.close(stage.services, number)
    stage.app.deliver_due()
    return number, mail_id


def _contents(stage: Stage) -> set[bytes]:
    with stage.services.database.read() as conn:
        return set(conn.execute(select(tables.blob.c.bytes)).scalars())
