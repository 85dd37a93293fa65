"""The clock that jumps, and the turn of the scheduler as a command.  Source: CONTRACT 2, FA-09, PROCESS 4.7."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway import scheduler, timers
from gateway.clock import FixedClock, SystemClock
from gateway.desk import cases
from gateway.reasons import Reason
from tests.story.stage import AGENT, Stage
from tests.story.terminal import Terminal


@pytest.fixture
def monotonic() -> list[float]:
    """Return the seconds of a clock that never jumps, to be moved by hand."""
    return [0.0]


@pytest.fixture
def keeper(stage: Stage, monotonic: list[float]) -> scheduler.Timekeeper:
    """Return the keeper of the time, on the stage's clock set to the real present."""
    stage.clock.moment = datetime.now(UTC).replace(microsecond=0)
    return scheduler.Timekeeper(stage.clock, lambda: monotonic[0])


def two_cases(stage: Stage) -> tuple[str, str]:
    """Return a case whose closure is due and one whose first reminder is."""
    closing = stage.waiting_case()
    for days in (2, 3):
        stage.later(days=days)
        stage.app.tick()
    stage.later(days=3)
    reminding = stage.waiting_case()
    stage.later(days=2)
    return closing, reminding


def test_after_a_jump_nothing_fires_until_a_person_confirms_the_time(
    stage: Stage, keeper: scheduler.Timekeeper, monotonic: list[float]
) -> None:
    """FA-09: no mass closure, no reminder with a wrong date."""
    number = stage.waiting_case()
    stage.app.deliver_due()
    keeper.turn(stage.services)
    stage.later(days=30)
    monotonic[0] += 5
    keeper.turn(stage.services)
    assert stage.outbox("follow-up-2") == []
    doubt = stage.app.tick().clock_doubted
    assert doubt is not None
    assert "database" in doubt or "moved" in doubt
    assert stage.state(number)[0] == "awaiting-info"
    timers.confirm_clock(stage.services)
    assert stage.app.tick().clock_doubted is None


def test_a_turn_by_hand_closes_nothing_while_the_clock_is_doubted(
    stage: Stage, keeper: scheduler.Timekeeper, monotonic: list[float]
) -> None:
    number = stage.waiting_case()
    for days in (2, 3):
        stage.later(days=days)
        stage.app.tick()
    keeper.watch(stage.services)
    stage.later(days=5)
    turn = stage.app.tick()
    assert [(w.case, w.reason) for w in turn.waiting] == [(number, Reason.CLOCK_DOUBTED)]
    timers.confirm_clock(stage.services)
    assert stage.app.tick().closed == 1


def test_a_jump_is_believed_again_after_a_quiet_hour(
    stage: Stage, keeper: scheduler.Timekeeper, monotonic: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.rules.clockwork.QUIET_SECONDS", -1.0)
    keeper.watch(stage.services)
    stage.later(hours=2)
    monotonic[0] += 5
    assert keeper.watch(stage.services) is None, "a quiet time of no length is over at once"


def test_an_outage_delays_closures_and_not_reminders(
    stage: Stage, keeper: scheduler.Timekeeper, monotonic: list[float]
) -> None:
    now = stage.clock.moment
    stage.clock.moment = now - timedelta(days=10, hours=1)
    closing, reminding = two_cases(stage)
    stage.clock.moment = now - timedelta(hours=1)
    with stage.services.database.write() as conn:
        from gateway.store import clock_guard

        clock_guard.note_turn(conn, now=stage.clock.moment, doubt=None, quiet_seconds=0)
    stage.clock.moment = now
    keeper.turn(stage.services)
    assert len([entry for entry in stage.outbox("follow-up-1") if entry.case == reminding]) == 1
    assert stage.state(closing)[0] == "awaiting-info"
    view = stage.case(closing).follow_up
    assert view is not None
    assert view.held == Reason.CLOCK_DOUBTED


def test_the_machines_own_clock_is_believed(stage: Stage) -> None:
    keeper = scheduler.Timekeeper(SystemClock())
    assert keeper.watch(stage.services) is None
    assert keeper.watch(stage.services) is None


# --- `gateway tick`


def test_tick_lists_what_would_leave_and_then_does_it(terminal: Terminal) -> None:
    number = terminal.asked_case()
    asked = datetime.fromisoformat(terminal.ok("case", "show", number)[0]["follow_up"]["started_at"])
    end = (asked + timedelta(days=30)).isoformat()
    planned = terminal.ok("tick", "--now", end, "--dry-run")
    assert [set(one) for one in planned] == [{"at", "case", "notice", "to", "why"}] * 3
    assert [datetime.fromisoformat(one["at"]) - asked for one in planned] == [timedelta(days=d) for d in (2, 5, 10)]
    for days, what in ((2, "reminders"), (5, "reminders"), (10, "closed")):
        (turn,) = terminal.ok("tick", "--now", (asked + timedelta(days=days)).isoformat())
        assert (turn[what], turn["mails_sent"]) == (1, 1)
    case = terminal.ok("case", "show", number)[0]
    assert (case["status"], case["substatus"]) == ("closed", "cancelled")
    assert datetime.fromisoformat(case["closed_at"]) == asked + timedelta(days=10)
    assert terminal.ok("tick", "--now", end, "--dry-run") == []


def test_tick_fires_one_step_of_a_case_a_turn(terminal: Terminal) -> None:
    number = terminal.asked_case()
    late = (datetime.now(UTC) + timedelta(days=40)).isoformat()
    first, second = (terminal.ok("tick", "--now", late)[0] for _ in range(2))
    assert (first["reminders"], first["closed"]) == (1, 0)
    assert (second["reminders"], second["closed"]) == (0, 0)
    assert terminal.ok("case", "show", number)[0]["follow_up"]["steps"][0]["skipped"]


def test_doctor_says_that_the_clock_is_doubted_and_tick_confirms_it(terminal: Terminal) -> None:
    from gateway.model import Doubt, DoubtKind
    from gateway.store import clock_guard, db

    terminal.asked_case()
    database = db.Database(terminal.database_url)
    doubt = Doubt(kind=DoubtKind.JUMP, why="The clock of this machine moved by 720 hours at once.")
    with database.write() as conn:
        clock_guard.note_turn(conn, now=datetime.now(UTC), doubt=doubt, quiet_seconds=3600)
    database.close()
    found = {f["check"]: f for f in terminal.run("doctor", "--json").json}
    assert found["clock"]["state"] == "problem"
    assert "--confirm-clock" in found["clock"]["sentence"]
    assert terminal.ok("tick", "--confirm-clock")[0]["clock_doubted"] is None


def test_priority_reopen_and_requests_through_the_terminal(terminal: Terminal) -> None:
    """PROCESS 2.3, 5.2, 5.3."""
    number = terminal.asked_case()
    assert terminal.ok("case", "priority", number, "--priority", "critical-production-down")[0]["follow_up"]["paused"]
    terminal.ok("case", "close-request", number, "--author", "dana@example.org", "--text", "All fine")
    terminal.ok("case", "acknowledge", number)
    terminal.ok("case", "close", number)
    terminal.ok("case", "reopen-request", number, "--author", "dana@example.org", "--text", "Again")
    assert terminal.run("case", "reopen", number, "--text", "x", "--channel", "portal").code == 1
    assert terminal.ok("case", "reopen", number, "--text", "It dropped again")[0]["status"] == "open"


def test_nothing_fires_for_a_case_that_was_closed_by_hand(stage: Stage) -> None:
    number = stage.waiting_case()
    cases.close(stage.services, number, author=AGENT)
    stage.later(days=40)
    assert stage.app.tick().reminders == 0
    assert isinstance(stage.clock, FixedClock)
