"""What people ask of escalations: ask for one, review it, tell how it goes, end it.

Each function is one transaction under the case's lock.  Raises Refused, Conflict, NotFound or Unavailable; on any error
nothing was changed.  Whoever reviews has read the escalation feed; `read` says so without a word to the customer.
"""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

from gateway import addresses, effects
from gateway.cleaning import clean_header
from gateway.desk import audit
from gateway.desk import cases as desk_cases
from gateway.desk.ids import row_id
from gateway.errors import InvalidInput, NotFound
from gateway.model import Case, Channel, Decision, Escalation, EscalationReason
from gateway.model.views import CaseView, EscalationView
from gateway.outbound import compose
from gateway.rules import escalation as rules
from gateway.services import Services
from gateway.store import case_views, cases, contacts, escalations, events


def request(
    services: Services,
    number: str,
    *,
    reason: EscalationReason,
    details: str,
    requester: str = "",
    channel: Channel = Channel.AGENT,
    author: str = "",
) -> EscalationView:
    """Escalate a case.  requester: the Designated Contact or partner who asks; the case contact when left out.

    channel, author: how it reached us and who wrote it down; the requester when left out.
    """
    desk_cases.need(details, "the details")
    now = services.clock.now()
    watched = audit.watched(services, "escalation.request", desk_cases.about(number))
    with watched, services.database.write() as conn:
        case = desk_cases.locked(conn, services, number)
        asked = rules.Asked(
            case=case,
            reason=reason,
            facts=escalations.facts(conn, case),
            profile=services.policy.profile(case.profile),
            now=now,
        )
        who = contacts.acting(conn, addresses.key(requester or case.contact.email))
        decision = rules.request(
            asked, details, who, channel, author or requester or case.contact.email, policy=services.policy
        )
        made = effects.apply(conn, decision, scribe=services.scribe, now=now, case=case)
        view = escalations.latest_view(conn, case.id)
    services.ring_outbox(made.outbox_ids)
    assert view is not None
    return view


def find(
    services: Services, *, state: str = "", case: str = "", limit: int = 100, after: int = 0
) -> list[EscalationView]:
    """Return escalations, oldest first.  state: one of the states, `active`, or "" for all."""
    with services.database.read() as conn:
        number = desk_cases.seen(conn, services, case).number if case else ""
        seen_by = services.asking.only_of_key
        return escalations.views(conn, state=state, case_number=number, limit=limit, after=after, seen_by=seen_by)


def show(services: Services, escalation_id: str) -> EscalationView:
    """Return one escalation."""
    with services.database.read() as conn:
        return _view(conn, escalation_id)


def accept(
    services: Services,
    escalation_id: str,
    *,
    owner: str = "",
    importance: str = "",
    urgency: str = "",
    text: str,
    author: str,
) -> EscalationView:
    """Accept: text says the next steps and what may be expected.  owner: who reviews now when left out."""
    desk_cases.need(text, "the next steps")
    if owner and not compose.valid_recipient(owner):
        raise InvalidInput(f"The owner {clean_header(owner, limit=80)} is not one mail address.")

    def rule(case: Case, asked: Escalation) -> Decision:
        return rules.accept(
            case,
            asked,
            owner=owner or asked.owner or author,
            importance=clean_header(importance),
            urgency=clean_header(urgency),
            text=text,
            author=author,
            policy=services.policy,
        )

    return _review(services, escalation_id, rule)


def decline(services: Services, escalation_id: str, *, text: str, author: str) -> EscalationView:
    """Decline: text gives the reasons and how to go on."""
    desk_cases.need(text, "the reasons")
    return _review(services, escalation_id, lambda case, asked: rules.decline(case, asked, text=text, author=author))


def update(services: Services, escalation_id: str, *, text: str, author: str) -> EscalationView:
    """Tell the requester how it goes."""
    desk_cases.need(text, "a text")
    return _review(services, escalation_id, lambda case, asked: rules.update(case, asked, text=text, author=author))


def close(services: Services, escalation_id: str, *, text: str = "", author: str) -> EscalationView:
    """End an escalation."""
    return _review(services, escalation_id, lambda case, asked: rules.close(case, asked, text=text, author=author))


def read(services: Services, escalation_id: str) -> EscalationView:
    """Note that our side has read the escalation feed of the case; it no longer holds the closer."""
    with services.database.write() as conn:
        case, _ = _locked(conn, escalation_id)
        escalations.mark_read(conn, case.id, now=services.clock.now())
        return _view(conn, escalation_id)


def note_rca_request(services: Services, number: str) -> CaseView:
    """Record that a root-cause analysis was asked for; from now on its business days count (PROCESS 6.2)."""
    now = services.clock.now()
    with services.database.write() as conn:
        case = desk_cases.locked(conn, services, number)
        effects.check_not_purged(case)
        events.append(conn, escalations.RCA_ASKED, case_number=case.number, data={}, now=now)
        audit.note_along(conn, services, "case.rca-request", desk_cases.about(case.number))
        cases.touch(conn, case.number, now=now)
        return case_views.one(conn, case.number)


def _review(services: Services, escalation_id: str, rule: Callable[[Case, Escalation], Decision]) -> EscalationView:
    now: datetime = services.clock.now()
    with services.database.write() as conn:
        case, asked = _locked(conn, escalation_id)
        made = effects.apply(conn, rule(case, asked), scribe=services.scribe, now=now, case=case)
        view = _view(conn, escalation_id)
    services.ring_outbox(made.outbox_ids)
    return view


def _locked(conn: Connection, escalation_id: str) -> tuple[Case, Escalation]:
    """Return an escalation and its case, which stays locked; the escalation is read again under that lock."""
    case = desk_cases.load(conn, _one(conn, escalation_id).case_number, lock=True)
    return case, _one(conn, escalation_id)


def _one(conn: Connection, escalation_id: str) -> Escalation:
    found = escalations.load(conn, row_id(escalation_id))
    if found is None:
        raise NotFound(f"There is no escalation {escalation_id[:20]}; `gateway escalation list` shows those there are.")
    return found


def _view(conn: Connection, escalation_id: str) -> EscalationView:
    view = escalations.view(conn, _one(conn, escalation_id).id)
    assert view is not None
    return view
