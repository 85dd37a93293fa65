"""The follow-up ladder of a wait for the customer: when a step is due, what it does, and what keeps it from it.  Pure.

    step 1, 2   remind    due on day 2 and 5; of several that are due only the last one is sent, the others are skipped;
                          nothing is written to an address that takes no mail (LP-05)
    step 3      closes    due on day 10, and never before the last reminder has had its distance, and never while
                          something may be the answer: `_hold` is the whole list (PROCESS 4.7)

A due time is written down when the wait begins and does not move when a calendar or a setting is edited later: it is
what the customer was told.  A timer is a hint: `on_timer` decides again, under the row lock, with the facts of then.
Source: PROCESS 4.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from gateway.model import (
    Case,
    Decision,
    Effect,
    Episode,
    FollowUpPolicy,
    FollowUpStep,
    Notify,
    Policy,
    Priority,
    Publish,
    SentReminder,
    SetFollowUp,
    SetStatus,
    Status,
    StopEpisode,
    Substatus,
    TimerFacts,
)
from gateway.model.views import PlannedView
from gateway.reasons import Reason
from gateway.rules import calendar, notices

CLOSING = 3
# A reminder that leaves later than this pushes the closure away (4.7).
LATE = timedelta(hours=1)
NOTHING = timedelta(0)
# How the case ends that nobody answered (4.6).
ENDINGS = {Status.AWAITING_INFO: Substatus.CANCELLED, Status.SOLUTION_PROPOSED: Substatus.RESOLVED}
# What keeps a case from being reminded or closed and that its owner has to do something about.
FOR_THE_OWNER = (
    Reason.MAIL_UNANSWERED,
    Reason.REMINDER_BOUNCED,
    Reason.REMINDER_NOT_DELIVERED,
    Reason.CONTACT_UNDELIVERABLE,
)


def plan(started_at: datetime, priority: Priority, policy: FollowUpPolicy) -> tuple[FollowUpStep, ...]:
    """Return the three steps of a wait that begins now; none has a due time while the priority is excluded (4.5)."""
    excluded = priority in policy.exclude_priorities
    return tuple(
        FollowUpStep(step=step, due_at=None if excluded else _due(started_at, days, policy))
        for step, days in enumerate(policy.days, start=1)
    )


def next_at(steps: Sequence[FollowUpStep]) -> datetime | None:
    """Return when the ladder has to be looked at next; None while it is paused or at its end."""
    return min((step.due_at for step in steps if step.is_open and step.due_at is not None), default=None)


def wants_to_close(episode: Episode | None, now: datetime) -> bool:
    """Say whether only the closure is due, so that the facts of the closer are needed."""
    return episode is not None and [step.step for step in _due_steps(episode, now)] == [CLOSING]


def last_reminder(episode: Episode) -> FollowUpStep | None:
    """Return the latest reminder that was sent."""
    sent = [step for step in episode.steps if step.step < CLOSING and step.sent_at is not None]
    return sent[-1] if sent else None


def on_timer(case: Case, facts: TimerFacts, *, now: datetime, policy: Policy) -> Decision:
    """Decide what the timer of a case does now; firing it twice is nothing, for the steps say what was done.

    facts: needed where `wants_to_close`; else `contact_undeliverable` alone counts.  Source: PROCESS 4.2-4.7.
    """
    episode, rules = case.episode, policy.profile(case.profile).follow_up
    if episode is None or not case.waits_for_customer:
        stale = [] if episode is None else [StopEpisode(case_number=case.number, why="not-waiting")]
        return _decision(Reason.FOLLOW_UP_NOT_DUE, case, stale)
    if case.priority in rules.exclude_priorities:
        return _decision(Reason.FOLLOW_UPS_PAUSED, case, _pause(case, episode, now))
    due = _due_steps(episode, now)
    if not due:
        return _decision(Reason.FOLLOW_UP_NOT_DUE, case, [_write(case, episode.steps)])
    opens = calendar.next_opening(now, rules)
    if opens > now:
        # The due time stays: a reminder that was missed by days is late, whatever the hour of its sending.
        return _decision(Reason.OUTSIDE_SEND_WINDOW, case, [replace(_write(case, episode.steps), look_at=opens)])
    reminders = [step for step in due if step.step < CLOSING]
    if reminders and facts.contact_undeliverable:
        hold = Reason.CONTACT_UNDELIVERABLE
        return _decision(hold, case, _held(case, episode, hold, facts, policy))
    if reminders:
        return _remind(case, episode, reminders[-1], rules, now)
    return _close(case, episode, facts, policy, rules, now)


def on_priority(case: Case, priority: Priority, *, now: datetime, policy: Policy) -> list[Effect]:
    """Pause or resume the running wait with a new priority; the time that was left is kept (4.5)."""
    if case.episode is None:
        return []
    rules = policy.profile(case.profile).follow_up
    if priority in rules.exclude_priorities:
        return [] if case.episode.paused else _pause(case, case.episode, now)
    return _resume(case, case.episode, rules, now) if case.episode.paused else []


def forecast(case: Case, facts: TimerFacts, *, start: datetime, until: datetime, policy: Policy) -> list[PlannedView]:
    """Return the mails that this wait would still send up to `until`, each when it would leave, with the reason.

    start: the present; what is overdue leaves then.  facts: as they are, for what holds a closure now holds it then.
    """
    planned: list[PlannedView] = []
    if facts.last_reminder is not None and facts.last_reminder.waiting:
        facts = replace(facts, last_reminder=SentReminder(sent_at=start))
    # Bounded: three steps, and a few looks that only move a closure away.
    for _ in range(12):
        episode = case.episode
        due = next_at(episode.steps) if episode is not None else None
        if episode is None or due is None or (at := max(due, start)) > until:
            break
        decision = on_timer(case, facts, now=at, policy=policy)
        ladder = next((e for e in decision.effects if isinstance(e, SetFollowUp)), None)
        told = next((e for e in decision.effects if isinstance(e, Notify)), None)
        if told is not None and decision.reason in (Reason.FOLLOW_UP_SENT, Reason.FOLLOW_UP_CLOSED):
            why = f"{decision.reason.sentence} Asked at {episode.started_at:%Y-%m-%d %H:%M} UTC."
            planned.append(PlannedView(at=at, case=case.number, notice=told.notice, to=told.to, why=why))
            facts = replace(facts, last_reminder=SentReminder(sent_at=at))
        if ladder is None or ladder.held or decision.reason is Reason.FOLLOW_UP_CLOSED:
            break
        start = max(at, ladder.look_at or at)
        case = replace(case, episode=replace(episode, steps=ladder.steps))
    return planned


def _remind(case: Case, episode: Episode, step: FollowUpStep, rules: FollowUpPolicy, now: datetime) -> Decision:
    """Send one reminder; earlier ones that were missed are skipped, and a late one pushes the closure away."""
    assert step.due_at is not None
    closes = _after_late_reminder(step.due_at, now, rules) if _is_last(step) else None
    steps = []
    for other in episode.steps:
        if other.step < step.step and other.is_open:
            steps.append(replace(other, skipped=True))
        elif other.step == step.step:
            steps.append(replace(other, sent_at=now))
        elif other.step == CLOSING and closes and other.due_at and closes > other.due_at:
            steps.append(replace(other, due_at=closes))
        else:
            steps.append(other)
    closes_at = steps[-1].due_at
    assert closes_at is not None
    told = notices.follow_up(case, episode, step.step, closes_at=closes_at, zone=rules.timezone)
    return _decision(Reason.FOLLOW_UP_SENT, case, [_write(case, steps), told])


def _close(
    case: Case, episode: Episode, facts: TimerFacts, policy: Policy, rules: FollowUpPolicy, now: datetime
) -> Decision:
    closing = episode.steps[-1]
    hold = _hold(facts)
    if hold is not None:
        return _decision(hold, case, _held(case, episode, hold, facts, policy))
    earliest = _grace(episode, facts, rules)
    if earliest is not None and earliest > now:
        steps = (*episode.steps[:-1], replace(closing, due_at=earliest))
        return _decision(Reason.GRACE_AFTER_REMINDER, case, [_write(case, steps)])
    substatus = ENDINGS[case.status]
    effects: list[Effect] = [
        _write(case, (*episode.steps[:-1], replace(closing, sent_at=now))),
        SetStatus(case_number=case.number, status=Status.CLOSED, substatus=substatus),
        StopEpisode(case_number=case.number, why="follow-up-closed"),
        Publish(type="case.closed", case_number=case.number, data={"substatus": substatus, "by": "follow-up"}),
        notices.follow_up_closed(case, episode, policy, now=now),
    ]
    return _decision(Reason.FOLLOW_UP_CLOSED, case, effects)


def _hold(facts: TimerFacts) -> Reason | None:
    """Return the first thing that keeps a case from being closed.  Source: PROCESS 4.7."""
    reminder = facts.last_reminder
    table = (
        (facts.clock_doubted, Reason.CLOCK_DOUBTED),
        (facts.mail_unprocessed, Reason.MAIL_UNPROCESSED),
        (facts.mail_names_case, Reason.MAIL_NAMES_CASE),
        (facts.unanswered is not None, Reason.MAIL_UNANSWERED),
        (facts.unread_escalation_replies > 0, Reason.ESCALATION_REPLY_UNREAD),
        (reminder is not None and reminder.bounced, Reason.REMINDER_BOUNCED),
        (reminder is None or reminder.sent_at is None, Reason.REMINDER_NOT_DELIVERED),
        (facts.contact_undeliverable, Reason.CONTACT_UNDELIVERABLE),
        (facts.stale_mailbox != "", Reason.MAILBOX_STALE),
    )
    return next((reason for applies, reason in table if applies), None)


def _held(case: Case, episode: Episode, hold: Reason, facts: TimerFacts, policy: Policy) -> list[Effect]:
    """Note why the closure waits; the owner is told once of what only a person can clear."""
    if episode.held == hold:
        return []
    effects: list[Effect] = [_write(case, episode.steps, held=hold)]
    if hold in FOR_THE_OWNER:
        effects += notices.closing_held(case, episode, hold, facts.unanswered, policy)
    return effects


def _grace(episode: Episode, facts: TimerFacts, rules: FollowUpPolicy) -> datetime | None:
    reminder = last_reminder(episode)
    if reminder is None or reminder.due_at is None or facts.last_reminder is None:
        return None
    sent_at = facts.last_reminder.sent_at
    return None if sent_at is None else _after_late_reminder(reminder.due_at, sent_at, rules)


def _after_late_reminder(due_at: datetime, sent_at: datetime, rules: FollowUpPolicy) -> datetime | None:
    """Return when a case may be closed whose last reminder left at `sent_at`; None when that was in time."""
    return _due(sent_at, rules.days[2] - rules.days[1], rules) if sent_at - due_at > LATE else None


def _is_last(step: FollowUpStep) -> bool:
    return step.step == CLOSING - 1


def _pause(case: Case, episode: Episode, now: datetime) -> list[Effect]:
    steps = [
        replace(step, due_at=None, remaining=max(NOTHING, step.due_at - now)) if step.is_open and step.due_at else step
        for step in episode.steps
    ]
    return [_write(case, steps)]


def _resume(case: Case, episode: Episode, rules: FollowUpPolicy, now: datetime) -> list[Effect]:
    steps = [
        replace(step, due_at=_resumed(step, rules, now), remaining=None) if step.is_open else step
        for step in episode.steps
    ]
    return [_write(case, steps)]


def _resumed(step: FollowUpStep, rules: FollowUpPolicy, now: datetime) -> datetime:
    """Return the new due time: what was left, or the whole time of a wait that began in an excluded priority.

    What was left counts as it runs; in business days, a due time on a free day moves to the next business day.
    """
    if step.remaining is None:
        return _due(now, rules.days[step.step - 1], rules)
    due = now + step.remaining
    return calendar.next_opening(calendar.next_business_day(due, rules) if rules.count == "business" else due, rules)


def _due(start: datetime, days: int, rules: FollowUpPolicy) -> datetime:
    """Return the moment some days after `start`, moved on to where the send window is open."""
    return calendar.next_opening(calendar.add_days(start, days, rules), rules, business=rules.count == "business")


def _due_steps(episode: Episode, now: datetime) -> list[FollowUpStep]:
    return [step for step in episode.steps if step.is_open and step.due_at is not None and step.due_at <= now]


def _write(case: Case, steps: Sequence[FollowUpStep], held: str = "") -> SetFollowUp:
    return SetFollowUp(case_number=case.number, steps=tuple(steps), held=held)


def _decision(reason: Reason, case: Case, effects: Sequence[Effect]) -> Decision:
    return Decision(reason=reason, effects=tuple(effects), case_number=case.number)
