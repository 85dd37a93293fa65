"""The OpenAPI document and the page that shows it to people; both are public and ask nothing of another host."""

import base64
import hashlib
import json
from functools import cached_property
from html import escape
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from starlette.responses import Response

from gateway import __version__
from gateway.app import App
from gateway.model import CaseType, Policy, TypePolicy
from gateway.reasons import SENTENCES
from gateway.web.api import bodies, shapes

PATHS = ("/openapi.json", "/docs")
INTRODUCTION = """Every call carries `Authorization: Bearer KEY`; `gateway token create --role ROLE` makes a key.
Errors are problem documents (RFC 9457) with a `reason` out of a closed list.  Lists are pages: give `next` back as
`cursor`.  A POST with an `Idempotency-Key` (1 to 255 visible characters) is carried out once, however often it is sent;
another body under the same key is refused (422).  `If-Match` with the ETag of a case or a queue item refuses (412) to
change what somebody else changed meanwhile.  Times are RFC 3339 in UTC, ids are strings, unknown fields and parameters
are refused (422)."""

STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c1f24;
background:#fff}h2{margin-top:3rem}article{border-top:1px solid #ccd2da;padding:1rem 0}code,pre{font:14px/1.45
ui-monospace,monospace}pre{background:#f3f5f8;padding:.75rem;overflow:auto}.method{font-weight:700;color:#0b5cad}
th{text-align:left}td,th{padding:.15rem 1rem .15rem 0;vertical-align:top}nav a{margin-right:1rem}
@media(prefers-color-scheme:dark){body{background:#15181c;color:#e4e7eb}pre{background:#20252b}.method{color:#6cb2f5}
a{color:#6cb2f5}article{border-color:#39414b}}"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
PAGE_POLICY = f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; frame-ancestors 'none'"


def router(app: App) -> APIRouter:
    """Return `/openapi.json` and `/docs`."""
    pages = APIRouter(include_in_schema=False)
    policy = app.services.policy

    @pages.get("/openapi.json")
    async def openapi_json(request: Request) -> Response:
        """Return the OpenAPI document."""
        return Response(_written(request.app, policy).as_json, media_type="application/json")

    @pages.get("/docs")
    async def docs(request: Request) -> Response:
        """Show the OpenAPI document to people."""
        page = _written(request.app, policy).as_page
        return Response(page, media_type="text/html", headers={"content-security-policy": PAGE_POLICY})

    return pages


def of(site: FastAPI, policy: Policy) -> dict[str, Any]:
    """Return the OpenAPI document of a site.  policy: whose profiles and product lines there are."""
    made = get_openapi(
        title="Case gateway", version=__version__, description=INTRODUCTION, routes=site.routes, openapi_version="3.1.0"
    )
    parts = made.setdefault("components", {})
    parts["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer", "description": "An API key."}}
    parts.setdefault("schemas", {})["Problem"] = shapes.Problem.model_json_schema()
    parts["schemas"] |= bodies.context_schemas()
    fields = parts["schemas"]["OpenCase"]["properties"]
    for name, words in (("profile", policy.profiles), ("product_line", policy.product_lines)):
        fields[name]["anyOf"] = [{"type": "string", "enum": ["", *sorted(words)]}, {"type": "null"}]
    taken = [type_ for type_ in CaseType if policy.types.get(type_, TypePolicy()).intake]
    fields["type"] = {"type": "string", "enum": taken, "default": CaseType.SUPPORT}
    # FastAPI's own shape of a 422, which never leaves.
    for unused in ("HTTPValidationError", "ValidationError"):
        parts["schemas"].pop(unused, None)
    made["security"] = [{"key": []}]
    return made


class _Document:
    """The document, written once."""

    def __init__(self, site: FastAPI, policy: Policy) -> None:
        self._site, self._policy = site, policy

    @cached_property
    def content(self) -> dict[str, Any]:
        return of(self._site, self._policy)

    @cached_property
    def as_json(self) -> bytes:
        return json.dumps(self.content, ensure_ascii=False).encode()

    @cached_property
    def as_page(self) -> bytes:
        return _page(self.content).encode()


def _written(site: FastAPI, policy: Policy) -> _Document:
    if not hasattr(site.state, "document"):
        site.state.document = _Document(site, policy)
    made: _Document = site.state.document
    return made


def _page(document: dict[str, Any]) -> str:
    calls = [
        (path, method.upper(), operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]
    tags = list(dict.fromkeys(operation["tags"][0] for _, _, operation in calls))
    parts = [f"<h1>{escape(document['info']['title'])} API {escape(document['info']['version'])}</h1>"]
    parts += [f"<p>{escape(INTRODUCTION)}</p><p><a href='openapi.json'>openapi.json</a></p>"]
    parts += ["<nav>", *(f"<a href='#{escape(tag)}'>{escape(tag)}</a>" for tag in (*tags, "reasons")), "</nav>"]
    for tag in tags:
        parts.append(f"<h2 id='{escape(tag)}'>{escape(tag)}</h2>")
        parts += [_article(document, *call) for call in calls if call[2]["tags"][0] == tag]
    rows = "".join(f"<tr><th><code>{r}</code></th><td>{escape(s)}</td></tr>" for r, s in SENTENCES.items())
    parts.append(f"<h2 id='reasons'>reasons</h2><table>{rows}</table>")
    head = f"<meta charset='utf-8'><meta name='viewport' content='width=device-width'><style>{STYLE}</style>"
    return f"<!doctype html><html lang='en'><head><title>API</title>{head}</head><body>{''.join(parts)}</body></html>"


def _article(document: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> str:
    said = escape(operation.get("description", operation.get("summary", "")))
    roles = escape(", ".join(operation.get("x-roles", ())))
    given = "".join(_parameter(one) for one in operation.get("parameters", ()))
    sent = _example(document, operation.get("requestBody", {}).get("content", {}))
    status, answer = next((s, a) for s, a in operation["responses"].items() if s.startswith("2"))
    got = _example(document, answer.get("content", {}))
    return (
        f"<article id='{escape(operation['operationId'])}'>"
        f"<h3><span class='method'>{method}</span> <code>{escape(path)}</code></h3><p>{said}</p>"
        f"<p>Roles: {roles}</p>"
        + (f"<table>{given}</table>" if given else "")
        + (f"<p>Send:</p><pre>{sent}</pre>" if sent else "")
        + f"<p>Answer {status}:</p><pre>{got}</pre></article>"
    )


def _parameter(parameter: dict[str, Any]) -> str:
    said = escape(parameter.get("description", parameter["schema"].get("description", "")))
    return f"<tr><th><code>{escape(parameter['name'])}</code></th><td>{parameter['in']}</td><td>{said}</td></tr>"


def _example(document: dict[str, Any], content: dict[str, Any]) -> str:
    for kind, told in content.items():
        schema = told.get("schema", {})
        name = next((one["$ref"] for one in (schema, *schema.get("anyOf", ())) if "$ref" in one), "").rpartition("/")[2]
        named = document["components"]["schemas"].get(name, {})
        example = told.get("example", named.get("example"))
        return escape(example if kind != "application/json" else json.dumps(example, indent=2, ensure_ascii=False))
    return ""
