"""What goes when: uploads, the rest of a case, mails and notices that belong to no case.  Pure.  Source: PROCESS 7.

All times count from one moment, the closure of the case or the end of the entry; what is due exactly now still stays,
because a case may be reopened at that moment.  A legal hold wins over everything.  What a person could still undo stays
until that is over.  Open queue items and quarantined mails are never asked about: they have not ended.
"""

from datetime import datetime, timedelta

from gateway.model import Policy
from gateway.model.retention import ClosedCase, Goes, LooseEntry, Ties, Verdict
from gateway.reasons import Reason


def on_closed_case(case: ClosedCase, *, now: datetime, policy: Policy) -> Verdict:
    """Say what of a closed case goes now.  Source: PROCESS 7.1."""
    uploads_due = case.closed_at + timedelta(days=policy.uploads_days)
    all_due = case.closed_at + case_span(policy)
    due_at = all_due if case.uploads_gone or now > all_due else uploads_due
    if now <= due_at:
        return Verdict(goes=None, reason=Reason.RETENTION_RUNNING, due_at=due_at)
    if case.held:
        return Verdict(goes=None, reason=Reason.LEGAL_HOLD, due_at=due_at)
    if case.linked_at is not None and now <= case.linked_at + timedelta(minutes=policy.undo_minutes):
        return Verdict(goes=None, reason=Reason.UNDO_POSSIBLE, due_at=due_at)
    goes = Goes.CASE if now > all_due else Goes.UPLOADS
    return Verdict(goes=goes, reason=Reason.RETENTION_OVER, due_at=due_at)


def on_loose_entry(entry: LooseEntry, kind: Goes, *, now: datetime, policy: Policy) -> Verdict:
    """Say whether a mail or a notice of no case goes now.  kind: which of the two it is.  Source: PROCESS 7.2."""
    due_at = entry.ended_at + timedelta(days=policy.mail_days)
    if now <= due_at:
        return Verdict(goes=None, reason=Reason.RETENTION_RUNNING, due_at=due_at)
    if entry.undoable and now <= entry.ended_at + timedelta(minutes=policy.undo_minutes):
        return Verdict(goes=None, reason=Reason.UNDO_POSSIBLE, due_at=due_at)
    return Verdict(goes=kind, reason=Reason.RETENTION_OVER, due_at=due_at)


def goes_with_its_cases(ties: Ties) -> bool:
    """Say whether a contact goes with the last of its cases: whom a new case would make anew, just the same.

    Whom our side arranged something for is data of the account, and stays until it is erased.
    """
    return ties.cases == 0 and ties.others == 0 and not ties.arranged


def case_span(policy: Policy) -> timedelta:
    """Return how long all else of a case stays after its closure: never shorter than its uploads."""
    return timedelta(days=max(policy.case_days, policy.uploads_days))


def closed_before(now: datetime, policy: Policy) -> datetime:
    """Return the moment before which a case must have been closed for anything of it to go at `now`."""
    return now - timedelta(days=policy.uploads_days)


def ended_before(now: datetime, policy: Policy) -> datetime:
    """Return the moment before which a mail or a notice of no case must have ended to go at `now`."""
    return now - timedelta(days=policy.mail_days)
