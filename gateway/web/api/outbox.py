"""The calls about outgoing mail."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from gateway.app import App
from gateway.desk import outbox
from gateway.model import EntryState
from gateway.model.views import OutboxView
from gateway.web.api import bodies, routes
from gateway.web.api.routes import Caller, Paging, call, reply


class OutboxList(Paging):
    """Which outgoing mails."""

    state: EntryState | Literal["open", "all"] = Field("all", description="`open`: has not left.")
    notice: str = Field("", max_length=64)
    case: str = Field("", max_length=10, description="A case number with its leading zeros.")


def router(app: App) -> APIRouter:
    """Return the calls under `/outbox`."""
    calls = APIRouter(tags=["outbox"])

    @call(calls, app, "GET /outbox", answers=OutboxView, page=True)
    def list_outbox(asked: Caller, query: Annotated[OutboxList, Query()]) -> Response:
        """List outgoing mails, oldest first."""
        views = outbox.find(
            asked.services,
            state=query.state,
            notice=query.notice,
            case=query.case,
            limit=query.limit + 1,
            after=routes.behind_id(query),
        )
        return routes.listed(views, query)

    @call(calls, app, "GET /outbox/{entry_id}", answers=OutboxView)
    def show_outgoing(entry_id: bodies.IdPath, asked: Caller) -> Response:
        """Show an outgoing mail with the relay's last words."""
        return reply(outbox.show(asked.services, entry_id))

    @call(calls, app, "POST /outbox/{entry_id}/retry", answers=OutboxView)
    def retry_outgoing(entry_id: bodies.IdPath, asked: Caller, body: bodies.Nothing | None = None) -> Response:
        """Send it now; its tries begin anew."""
        return reply(outbox.retry(asked.services, entry_id))

    @call(calls, app, "POST /outbox/{entry_id}/cancel", answers=OutboxView)
    def cancel_outgoing(entry_id: bodies.IdPath, asked: Caller, body: bodies.Nothing | None = None) -> Response:
        """Never send it."""
        return reply(outbox.cancel(asked.services, entry_id))

    @call(calls, app, "POST /outbox/{entry_id}/hold", answers=OutboxView)
    def hold_outgoing(entry_id: bodies.IdPath, asked: Caller, body: bodies.Nothing | None = None) -> Response:
        """Keep it back until it is released."""
        return reply(outbox.hold(asked.services, entry_id))

    @call(calls, app, "POST /outbox/{entry_id}/release", answers=OutboxView)
    def release_outgoing(entry_id: bodies.IdPath, asked: Caller, body: bodies.Nothing | None = None) -> Response:
        """Let a held mail leave."""
        return reply(outbox.release(asked.services, entry_id))

    return calls
