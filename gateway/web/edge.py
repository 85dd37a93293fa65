"""The outermost layer of every call: who is called, how much is taken in, which headers leave, and the log.

Whatever breaks inside ends here as a problem document without details.  A call whose Host header is not ours is
refused: a browser that was sent here by somebody else's name server may not talk to us (AP-10).
"""

import ipaddress
import re
import secrets
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway import maillog
from gateway.clock import monotonic_seconds
from gateway.config import Config
from gateway.errors import GatewayError
from gateway.reasons import Reason
from gateway.web import problems

MAX_BODY_BYTES = 4_194_304
REQUEST_ID = "x-request-id"
# The pages of operation are asked for under any name that a monitoring system has for this machine.
ANY_HOST = frozenset({"/healthz", "/readyz", "/metrics"})

_REQUEST_ID_FORM = re.compile(r"[A-Za-z0-9._-]{1,64}")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# What a route sets itself stays as it is.
SECURITY = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
_HEADERS = [(name.encode(), value.encode()) for name, value in SECURITY.items()]


class Edge:
    """Wraps the site; one instance serves all calls."""

    def __init__(self, app: ASGIApp, config: Config) -> None:
        self._app = app
        self._hosts = _own_hosts(config)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call; anything but HTTP is handed on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        call = _Call(scope, receive, send)
        with maillog.request(call.id):
            try:
                if scope["path"] not in ANY_HOST and not self._is_ours(call.header(b"host")):
                    raise HTTPException(400, "The Host header names somebody else; set web.allowed_hosts.")
                await self._app(scope, call.receive, call.send)
            except Exception as error:
                await call.fail(error)
            call.log()

    def _is_ours(self, host: str) -> bool:
        name = _named(host)
        return bool(name) and (name in self._hosts or _is_address(name))


class _Call:
    """One call under way: counts what comes in, adds headers to what goes out, remembers the status."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._began = monotonic_seconds()
        self._taken = 0
        self._status = 0
        given = self.header(REQUEST_ID.encode())
        self.id = given if _REQUEST_ID_FORM.fullmatch(given) else secrets.token_hex(8)

    def header(self, name: bytes) -> str:
        """Return a header of the request, "" when it was not sent."""
        return next((value.decode("latin-1") for key, value in self._scope["headers"] if key == name), "")

    async def receive(self) -> Message:
        """Hand on the next part of the body, up to MAX_BODY_BYTES in all."""
        declared = self.header(b"content-length")
        if declared.isascii() and declared.isdigit() and (len(declared) > 12 or int(declared) > MAX_BODY_BYTES):
            raise _too_large()
        message = await self._receive()
        if message["type"] == "http.request":
            self._taken += len(message.get("body", b""))
            if self._taken > MAX_BODY_BYTES:
                raise _too_large()
        return message

    async def send(self, message: Message) -> None:
        """Hand on a part of the answer, with our headers on its first."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = list(message.get("headers", ()))
            names = {name.lower() for name, _ in headers}
            headers += [header for header in _HEADERS if header[0] not in names]
            headers.append((REQUEST_ID.encode(), self.id.encode()))
            message = {**message, "headers": headers}
        await self._send(message)

    async def fail(self, error: Exception) -> None:
        """Answer for what nobody else answered for; once an answer has begun, the connection is cut instead."""
        if not isinstance(error, GatewayError | HTTPException):
            maillog.web_failed(error)
        if self._status:
            raise ConnectionAbortedError from error
        await problems.answer(error)(self._scope, self._receive, self.send)

    def log(self) -> None:
        """Say what was called and how it ended."""
        route = self._scope.get("route")
        maillog.web_answered(
            method=self._scope["method"],
            route=getattr(route, "path", None) or "-",
            status=self._status,
            seconds=monotonic_seconds() - self._began,
            who=self._scope.get("state", {}).get("who", ""),
        )


def _too_large() -> GatewayError:
    return problems.Problem(413, Reason.TOO_LARGE, f"A body may have {MAX_BODY_BYTES} bytes.")


def _own_hosts(config: Config) -> frozenset[str]:
    urls = (config.web.public_origin, config.gateway.base_url)
    named = {urlsplit(url).hostname or "" for url in urls} | {config.web.host, *config.web.allowed_hosts}
    return frozenset({name.lower() for name in named if name} | {"localhost"})


def _named(host: str) -> str:
    """Return the name in a Host header, "" for what is none."""
    try:
        return urlsplit(f"//{host}").hostname or "" if host.isascii() and not set(host) & set("/?#@\\") else ""
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    """Say whether a host is written as an address, which no name server can point elsewhere."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
