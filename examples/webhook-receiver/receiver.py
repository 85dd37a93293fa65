"""A receiver of the case gateway's webhooks, to start from: verifies, drops what it has, fills holes from the feed.

    pip install standardwebhooks
    export WEBHOOK_SECRET=whsec_... GATEWAY_URL=https://cases.example.com GATEWAY_KEY=cgk_...
    python receiver.py

Every event is handled once and in order, however often and in whatever order the calls come: the place in the feed and
what `handle` did are one commit.
"""

import json
import os
import sqlite3
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from standardwebhooks import Webhook, WebhookVerificationError

if missing := {"WEBHOOK_SECRET", "GATEWAY_URL", "GATEWAY_KEY"} - os.environ.keys():
    sys.exit(f"Set {', '.join(sorted(missing))}.\n\n{__doc__}")
SECRET = os.environ["WEBHOOK_SECRET"]
GATEWAY = os.environ["GATEWAY_URL"].rstrip("/")
KEY = os.environ["GATEWAY_KEY"]
MOST_BYTES = 65_536

database = sqlite3.connect(os.environ.get("RECEIVER_DATABASE", "receiver.db"))
database.execute("CREATE TABLE IF NOT EXISTS handled (cursor INTEGER PRIMARY KEY, type TEXT, number TEXT)")
database.execute("CREATE TABLE IF NOT EXISTS place (one INTEGER PRIMARY KEY CHECK (one = 1), cursor INTEGER)")
database.commit()


def handle(event: dict) -> None:
    """Do what is yours to do with an event, in the same transaction as the place in the feed."""
    row = (int(event["cursor"]), event["type"], event["case"])
    database.execute("INSERT INTO handled (cursor, type, number) VALUES (?, ?, ?)", row)
    print(f"{event['cursor']} {event['type']} case={event['case']} {json.dumps(event['data'])}", flush=True)


def take(event: dict) -> None:
    """Handle an event that was called out; what is missing before it is read from the feed first."""
    place, cursor = reached(), int(event["cursor"])
    if cursor <= place:
        return  # a call that came twice, or one that the feed was faster with
    if cursor == place + 1:
        with database:
            handle(event)
            reach(cursor)
    else:
        catch_up()


def catch_up() -> None:
    """Read the feed from where we are to its end: also at the start, for what was missed while we were away."""
    for events, following in pages(reached()):
        with database:
            for event in events:
                handle(event)
            reach(following)


def pages(after: int) -> Iterator[tuple[list, int]]:
    """Read the feed page by page, behind a cursor."""
    while True:
        query = urlencode({"after": after, "limit": 500})
        request = Request(f"{GATEWAY}/api/v1/events?{query}", headers={"Authorization": f"Bearer {KEY}"})  # noqa: S310
        with urlopen(request, timeout=30) as answer:  # noqa: S310
            page = json.load(answer)
        yield page["items"], int(page["next"])
        if not page["items"]:
            return
        after = int(page["next"])


def reached() -> int:
    """Return our place in the feed."""
    row = database.execute("SELECT cursor FROM place").fetchone()
    return row[0] if row else 0


def reach(cursor: int) -> None:
    """Note our place in the feed."""
    database.execute("INSERT OR REPLACE INTO place (one, cursor) VALUES (1, ?)", (cursor,))


class Receiver(BaseHTTPRequestHandler):
    """One call: 401 for what is not proven, 503 for what could not be handled now and shall come again."""

    timeout = 10

    def do_POST(self) -> None:
        """Verify the exact bytes that came, then handle them."""
        length = int(self.headers.get("Content-Length") or 0)
        if length > MOST_BYTES:
            return self.answer(413)
        body = self.rfile.read(length)
        try:
            # Compares in constant time and refuses what is older than five minutes.
            event = Webhook(SECRET).verify(body, dict(self.headers))
        except (WebhookVerificationError, ValueError):
            return self.answer(401)
        try:
            take(event)
        except (OSError, ValueError, sqlite3.Error) as error:
            print(f"not now: {type(error).__name__}", file=sys.stderr, flush=True)
            return self.answer(503)
        return self.answer(204)

    def answer(self, status: int) -> None:
        """Answer without a body."""
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_words: object) -> None:
        """Keep quiet; `handle` says what came."""


if __name__ == "__main__":
    server = HTTPServer((os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8000"))), Receiver)
    print(f"listening on {server.server_port}", flush=True)
    catch_up()
    server.serve_forever()
