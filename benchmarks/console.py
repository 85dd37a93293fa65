"""What pages of the console cost: `python -m benchmarks console`.

With 100,000 queue items and 100,000 cases the queue, one mail of it, a case, a list and a search are asked for over
HTTP, each by a signed-in person, beside `/healthz` in the same run; what counts is the 95th percentile of each.  Then a
mail of 5 MB of HTML is opened, and the memory of the child that made it safe is looked at.
"""

import os
import statistics
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import psutil

from benchmarks.row import Row, within
from gateway import maillog
from gateway.clock import FixedClock
from gateway.model import Envelope, Source
from gateway.store import db
from gateway.web.server import WebServer
from tests.browser import crowd, scene

CASES = ITEMS = int(os.environ.get("CONSOLE_ROWS", "100000"))
CALLS, TIMES = 200, 10
HTML_BYTES, HTML_SECONDS, HTML_MB = 5_000_000, 2.0, 300.0
NOW = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
OURS = {"sec-fetch-site": "same-origin"}


def run() -> list[Row]:
    """Measure; a minute or two, most of it for making the rows."""
    maillog.configure(level="CRITICAL")
    with tempfile.TemporaryDirectory(prefix="case-gateway-console-") as folder:
        url = f"sqlite:///{folder}/gateway.db"
        db.upgrade(url)
        with scene.build(url, Path(folder), FixedClock(NOW)) as running:
            scene.person(running.services, scene.ADMIN, "admin")
            crowd.gather(running.database, cases=CASES, items=ITEMS, now=NOW)
            big = running.ingest(_big_mail(), Envelope(mail_from="", rcpt_tos=(scene.CARE,), source=Source.SMTP)).id
            running.process_mail()
            server = WebServer(running)
            server.start()
            try:
                return _measure(f"http://127.0.0.1:{server.port}", big)
            finally:
                server.stop()


def _measure(url: str, big: int) -> list[Row]:
    with httpx2.Client(base_url=url, timeout=120, trust_env=False) as client:
        sent = {"email": scene.ADMIN, "password": scene.PASSWORD}
        assert client.post("/signin", data=sent, headers=OURS).status_code == 303
        pages = {
            "queue page": lambda n: "/queue",
            "queue, filtered": lambda n: "/queue?reason=damaged-reference&to=care@example.com",
            "one mail of the queue": lambda n: f"/queue/{1 + n * 97 % ITEMS}",
            "a case": lambda n: f"/cases/{crowd.number_of(n * 89 % CASES)}",
            "list of cases": lambda n: "/cases",
            "search by words": lambda n: f"/cases?q={crowd.THINGS[n % len(crowd.THINGS)]}+{n * 331 % CASES}",
            "search by number": lambda n: f"/cases?q={crowd.number_of(n * 53 % CASES)}",
        }
        taken: dict[str, list[float]] = {name: [] for name in ("healthz", *pages)}
        for n in range(CALLS):
            # Turn by turn, so that what else the machine does meets all of them alike.
            taken["healthz"].append(_seconds(client, "/healthz"))
            for name, path in pages.items():
                taken[name].append(_seconds(client, path(n)))
        return [*_rows(taken), *_big(client, big)]


def _rows(taken: dict[str, list[float]]) -> list[Row]:
    late = {name: statistics.quantiles(of_page, n=20)[-1] * 1000 for name, of_page in taken.items()}
    health = late.pop("healthz")
    return [
        Row(
            name=f"console: {name}",
            figure=figure,
            unit="ms (p95)",
            yardstick=f"/healthz: {health:.1f} ms (p95)",
            ratio=TIMES * health / figure,
            target=1.0,
            limits=f"may take {TIMES} times as long; it took {figure / health:.1f} times, with {ITEMS:,} rows",
        )
        for name, figure in late.items()
    ]


def _big(client: httpx2.Client, mail: int) -> list[Row]:
    client.get(f"/mails/{mail - 1}/html")  # the child is there
    most, done = 0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.is_set():
            most = max(most, _child_bytes())
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    seconds = _seconds(client, f"/mails/{mail}/html")
    done.set()
    watcher.join()
    return [
        within("console: 5 MB of HTML", seconds, "s", allowed=HTML_SECONDS, limits="read, made safe and sent"),
        within("console: its child", most / 1e6, "MB", allowed=HTML_MB, limits="resident, the largest child"),
    ]


def _child_bytes() -> int:
    sizes = []
    for child in psutil.Process().children(recursive=True):
        try:
            sizes.append(child.memory_info().rss)
        except psutil.Error:
            continue
    return max(sizes, default=0)


def _seconds(client: httpx2.Client, path: str) -> float:
    began = time.perf_counter()
    answer = client.get(path)
    seconds = time.perf_counter() - began
    assert answer.status_code in (200, 404), (path, answer.status_code)
    return seconds


def _big_mail() -> bytes:
    row = "<tr><td>cell <b>with</b> some text</td><td><a href='https://example.org/x'>a link</a></td></tr>\r\n"
    html = f"<html><body><table>{row * (HTML_BYTES // len(row))}</table></body></html>"
    head = f"From: a@example.net\r\nTo: {scene.CARE}\r\nSubject: big\r\nContent-Type: text/html\r\n\r\n"
    return (head + html).encode()
