"""What happens to every call before and after its route: who calls, what is repeated, what is kept.

    recognise the key > may its role > does it see what the path names > was this call carried out before > the route

The order is fixed: nobody without a key learns anything, not even that a body is wrong.  All of it happens in the one
thread that serves the call; only where the request is malformed, or waits, is the guard asked beforehand.  A route gets
an `Asked` and calls `desk` with `asked.services`; whatever is special about the request stands in there.
Source: CONTRACT 4.
"""

import hashlib
import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response

from gateway.app import App
from gateway.desk import access, repeats
from gateway.errors import InvalidInput, Refused
from gateway.reasons import Reason
from gateway.services import Asking, Services
from gateway.web import strict_json
from gateway.web.limits import Limits
from gateway.web.problems import Problem

_BEARER = re.compile(r"bearer +(\S+) *", re.IGNORECASE)
_WORD = re.compile(r"[\x21-\x7e]{1,255}")
_TAG = re.compile(r'\s*(?P<weak>W/)?"(?P<tag>[\x21\x23-\x7e]*)"\s*(?:,|$)')
# A longer body is read as JSON only for who was let in.
READ_FOR_ANYBODY = 65_536
# What a repetition gets of the first answer's headers.
_KEPT_HEADERS = ("content-type", "etag", "location")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A call that was let in.  services: what `desk` is called with.  repeatable: it came with an Idempotency-Key."""

    caller: access.Caller
    services: Services
    repeatable: repeats.Repeatable | None = None

    def by(self, given: str | None = None) -> str:
        """Return in whose name something is done: who was named, else who calls."""
        return given or self.caller.name


async def asked(request: Request) -> Any:
    """Return what the guard found out, for a route that waits; for one in a thread, the `Entry` that `behind` opens."""
    entry: Entry = request.state.entry
    return entry if entry.in_thread else entry.enter()


class Entry:
    """One call at the door.  `enter` lets it in or raises; that is asked once, in the thread that serves the call."""

    def __init__(self, route: "GuardedRoute", request: Request, body: bytes) -> None:
        self._route, self._request, self._body = route, request, body
        self._let_in: Asked | None = None
        self._kept: repeats.Kept | None = None
        self.in_thread = not iscoroutinefunction(route.endpoint)

    def enter(self) -> Asked:
        """Return the call as it was let in."""
        if self._let_in is None:
            self._let_in, self._kept = self._route.admit(self._request, self._body)
        return self._let_in

    def serve(self, answer: Callable[[Asked], Response]) -> Response:
        """Return the answer of a call: that of the first one for a repetition, else that of the route."""
        let_in = self.enter()
        if self._kept is not None:
            return _again(self._kept)
        made = answer(let_in)
        if let_in.repeatable is not None:
            _keep(let_in.repeatable, made, self._route.keeps)
        return made


def behind(route: Callable[..., Response]) -> Callable[..., Response]:
    """Return a route that is served in a thread, with the guard in front of it in the same thread."""

    @wraps(route)
    def guarded(*, asked: Entry, **values: Any) -> Response:
        return asked.serve(lambda let_in: route(asked=let_in, **values))

    return guarded


class GuardedRoute(APIRoute):
    """A route of the API.  row: its row in `rules.permissions`.  keeps: its answer may be kept for a repetition."""

    gateway: App
    row: str
    keeps: bool

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the route with the guard in front of it."""
        serve = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            body = await request.body()
            entry = request.state.entry = Entry(self, request, body)
            if not entry.in_thread or len(body) > READ_FOR_ANYBODY:
                await run_in_threadpool(entry.enter)
            try:
                return await serve(strict_json.StrictRequest(request, body))
            except (RequestValidationError, HTTPException):
                # Whoever is not let in does not learn what is wrong with the request.
                await run_in_threadpool(entry.enter)
                raise

        return guarded

    def _recognise(self, request: Request, services: Services) -> access.Caller:
        peer = request.client.host if request.client else ""
        limits: Limits = request.app.state.limits
        limits.strangers.check(peer)
        try:
            secret = _secret(request)
            # Before anything is asked of the database: a key that is refused call after call is slowed down, too.
            limits.keys.take(hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest())
            return access.admit(services, secret, self.row, request.path_params)
        except Refused as refused:
            if refused.reason is Reason.NOT_SIGNED_IN:
                limits.strangers.take(peer)
            raise

    def admit(self, request: Request, body: bytes) -> tuple[Asked, repeats.Kept | None]:
        """Let a call in; with the answer that it got before, where it repeats another."""
        strict_json.check_texts([*request.path_params.values(), *request.query_params.values()])
        peer = request.client.host if request.client else ""
        services = self.gateway.services.acting("api", peer)
        caller = self._recognise(request, services)
        request.state.who = f"key:{caller.key_id}"
        services = services.acting(f"key:{caller.key_id}", peer)
        _check_content_type(request, body)
        special = replace(services, asking=Asking(only_of_key=caller.only_of_key, match=_match(request)))
        word = request.headers.get("idempotency-key") if request.method == "POST" else None
        if word is None:
            return Asked(caller=caller, services=special), None
        if not _WORD.fullmatch(word):
            raise InvalidInput("An Idempotency-Key has 1 to 255 visible ASCII characters.")
        repeatable = repeats.Repeatable(
            services=services, key_id=caller.key_id, word=word, fingerprint=_fingerprint(request, body)
        )
        let_in = Asked(caller=caller, services=repeatable.once(special), repeatable=repeatable)
        return let_in, repeatable.earlier()


def _secret(request: Request) -> str:
    found = _BEARER.fullmatch(request.headers.get("authorization", ""))
    if found is None:
        raise Refused(Reason.NOT_SIGNED_IN)
    return found[1]


def _check_content_type(request: Request, body: bytes) -> None:
    """Take JSON only: a form of another site's page cannot send that (AP-03)."""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and request.method != "GET" and given != "application/json":
        raise Problem(415, Reason.INVALID_INPUT, "Send application/json.")


def _match(request: Request) -> frozenset[str] | None:
    """Return the versions that `If-Match` names, None for any.  Weak ones match nothing (RFC 9110 13.1.1)."""
    given = request.headers.get("if-match", "*").strip()
    if given == "*":
        return None
    tags, position = set(), 0
    while position < len(given):
        found = _TAG.match(given, position)
        if found is None:
            raise InvalidInput('If-Match is written like "7", with the quotes of the ETag.')
        tags |= set() if found["weak"] else {found["tag"]}
        position = found.end()
    return frozenset(tags)


def _fingerprint(request: Request, body: bytes) -> str:
    asked_for = f"{request.method} {request.scope['path']}?{request.url.query}\n".encode() + body
    return hashlib.sha256(asked_for).hexdigest()


def _again(kept: repeats.Kept) -> Response:
    return Response(kept.body, status_code=kept.status, headers={**kept.headers, "idempotency-replayed": "true"})


def _keep(repeatable: repeats.Repeatable, answer: Response, keeps: bool) -> None:
    if keeps and answer.status_code < 300:
        headers = {name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers}
        body = bytes(answer.body).decode("utf-8")
        repeatable.keep(status=answer.status_code, headers=headers, body=body)
