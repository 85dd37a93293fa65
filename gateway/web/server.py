"""The role `web`: uvicorn in a thread of this process, on a socket that is bound before anything is promised.

uvicorn takes over no signal and writes no log of its own: `gateway serve` decides when to stop, `maillog` says what
happened.
"""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from gateway import maillog
from gateway.app import App
from gateway.errors import ConfigError, Unavailable
from gateway.web import app as site

BACKLOG = 128
KEEP_ALIVE_SECONDS = 30
# How long calls that are being served may take to end at a stop; long polls end at once.
GRACE_SECONDS = 5
START_SECONDS = 30


class WebServer:
    """Serves the site of an app.  `start` returns when the port answers; `stop` when the last call has ended."""

    def __init__(self, app: App) -> None:
        settings = app.config.web
        self._site = site.create(app)
        self._socket = _bound(settings.host, settings.port)
        self._server = _Server(
            uvicorn.Config(
                self._site,
                http="h11",
                loop="asyncio",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=bool(settings.trusted_proxies),
                forwarded_allow_ips=list(settings.trusted_proxies),
                backlog=BACKLOG,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)
        self._up = threading.Event()

    @property
    def port(self) -> int:
        """Return the port that the server really has."""
        port: int = self._socket.getsockname()[1]
        return port

    def start(self) -> None:
        """Serve.  Raises Unavailable when the server does not come up."""
        self._server.on_started = self._up.set
        self._thread.start()
        if not self._up.wait(START_SECONDS) or not self._server.started:
            raise Unavailable("The web server did not start; its log says why.")
        maillog.web_listening(host=self._socket.getsockname()[0], port=self.port)

    def stop(self) -> None:
        """Take no more calls, let those that run end, and return."""
        self._site.state.stopping = True
        self._server.should_exit = True
        self._thread.join(GRACE_SECONDS * 2)
        self._socket.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._server.serve(sockets=[self._socket]))
        finally:
            # Whoever waits for the start learns at once that there will be none.
            self._up.set()


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: they would take SIGTERM away from `gateway serve`."""

    on_started = staticmethod(lambda: None)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave all signals alone."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, then say so."""
        await super().startup(sockets=sockets)
        self.on_started()


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        bound = socket.create_server((host, port), family=family, backlog=BACKLOG)
        # What is accepted inherits it.  asyncio would set it only for sockets that were made with IPPROTO_TCP; without
        # it each answer waits 40 ms for the acknowledgement of its own headers.
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return bound
    except OSError as error:
        raise ConfigError(
            f"The web server cannot listen on {host}:{port} ({error.strerror}); change web.host or web.port."
        ) from None
