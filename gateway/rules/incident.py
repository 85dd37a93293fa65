"""The incident report: who is entitled to one, and what it says.  Pure.  Source: PROCESS 8.

Start, end and timeline come from what the case recorded; measures and action items are the words of our side.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from gateway.errors import InvalidInput, Refused
from gateway.model import (
    Case,
    Channel,
    Contact,
    Decision,
    Effect,
    Feed,
    Notice,
    Notify,
    Policy,
    RecordUpdate,
    Status,
    Visibility,
)
from gateway.reasons import Reason
from gateway.rules import access

EXCERPT_LENGTH = 200
RESTORED = (Status.SERVICE_RESTORED, Status.SOLUTION_PROPOSED, Status.CLOSED)
# What an event is called in the report; a change of status says itself which one.
IN_WORDS = {
    "case.opened": "The case was opened.",
    "case.reopened": "The case was opened again.",
    "escalation.requested": "The case was escalated.",
    "escalation.accepted": "The escalation was accepted.",
    "escalation.closed": "The escalation was closed.",
}
_DATED = re.compile(r"(\d{4}-\d{2}-\d{2})[ :,]+(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One thing that the case recorded: an event (its type and data), or a public update (channel and text)."""

    at: datetime
    event: str = ""
    data: Mapping[str, Any]
    channel: Channel | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What our side writes into a report.

    actions: one item a line; a line may begin with its date.  started_at, ended_at: when the case's own times (opened;
    service restored, solution proposed or closed for the last time) are not those of the incident.
    """

    measures: str = ""
    actions: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """An incident report.  ended_at: None while the incident lasts.  actions: date (or None) and words of each item."""

    started_at: datetime
    ended_at: datetime | None
    description: str
    timeline: tuple[tuple[datetime, str], ...]
    measures: str
    actions: tuple[tuple[date | None, str], ...]


def build(case: Case, happened: Sequence[Happening], given: Given) -> Report:
    """Build a report from what a case recorded, put into the order of time.

    Raises InvalidInput when it ends before it begins, or for a day that there is not.
    """
    in_order = sorted(happened, key=lambda one: one.at)
    start = given.started_at or case.opened_at
    end = given.ended_at or _restored_at(case, in_order)
    if end is not None and end < start:
        raise InvalidInput("The incident ends before it begins; check both times.")
    told = ((one.at, _told(one)) for one in in_order)
    return Report(
        started_at=start,
        ended_at=end,
        description=case.description,
        timeline=tuple((at, what) for at, what in told if what),
        measures=given.measures.strip(),
        actions=tuple(_action(line) for line in given.actions.splitlines() if line.strip()),
    )


def send(case: Case, report: Report, to: Contact, author: str, *, policy: Policy) -> Decision:
    """Send a report to who asked for it: a person of the customer who may look at the case.

    Raises Refused: `not-entitled` for a priority without reports, `not-designated-contact` for somebody else.
    """
    entitled = policy.profile(case.profile).incident_report_for
    if case.priority not in entitled:
        there = ", ".join(entitled) or "none"
        raise Refused(
            Reason.NOT_ENTITLED,
            f"The profile {case.profile} gives no incident report for priority {case.priority} (it does for: {there}).",
        )
    access.check(access.Act.LOOK, to, case)
    note = RecordUpdate(
        case_number=case.number,
        feed=Feed.CASE,
        channel=Channel.SYSTEM,
        author=author,
        visibility=Visibility.INTERNAL,
        text=f"An incident report was sent to {to.email}.",
    )
    notice = Notify(
        notice=Notice.INCIDENT_REPORT,
        key=f"{Notice.INCIDENT_REPORT}/{case.number}/{case.version}",
        to=to.email,
        to_name=to.name,
        case_number=case.number,
        # The Reference ID goes to the case contact only (CONTRACT 7).
        with_reference=to.id == case.contact.id,
        context=_context(case, report),
    )
    effects: tuple[Effect, ...] = (note, notice)
    return Decision(reason=Reason.DONE, effects=effects, case_number=case.number)


def _context(case: Case, report: Report) -> dict[str, Any]:
    return {
        "priority": case.priority,
        "started_at": report.started_at.isoformat(),
        "ended_at": report.ended_at.isoformat() if report.ended_at else "",
        "description": report.description,
        "timeline": [{"at": at.isoformat(), "what": what} for at, what in report.timeline],
        "measures": report.measures,
        "actions": [{"due": due.isoformat() if due else "", "text": text} for due, text in report.actions],
    }


def _restored_at(case: Case, happened: Sequence[Happening]) -> datetime | None:
    """Return when the service came back for good: the last change into a restored status, while it stays so."""
    if case.status not in RESTORED:
        return None
    end = None
    restored = False
    for one in happened:
        if one.event == "case.status_changed":
            now_restored = one.data.get("status") in RESTORED
            end = one.at if now_restored and not restored else end
            restored = now_restored
    return end


def _told(one: Happening) -> str:
    if one.channel is not None:
        who = "We wrote" if one.channel in (Channel.AGENT, Channel.SYSTEM) else "The customer wrote"
        text = " ".join(one.text.split())
        return f"{who}: {text if len(text) <= EXCERPT_LENGTH else text[:EXCERPT_LENGTH].rstrip() + ' …'}"
    if one.event == "case.status_changed":
        return f"The status became {one.data.get('status')} ({one.data.get('substatus')})."
    return IN_WORDS.get(one.event, "")


def _action(line: str) -> tuple[date | None, str]:
    if found := _DATED.fullmatch(line.strip()):
        try:
            return date.fromisoformat(found[1]), found[2].strip()
        except ValueError:
            raise InvalidInput(f"There is no day {found[1]}; begin an action item like 2026-12-01.") from None
    return None, line.strip()
