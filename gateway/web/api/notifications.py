"""The notices of other systems: which there are, what one would look like, and sending it."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from gateway.app import App
from gateway.desk import notifications
from gateway.model.call_views import DeclaredView, NotificationView
from gateway.model.views import OutboxView
from gateway.web.api import bodies, routes
from gateway.web.api.routes import Caller, Paging, call, reply


def router(app: App) -> APIRouter:
    """Return the calls under `/notifications`."""
    calls = APIRouter(tags=["notifications"])

    @call(calls, app, "GET /notifications", answers=DeclaredView, page=True)
    def list_notifications(asked: Caller) -> Response:
        """List the notices that can be asked for, with the values that each must have."""
        declared = notifications.declared()
        return routes.listed(declared, Paging(limit=routes.LARGEST_PAGE, cursor=""))

    @call(calls, app, "POST /notifications", answers=OutboxView, status=202)
    def send_notification(body: bodies.Notification, asked: Caller) -> Response:
        """Send a notice; it is rendered, sent, tried again and recorded like every other."""
        return reply(notifications.send(asked.services, **_given(body), author=asked.by()), status=202)

    @call(calls, app, "POST /notifications/preview", answers=NotificationView)
    def preview_notification(body: bodies.Notification, asked: Caller) -> Response:
        """Show a notice as it would leave; nothing is written."""
        return reply(notifications.preview(asked.services, **_given(body)))

    return calls


def _given(body: bodies.Notification) -> dict[str, Any]:
    to = body.to or bodies.Person(email="")
    return {
        "notice": body.notice,
        "context": body.context,
        "to": to.email,
        "to_name": to.name,
        "case": body.case or "",
    }
