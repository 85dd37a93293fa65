"""One Chromium, one server and one furnished gateway for all browser tests of a worker."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from gateway import app
from gateway.clock import FixedClock
from gateway.desk import mails, queue
from gateway.model import Envelope, Source
from gateway.model.views import QueueItemView
from gateway.services import Services
from gateway.web.server import WebServer
from tests import servers
from tests.browser import scene
from tests.conftest import needed
from tests.services import program

PEOPLE = {"admin": scene.ADMIN, "agent": scene.AGENT, "queue": "quinn@example.com", "viewer": "vera@example.com"}
UMA = "Uma Bell <uma@example.net>"
# How long a browser may take for one step; only reached when something is broken.
STEP_MS = 60_000
expect.set_options(timeout=STEP_MS)


@dataclass
class House:
    """A served gateway.  strangers: what pages asked of other hosts; must stay empty."""

    app: app.App
    url: str
    numbers: int = 0
    strangers: list[str] = field(default_factory=list)

    @property
    def services(self) -> Services:
        """Return what the desk is called with."""
        return self.app.services

    def mail(
        self, text: str, *, sender: str = "Uma Bell <uma@example.net>", subject: str = "", **how: Any
    ) -> QueueItemView:
        """Let a mail come in that ends in the queue, and return its item."""
        self.numbers += 1
        written = scene.written(
            sender, subject or f"Mail number {self.numbers}", f"{text}\n\nmail {self.numbers}", **how
        )
        return self.raw(written.as_bytes())

    def raw(self, content: bytes) -> QueueItemView:
        """Let these bytes come in, and return the item of the queue that they became."""
        spooled = self.app.ingest(
            content, Envelope(mail_from="uma@example.net", rcpt_tos=(scene.CARE,), source=Source.SMTP)
        )
        self.app.process_mail()
        assert mails.show(self.services, str(spooled.id)).disposition == "queued"
        return next(one for one in queue.find(self.services, limit=10_000) if one.mail_id == str(spooled.id))


@pytest.fixture(scope="session")
def house(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Return the furnished gateway, served."""
    folder = tmp_path_factory.mktemp("house")
    (folder / "gateway.db").write_bytes(sqlite_template.read_bytes())
    clock = FixedClock(scene.MONDAY)
    with scene.build(f"sqlite:///{folder / 'gateway.db'}", folder, clock) as built:
        for role, email in PEOPLE.items():
            scene.person(built.services, email, role)
        scene.furnish(built, clock)
        server = WebServer(built)
        server.start()
        yield House(built, f"http://127.0.0.1:{server.port}")
        server.stop()


# Not for the session: while the driver runs, no other test of this process could run an event loop of its own.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Return the browser."""
    with needed():
        path = program("chromium")
        if path is None:
            raise servers.ServiceMissing("Chromium")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def signed_in(chromium: Browser, house: House) -> Callable[[str], dict[str, Any]]:
    """Return a function that gives the cookies of somebody who signed in by the page, once for each role."""
    states: dict[str, Any] = {}

    def state(role: str) -> dict[str, Any]:
        if role not in states:
            context = chromium.new_context()
            page = context.new_page()
            page.set_default_timeout(STEP_MS)
            page.goto(f"{house.url}/signin")
            page.fill("[name=email]", PEOPLE[role])
            page.fill("[name=password]", scene.PASSWORD)
            page.click("button[type=submit]")
            page.wait_for_url("**/queue")
            states[role] = context.storage_state()
            context.close()
        return states[role]

    return state


@pytest.fixture
def visit(chromium: Browser, house: House, signed_in: Callable[[str], dict[str, Any]]) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a page as somebody, "" as nobody; what it asks of other hosts is noted."""
    contexts: list[BrowserContext] = []

    def visit(path: str, *, role: str = "admin", **how: Any) -> Page:
        state = {"storage_state": signed_in(role)} if role else {}
        context = chromium.new_context(base_url=house.url, **state, **how)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(STEP_MS)
        page.add_init_script(
            "window.__violations = []; document.addEventListener('securitypolicyviolation',"
            " (e) => window.__violations.push(e.effectiveDirective + ' ' + e.blockedURI));"
        )
        context.on("request", lambda request: _stranger(house, request.url))
        page.goto(path)
        return page

    yield visit
    for context in contexts:
        context.close()


def _stranger(house: House, url: str) -> None:
    if not url.startswith((house.url, "data:", "about:")):
        house.strangers.append(url)
