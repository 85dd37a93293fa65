"""PROCESS 8: a missed service target is told once to the owner; a kept one never.  And incident reports, by mail."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes

import pytest

from gateway import overdue
from gateway.desk import cases, contacts, incidents
from gateway.errors import Refused
from gateway.model import Priority, Status, Target, Visibility
from gateway.reasons import Reason
from gateway.rules.incident import Given
from gateway.scheduler import Timekeeper
from gateway.store import targets
from tests.store.support import together
from tests.story.stage import ADMIN, AGENT, DANA, Stage

TARGETS = {
    "standard": {"response_minutes": {"high": 60, "medium": 60}, "restoration_minutes": {"high": 240}},
    "gold": {"response_minutes": {"high": 30}},
}


@pytest.fixture
def stage(staged: Callable[..., Stage]) -> Stage:
    """Return a stage whose profile promises something."""
    return staged(profile={"on-premises": {"targets": TARGETS, "incident_report_for": ["high"]}})


def missed(stage: Stage) -> list[tuple[str, str]]:
    """Take a turn twice; return what was told."""
    for _twice in range(2):
        overdue.raise_missed(stage.services, now=stage.clock.now())
    return [(entry.to, entry.case or "") for entry in stage.outbox("target-missed")]


def test_a_missed_response_is_told_once_to_the_owner(stage: Stage) -> None:
    owned, nobodys = stage.open_case(owner=AGENT, priority=Priority.HIGH), stage.open_case()
    stage.later(minutes=59)
    assert missed(stage) == []
    stage.later(minutes=1)
    assert missed(stage) == [(AGENT, owned), (ADMIN, nobodys)]


def test_many_schedulers_at_once_tell_of_a_missed_target_once(stage: Stage) -> None:
    for _case in range(3):
        stage.open_case()
    stage.later(hours=2)
    raised = together(4, lambda _number: overdue.raise_missed(stage.services, now=stage.clock.now()))
    assert sum(raised) == 3
    assert len(stage.outbox("target-missed")) == 3


def test_the_first_public_answer_keeps_the_promise_and_a_note_does_not(stage: Stage) -> None:
    kept, broken = stage.open_case(owner=AGENT), stage.open_case(owner=AGENT)
    cases.post(stage.services, kept, text="We look into it.", author=AGENT, visibility=Visibility.PUBLIC)
    cases.post(stage.services, broken, text="To do.", author=AGENT, visibility=Visibility.INTERNAL)
    stage.later(hours=9)
    assert missed(stage) == [(AGENT, broken)]


def test_a_restored_service_keeps_its_promise(stage: Stage) -> None:
    number = stage.open_case(owner=AGENT, priority=Priority.HIGH)
    cases.propose_solution(stage.services, number, text="Install 4.2.1.", author=AGENT)
    stage.later(days=9)
    assert missed(stage) == []


def test_a_better_plan_promises_more_to_new_cases(stage: Stage) -> None:
    contacts.put(stage.services, DANA, account="Northwind")
    assert contacts.set_account(stage.services, "Northwind", plan="gold").plan == "gold"
    number = stage.open_case(owner=AGENT, priority=Priority.HIGH)
    stage.later(minutes=30)
    assert missed(stage) == [(AGENT, number)]


def test_a_turn_of_the_scheduler_raises_what_was_missed(stage: Stage) -> None:
    number = stage.open_case(owner=AGENT)
    stage.later(hours=2)
    assert stage.app.tick().mails_sent == 2
    stage.app.tick()
    assert [(entry.to, entry.case) for entry in stage.outbox("target-missed")] == [(AGENT, number)]


def test_no_target_is_raised_while_the_clock_has_jumped(stage: Stage) -> None:
    """FA-09: a promise is not broken by a machine that believes in another day."""
    stage.clock.moment = datetime.now(UTC)
    stage.open_case(owner=AGENT)
    keeper = Timekeeper(stage.clock, lambda: 0.0)
    keeper.turn(stage.services)
    stage.later(hours=3)
    keeper.turn(stage.services)
    assert stage.outbox("target-missed") == []
    stage.app.tick()
    assert len(stage.outbox("target-missed")) == 1, "a person who takes a turn by hand has looked at the time"


def test_another_priority_promises_anew_counted_from_the_opening(stage: Stage) -> None:
    """PROCESS 2.3, 8."""
    number = stage.open_case(owner=AGENT)
    cases.post(stage.services, number, text="We look into it.", author=AGENT, visibility=Visibility.PUBLIC)
    stage.later(hours=3)
    cases.set_priority(stage.services, number, Priority.HIGH)
    assert missed(stage) == []
    stage.later(hours=1)
    assert missed(stage) == [(AGENT, number)]


def test_a_priority_without_promises_ends_those_that_run(stage: Stage) -> None:
    number = stage.open_case(owner=AGENT, priority=Priority.HIGH)
    cases.set_priority(stage.services, number, Priority.LOW)
    stage.later(days=9)
    assert missed(stage) == []


def test_a_closure_by_the_clock_keeps_the_promises(stage: Stage) -> None:
    """PROCESS 4.2, 8: what no longer runs cannot be missed afterwards."""
    number = stage.waiting_case(owner=AGENT)
    with stage.services.database.write() as conn:
        targets.promise(conn, number, {Target.RESTORATION: timedelta(days=90)})
    for _step in range(3):
        stage.later(days=15)
        stage.app.tick()
    assert stage.state(number)[0] == "closed"
    stage.later(days=90)
    assert missed(stage) == []


def test_a_missed_target_is_a_mail_that_leaves(stage: Stage) -> None:
    stage.open_case(owner=AGENT)
    stage.later(hours=2)
    missed(stage)
    assert stage.app.deliver_due() == 2
    (entry,) = stage.outbox("target-missed")
    assert entry.state == "done"


def test_an_incident_report_is_a_mail_with_a_readable_file(stage: Stage) -> None:
    """PROCESS 8."""
    number = stage.open_case(priority=Priority.HIGH, subject="Ausfall der Nachtläufe – 夜間")
    stage.later(hours=1)
    cases.post(stage.services, number, text="We restart it.", author=AGENT, visibility=Visibility.PUBLIC)
    stage.later(hours=1)
    cases.propose_solution(stage.services, number, text="Restarted.", author=AGENT)
    ended = stage.clock.now()
    given = Given(measures="We replaced the disk.", actions="2026-12-01 Watch the disks")
    shown = incidents.preview(stage.services, number, given)
    assert (shown.ended_at, [a.due for a in shown.actions]) == (ended, ["2026-12-01"])
    assert stage.outbox("incident-report") == []
    mail = incidents.send(stage.services, number, given, author=AGENT)
    assert (mail.to, mail.notice) == (DANA, "incident-report")
    stage.app.deliver_due()
    sent = message_from_bytes((stage.app.config.gateway.data_dir / "sent" / f"{mail.id}.eml").read_bytes())
    (file,) = [part for part in sent.walk() if part.get_filename()]
    content = file.get_payload(decode=True)
    assert isinstance(content, bytes)
    text = content.decode("utf-8")
    for words in ("夜間", "We wrote: We restart it.", "solution-proposed", "We replaced the disk.", "1 December 2026"):
        assert words in text
    assert stage.reference(number) in sent.get_payload(0).as_string()  # type: ignore[union-attr]
    assert "REF-" not in text
    again = incidents.send(stage.services, number, given, author=AGENT)
    assert again.id != mail.id


def test_a_reply_to_an_incident_report_reaches_its_case(stage: Stage) -> None:
    number = stage.open_case(priority=Priority.HIGH)
    incidents.send(stage.services, number, Given(measures="x"), author=AGENT)
    assert stage.answer(number, "Thank you.").case == number
    assert stage.case(number).status == Status.OPEN


def test_a_priority_without_reports_and_a_stranger_get_none(stage: Stage) -> None:
    """PROCESS 8, 9."""
    low = stage.open_case(priority=Priority.MEDIUM)
    with pytest.raises(Refused) as refused:
        incidents.send(stage.services, low, Given(measures="x"), author=AGENT)
    assert refused.value.reason is Reason.NOT_ENTITLED
    high = stage.open_case(priority=Priority.HIGH)
    stage.open_case("mallory@example.net")
    with pytest.raises(Refused) as refused:
        incidents.send(stage.services, high, Given(measures="x"), to="mallory@example.net", author=AGENT)
    assert refused.value.reason is Reason.NOT_DESIGNATED_CONTACT
    assert stage.outbox("incident-report") == []
