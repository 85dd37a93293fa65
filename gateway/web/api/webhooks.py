"""The calls about webhooks: who is called when something happens, and what became of it."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from gateway.app import App
from gateway.desk import webhooks
from gateway.model import EntryState, EventType
from gateway.model.call_views import DeliveryView, NewSecretView, RedeliveredView, WebhookView
from gateway.web.api import bodies, routes
from gateway.web.api.routes import Caller, Paging, call, reply

URL_LENGTH, MOST_TYPES, MOST_HOURS = 2000, 100, 24 * 31
# What the document says of an address; more is taken, as docs/webhooks.md describes.
URL = {"pattern": r"^https://([a-z0-9]{1,20}\.){1,3}(com|org|net|eu|example)(/[A-Za-z0-9._~-]{1,40}){0,4}$"}


class NewWebhook(BaseModel):
    """Where to call, and for which events; for all when no type is named."""

    model_config = bodies.example(url="https://crm.example.com/hook", types=["case.opened", "case.closed"])

    url: Annotated[str, Field(max_length=URL_LENGTH, json_schema_extra=URL)]
    types: Annotated[list[EventType], Field(max_length=MOST_TYPES)] = []


class Rotation(BaseModel):
    """For how many hours the old secret signs as well."""

    model_config = bodies.example(hours=24)

    hours: Annotated[float, Field(ge=0, le=MOST_HOURS)] = webhooks.ROTATION_HOURS


class DeliveryList(Paging):
    """Which deliveries."""

    state: EntryState | Literal[""] = Field("", description="Only those in this state.")


def router(app: App) -> APIRouter:
    """Return the calls under `/webhooks`."""
    calls = APIRouter(tags=["webhooks"])
    _themselves(calls, app)
    _deliveries(calls, app)
    return calls


def _themselves(calls: APIRouter, app: App) -> None:
    @call(calls, app, "GET /webhooks", answers=WebhookView, page=True)
    def list_webhooks(asked: Caller, query: Annotated[Paging, Query()]) -> Response:
        """List webhooks, oldest first, without their secrets."""
        views = webhooks.find(asked.services, after=routes.behind_id(query), limit=query.limit + 1)
        return routes.listed(views, query, lambda hook: int(hook.id))

    @call(calls, app, "POST /webhooks", answers=NewSecretView, status=201, keeps=False)
    def add_webhook(body: NewWebhook, asked: Caller) -> Response:
        """Call an address for all that happens from now on; the secret is in this answer and nowhere else."""
        return reply(webhooks.add(asked.services, url=body.url, types=body.types), status=201)

    @call(calls, app, "GET /webhooks/{webhook_id}", answers=WebhookView)
    def show_webhook(webhook_id: str, asked: Caller) -> Response:
        """Show a webhook."""
        return reply(webhooks.show(asked.services, webhook_id))

    @call(calls, app, "DELETE /webhooks/{webhook_id}", answers=None, status=204)
    def remove_webhook(webhook_id: str, asked: Caller, body: bodies.Nothing | None = None) -> Response:
        """Call it no more; its log is deleted."""
        webhooks.remove(asked.services, webhook_id)
        return Response(status_code=204)

    @call(calls, app, "POST /webhooks/{webhook_id}/enable", answers=WebhookView)
    def enable_webhook(webhook_id: str, asked: Caller, body: bodies.Nothing | None = None) -> Response:
        """Call a disabled one again, with all that happened meanwhile."""
        return reply(webhooks.enable(asked.services, webhook_id))

    @call(calls, app, "POST /webhooks/{webhook_id}/rotate", answers=NewSecretView, keeps=False)
    def rotate_webhook(webhook_id: str, asked: Caller, body: Rotation | None = None) -> Response:
        """Give it a new secret; the one before signs too for a while."""
        return reply(webhooks.rotate(asked.services, webhook_id, hours=(body or Rotation()).hours))


def _deliveries(calls: APIRouter, app: App) -> None:
    @call(calls, app, "GET /webhooks/{webhook_id}/deliveries", answers=DeliveryView, page=True)
    def list_deliveries(webhook_id: str, asked: Caller, query: Annotated[DeliveryList, Query()]) -> Response:
        """List what went to a webhook and what goes to it, newest first, with the last answer."""
        before = routes.behind_id(query)
        views = webhooks.deliveries(asked.services, webhook_id, state=query.state, before=before, limit=query.limit + 1)
        return routes.listed(views, query, lambda delivery: int(delivery.id))

    @call(calls, app, "POST /webhooks/{webhook_id}/redeliver", answers=RedeliveredView)
    def redeliver_dead(webhook_id: str, asked: Caller, body: bodies.Nothing | None = None) -> Response:
        """Call again with every event that was given up."""
        return reply(RedeliveredView(redelivered=webhooks.redeliver_dead(asked.services, webhook_id)))

    @call(calls, app, "POST /webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver", answers=DeliveryView)
    def redeliver(webhook_id: str, delivery_id: str, asked: Caller, body: bodies.Nothing | None = None) -> Response:
        """Call with one event again, now, whatever became of it."""
        return reply(webhooks.redeliver(asked.services, webhook_id, delivery_id))
