"""The calls about the admin queue: mail that no Reference ID linked."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from gateway.app import App
from gateway.desk import queue
from gateway.desk.queue import QueueResult
from gateway.model.views import QueueItemView, to_json
from gateway.reasons import Reason
from gateway.web.api import bodies, routes
from gateway.web.api.routes import Caller, Paging, call, reply


class QueueList(Paging):
    """Which items."""

    reason: Reason | Literal[""] = ""
    state: Literal["open", "done", "all"] = "open"


def router(app: App) -> APIRouter:
    """Return the calls under `/queue`."""
    calls = APIRouter(tags=["queue"])
    _looking(calls, app)
    _resolving(calls, app)
    return calls


def _looking(calls: APIRouter, app: App) -> None:
    @call(calls, app, "GET /queue", answers=QueueItemView, page=True)
    def list_queue(asked: Caller, query: Annotated[QueueList, Query()]) -> Response:
        """List items, oldest first."""
        after = routes.behind_id(query)
        views = queue.find(asked.services, state=query.state, reason=query.reason, limit=query.limit + 1, after=after)
        return routes.listed(views, query)

    @call(calls, app, "GET /queue/{item_id}", answers=QueueItemView)
    def show_item(item_id: bodies.IdPath, asked: Caller) -> Response:
        """Show an item; its ETag is for `If-Match`."""
        return reply(queue.show(asked.services, item_id))

    @call(calls, app, "POST /queue/{item_id}/claim", answers=QueueResult)
    def claim_item(item_id: bodies.IdPath, asked: Caller, body: bodies.Nothing | None = None) -> Response:
        """Say that you look at an item."""
        return _done(queue.claim(asked.services, item_id, by=asked.by()))

    @call(calls, app, "POST /queue/{item_id}/release", answers=QueueResult)
    def release_item(item_id: bodies.IdPath, asked: Caller, body: bodies.Nothing | None = None) -> Response:
        """Give an item back."""
        return _done(queue.release(asked.services, item_id))


def _resolving(calls: APIRouter, app: App) -> None:
    @call(calls, app, "POST /queue/{item_id}/link", answers=QueueResult)
    def link_mail(item_id: bodies.IdPath, body: bodies.LinkMail, asked: Caller) -> Response:
        """Link a mail to a case by hand, or say what that would do."""
        return _done(queue.link(asked.services, item_id, body.case, by=asked.by(), preview=body.preview))

    @call(calls, app, "POST /queue/{item_id}/open-case", answers=QueueResult)
    def open_case_from_mail(item_id: bodies.IdPath, asked: Caller, body: bodies.OpenFromMail | None = None) -> Response:
        """Open a case from a mail."""
        given = body or bodies.OpenFromMail()
        values: dict[str, Any] = {"subject": given.subject, "priority": given.priority}
        email = given.contact.email if given.contact else ""
        return _done(queue.open_case(asked.services, item_id, by=asked.by(), contact_email=email, **values))

    @call(calls, app, "POST /queue/{item_id}/discard", answers=QueueResult)
    def discard_mail(item_id: bodies.IdPath, body: bodies.Discard, asked: Caller) -> Response:
        """Set a mail aside; it is kept."""
        return _done(queue.discard(asked.services, item_id, by=asked.by(), why=body.why))

    @call(calls, app, "POST /queue/{item_id}/undo", answers=QueueResult)
    def undo_resolution(item_id: bodies.IdPath, asked: Caller, body: bodies.Nothing | None = None) -> Response:
        """Take a resolution back, while that is possible."""
        return _done(queue.undo(asked.services, item_id, by=asked.by()))


def _done(result: QueueResult) -> Response:
    return routes.written(to_json(result), headers={"etag": f'"{result.item.version}"'})
