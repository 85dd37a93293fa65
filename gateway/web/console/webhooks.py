"""Webhooks: which other systems are called, what went to them and how they answered; made, renewed, called again."""

from starlette.responses import Response

from gateway.desk import webhooks
from gateway.errors import NotFound, Refused
from gateway.model import EventType
from gateway.web.console import shell
from gateway.web.console.permits import Act
from gateway.web.console.shell import Route
from gateway.web.console.visit import Visit

DELIVERIES_SHOWN = 100


def page(visit: Visit) -> Response:
    """List webhooks."""
    return _page(visit)


def add(visit: Visit) -> Response:
    """Call an address from now on; the page shows its secret this one time."""
    try:
        made = webhooks.add(visit.services, url=visit.sent("url"), types=visit.all_sent("types"))
    except Refused as refused:
        return _page(visit, status=shell.status_of(refused), words=str(refused))
    return _page(visit, secret=made.secret)


def one(visit: Visit) -> Response:
    """Show what went to a webhook."""
    return _one(visit)


def act(visit: Visit) -> Response:
    """Do something with a webhook."""
    hook, name = visit.path("hook"), visit.path("act")
    try:
        match name:
            case "remove":
                webhooks.remove(visit.services, hook)
                return visit.go("/admin/webhooks")
            case "rotate":
                return _one(visit, secret=webhooks.rotate(visit.services, hook).secret)
            case "enable":
                webhooks.enable(visit.services, hook)
            case "again":
                webhooks.redeliver(visit.services, hook, visit.sent("delivery"))
            case "all-again":
                webhooks.redeliver_dead(visit.services, hook)
            case _:
                raise NotFound("There is no such action.")
    except NotFound:
        raise
    except Refused as refused:
        return _one(visit, status=shell.status_of(refused), words=str(refused))
    return visit.go(f"/admin/webhooks/{hook}")


def _page(visit: Visit, *, status: int = 200, words: str = "", secret: str = "") -> Response:
    hooks = webhooks.find(visit.services)
    types = tuple(EventType)
    return visit.show("admin/webhooks.html", status=status, hooks=hooks, types=types, words=words, secret=secret)


def _one(visit: Visit, *, status: int = 200, words: str = "", secret: str = "") -> Response:
    hook = webhooks.show(visit.services, visit.path("hook"))
    sent = webhooks.deliveries(visit.services, hook.id, limit=DELIVERIES_SHOWN)
    return visit.show("admin/webhook.html", status=status, hook=hook, sent=sent, words=words, secret=secret)


ROUTES = (
    Route(method="GET", path="/admin/webhooks", act=Act.READ_ALL, serve=page),
    Route(method="POST", path="/admin/webhooks", act=Act.SETTINGS, serve=add),
    Route(method="GET", path="/admin/webhooks/{hook}", act=Act.READ_ALL, serve=one),
    Route(method="POST", path="/admin/webhooks/{hook}/{act}", act=Act.SETTINGS, serve=act),
)
