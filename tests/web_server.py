"""A real web server for tests: the site of an app on a socket of 127.0.0.1, and a client for it.

def test_something(web: Web) -> None:
    agent = web.key("agent")
    assert web.get("/cases", key=agent).status_code == 200
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from gateway import app, config
from gateway.clock import FixedClock
from gateway.desk import access
from gateway.services import Services
from gateway.web.server import WebServer
from tests.fixtures import world

SECONDS = 60


@dataclass
class Web:
    """One server.  client: speaks to it; `client.base_url` is where it is."""

    app: app.App
    clock: FixedClock
    client: httpx2.Client
    keys: dict[str, str] = field(default_factory=dict)

    @property
    def services(self) -> Services:
        """Return what the desk is called with."""
        return self.app.services

    @property
    def url(self) -> str:
        """Return where the server is, without a slash at the end."""
        return str(self.client.base_url).rstrip("/")

    def key(self, role: str) -> str:
        """Return the key of a role, made at its first use."""
        if role not in self.keys:
            self.keys[role] = access.create_key(self.services, role=role, name=f"the {role} of the tests")[1]
        return self.keys[role]

    def call(self, method: str, path: str, *, key: str = "", **how: Any) -> httpx2.Response:
        """Call the API with a key; path: behind `/api/v1`."""
        headers = {**({"Authorization": f"Bearer {key}"} if key else {}), **how.pop("headers", {})}
        return self.client.request(method, f"/api/v1{path}", headers=headers, **how)

    def get(self, path: str, *, key: str = "", **how: Any) -> httpx2.Response:
        """GET a path of the API."""
        return self.call("GET", path, key=key, **how)

    def post(self, path: str, body: Any = None, *, key: str = "", **how: Any) -> httpx2.Response:
        """POST JSON to a path of the API."""
        return self.call("POST", path, key=key, json={} if body is None else body, **how)


@contextmanager
def running(url: str, folder: Path, **overrides: Any) -> Iterator[Web]:
    """Serve an app on a migrated database; overrides: sections of the settings."""
    clock = FixedClock(world.RECEIVED_AT)
    ours = {"data_dir": folder, "care_address": world.CARE, "organisation": world.ORGANISATION}
    sections: dict[str, Any] = {"gateway": ours, "database": {"url": url}, "web": {"port": 0}}
    for name, section in overrides.items():
        sections[name] = {**sections.get(name, {}), **section}
    with app.build(config.load(None, **sections), clock=clock) as built, serving(built) as client:
        yield Web(built, clock, client)


@contextmanager
def serving(built: app.App) -> Iterator[httpx2.Client]:
    """Serve the site of an app that there is already, and give a client for it."""
    server = WebServer(built)
    server.start()
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=SECONDS, trust_env=False) as client:
            yield client
    finally:
        server.stop()
