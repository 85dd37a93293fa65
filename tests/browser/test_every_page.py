"""Every page: no serious accessibility problem, nothing asked of another host, no breach of the content policy."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from gateway.desk import users
from gateway.web import console
from tests.browser import pages, scene
from tests.browser.conftest import House

Visit = Callable[..., Page]
AXE = Path(__file__).parent / "vendor" / "axe-4.14.1.min.js"
RUN = "() => axe.run(document, {resultTypes: ['violations'], iframes: false})"
SERIOUS = ("serious", "critical")
# Whatever the scheme, the words are the same; colours are looked at where there are the most of them.
IN_THE_DARK = ("/queue/{item}", "/cases/{case}", "/overview", "/outbox", "/admin/people", "/whatif")


def test_every_route_that_is_a_page_is_looked_at(house: House) -> None:
    routes = [(route.method, route.path) for route in console.ROUTES]
    assert pages.routes_without_page(routes, pages.addresses(house.services)) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_accessibility_problem(house: House, visit: Visit, scheme: str) -> None:
    """Checked by axe-core; keyboard, names, contrast."""
    found = pages.addresses(house.services)
    wanted = found if scheme == "light" else {name: found[name] for name in IN_THE_DARK}
    page = visit("/account", color_scheme=scheme)
    assert [fault for name, path in wanted.items() for fault in faults(page, name, f"{house.url}{path}")] == []


def test_the_door_has_no_serious_accessibility_problem(house: House, visit: Visit) -> None:
    _, link = users.add(house.services, email="door@example.net", role="viewer")
    page = visit("/signin", role="")
    found = [fault for path in ("/signin", link) for fault in faults(page, path, f"{house.url}{path}")]
    page.fill("[name=password]", scene.PASSWORD)
    page.fill("[name=again]", scene.PASSWORD)
    page.get_by_role("button", name="Begin").click()
    page.wait_for_url("**/queue")
    assert found == []


def faults(page: Page, name: str, address: str) -> list[tuple[str, ...]]:
    """Open a page and return what axe finds serious on it."""
    page.goto(address)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    result: dict[str, Any] = page.evaluate(RUN)
    return [
        (name, fault["id"], fault["nodes"][0]["html"][:160], fault["nodes"][0].get("failureSummary", "")[:200])
        for fault in result["violations"]
        if fault["impact"] in SERIOUS
    ]


@pytest.mark.parametrize("width", [390, 1280])
def test_pages_fit_the_screen_and_ask_nobody_else_for_anything(house: House, visit: Visit, width: int) -> None:
    """HT-01, HT-02: on pages with nothing hostile, too; and no page is wider than the screen."""
    page = visit("/account", viewport={"width": width, "height": 800})
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    for name, path in pages.addresses(house.services).items():
        page.goto(f"{house.url}{path}")
        assert page.evaluate("window.__violations") == [], name
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    assert [text for text in said if "Content Security Policy" in text] == []
    assert house.strangers == []
