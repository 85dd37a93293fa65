"""The story of a timer: claim what is due, look at its case under the row lock, decide again, do it.

A timer is a hint that something may have to be done; the rules say what, with the facts of that moment.  Many timers
share one transaction; when one of them breaks, all are done again, each alone, so that it costs only itself.
Firing twice, from two schedulers or from one that was asleep, is nothing: the steps say what was done, and the key of
each notice is UNIQUE.  Source: PROCESS 4, DESIGN 6.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from gateway import addresses, effects, maillog, overdue
from gateway.model import Act, Case, TimerFacts
from gateway.model.views import PlannedView
from gateway.reasons import Reason
from gateway.rules import followups
from gateway.services import Services
from gateway.store import cases, clock_guard, deliverability, outbox_views, timers
from gateway.store.db import GONE

# Cases of one transaction: enough to share a commit, few enough that a mail never waits long for the database.
BATCH = 50
# Timers of one claim; a lease is long enough for all of them.
CLAIM = 500
# Who acts, in the audit trail.
TIMER = "timer"
# Of these decisions nothing is to be told: nothing was due, or nothing has changed.
QUIET = (Reason.FOLLOW_UP_NOT_DUE,)


@dataclass(slots=True)
class Fired:
    """What one turn did: (case number, reason) of each timer that was looked at."""

    decisions: list[tuple[str, Reason]] = field(default_factory=list)

    def count(self, reason: Reason) -> int:
        """Return how many ended with this reason."""
        return sum(why is reason for _, why in self.decisions)

    def waiting(self) -> list[tuple[str, Reason]]:
        """Return those that were due and wait."""
        done = (Reason.FOLLOW_UP_SENT, Reason.FOLLOW_UP_CLOSED, Reason.FOLLOW_UP_NOT_DUE, Reason.FOLLOW_UPS_PAUSED)
        return [(number, why) for number, why in self.decisions if why not in done]


def fire_due(services: Services, *, patient: bool = True) -> Fired:
    """Fire every timer that is due, at most one step of each case.

    patient: leave those alone that somebody looked at a moment ago (see `store.timers.claim`).
    Raises Unavailable; what was committed by then is done.
    """
    fired = Fired()
    for case_ids in _claims(services, patient=patient):
        fired.decisions += fire(services, case_ids)
    return fired


def fire(services: Services, case_ids: Sequence[int]) -> list[tuple[str, Reason]]:
    """Decide about the timers of these cases and do it; calling twice is nothing."""
    try:
        return _fire_together(services, case_ids)
    except GONE:
        raise
    except Exception as error:
        # The one broad catch: what breaks our own code must not hold up the timers of the others.
        if len(case_ids) == 1:
            maillog.timer_failed(case_ids, error)
            return []
    return [done for case_id in case_ids for done in fire(services, [case_id])]


def _claims(services: Services, *, patient: bool) -> Iterator[list[int]]:
    last, seen = None, set[int]()
    while True:
        with services.database.write() as conn:
            due = timers.claim(conn, now=services.clock.now(), limit=CLAIM, after=last, patient=patient)
        if not due:
            return
        last = due[-1]
        # A step that was just done may have left another one due; that is for the next turn.
        fresh = [one.case_id for one in due if one.case_id not in seen]
        seen.update(fresh)
        for start in range(0, len(fresh), BATCH):
            yield fresh[start : start + BATCH]


def _fire_together(services: Services, case_ids: Sequence[int]) -> list[tuple[str, Reason]]:
    now = services.clock.now()
    with services.database.write() as conn:
        found = cases.load_locked(conn, case_ids)
        facts = _facts(conn, services, found, now)
        quiet = TimerFacts()
        decided = [
            (case, followups.on_timer(case, facts.get(case.id, quiet), now=now, policy=services.policy))
            for case in found
        ]
        written = effects.apply_many(conn, decided, scribe=services.scribe.acting(TIMER), now=now)
    decisions = [decision for _, decision in decided]
    for decision in decisions:
        if decision.effects and decision.reason not in QUIET:
            maillog.timer_fired(decision)
    services.ring_outbox(written)
    return [(decision.case_number, decision.reason) for decision in decisions]


def forecast(services: Services, until: datetime) -> list[PlannedView]:
    """Return every mail that would leave up to `until`, as an unbroken scheduler without replies would send it.

    Writes nothing.
    """
    start = min(services.clock.now(), until)
    with services.database.read() as conn:
        planned = outbox_views.waiting(conn, start=start, until=until)
        last = None
        while due := timers.running_before(conn, until, limit=BATCH, after=last):
            last = due[-1]
            found = cases.load_many(conn, [one.case_id for one in due])
            facts = timers.facts(conn, found, unread={}, stale_mailbox="", clock_doubted=False)
            facts = _with_contacts(conn, found, facts)
            for case in found:
                # A turn processes all mail first, so none of it is in the way then.
                quiet = replace(facts[case.id], mail_unprocessed=False)
                planned += followups.forecast(case, quiet, start=start, until=until, policy=services.policy)
        planned += overdue.forecast(conn, services, start=start, until=until)
    return sorted(planned, key=lambda one: one.at)


def confirm_clock(services: Services) -> None:
    """Believe the time again because a person says that it is right; calling twice is nothing."""
    with services.database.write() as conn:
        ended = clock_guard.trust(conn)
        if ended:
            confirmed = Act(act="clock.confirm", object="clock")
            effects.note(conn, confirmed, scribe=services.scribe, now=services.clock.now())
    if ended:
        maillog.clock_trusted("confirmed by a person")


def _facts(conn: Connection, services: Services, found: Sequence[Case], now: datetime) -> dict[int, TimerFacts]:
    closing = [case for case in found if followups.wants_to_close(case.episode, now)]
    facts = {}
    if closing:
        facts = timers.facts(
            conn,
            closing,
            unread=services.unread_escalation_replies(conn, [case.id for case in closing]),
            stale_mailbox=services.stale_mailbox(),
            clock_doubted=clock_guard.current(conn) is not None,
        )
    return _with_contacts(conn, found, facts)


def _with_contacts(conn: Connection, found: Sequence[Case], facts: dict[int, TimerFacts]) -> dict[int, TimerFacts]:
    """Add what the ladder must know before a reminder as well: whether mail reaches the contact."""
    keys = {case.id: addresses.key(case.contact.email) for case in found}
    marked = deliverability.among(conn, set(keys.values()))
    silent = (case_id for case_id, key in keys.items() if key in marked)
    return facts | {one: replace(facts.get(one, TimerFacts()), contact_undeliverable=True) for one in silent}
