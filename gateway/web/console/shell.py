"""The shell around every page: session, cross-site check, permission, errors in words.  Pages know none of it.

A request that changes something is served only when the browser itself says that it comes from a page of ours
(`Sec-Fetch-Site`, else `Origin`); what says neither is no browser of today and is refused.  A GET changes nothing.
Source: HAZARDS AP-01 to AP-04, AP-10.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import urlsplit

import anyio.to_thread
from jinja2 import Environment
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from gateway.app import App
from gateway.config import Config
from gateway.desk import users
from gateway.errors import Conflict, GatewayError, InvalidInput, NotFound, Refused, Unavailable
from gateway.reasons import Reason
from gateway.web.console.permits import Act
from gateway.web.console.visit import Visit, with_query

SAFE = frozenset(("GET", "HEAD"))
MOST_FIELDS = 1000
_LOCAL_PATH = re.compile(r"/(?![/\\])[\x21-\x7e]*")

# The first class that fits decides; the words are those of the exception.
STATUS_OF: tuple[tuple[type[GatewayError], int], ...] = (
    (users.TooManyTries, 429),
    (NotFound, 404),
    (InvalidInput, 422),
    (Conflict, 409),
    (Refused, 409),
    (Unavailable, 503),
)
STATUS_OF_REASON = {Reason.NOT_SIGNED_IN: 401, Reason.NOT_PERMITTED: 403, Reason.TOO_LARGE: 413}


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One page.

    act: what the person needs, None for a page that is open to everybody.  quiet: does not count as use of the session.
    """

    method: str
    path: str
    act: Act | None
    serve: Callable[[Visit], Response]
    quiet: bool = False


async def serve(app: App, templates: Environment, route: Route, request: Request) -> Response:
    """Serve one request of a route."""
    nobody = Visit(app=app, templates=templates, request=request, form=FormData(), signed_in=None)
    if request.method not in SAFE:
        if not is_ours(request, app.config):
            return refused(
                nobody, Reason.NOT_PERMITTED, "This was asked for by another site, so nothing was done.", 403
            )
        nobody = replace(nobody, form=await request.form(max_files=5, max_fields=MOST_FIELDS))
    return await anyio.to_thread.run_sync(partial(answer, route, nobody))


def answer(route: Route, nobody: Visit) -> Response:
    """Find out who asks and whether they may, let the page answer, and put every error into words."""
    visit = nobody
    try:
        token = nobody.request.cookies.get(cookie_name(nobody.app.config), "")
        signed_in = users.session(nobody.services, token, quiet=route.quiet) if token else None
        visit = replace(nobody, signed_in=signed_in)
        if signed_in is not None:
            visit.request.state.who = f"user:{signed_in.user.id}"
        if route.act is not None and signed_in is None:
            return _sign_in_first(visit)
        if route.act is not None and not visit.may(route.act):
            return refused(visit, Reason.NOT_PERMITTED, f"Your role, {visit.user.role}, may not do this.", 403)
        return route.serve(visit)
    except GatewayError as error:
        return told(visit, error)


def told(visit: Visit, error: GatewayError) -> Response:
    """Answer with an error in words."""
    reason = error.reason if isinstance(error, Refused) else Reason.UNAVAILABLE
    return refused(visit, reason, str(error), status_of(error))


def status_of(error: GatewayError) -> int:
    """Return the HTTP status of an error."""
    status = next((status for kind, status in STATUS_OF if isinstance(error, kind)), 500)
    if isinstance(error, Refused) and status == 409 and not isinstance(error, Conflict):
        return STATUS_OF_REASON.get(error.reason, status)
    return status


def refused(visit: Visit, reason: Reason, words: str, status: int) -> Response:
    """Answer with a page that says what was refused and why."""
    response = visit.show("error.html", status=status, reason=reason, words=words, code=status)
    if status == 429:
        response.headers["retry-after"] = "5"
    return response


def is_ours(request: Request, config: Config) -> bool:
    """Say whether a request comes from a page of ours."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin", "")
    if config.web.public_origin:
        return origin == config.web.public_origin.rstrip("/")
    # Without a public origin the Host header is ours: the edge lets no other one through.
    return bool(origin) and urlsplit(origin).netloc == request.headers.get("host")


def cookie_name(config: Config) -> str:
    """Return the name of the session's cookie: bound to this host wherever the browser sees TLS."""
    return "__Host-gateway" if is_secure(config) else "gateway_session"


def is_secure(config: Config) -> bool:
    """Say whether browsers come over TLS."""
    return config.web.public_origin.startswith("https://")


def with_session(response: Response, token: str, config: Config) -> Response:
    """Hand a session to the browser; it ends with the browser, or by our limits."""
    response.set_cookie(cookie_name(config), token, path="/", secure=is_secure(config), httponly=True, samesite="lax")
    return response


def without_session(response: Response, config: Config) -> Response:
    """Take the session away from the browser."""
    response.delete_cookie(cookie_name(config), path="/", secure=is_secure(config), httponly=True, samesite="lax")
    return response


def local_path(wanted: str) -> str:
    """Return a path of ours to go on with, `/` for anything that leads elsewhere (AP-10)."""
    return wanted if len(wanted) < 2000 and _LOCAL_PATH.fullmatch(wanted) else "/"


def _sign_in_first(visit: Visit) -> Response:
    asked = visit.request.url
    back = f"{asked.path}?{asked.query}" if asked.query else asked.path
    page = with_query("/signin", {"next": local_path(back) if visit.request.method in SAFE else ""})
    if "application/json" in visit.request.headers.get("accept", ""):
        return JSONResponse({"reason": Reason.NOT_SIGNED_IN}, status_code=401)
    if visit.request.headers.get("hx-request"):
        # htmx would show the page of the redirect inside of this one.
        return Response(status_code=401, headers={"hx-redirect": page})
    if visit.request.method in SAFE:
        return RedirectResponse(page, status_code=303)
    return refused(visit, Reason.NOT_SIGNED_IN, "You are signed out.  Sign in, then do it again.", 401)
