"""Service targets that were missed: looked up by due time, decided again under the case's lock, told once.

One turn of the scheduler calls `raise_missed`; any number of schedulers may do so at once.  Source: PROCESS 8.
"""

from datetime import datetime

from gateway import effects
from gateway.rules import targets as target_rules
from gateway.services import Services
from gateway.store import cases, targets

BATCH = 100


def raise_missed(services: Services, *, now: datetime) -> int:
    """Raise `target-missed` for every promise that is over at `now`; return how many.  Calling twice is nothing."""
    raised = 0
    while True:
        with services.database.read() as conn:
            over = sorted({found.case_number for found in targets.due(conn, now=now, limit=BATCH)})
        if not over:
            return raised
        for number in over:
            raised += _raise_of_case(services, number, now=now)


def _raise_of_case(services: Services, number: str, *, now: datetime) -> int:
    written: list[int] = []
    with services.database.write() as conn:
        case = cases.load(conn, number, lock=True)
        # Looked up again under the lock: an answer may have kept the promise meanwhile, or another scheduler raised it.
        over = targets.due(conn, now=now, limit=BATCH, case_number=number) if case is not None else []
        for missed in over:
            assert case is not None
            decision = target_rules.on_missed(case, missed.target, missed.due_at, policy=services.policy)
            written += effects.apply(conn, decision, scribe=services.scribe, now=now, case=case).outbox_ids
    services.ring_outbox(written)
    return len(over)
