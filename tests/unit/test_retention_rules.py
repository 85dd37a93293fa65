"""PROCESS 7 as a table: what goes when, and what keeps it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.model import Policy
from gateway.model.retention import ClosedCase, Goes, LooseEntry, Ties
from gateway.reasons import Reason
from gateway.rules import retention
from tests.unit.rules_support import POLICY

CLOSED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CASE = ClosedCase(number="0000000001", closed_at=CLOSED)
TWO = replace(POLICY, uploads_days=5, case_days=20)
NOT_LONGER = replace(POLICY, uploads_days=20, case_days=5)
ALL_AT_ONCE = replace(POLICY, uploads_days=0, case_days=0, mail_days=0, undo_minutes=30)


def after(**span: float) -> datetime:
    return CLOSED + timedelta(**span)


@pytest.mark.parametrize(
    ("policy", "case", "now", "goes", "reason", "due_at"),
    [
        (POLICY, CASE, after(days=30), None, Reason.RETENTION_RUNNING, after(days=30)),
        (POLICY, CASE, after(days=30, seconds=1), Goes.CASE, Reason.RETENTION_OVER, after(days=30)),
        (POLICY, replace(CASE, held=True), after(days=999), None, Reason.LEGAL_HOLD, after(days=30)),
        (POLICY, replace(CASE, held=True), after(days=1), None, Reason.RETENTION_RUNNING, after(days=30)),
        (TWO, CASE, after(days=5), None, Reason.RETENTION_RUNNING, after(days=5)),
        (TWO, CASE, after(days=6), Goes.UPLOADS, Reason.RETENTION_OVER, after(days=5)),
        (TWO, replace(CASE, uploads_gone=True), after(days=6), None, Reason.RETENTION_RUNNING, after(days=20)),
        (TWO, replace(CASE, uploads_gone=True), after(days=21), Goes.CASE, Reason.RETENTION_OVER, after(days=20)),
        (TWO, CASE, after(days=21), Goes.CASE, Reason.RETENTION_OVER, after(days=20)),
        (NOT_LONGER, CASE, after(days=19), None, Reason.RETENTION_RUNNING, after(days=20)),
        (NOT_LONGER, CASE, after(days=21), Goes.CASE, Reason.RETENTION_OVER, after(days=20)),
        (
            *(POLICY, replace(CASE, linked_at=after(days=31)), after(days=31, minutes=30)),
            *(None, Reason.UNDO_POSSIBLE, after(days=30)),
        ),
        (
            *(POLICY, replace(CASE, linked_at=after(days=31)), after(days=31, minutes=31)),
            *(Goes.CASE, Reason.RETENTION_OVER, after(days=30)),
        ),
    ],
)
def test_what_goes_of_a_closed_case(
    policy: Policy, case: ClosedCase, now: datetime, goes: Goes | None, reason: Reason, due_at: datetime
) -> None:
    """PROCESS 7.1, PR-03."""
    verdict = retention.on_closed_case(case, now=now, policy=policy)
    assert (verdict.goes, verdict.reason, verdict.due_at) == (goes, reason, due_at)


@pytest.mark.parametrize(
    ("policy", "undoable", "now", "goes", "reason"),
    [
        (POLICY, False, after(days=30), None, Reason.RETENTION_RUNNING),
        (POLICY, False, after(days=31), Goes.MAIL, Reason.RETENTION_OVER),
        (ALL_AT_ONCE, False, after(minutes=1), Goes.MAIL, Reason.RETENTION_OVER),
        (ALL_AT_ONCE, True, after(minutes=30), None, Reason.UNDO_POSSIBLE),
        (ALL_AT_ONCE, True, after(minutes=31), Goes.MAIL, Reason.RETENTION_OVER),
    ],
)
def test_when_a_mail_of_no_case_goes(
    policy: Policy, undoable: bool, now: datetime, goes: Goes | None, reason: Reason
) -> None:
    """PROCESS 7.2."""
    entry = LooseEntry(id=1, ended_at=CLOSED, undoable=undoable)
    verdict = retention.on_loose_entry(entry, Goes.MAIL, now=now, policy=policy)
    assert (verdict.goes, verdict.reason) == (goes, reason)


@pytest.mark.parametrize(
    ("ties", "goes"),
    [
        (Ties(cases=0, others=0, arranged=False), True),
        (Ties(cases=1, others=0, arranged=False), False),
        (Ties(cases=0, others=1, arranged=False), False),
        (Ties(cases=0, others=0, arranged=True), False),
    ],
)
def test_who_goes_with_the_last_case(ties: Ties, goes: bool) -> None:
    assert retention.goes_with_its_cases(ties) is goes
