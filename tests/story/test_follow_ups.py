"""The follow-up ladder from the question to the closure, and all that keeps a case from being closed.

Source: PROCESS 4.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from gateway import process, timers
from gateway.desk import cases, outbox, queue
from gateway.errors import ParserDied
from gateway.model import Channel, Priority, Status, Visibility
from gateway.reasons import Reason
from gateway.rules import profiles
from gateway.store import tables
from tests.fixtures import world
from tests.story.stage import AGENT, DANA, STRANGER, Stage

Build = Callable[..., Stage]
LADDER = ["follow-up-1", "follow-up-2", "follow-up-closed"]


def turn(stage: Stage, **later: float) -> list[str]:
    """Let time pass, take a turn of the scheduler, and return the follow-ups that it wrote."""
    before = {entry.id for entry in stage.outbox()}
    stage.later(**later)
    stage.app.tick()
    return [entry.notice for entry in stage.outbox() if entry.id not in before and entry.notice in LADDER]


def reason_of(stage: Stage, number: str) -> str | None:
    """Return why the closure of a case waits."""
    view = stage.case(number).follow_up
    return view.held if view else None


def silent_until_closing(stage: Stage, number: str) -> None:
    """Let both reminders leave in time; the closure is due then."""
    assert turn(stage, days=2) == ["follow-up-1"]
    assert turn(stage, days=3) == ["follow-up-2"]
    stage.later(days=5)


def bounce(stage: Stage, outbox_id: str) -> None:
    """Receive the delivery report of a mail that came back."""
    with stage.services.database.read() as conn:
        row = conn.execute(tables.outbox.select().where(tables.outbox.c.id == int(outbox_id))).one()
    report = (
        "From: postmaster@mx.example.net\r\nTo: bounce\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nIt could not be delivered.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\n"
        f"Final-Recipient: rfc822; {row.to_address}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        f"--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: {row.message_id}\r\n\r\n"
        f"Reference ID: {row.reference_id}\r\n--b--\r\n"
    )
    stage.receive(report.encode(), mail_from="", to=(f"bounce+{row.verp_key}@{world.MAIL_DOMAIN}",))


# --- the ladder


def test_silence_brings_two_reminders_and_the_closure(stage: Stage) -> None:
    """PROCESS 4.2: day 2, day 5, day 10; nothing before, nothing twice."""
    number = stage.waiting_case()
    modified = stage.case(number).modified_at
    stage.later(minutes=-1)
    found = [turn(stage, days=1) for _ in range(12)]
    assert found == [[], ["follow-up-1"], [], [], ["follow-up-2"], *[[]] * 4, ["follow-up-closed"], [], []]
    assert stage.state(number) == ("closed", "cancelled")
    assert stage.case(number).modified_at == modified


@pytest.mark.parametrize(("asks", "ending"), [("request_info", "cancelled"), ("propose_solution", "resolved")])
def test_the_ending_says_what_was_waited_for(stage: Stage, asks: str, ending: str) -> None:
    """PROCESS 4.6."""
    number = stage.open_case()
    getattr(cases, asks)(stage.services, number, text="Update to 4.2.", author=AGENT)
    silent_until_closing(stage, number)
    assert turn(stage) == ["follow-up-closed"]
    assert stage.state(number) == ("closed", ending)
    assert "case.closed" in stage.events(number)


def test_an_answer_ends_the_ladder_and_asking_again_begins_a_new_one(stage: Stage) -> None:
    """PROCESS 4.1, TM-08: twenty times over, each wait has a ladder and notices of its own."""
    number = stage.waiting_case()
    for wait in range(1, 21):
        assert turn(stage, days=2) == ["follow-up-1"]
        assert stage.answer(number).reason == "reference-found"
        assert stage.case(number).follow_up is None
        assert turn(stage, days=30) == []
        cases.request_info(stage.services, number, text="And now?", author=AGENT)
        view = stage.case(number).follow_up
        assert view is not None
        assert view.episode == wait + 1


def test_a_status_set_by_hand_stops_the_wait(stage: Stage) -> None:
    """PROCESS 4.8."""
    number = stage.waiting_case()
    cases.set_status(stage.services, number, Status.OPEN)
    assert turn(stage, days=30) == []
    assert stage.state(number)[0] == "open"


def test_after_three_weeks_without_a_scheduler_there_is_no_burst(stage: Stage) -> None:
    """TM-08: the latest due reminder only; the closure keeps its distance from when that one really left."""
    number = stage.waiting_case()
    assert turn(stage, days=21) == ["follow-up-2"]
    view = stage.case(number).follow_up
    assert view is not None
    assert [step.skipped for step in view.steps] == [True, False, False]
    assert view.steps[2].due_at == stage.clock.moment + timedelta(days=5)
    assert turn(stage) == turn(stage, days=4, hours=23) == []
    assert turn(stage, hours=1) == ["follow-up-closed"]


def test_a_reminder_that_the_relay_took_late_pushes_the_closure_away(stage: Stage) -> None:
    """PROCESS 4.7: what counts is when the reminder left, not when it was written."""
    number = stage.waiting_case()
    turn(stage, days=2)
    stage.later(days=3)
    stage.app.tick()
    # A relay that was away for two days: written on day 5, accepted on day 7.
    left = stage.clock.moment + timedelta(days=2)
    with stage.services.database.write() as conn:
        conn.execute(update(tables.outbox).where(tables.outbox.c.notice == "follow-up-2").values(sent_at=left))
    assert turn(stage, days=5) == turn(stage, days=1, hours=23) == []
    assert stage.state(number)[0] == "awaiting-info"
    assert turn(stage, hours=1) == ["follow-up-closed"]


def test_follow_ups_wait_for_the_send_window(staged: Build) -> None:
    """PROCESS 4.3: the due times lie in the window, and what was missed leaves in it, too."""
    stage = staged(follow_up={"send_window": "08:00-10:00", "timezone": "Europe/Berlin"})
    stage.later(hours=14)  # 23:00 UTC, midnight in Berlin
    number = stage.waiting_case()
    view = stage.case(number).follow_up
    assert view is not None
    assert [step.due_at.hour for step in view.steps if step.due_at] == [7, 7, 7]
    assert turn(stage, days=2) == []
    assert turn(stage, hours=8) == ["follow-up-1"]
    assert turn(stage, days=4) == ["follow-up-2"], "missed, and in the window"
    assert turn(stage, days=9, hours=12) == [], "at night"
    assert turn(stage, hours=12) == ["follow-up-closed"]


# --- priorities without follow-ups


def test_production_down_pauses_the_ladder_and_the_time_left_is_kept(stage: Stage) -> None:
    """PROCESS 4.5, TM-08."""
    number = stage.waiting_case()
    turn(stage, days=2)
    stage.later(days=1)
    paused = cases.set_priority(stage.services, number, Priority.CRITICAL_PRODUCTION_DOWN).follow_up
    assert paused is not None
    assert paused.paused
    assert [step.due_at is None for step in paused.steps] == [False, True, True]
    assert turn(stage, days=40) == []
    resumed = cases.set_priority(stage.services, number, Priority.HIGH).follow_up
    assert resumed is not None
    # Day 3 when it paused: two days were left to the second reminder, seven to the closure (less the minute of asking).
    left = [step.due_at - stage.clock.moment for step in resumed.steps[1:] if step.due_at]
    assert [round(span / timedelta(days=1)) for span in left] == [2, 7]
    assert turn(stage, days=2) == ["follow-up-2"]
    assert turn(stage, days=5) == ["follow-up-closed"]


def test_a_wait_that_begins_in_an_excluded_priority_has_its_whole_time_afterwards(stage: Stage) -> None:
    """PROCESS 4.5."""
    number = stage.open_case(priority=Priority.CRITICAL_PRODUCTION_DOWN)
    cases.request_info(stage.services, number, text="Which version?", author=AGENT)
    assert turn(stage, days=20) == []
    cases.set_priority(stage.services, number, Priority.MEDIUM)
    assert turn(stage, days=1, hours=23) == []
    assert turn(stage, hours=1) == ["follow-up-1"]


def test_a_reminder_that_waits_in_the_outbox_does_not_leave_in_a_pause_but_afterwards(stage: Stage) -> None:
    """TM-08: no follow-up while production is down."""
    number = stage.waiting_case()
    entry = held_reminder(stage)
    cases.set_priority(stage.services, number, Priority.CRITICAL_PRODUCTION_DOWN)
    outbox.release(stage.services, entry)
    stage.app.tick()
    assert state_of(stage, entry) == "cancelled"
    cases.set_priority(stage.services, number, Priority.MEDIUM)
    stage.app.tick()
    assert state_of(stage, entry) == "done"


# --- a reminder that the answer has overtaken


def held_reminder(stage: Stage) -> str:
    """Write the first reminder and keep it back in the outbox; return its id."""
    stage.app.deliver_due()
    stage.later(days=2)
    timers.fire_due(stage.services)
    (entry,) = stage.outbox("follow-up-1")
    outbox.hold(stage.services, entry.id)
    return entry.id


def state_of(stage: Stage, outbox_id: str) -> str:
    return next(entry.state for entry in stage.outbox() if entry.id == outbox_id)


def test_a_reminder_still_in_the_outbox_is_not_sent_after_the_answer(stage: Stage) -> None:
    """TM-07, OB-10."""
    number = stage.waiting_case()
    entry = held_reminder(stage)
    stage.answer(number)
    outbox.release(stage.services, entry)
    stage.app.deliver_due()
    assert state_of(stage, entry) == "cancelled"


def test_an_undone_answer_lets_the_reminder_leave_after_all(stage: Stage) -> None:
    number = stage.waiting_case()
    entry = held_reminder(stage)
    mail = stage.receive(stage.write("Version 4.2."))
    queue.link(stage.services, stage.item_of(mail).id, number, by="ben")
    outbox.release(stage.services, entry)
    stage.app.deliver_due()
    assert state_of(stage, entry) == "cancelled"
    queue.undo(stage.services, stage.item_of(mail).id, by="ben")
    stage.app.tick()
    assert state_of(stage, entry) == "done"


def test_of_two_reminders_in_the_outbox_only_the_last_one_leaves(stage: Stage) -> None:
    """OB-10: a relay that was away for days gets no burst."""
    stage.waiting_case()
    first = held_reminder(stage)
    stage.later(days=3)
    outbox.release(stage.services, first)
    timers.fire_due(stage.services)
    stage.app.deliver_due()
    assert state_of(stage, first) == "cancelled"
    assert [entry.state for entry in stage.outbox("follow-up-2")] == ["done"]


# --- the closer's safety, clause by clause (PROCESS 4.7)


def test_no_closure_while_a_received_mail_is_unprocessed(stage: Stage) -> None:
    number = stage.waiting_case()
    silent_until_closing(stage, number)
    stage.ingest(stage.write("Something about anything.", sender=STRANGER))
    assert timers.fire_due(stage.services).decisions == [(number, Reason.MAIL_UNPROCESSED)]
    assert reason_of(stage, number) == Reason.MAIL_UNPROCESSED
    assert turn(stage) == ["follow-up-closed"]


def test_no_closure_while_a_queued_mail_names_the_case(stage: Stage) -> None:
    number = stage.waiting_case()
    silent_until_closing(stage, number)
    mail = stage.receive(stage.write("Version 4.2.", sender=STRANGER, subject=f"Case {number}"), mail_from=STRANGER)
    assert turn(stage) == turn(stage, days=3) == []
    assert reason_of(stage, number) == Reason.MAIL_NAMES_CASE
    queue.discard(stage.services, stage.item_of(mail).id, by="ben", why="spam")
    assert turn(stage) == ["follow-up-closed"]


def test_a_queued_mail_about_something_else_holds_nothing_up(stage: Stage) -> None:
    number = stage.waiting_case()
    silent_until_closing(stage, number)
    stage.receive(stage.write("Buy now.", sender=STRANGER, subject="Offer"), mail_from=STRANGER)
    assert turn(stage) == ["follow-up-closed"]
    assert stage.state(number)[0] == "closed"


def test_no_closure_while_a_quarantined_mail_names_the_case(stage: Stage) -> None:
    number = stage.waiting_case()
    silent_until_closing(stage, number)
    mail_id = stage.ingest(stage.write(f"> Reference ID: {stage.reference(number)}", sender=STRANGER))
    for _ in range(3):
        _die_on(stage, mail_id)
        stage.later(seconds=10)
    assert turn(stage) == []
    assert reason_of(stage, number) == Reason.MAIL_NAMES_CASE


def _die_on(stage: Stage, mail_id: int) -> None:
    """Process the mail with a reader that dies on it."""

    class Dying:
        def read_many(self, items: object) -> list[ParserDied]:
            return [ParserDied("killed")]

    process.process_mails(stage.services, Dying(), limit=1)  # type: ignore[arg-type]


@pytest.mark.parametrize("act", ["post", "acknowledge"])
def test_no_closure_while_a_colleagues_answer_was_not_acted_on(stage: Stage, act: str) -> None:
    number = stage.waiting_case()
    silent_until_closing(stage, number)
    assert stage.answer(number, sender="sam@example.com").reason == "sender-not-contact"
    assert turn(stage) == turn(stage, days=1) == []
    assert reason_of(stage, number) == Reason.MAIL_UNANSWERED
    assert len(stage.outbox("needs-a-look")) == 1, "the owner is told once"
    if act == "post":
        cases.post(stage.services, number, text="Called, no.", author=AGENT, visibility=Visibility.INTERNAL)
    else:
        cases.acknowledge(stage.services, number, author=AGENT)
    assert turn(stage) == ["follow-up-closed"]


def test_an_out_of_office_reply_holds_nothing_up(stage: Stage) -> None:
    number = stage.waiting_case()
    silent_until_closing(stage, number)
    stage.answer(number, "I am away until Monday.", headers=("Auto-Submitted: auto-replied",))
    assert turn(stage) == ["follow-up-closed"]


def test_no_closure_while_a_reply_in_the_escalation_feed_is_unread(stage: Stage) -> None:
    number = stage.waiting_case()
    silent_until_closing(stage, number)
    unread = replace(stage.services, unread_escalation_replies=lambda _conn, ids: dict.fromkeys(ids, 1))
    assert timers.fire_due(unread).decisions == [(number, Reason.ESCALATION_REPLY_UNREAD)]
    assert turn(stage) == ["follow-up-closed"]


def test_no_closure_after_a_reminder_that_came_back_and_the_owner_is_told(stage: Stage) -> None:
    """TM-09, LP-05: the report's returned part holds the Reference ID, and nothing links or flips by it."""
    number = stage.waiting_case()
    silent_until_closing(stage, number)
    (reminder,) = stage.outbox("follow-up-2")
    bounce(stage, reminder.id)
    assert [entry.to for entry in stage.outbox("delivery-failed")] == ["admins@desk.example.test"]
    assert turn(stage) == turn(stage, days=30) == []
    assert reason_of(stage, number) == Reason.REMINDER_BOUNCED
    assert stage.state(number)[0] == "awaiting-info"


def test_a_report_that_only_tells_of_a_delay_holds_nothing_up(stage: Stage) -> None:
    """LP-06."""
    number = stage.waiting_case()
    silent_until_closing(stage, number)
    (reminder,) = stage.outbox("follow-up-2")
    with stage.services.database.read() as conn:
        row = conn.execute(tables.outbox.select().where(tables.outbox.c.id == int(reminder.id))).one()
    delayed = (
        "From: postmaster@mx.example.net\r\nSubject: Delayed\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nNot yet.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\n"
        f"Final-Recipient: rfc822; {row.to_address}\r\nAction: delayed\r\nStatus: 4.4.1\r\n--b--\r\n"
    )
    stage.receive(delayed.encode(), mail_from="", to=(f"bounce+{row.verp_key}@{world.MAIL_DOMAIN}",))
    assert turn(stage) == ["follow-up-closed"]


@pytest.mark.parametrize("by_hand", ["hold", "cancel"])
def test_no_closure_while_no_relay_took_the_last_reminder(stage: Stage, by_hand: str) -> None:
    """TM-08: a reminder that a person keeps back or cancels was no warning."""
    number = stage.waiting_case()
    turn(stage, days=2)
    stage.later(days=3)
    timers.fire_due(stage.services)
    (reminder,) = stage.outbox("follow-up-2")
    getattr(outbox, by_hand)(stage.services, reminder.id)
    assert turn(stage, days=5) == turn(stage, days=9) == []
    assert reason_of(stage, number) == Reason.REMINDER_NOT_DELIVERED


def test_no_closure_while_a_mailbox_is_stale(stage: Stage) -> None:
    number = stage.waiting_case()
    silent_until_closing(stage, number)
    stale = replace(stage.services, stale_mailbox=lambda: "support")
    assert timers.fire_due(stale).decisions == [(number, Reason.MAILBOX_STALE)]
    assert turn(stage) == ["follow-up-closed"]


# --- the forecast


def test_the_forecast_lists_the_whole_ladder_and_writes_nothing(stage: Stage) -> None:
    number = stage.waiting_case()
    asked = stage.clock.moment - timedelta(minutes=1)
    stage.app.deliver_due()
    before = stage.everything()
    planned = timers.forecast(stage.services, stage.clock.moment + timedelta(days=30))
    assert [(p.notice, p.case, p.to, p.at - asked) for p in planned] == [
        (notice, number, DANA, timedelta(days=days)) for notice, days in zip(LADDER, (2, 5, 10), strict=True)
    ]
    assert all(p.why for p in planned)
    assert stage.everything() == before
    assert len(timers.forecast(stage.services, asked + timedelta(days=9))) == 2


def test_the_forecast_of_an_overdue_ladder_has_no_burst(stage: Stage) -> None:
    stage.waiting_case()
    stage.app.deliver_due()
    now = stage.later(days=21)
    planned = timers.forecast(stage.services, now + timedelta(days=30))
    assert [(p.notice, p.at) for p in planned] == [
        ("follow-up-2", now),
        ("follow-up-closed", now + timedelta(days=5)),
    ]


# --- profiles


@pytest.mark.parametrize("name", [*profiles.BUILT_IN, *profiles.ALIASES])
def test_each_profile_counts_its_days_its_own_way(stage: Stage, name: str) -> None:
    """PROCESS 9: every cell of follow_up."""
    stage.clock.moment = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)  # a Friday
    number = stage.open_case(profile=name, priority=Priority.HIGH)
    cases.request_info(stage.services, number, text="Which version?", author=AGENT)
    view = stage.case(number).follow_up
    assert view is not None
    business = name == "on-premises-2019"
    days = ((24, 11), (27, 11), (4, 12)) if business else ((22, 11), (25, 11), (30, 11))
    assert [step.due_at for step in view.steps] == [datetime(2026, m, d, 10, tzinfo=UTC) for d, m in days]
    excluded = stage.services.policy.profile(name).follow_up.exclude_priorities
    assert excluded == ((Priority.CRITICAL_PRODUCTION_DOWN,) if name.startswith("on-premises") else ())


def test_a_holiday_calendar_that_changes_leaves_the_waits_that_run_alone(staged: Build) -> None:
    """TM-06: a due time is what the customer was told; the next wait counts anew."""
    stage = staged(gateway={"profile": "on-premises-2019"}, follow_up={"country": "DE"})
    number = stage.waiting_case()
    before = stage.case(number).follow_up
    profile = stage.services.policy.profile("on-premises-2019")
    edited = replace(profile, follow_up=replace(profile.follow_up, country="AT"))
    policy = replace(stage.services.policy, profiles={"on-premises-2019": edited})
    stage.later(days=2)
    timers.fire_due(replace(stage.services, policy=policy))
    after = stage.case(number).follow_up
    assert before is not None
    assert after is not None
    assert [step.due_at for step in after.steps] == [step.due_at for step in before.steps]


def test_a_telephone_update_flips_and_ends_the_ladder(stage: Stage) -> None:
    """PROCESS 5.1."""
    number = stage.waiting_case()
    cases.post(stage.services, number, text="It is 4.2.", author=DANA, channel=Channel.PHONE)
    assert stage.state(number) == ("open", "customer-responded")
    assert turn(stage, days=30) == []
