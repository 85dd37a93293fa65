"""Errors as problem documents: one table from what was raised to the HTTP status, `reason` is our closed enum.

What a document says is written by us: it repeats no input, no path of a file and no word of an exception that we did
not raise ourselves.  Source: RFC 9457, CONTRACT 4 of the product.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Match

from gateway.errors import Conflict, GatewayError, InvalidInput, NotFound, Refused, Stale, Unavailable
from gateway.reasons import Reason

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 5

# The first class that fits decides.
STATUS_OF: tuple[tuple[type[GatewayError], int], ...] = (
    (NotFound, 404),
    (Stale, 412),
    (InvalidInput, 422),
    (Conflict, 409),
    (Refused, 409),
    (Unavailable, 503),
)
# Refusals that are about the input or the caller, whatever class carries them.
STATUS_OF_REASON: Mapping[Reason, int] = {
    Reason.NOT_SIGNED_IN: 401,
    Reason.NOT_PERMITTED: 403,
    Reason.SUBJECT_TOO_LONG: 422,
    Reason.INVALID_RECIPIENT: 422,
    Reason.IDEMPOTENCY_KEY_REUSED: 422,
}
_REASON_OF_STATUS: Mapping[int, Reason] = {
    401: Reason.NOT_SIGNED_IN,
    403: Reason.NOT_PERMITTED,
    404: Reason.NOT_FOUND,
    413: Reason.TOO_LARGE,
    429: Reason.RATE_LIMITED,
    500: Reason.FAILED,
    503: Reason.UNAVAILABLE,
}


class Problem(Refused):
    """An answer of the HTTP edge itself, with the status and headers that belong to it."""

    def __init__(self, status: int, reason: Reason, message: str = "", headers: Mapping[str, str] | None = None):
        super().__init__(reason, message)
        self.status = status
        self.headers = dict(headers or {})


def register(site: FastAPI, lost: Callable[[Request], Awaitable[Response]]) -> None:
    """Let every error of the site leave as a problem document.

    lost: answers a browser that looks for a page that does not exist.
    """

    async def handle(request: Request, error: Exception) -> Response:
        made = answer(error)
        if made.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            # Each route knows its own method only; a path may have several.
            made.headers["allow"] = ", ".join(_allowed(request))
        missing = made.status_code == HTTPStatus.NOT_FOUND and isinstance(error, HTTPException)
        return await lost(request) if missing and _is_a_person(request) else made

    for kind in (GatewayError, HTTPException, RequestValidationError):
        site.add_exception_handler(kind, handle)


def answer(error: Exception) -> Response:
    """Return the problem document of an error; one that we do not know says nothing of itself."""
    match error:
        case Problem():
            return document(error.status, error.reason, str(error), headers=error.headers)
        case Refused():
            return document(_status(error), error.reason, str(error))
        case Unavailable():
            return document(503, Reason.UNAVAILABLE, str(error), headers={"Retry-After": str(RETRY_SECONDS)})
        case RequestValidationError():
            return document(422, Reason.INVALID_INPUT, _sentence(error.errors()), errors=_faults(error.errors()))
        case HTTPException():
            reason = _REASON_OF_STATUS.get(error.status_code, Reason.INVALID_INPUT)
            detail = "" if error.detail == HTTPStatus(error.status_code).phrase else str(error.detail)
            return document(error.status_code, reason, detail, headers=error.headers)
        case _:
            return document(500, Reason.FAILED)


def document(
    status: int,
    reason: Reason,
    detail: str = "",
    *,
    headers: Mapping[str, str] | None = None,
    errors: Sequence[Mapping[str, str]] = (),
) -> Response:
    """Return a problem document.  detail: the sentence for this occurrence; the reason's own when left out."""
    body: dict[str, Any] = {
        "type": f"urn:case-gateway:reason:{reason}",
        "title": reason.sentence,
        "status": status,
        "detail": detail or reason.sentence,
        "reason": reason.value,
    }
    if errors:
        body["errors"] = list(errors)
    own = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else {}
    return JSONResponse(body, status_code=status, headers={**own, **(headers or {})}, media_type=MEDIA_TYPE)


def _is_a_person(request: Request) -> bool:
    """Say whether a browser shows the answer to somebody: programs ask below `/api`, or for no page."""
    page = request.method in ("GET", "HEAD") and "text/html" in request.headers.get("accept", "")
    return page and not request.scope["path"].startswith("/api/")


def _allowed(request: Request) -> list[str]:
    tried = {
        method: {**request.scope, "method": method} for method in ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
    }
    routes = request.app.routes
    return [m for m, scope in tried.items() if any(route.matches(scope)[0] is Match.FULL for route in routes)]


def _status(error: Refused) -> int:
    if error.reason in STATUS_OF_REASON and not isinstance(error, NotFound | Conflict):
        return STATUS_OF_REASON[error.reason]
    return next(status for kind, status in STATUS_OF if isinstance(error, kind))


def _faults(errors: Sequence[Any]) -> list[dict[str, str]]:
    """Return where each fault is and what is wrong; never what was given, which may be a secret."""
    return [{"field": ".".join(str(part) for part in e["loc"]), "message": str(e["msg"])} for e in errors]


def _sentence(errors: Sequence[Any]) -> str:
    first = _faults(errors)[0]
    return f"{first['field']}: {first['message']}."
