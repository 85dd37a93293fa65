"""Random lives of a case, compared with a reference model after every event.  Source: TM-10, PROCESS 4."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import insert

from gateway import app, config, effects, timers
from gateway.clock import FixedClock
from gateway.desk import cases
from gateway.model import (
    Channel,
    Feed,
    Priority,
    RecordUpdate,
    SetStatus,
    Status,
    StopEpisode,
    Substatus,
    Visibility,
)
from gateway.model import Decision as Decided
from gateway.reasons import Reason
from gateway.store import cases as case_store
from gateway.store import tables
from tests.story.ladder_model import Model

START = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)
AGENT = "tess@example.com"


@contextmanager
def house(url: str, folder: Path) -> Iterator[app.App]:
    """Build a gateway whose relay takes everything at once, without a clock of its own."""
    ours = {"data_dir": folder, "care_address": "care@example.com"}
    with app.build(config.load(None, gateway=ours, database={"url": url}), clock=FixedClock(START)) as built:
        yield built


def deliver_all(built: app.App) -> None:
    """Let the relay take whatever waits, without composing it."""
    waiting = tables.outbox.update().where(tables.outbox.c.state == "ready")
    with built.database.write() as conn:
        conn.execute(waiting.values(state="done", sent_at=built.clock.now()))


class Ladder(RuleBasedStateMachine):
    """One case at a time: asked, answered, commented, made critical, and looked at by the timer."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        folder = Path(self.stack.enter_context(TemporaryDirectory()))
        self.house = self.stack.enter_context(house(f"sqlite:///{folder}/gateway.db", folder))
        self.services = self.house.services
        view = cases.open_case(
            self.services, subject="It stops", description="At night.", contact_email="dana@example.org"
        )
        self.number, self.mails = view.number, 0
        self.model = Model()

    def teardown(self) -> None:
        self.stack.close()

    @rule(hours=st.sampled_from([0.5, 1, 24, 47, 48, 49, 72, 120, 240, 500]))
    def time_passes(self, hours: float) -> None:
        clock = self.services.clock
        assert isinstance(clock, FixedClock)
        clock.moment += timedelta(hours=hours)
        self.model.now += hours

    @precondition(lambda self: self.model.status != "closed")
    @rule()
    def ask(self) -> None:
        cases.request_info(self.services, self.number, text="Which version?", author=AGENT)
        deliver_all(self.house)
        self.model.ask()

    @precondition(lambda self: self.model.status != "closed")
    @rule()
    def answer(self) -> None:
        cases.post(self.services, self.number, text="4.2.", author="dana@example.org", channel=Channel.PHONE)
        deliver_all(self.house)
        self.model.answer()

    @precondition(lambda self: self.model.status != "closed")
    @rule()
    def colleague_writes(self) -> None:
        self.mails += 1
        self._record_mail(f"<{self.mails}@example.org>")
        self.model.colleague()

    @precondition(lambda self: self.model.status != "closed")
    @rule()
    def our_side_acts(self) -> None:
        cases.acknowledge(self.services, self.number, author=AGENT)
        self.model.act()

    @rule(critical=st.booleans())
    def priority(self, critical: bool) -> None:
        if self.model.status == "closed":
            return
        wanted = Priority.CRITICAL_PRODUCTION_DOWN if critical else Priority.HIGH
        cases.set_priority(self.services, self.number, wanted)
        self.model.set_critical(critical)

    @rule()
    def turn(self) -> None:
        timers.fire_due(self.services, patient=False)
        deliver_all(self.house)
        self.model.turn()

    @precondition(lambda self: self.model.status == "closed")
    @rule()
    def reopen(self) -> None:
        self._open_again()
        self.model.status, self.model.due, self.model.left = "open", {}, None

    @invariant()
    def both_agree(self) -> None:
        view = cases.show(self.services, self.number)
        assert view.status == self.model.status
        with self.house.database.read() as conn:
            rows = conn.execute(tables.outbox.select().order_by(tables.outbox.c.id)).all()
        assert [row.notice for row in rows if row.notice.startswith("follow-up")] == self.model.sent
        steps = view.follow_up.steps if view.follow_up else ()
        due = {s.step: (s.due_at - START) / timedelta(hours=1) for s in steps if s.due_at and not s.skipped}
        done = {s.step for s in steps if s.sent_at}
        assert {step: at for step, at in due.items() if step not in done} == pytest.approx(self.model.due)

    def _record_mail(self, message_id: str) -> None:
        """Put a colleague's mail into the feed as linking does; reading mail is another test's business."""
        with self.house.database.write() as conn:
            case = case_store.load(conn, self.number)
            assert case is not None
            row = {"source": "ingest", "mail_from": "sam@example.org", "rcpt_tos": [], "received_at": START, "size": 1}
            row |= {"sha256": message_id, "raw_sha256": message_id, "content_key": message_id, "state": "done"}
            row |= {"run_at": START, "disposition": "linked", "kind": "person"}
            mail_id = conn.execute(insert(tables.mail).values(row).returning(tables.mail.c.id)).scalar_one()
            posted = RecordUpdate(
                case_number=case.number,
                feed=Feed.CASE,
                channel=Channel.MAIL,
                author="sam@example.org",
                visibility=Visibility.INTERNAL,
                text="I think 4.1.",
                mail_id=mail_id,
                flags=(Reason.SENDER_NOT_CONTACT,),
            )
            case_store.add_update(conn, case, posted, now=self.services.clock.now())

    def _open_again(self) -> None:
        """Open the case whatever time has passed; the window is another test's business."""
        with self.house.database.write() as conn:
            case = case_store.load(conn, self.number)
            assert case is not None
            again = SetStatus(case_number=case.number, status=Status.OPEN, substatus=Substatus.INVESTIGATION)
            stop = StopEpisode(case_number=case.number, why="reopened")
            decision = Decided(reason=Reason.DONE, effects=(again, stop), case_number=case.number)
            effects.apply(conn, replace(decision), scribe=self.services.scribe, now=self.services.clock.now())


def play(examples: int, steps: int) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Ladder,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )


def test_random_lives_of_a_case_go_as_the_model_says() -> None:
    """TM-10, scaled."""
    play(examples=8, steps=60)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_hundred_thousand_steps_go_as_the_model_says() -> None:
    """TM-10."""
    play(examples=500, steps=200)
