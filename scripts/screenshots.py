"""Take a picture of every page of the console: `make screenshots`, into tests/screenshots/ (which git ignores).

At 1280 and 390 pixels, light and dark, with nothing in it, with a little, and with 10,000 rows.  Look at them.
`--only PART` takes pages whose name holds PART; `--docs` renews the four pictures of the documents.
"""

import argparse
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from gateway import maillog
from gateway.clock import FixedClock
from gateway.store import db
from gateway.web.server import WebServer
from tests.browser import crowd, pages, scene
from tests.services import program

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "tests" / "screenshots"
WIDTHS, SCHEMES, MANY = (1280, 390), ("light", "dark"), 10_000
HOUSES = ("empty", "some", "many")
# Name in docs/images, address, scheme, size: each stays below 120 KB.
FOR_DOCS = (
    ("console-queue.png", "/queue/2?case=0003256109", "light", (1110, 470)),
    ("console-case.png", "/cases/0003256110", "light", (1110, 640)),
    ("console-why.png", "/mails/3?view=trace", "dark", (900, 520)),
    ("console-overview.png", "/overview", "light", (1110, 640)),
)


def main(arguments: Sequence[str]) -> int:
    """Take the pictures and say where they are."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--only", default="", help="only pages whose name holds this")
    asked.add_argument("--docs", action="store_true", help="renew the pictures of the documents")
    chosen = asked.parse_args(arguments)
    maillog.configure(level="CRITICAL")
    path = program("chromium")
    if path is None:
        print("There is no Chromium; `python -m tests.services` installs it.", file=sys.stderr)
        return 1
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        if chosen.docs:
            _for_docs(browser)
        else:
            shutil.rmtree(FOLDER, ignore_errors=True)
            for house in HOUSES:
                _of_house(browser, house, chosen.only)
        browser.close()
    return 0


def _for_docs(browser: Browser) -> None:
    with _served("some") as (url, _):
        for name, path, scheme, (width, height) in FOR_DOCS:
            page = _page(browser, url, scheme, width, height)
            _shoot(page, f"{url}{path}", ROOT / "docs" / "images" / name, whole=False)
            page.context.close()


def _of_house(browser: Browser, house: str, only: str) -> None:
    with _served(house) as (url, found):
        for scheme in SCHEMES:
            for width in WIDTHS:
                page = _page(browser, url, scheme, width, 800)
                for name, path in found.items():
                    if only in name:
                        file = re.sub(r"[^a-z0-9]+", "-", name).strip("-") or "start"
                        if path == "/signin":
                            page.context.clear_cookies()
                        _shoot(page, f"{url}{path}", FOLDER / house / f"{file}-{width}-{scheme}.png", whole=True)
                        if path == "/signin":
                            _sign_in(page, url)
                page.context.close()
    print(f"{house}: {len(list((FOLDER / house).glob('*.png')))} pictures in {FOLDER / house}", flush=True)


def _page(browser: Browser, url: str, scheme: str, width: int, height: int) -> Page:
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": height})  # type: ignore[arg-type]
    page = context.new_page()
    _sign_in(page, url)
    return page


def _sign_in(page: Page, url: str) -> None:
    page.goto(f"{url}/signin")
    page.fill("[name=email]", scene.ADMIN)
    page.fill("[name=password]", scene.PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_load_state()


def _shoot(page: Page, address: str, file: Path, *, whole: bool) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    page.goto(address, wait_until="load")
    page.wait_for_timeout(150)
    tall = page.evaluate("document.documentElement.scrollHeight")
    page.screenshot(path=file, full_page=whole and tall < 3000)


@contextmanager
def _served(house: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Serve a gateway with nothing, some or many rows in it; give its address and those of its pages."""
    with tempfile.TemporaryDirectory(prefix="case-gateway-pictures-") as folder:
        clock = FixedClock(scene.MONDAY)
        url = f"sqlite:///{folder}/gateway.db"
        db.upgrade(url)
        with scene.build(url, Path(folder), clock) as running:
            scene.person(running.services, scene.ADMIN, "admin")
            if house != "empty":
                scene.furnish(running, clock)
            if house == "many":
                crowd.gather(running.database, cases=MANY, items=MANY, now=clock.now())
            server = WebServer(running)
            server.start()
            yield f"http://127.0.0.1:{server.port}", _addresses(running.services, house)
            server.stop()


def _addresses(services: object, house: str) -> dict[str, str]:
    if house != "empty":
        return pages.addresses(services)  # type: ignore[arg-type]
    plain = ("/queue", "/cases", "/cases/new", "/mails", "/outbox", "/outbox/ahead", "/whatif", "/overview")
    return {path: path for path in (*plain, "/admin/people", "/admin/keys", "/admin/exports", "/account")}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
