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
from pathlib import Path
from typing import Any


class Gateway:
    """The API with a key."""

    def __init__(self, url: str, key: str) -> None:
        self._url, self._key = f"{url.rstrip('/')}/api/v1", key

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Do something once, however often it has to be sent."""
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        headers |= {"Idempotency-Key": uuid.uuid4().hex} if method == "POST" else {}
        content = None if body is None else json.dumps(body).encode()
        for pause in (0.1, 0.2, 0.4, 0.8, 1.6):
            try:
                request = urllib.request.Request(self._url + path, content, headers, method=method)  # noqa: S310
                with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                    return json.load(answer)
            except urllib.error.HTTPError as problem:
                if problem.code not in (429, 503):
                    raise SystemExit(json.load(problem)["detail"]) from None
            except OSError:
                pass
            time.sleep(pause)
        raise SystemExit("The gateway does not answer; nothing is lost, start me again.")


def main(url: str, key_file: str) -> None:
    """Play one case from its opening to the customer's answer, told by the events."""
    gateway, dana = Gateway(url, Path(key_file).read_text(encoding="ascii").strip()), "dana@example.com"
    opened = {"subject": "Nightly export stops", "description": "At 3 percent.", "contact": {"email": dana}}
    page, seen = gateway.call("GET", "/events?limit=1000"), ""
    case = "/cases/" + gateway.call("POST", "/cases", opened)["number"]
    gateway.call("POST", f"{case}/request-info", {"text": "Which version do you run?", "author": "tess@example.org"})
    gateway.call("POST", f"{case}/updates", {"text": "It is 4.2.", "channel": "portal", "author": dana})
    while seen != "customer-responded":
        # Keep `next` to go on from there after a restart.
        page = gateway.call("GET", f"/events?wait=9&after={page['next']}")
        for event in (event for event in page["items"] if case.endswith(event["case"] or "-")):
            print(event["sequence"], event["type"], json.dumps(event["data"]), flush=True)
            seen = event["data"].get("substatus", seen)


main(*sys.argv[1:]) if len(sys.argv) == 3 else sys.exit(__doc__)
