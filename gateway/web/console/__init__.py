"""The console: pages for people, made on the server, over the same `desk` functions as the API and the command line.

ROUTES is the whole of it: path, method, what one needs to be allowed, and the function that answers.
"""

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from gateway import __version__
from gateway.app import App, template_folder
from gateway.errors import NotFound
from gateway.web.console import (
    admin,
    audit,
    cases,
    mails,
    outbox,
    overview,
    queue,
    shell,
    signin,
    webhooks,
    whatif,
    words,
)
from gateway.web.console.shell import Route
from gateway.web.console.visit import Visit

STATIC = Path(__file__).parents[1] / "static"
# Only these leave the folder; a browser may keep them for a day, the version in their address changes with us.
FILES = {
    "console.css": "text/css",
    "console.js": "text/javascript",
    "htmx-2.0.11.min.js": "text/javascript",
    "pico-2.1.1.min.css": "text/css",
    "icon.svg": "image/svg+xml",
}
ROUTES: tuple[Route, ...] = tuple(
    route
    for part in (signin, queue, cases, mails, outbox, whatif, overview, admin, webhooks, audit)
    for route in part.ROUTES
)


def router(app: App) -> APIRouter:
    """Return all pages of the console and their files."""
    pages = APIRouter()
    templates = environment()
    for route in ROUTES:
        methods = [route.method, "HEAD"] if route.method == "GET" else [route.method]
        pages.add_api_route(route.path, _endpoint(app, templates, route), methods=methods, response_model=None)
    pages.add_api_route("/static/{name}", _static, methods=["GET", "HEAD"], response_model=None)
    return pages


def lost(app: App) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    """Return what answers a browser that looks for a page that does not exist."""
    return _endpoint(app, environment(), _LOST)


def environment() -> Environment:
    """Return the templates of the console: everything is escaped, a value that is missing is an error."""
    made = Environment(
        loader=FileSystemLoader(template_folder() / "console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(words.FILTERS)
    made.globals["version"] = __version__
    made.globals["sections"] = frozenset(route.path for route in ROUTES)
    return made


def _nowhere(_visit: Visit) -> Response:
    raise NotFound("There is no page at this address; the menu leads to those there are.")


_LOST = Route(method="GET", path="", act=None, serve=_nowhere, quiet=True)


def _endpoint(app: App, templates: Environment, route: Route) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    async def endpoint(request: Request) -> Response:
        return await shell.serve(app, templates, route, request)

    return endpoint


def _static(name: str) -> Response:
    if name not in FILES:
        return Response(status_code=404)
    headers = {"cache-control": "public, max-age=86400"}
    return FileResponse(STATIC / name, media_type=FILES[name], headers=headers)
