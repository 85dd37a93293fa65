"""Whatever people and mails do in whatever order: the ledger balances, and no mail has two effects.

Hypothesis draws sequences of what can happen to one case; each runs on a new case of an installation that goes on.
"""

import contextlib
from collections import Counter
from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from gateway import process
from gateway.desk import cases, mails, queue
from gateway.errors import ParserDied, Refused
from gateway.inbound import reading
from gateway.model import Channel, Envelope, Reading, Status
from gateway.store.tables import case_update, event, mail, queue_item
from tests.fixtures import world
from tests.story.stage import AGENT, DANA, STRANGER, Stage

SEQUENCES = [40, pytest.param(1000, marks=pytest.mark.long)]  # on each of the two databases
WAITING = ("awaiting-info", "solution-proposed")


class InThisProcess:
    """Reads mails at once: what killable children add is told elsewhere."""

    def read_many(self, items: Sequence[tuple[bytes, Envelope]]) -> list[Reading | ParserDied]:
        """Read each mail."""
        return [reading.read(raw, envelope, world.reading_rules()) for raw, envelope in items]


class Play:
    """One case and what can happen to it.  Each move takes a number that says whose, or which one."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.services = stage.services
        self.number = stage.open_case()
        self.sent: list[bytes] = []

    def answer(self, which: int) -> None:
        sender, headers = [(DANA, ()), (STRANGER, ()), (DANA, ("Auto-Submitted: auto-replied",))][which % 3]
        text = f"Away until Monday {which}\n> Reference ID: {self.stage.reference(self.number)}"
        self._mail(self.stage.write(text, sender=sender, headers=headers))

    def unlinked(self, which: int) -> None:
        self._mail(self.stage.write(f"Hello {which}", sender=[DANA, STRANGER][which % 2]))

    def again(self, which: int) -> None:
        if self.sent:
            self._mail(self.sent[which % len(self.sent)])

    def unprocessed(self, which: int) -> None:
        self.sent.append(self.stage.write(f"Later {which}\n> Reference ID: {self.stage.reference(self.number)}"))
        self.stage.ingest(self.sent[-1])

    def ask(self, which: int) -> None:
        cases.request_info(self.services, self.number, text=f"Question {which}", author=AGENT)

    def propose(self, which: int) -> None:
        cases.propose_solution(self.services, self.number, text=f"Solution {which}", author=AGENT)

    def portal(self, which: int) -> None:
        cases.post(self.services, self.number, text=f"Portal {which}", author=DANA, channel=Channel.PORTAL)

    def reopen_by_hand(self, which: int) -> None:
        cases.set_status(self.services, self.number, Status.OPEN)

    def close(self, which: int) -> None:
        cases.close(self.services, self.number)

    def link(self, which: int) -> None:
        queue.link(self.services, self._item(which), self.number, by=AGENT, preview=which % 4 == 0)

    def open_from_mail(self, which: int) -> None:
        queue.open_case(self.services, self._item(which), by=AGENT)

    def discard(self, which: int) -> None:
        queue.discard(self.services, self._item(which), by=AGENT, why="spam")

    def undo(self, which: int) -> None:
        queue.undo(self.services, self._item(which), by=AGENT)

    def wait(self, which: int) -> None:
        self.stage.later(minutes=which * 7)

    def _item(self, which: int) -> str:
        with self.services.database.read() as conn:
            latest = conn.execute(select(queue_item.c.id).order_by(queue_item.c.id.desc()).limit(3)).scalars().all()
        return str(latest[which % len(latest)]) if latest else "0"

    def _mail(self, raw: bytes) -> None:
        self.sent.append(raw)
        self.stage.ingest(raw)
        process.process_mails(self.services, InThisProcess())


MOVES: tuple[Callable[[Play, int], None], ...] = (
    Play.answer,
    Play.unlinked,
    Play.again,
    Play.unprocessed,
    Play.ask,
    Play.propose,
    Play.portal,
    Play.reopen_by_hand,
    Play.close,
    Play.link,
    Play.open_from_mail,
    Play.discard,
    Play.undo,
    Play.wait,
)


@pytest.mark.parametrize("sequences", SEQUENCES)
def test_in_any_order_the_ledger_balances_and_no_mail_has_two_effects(stage: Stage, sequences: int) -> None:
    """DD-01, FA-02, PROCESS 3.3-3.4, CONTRACT 5."""
    moves = st.lists(st.tuples(st.sampled_from(MOVES), st.integers(0, 11)), min_size=2, max_size=10)

    @settings(max_examples=sequences, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(moves)
    def play(drawn: list[tuple[Callable[[Play, int], None], int]]) -> None:
        one = Play(stage)
        for move, which in drawn:
            stage.later(seconds=1)
            with contextlib.suppress(Refused):
                move(one, which)
            _case_is_sound(stage, one.number)
        process.process_mails(stage.services, InThisProcess())
        _case_is_sound(stage, one.number)
        assert mails.ledger(stage.services).balanced

    play()
    _no_mail_has_two_effects(stage)


def _case_is_sound(stage: Stage, number: str) -> None:
    case = stage.case(number)
    assert (case.follow_up is not None) == (case.status in WAITING)
    assert (case.closed_at is not None) == (case.status == "closed")


def _no_mail_has_two_effects(stage: Stage) -> None:
    assert mails.ledger(stage.services).in_progress == 0
    with stage.services.database.read() as conn:
        updates = Counter(
            conn.execute(select(case_update.c.mail_id).where(case_update.c.mail_id.is_not(None))).scalars()
        )
        told = conn.execute(select(event.c.type, event.c.data)).all()
        queued = set(conn.execute(select(queue_item.c.mail_id)).scalars())
        rows = conn.execute(select(mail.c.id, mail.c.disposition, mail.c.case_number)).all()
        originals = select(func.count(func.distinct(mail.c.content_key)))
        assert conn.execute(originals).scalar_one() == sum(row.disposition != "duplicate" for row in rows)
    linked = Counter(int(data["mail_id"]) for type_, data in told if type_ == "mail.linked")
    undone = Counter(int(data["mail_id"]) for type_, data in told if data.get("undone"))
    assert len(rows) > 30
    for row in rows:
        assert updates[row.id] == linked[row.id] - undone[row.id] == (row.case_number is not None), row
        assert updates[row.id] <= 1
        assert (row.id in queued) == (row.disposition == "queued")
        if row.disposition == "duplicate":
            assert linked[row.id] == 0


@pytest.mark.parametrize("move", MOVES, ids=lambda move: move.__name__)
def test_each_move_can_be_made(stage: Stage, move: Callable[[Play, int], None]) -> None:
    """The sequences above would prove nothing if the moves were always refused."""
    one = Play(stage)
    one.unlinked(0)
    if move is Play.undo:
        one.link(1)
    before = (stage.everything(), stage.snapshot(one.number), stage.items("all"), stage.clock.now())
    move(one, 1)
    after = (stage.everything(), stage.snapshot(one.number), stage.items("all"), stage.clock.now())
    assert after != before
