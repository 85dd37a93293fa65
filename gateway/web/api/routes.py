"""How a route of the API is declared and how it answers: one decorator, one way to write JSON, one form of lists.

    @call(calls, app, "POST /cases/{number}/close", answers=CaseView)
    def close(number: str, body: bodies.Close, asked: Caller) -> Response: ...

A route whose row does not stand in `rules.permissions` cannot be declared.
"""

import json
from collections.abc import Callable, Sequence
from inspect import iscoroutinefunction
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from gateway.app import App
from gateway.model.views import CaseView, QueueItemView, to_json
from gateway.rules import permissions
from gateway.web.api import guard, shapes

Caller = Annotated[guard.Asked, Depends(guard.asked)]
Body = TypeVar("Body", bound=Callable[..., Any])

JSON = "application/json"
LARGEST_PAGE = 200
# What any call may answer; what belongs to a kind of call is added in `_problems`.
_ANY = {
    400: "The Host header, or the request itself, is malformed.",
    401: "There is no key, or it is unknown, revoked or expired.",
    403: "The role of the key lacks this call.",
    422: "A value, a field or a parameter cannot be used; `errors` names them.",
    429: "Too many calls; wait for the time in Retry-After.",
    503: "The database does not answer now; nothing was changed.",
}
_NAMED = {404: "There is nothing with this id, or the key does not see it."}
_CHANGING = {
    404: "What the call names does not exist, or the key does not see it.",
    409: "The rules of the process refuse, or somebody was faster; `reason` says which.",
    412: "It no longer has the ETag that If-Match names.",
    413: "The body is too large.",
    415: "The body is not application/json.",
}


CURSOR = "`next` of the page before; empty for the first page."


class Paging(BaseModel):
    """Where in a list, and how much of it."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(50, ge=1, le=LARGEST_PAGE, description="How many at most.")
    cursor: str = Field("", pattern=r"^[0-9]{0,18}$", description=CURSOR)


def call(
    calls: APIRouter,
    app: App,
    row: str,
    *,
    answers: type[Any] | None,
    status: int = 200,
    page: bool = False,
    keeps: bool = True,
    content: dict[str, Any] | None = None,
    kind: type[Response] = JSONResponse,
) -> Callable[[Body], Body]:
    """Declare a route.

    row: its row in `rules.permissions`.  answers: the view that it returns.  page: a list of them.  keeps: the answer
    may be kept for repetitions; False where it holds a secret.  content, kind: in place of `answers`, as OpenAPI
    writes it, and the class whose media type it has.
    """
    if row not in permissions.CALLS:
        raise LookupError(f"{row} has no row in rules/permissions.py")
    method, path = row.split(" ")
    view: Any = answers
    model = None if answers is None else (shapes.page(view) if page else shapes.shape(view))
    good: dict[str, Any] = {"description": "Done."} | ({"model": model} if model else {"content": content or {}})
    guarded = type("Guarded", (guard.GuardedRoute,), {"gateway": app, "row": row, "keeps": keeps})

    def declare(body: Body) -> Body:
        calls.add_api_route(
            path,
            body if iscoroutinefunction(body) else guard.behind(body),
            methods=[method],
            status_code=status,
            response_model=None,
            response_class=kind,
            responses={status: good, **_problems(method, path)},
            route_class_override=guarded,
            operation_id=body.__name__,
            openapi_extra={"x-roles": sorted(permissions.CALLS[row])},
        )
        return body

    return declare


def reply(view: Any, *, status: int = 200) -> Response:
    """Answer with a view; what has a version carries it as its ETag."""
    headers = {"etag": f'"{view.version}"'} if isinstance(view, CaseView | QueueItemView) else {}
    return written(to_json(view), status=status, headers=headers)


def written(value: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Answer with JSON."""
    content = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return Response(content, status_code=status, headers=headers, media_type=JSON)


def listed(views: Sequence[Any], paging: Paging, key: Callable[[Any], Any] = lambda view: view.id) -> Response:
    """Answer with one page.  views: up to one more than the page holds.  key: of an item, the cursor behind it."""
    shown = views[: paging.limit]
    more = len(views) > paging.limit
    return written({"items": to_json(shown), "next": str(key(shown[-1])) if more else None})


def behind_id(paging: Paging) -> int:
    """Return the id behind which a page begins, 0 for the first page."""
    return int(paging.cursor or 0)


def _problems(method: str, path: str) -> dict[int | str, dict[str, Any]]:
    documented = {
        **_ANY,
        **(_NAMED if "{" in path or method == "GET" else {}),
        **({} if method == "GET" else _CHANGING),
    }
    return {
        status: {"description": sentence, "content": {"application/problem+json": {"schema": _PROBLEM}}}
        for status, sentence in sorted(documented.items())
    }


_PROBLEM = {"$ref": "#/components/schemas/Problem"}
