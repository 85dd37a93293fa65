"""Escalations in the store: one active by constraint, what is unread, what the criteria are told."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.errors import Conflict
from gateway.model import (
    Case,
    Channel,
    EscalationReason,
    EscalationState,
    Feed,
    OpenEscalation,
    RecordUpdate,
    ReviewEscalation,
    Visibility,
)
from gateway.reasons import Reason
from gateway.store import cases, escalations, events
from gateway.store.db import Database
from tests.store.support import NOW, new_case, together

OPENED = OpenEscalation(
    case_number="0000000001",
    number=1,
    reason=EscalationReason.NO_UPDATE,
    details="Silence.",
    requester="dana@example.com",
    requester_name="Dana",
    owner="mia@desk.example.test",
    warnings=(Reason.AWAITING_CUSTOMER,),
)
SAID = RecordUpdate(
    case_number="0000000001",
    feed=Feed.ESCALATION,
    channel=Channel.MAIL,
    author="dana@example.com",
    visibility=Visibility.PUBLIC,
    text="When?",
)


def _made(database: Database, opened: OpenEscalation = OPENED) -> tuple[Case, int]:
    with database.write() as conn:
        case = cases.load(conn, "0000000001") or new_case(conn)
        return case, escalations.insert(conn, case, opened, now=NOW)


def _review(database: Database, case: Case, state: EscalationState) -> None:
    with database.write() as conn:
        last = escalations.latest(conn, case.id)
        assert last is not None
        escalations.review(conn, case, ReviewEscalation(escalation=last, state=state), now=NOW)


@pytest.mark.parametrize("state", [None, EscalationState.ACCEPTED])
def test_a_case_has_one_active_escalation_whatever_anybody_looked_up(
    database: Database, state: EscalationState | None
) -> None:
    """PROCESS 6.2: by a UNIQUE index, not by looking first."""
    case, _ = _made(database)
    if state:
        _review(database, case, state)
    with pytest.raises(Conflict) as refused:
        _made(database, replace(OPENED, number=2))
    assert refused.value.reason is Reason.ESCALATION_ACTIVE


@pytest.mark.parametrize("state", [EscalationState.DECLINED, EscalationState.CLOSED])
def test_over_time_a_case_may_have_many(database: Database, state: EscalationState) -> None:
    case, first = _made(database)
    _review(database, case, state)
    _, second = _made(database, replace(OPENED, number=2))
    with database.read() as conn:
        last = escalations.latest(conn, case.id)
        assert last is not None
        assert (last.id, last.number, last.is_active) == (second, 2, True)
        assert [view.id for view in escalations.views(conn)] == [str(first), str(second)]
        assert [view.id for view in escalations.views(conn, state="active")] == [str(second)]
        assert [view.id for view in escalations.views(conn, state=state)] == [str(first)]


def test_of_many_who_escalate_at_once_one_wins(database: Database) -> None:
    with database.write() as conn:
        case = new_case(conn)

    def escalate(_number: int) -> bool:
        try:
            with database.write() as conn:
                escalations.insert(conn, case, OPENED, now=NOW)
        except Conflict:
            return False
        return True

    assert sorted(together(6, escalate)) == [False] * 5 + [True]


@pytest.mark.parametrize(
    ("said", "unread"),
    [
        (SAID, 1),
        (replace(SAID, channel=Channel.PORTAL), 1),
        (replace(SAID, read=True), 0),
        (replace(SAID, feed=Feed.CASE), 0),
        (replace(SAID, channel=Channel.AGENT), 0),
    ],
)
def test_an_answer_in_the_escalation_feed_is_unread_until_our_side_read_it(
    database: Database, said: RecordUpdate, unread: int
) -> None:
    """PROCESS 4.7, 6.5."""
    case, _ = _made(database)
    with database.write() as conn:
        cases.add_update(conn, case, said, now=NOW)
        assert escalations.unread_escalation_replies(conn, case.number) == unread
        assert escalations.unread_escalation_replies(conn, "0000000002") == 0
        assert escalations.mark_read(conn, case.id, now=NOW) == unread
        assert escalations.unread_escalation_replies(conn, case.number) == 0


def test_the_criteria_are_told_who_wrote_last_and_when_an_analysis_was_asked_for(database: Database) -> None:
    """PROCESS 6.2."""
    with database.write() as conn:
        case = new_case(conn)
        assert escalations.facts(conn, case).we_wrote_at is None
        ours = replace(SAID, feed=Feed.CASE, channel=Channel.AGENT)
        for minutes, said in enumerate((ours, replace(SAID, feed=Feed.CASE), SAID)):
            cases.add_update(conn, case, said, now=NOW + timedelta(minutes=minutes))
        internal = replace(ours, visibility=Visibility.INTERNAL)
        cases.add_update(conn, case, internal, now=NOW + timedelta(minutes=9))
        moved = {"status": "service-restored", "substatus": "pending-rca"}
        events.append(conn, "case.status_changed", case_number=case.number, data=moved, now=NOW)
        found = escalations.facts(conn, case)
        assert (found.active, found.earlier) == (None, 0)
        assert (found.we_wrote_at, found.they_wrote_at) == (NOW, NOW + timedelta(minutes=1))
        assert found.rca_requested_at == NOW
        later = NOW + timedelta(days=1)
        events.append(conn, escalations.RCA_ASKED, case_number=case.number, data={}, now=later)
        assert escalations.facts(conn, case).rca_requested_at == later
