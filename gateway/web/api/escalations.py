"""The calls about escalations: look, and everything that the review says."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from gateway.app import App
from gateway.desk import escalations
from gateway.model import EscalationState
from gateway.model.views import EscalationView
from gateway.web.api import bodies, routes
from gateway.web.api.routes import Caller, Paging, call, reply


class EscalationList(Paging):
    """Which escalations."""

    state: EscalationState | Literal["", "active"] = ""
    case: str = Field("", max_length=40, description="Only those of this case.")


def router(app: App) -> APIRouter:
    """Return the calls under `/escalations`."""
    calls = APIRouter(tags=["escalations"])

    @call(calls, app, "GET /escalations", answers=EscalationView, page=True)
    def list_escalations(asked: Caller, query: Annotated[EscalationList, Query()]) -> Response:
        """List escalations, oldest first."""
        after = routes.behind_id(query)
        views = escalations.find(asked.services, state=query.state, case=query.case, limit=query.limit + 1, after=after)
        return routes.listed(views, query)

    @call(calls, app, "GET /escalations/{escalation_id}", answers=EscalationView)
    def show_escalation(escalation_id: bodies.IdPath, asked: Caller) -> Response:
        """Show an escalation."""
        return reply(escalations.show(asked.services, escalation_id))

    @call(calls, app, "POST /escalations/{escalation_id}/accept", answers=EscalationView)
    def accept_escalation(escalation_id: bodies.IdPath, body: bodies.Accept, asked: Caller) -> Response:
        """Accept: say the next steps and what may be expected."""
        given = {**body.model_dump(), "owner": body.owner or ""}
        return reply(escalations.accept(asked.services, escalation_id, **given, author=asked.by(body.owner)))

    @call(calls, app, "POST /escalations/{escalation_id}/decline", answers=EscalationView)
    def decline_escalation(escalation_id: bodies.IdPath, body: bodies.Say, asked: Caller) -> Response:
        """Decline: give the reasons and how to go on."""
        return reply(escalations.decline(asked.services, escalation_id, text=body.text, author=asked.by()))

    @call(calls, app, "POST /escalations/{escalation_id}/updates", answers=EscalationView)
    def update_escalation(escalation_id: bodies.IdPath, body: bodies.Say, asked: Caller) -> Response:
        """Tell whoever asked how it goes."""
        return reply(escalations.update(asked.services, escalation_id, text=body.text, author=asked.by()))

    @call(calls, app, "POST /escalations/{escalation_id}/close", answers=EscalationView)
    def close_escalation(escalation_id: bodies.IdPath, body: bodies.CloseEscalation, asked: Caller) -> Response:
        """End an escalation."""
        return reply(escalations.close(asked.services, escalation_id, text=body.text, author=asked.by()))

    @call(calls, app, "POST /escalations/{escalation_id}/read", answers=EscalationView)
    def read_escalation(escalation_id: bodies.IdPath, asked: Caller, body: bodies.Nothing | None = None) -> Response:
        """Note that our side has read the escalation feed."""
        return reply(escalations.read(asked.services, escalation_id))

    return calls
