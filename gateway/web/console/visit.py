"""One request of a person's browser, as pages see it: who asks, what for, and how to answer.

A page is a function of a Visit that returns a response.  It calls `desk`, and holds no rule of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gateway.app import App
from gateway.desk.users import SignedIn
from gateway.model.desk_views import UserView
from gateway.services import Services
from gateway.web.console import permits
from gateway.web.console.permits import Act
from gateway.web.edge import SECURITY

VALUE_LENGTH = 1_000_000
# As every page of the site, and a frame of ours for the HTML of mails.
POLICY = f"{SECURITY['content-security-policy']}; frame-src 'self'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What a page is handed.  form: empty unless something was sent."""

    app: App
    templates: Environment
    request: Request
    form: FormData
    signed_in: SignedIn | None

    @property
    def services(self) -> Services:
        """Return what desk functions need, for who asks."""
        actor = f"user:{self.signed_in.user.id}" if self.signed_in is not None else "console"
        return self.app.services.acting(actor, self.peer)

    @property
    def user(self) -> UserView:
        """Return who asks.  Only for pages that need somebody."""
        assert self.signed_in is not None
        return self.signed_in.user

    @property
    def by(self) -> str:
        """Return the address under which what this person does is recorded."""
        return self.user.email

    @property
    def peer(self) -> str:
        """Return the address of the browser."""
        return self.request.client.host if self.request.client else ""

    @property
    def agent(self) -> str:
        """Return what the browser calls itself."""
        return self.request.headers.get("user-agent", "")

    def may(self, act: Act) -> bool:
        """Say whether this person has an act."""
        return self.signed_in is not None and permits.may(self.signed_in.user.role, act)

    def path(self, name: str) -> str:
        """Return a part of the path, for example the id of `/mails/{id}`."""
        return str(self.request.path_params[name])

    def asked(self, name: str, default: str = "") -> str:
        """Return a value of the query."""
        return self.request.query_params.get(name, default)[:VALUE_LENGTH]

    def sent(self, name: str, default: str = "") -> str:
        """Return a value of the form."""
        value = self.form.get(name, default)
        return value.replace("\r\n", "\n").strip()[:VALUE_LENGTH] if isinstance(value, str) else default

    def all_sent(self, name: str) -> list[str]:
        """Return all values of a name of the form."""
        return [value for value in self.form.getlist(name) if isinstance(value, str)]

    def file(self, name: str) -> bytes:
        """Return an uploaded file, b"" for none."""
        value = self.form.get(name)
        return value.file.read() if isinstance(value, UploadFile) else b""

    def wants(self, part: str) -> bool:
        """Say whether only this part of the page is asked for (by htmx)."""
        return self.request.headers.get("hx-target") == part

    def show(self, template: str, *, status: int = 200, **values: Any) -> Response:
        """Answer with a page."""
        page = self.templates.get_template(template).render(visit=self, Act=Act, **values)
        return HTMLResponse(page, status_code=status, headers={"vary": "HX-Target", "content-security-policy": POLICY})

    def go(self, path: str, query: Mapping[str, str] | None = None) -> Response:
        """Send the browser to another page, which it GETs."""
        return RedirectResponse(with_query(path, query or {}), status_code=303)


def with_query(path: str, query: Mapping[str, object]) -> str:
    """Return a path with a query; empty values are left out."""
    asked = urlencode({name: value for name, value in query.items() if value not in ("", None)})
    return f"{path}?{asked}" if asked else path
