"""Incident reports: build one from what a case recorded, look at it, send it."""

from gateway import effects
from gateway.cleaning import clean_header
from gateway.desk import cases as desk_cases
from gateway.errors import NotFound
from gateway.model.views import ActionView, IncidentReportView, OutboxView, TimelineView
from gateway.rules import incident
from gateway.services import Services
from gateway.store import outbox_views, timeline


def preview(services: Services, number: str, given: incident.Given) -> IncidentReportView:
    """Return the report as it would be sent; nothing is written."""
    with services.database.read() as conn:
        case = desk_cases.load(conn, number)
        report = incident.build(case, timeline.of_case(conn, case), given)
    return IncidentReportView(
        case=case.number,
        priority=case.priority,
        started_at=report.started_at,
        ended_at=report.ended_at,
        description=report.description,
        timeline=tuple(TimelineView(at=at, what=what) for at, what in report.timeline),
        measures=report.measures,
        actions=tuple(ActionView(due=due.isoformat() if due else None, text=text) for due, text in report.actions),
    )


def send(services: Services, number: str, given: incident.Given, *, to: str = "", author: str) -> OutboxView:
    """Send a report and return the outgoing mail.  to: who asked for it; the case contact when left out.

    Raises Refused: `not-entitled`, `not-designated-contact`; InvalidInput, NotFound.
    """
    desk_cases.need(given.measures, "the corrective measures")
    now = services.clock.now()
    with services.database.write() as conn:
        case = desk_cases.locked(conn, services, number)
        asker = desk_cases.person(conn, to or case.contact.email)
        if asker is None:
            raise NotFound(f"There is no contact {clean_header(to, limit=80)}; `gateway contact list` shows them.")
        report = incident.build(case, timeline.of_case(conn, case), given)
        decision = incident.send(case, report, asker, author, policy=services.policy)
        made = effects.apply(conn, decision, scribe=services.scribe, now=now, case=case)
        view = outbox_views.one(conn, made.outbox_ids[0])
    services.ring_outbox(made.outbox_ids)
    assert view is not None
    return view
