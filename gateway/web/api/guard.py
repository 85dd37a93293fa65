"""What happens to every call before and after its route: who calls, what is repeated, what is kept.

    recognise the key > may its role > does it see what the path names > was this call carried out before > the route

The order is fixed: nobody without a key learns anything, not even that a body is wrong.  A route gets an `Asked` and
calls `desk` with `asked.services`; whatever is special about the request stands in there.  Source: CONTRACT 4.
"""

import hashlib
import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
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


async def asked(request: Request) -> Asked:
    """Return what the guard found out; it ran before the route."""
    found: Asked = request.state.asked
    return found


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
            let_in, kept = await run_in_threadpool(self._admit, request, body)
            if kept is not None:
                return _again(kept)
            request.state.asked = let_in
            answer = await serve(strict_json.StrictRequest(request, body))
            if let_in.repeatable is not None:
                await run_in_threadpool(_keep, let_in.repeatable, answer, self.keeps)
            return answer

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

    def _admit(self, request: Request, body: bytes) -> tuple[Asked, repeats.Kept | None]:
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
