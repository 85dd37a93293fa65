"""A customer portal in small: opens a case, asks for information, answers as the customer, follows the events.

    gateway token create --role system --name portal > portal.key
    python examples/portal/portal.py http://127.0.0.1:8080 portal.key

It uses nothing but Python.  Every POST carries an Idempotency-Key, so whatever fails is simply sent again.
"""

import json
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TRIES = 5


class Gateway:
    """The API with a key."""

    def __init__(self, url: str, key: str) -> None:
        self._url, self._key = f"{url.rstrip('/')}/api/v1", key

    def get(self, path: str) -> Any:
        """Read something."""
        return self._send("GET", path, None, {})

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Do something once, however often it has to be sent."""
        return self._send("POST", path, body, {"Idempotency-Key": uuid.uuid4().hex})

    def events(self, after: str = "") -> Iterator[dict[str, Any]]:
        """Follow what happens to our cases, for ever; keep the cursor of the last one to go on after a restart."""
        while True:
            page = self.get(f"/events?wait=9&after={after}")
            yield from page["items"]
            after = page["next"]

    def _send(self, method: str, path: str, body: dict[str, Any] | None, headers: dict[str, str]) -> Any:
        content = None if body is None else json.dumps(body).encode()
        headers |= {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        for attempt in range(TRIES):
            try:
                request = urllib.request.Request(self._url + path, content, headers, method=method)  # noqa: S310
                with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                    return json.load(answer)
            except urllib.error.HTTPError as problem:
                if problem.code not in (429, 503):
                    raise SystemExit(json.load(problem)["detail"]) from None
            except OSError:
                pass
            time.sleep(2**attempt / 10)
        raise SystemExit("The gateway does not answer; nothing is lost, start me again.")


def main(url: str, key_file: str) -> None:
    """Play one case from its opening to the customer's answer, told by the events."""
    gateway = Gateway(url, Path(key_file).read_text(encoding="ascii").strip())
    start = gateway.get("/events?limit=1000")["next"]
    contact = {"email": "dana@example.com", "name": "Dana Reed"}
    opened = {"subject": "Nightly export stops", "description": "It stops at 3 percent.", "contact": contact}
    number = gateway.post("/cases", opened)["number"]
    gateway.post(f"/cases/{number}/request-info", {"text": "Which version do you run?", "author": "tess@example.org"})
    gateway.post(f"/cases/{number}/updates", {"text": "It is 4.2.", "channel": "portal", "author": contact["email"]})
    for event in gateway.events(start):
        if event["case"] == number:
            print(event["sequence"], event["type"], json.dumps(event["data"]), flush=True)
            if event["type"] == "case.status_changed" and event["data"].get("substatus") == "customer-responded":
                return


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
