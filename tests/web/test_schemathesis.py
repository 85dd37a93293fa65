"""The OpenAPI document against the server: no 5xx, nothing undocumented, no answer of another shape, stateful.

All checks of schemathesis; its own database of examples is not used, so that two runs are alike.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from gateway.model import Envelope, Source
from tests.web_server import Web

SETTINGS = Path(__file__).with_name("schemathesis.toml")
SECONDS = 1500


def fuzz(web: Web, folder: Path, *options: str) -> None:
    """Run schemathesis against a server; fail with what it found."""
    prepare(web)
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(SETTINGS)),
        *("run", f"{web.url}/api/v1/openapi.json", "--no-color", "--seed", "4711"),
        *("--header", f"Authorization: Bearer {web.key('admin')}", "--generation-database", "none"),
        *("--suppress-health-check", "all", "--request-timeout", "60", *options),
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stdout[-12_000:] + done.stderr[-2000:]
    assert "Loaded specification" in done.stdout


def prepare(web: Web) -> None:
    """Let there be something to find, so that calls meet more than 404."""
    agent = web.key("agent")
    body = {"subject": "Export", "description": "Stops.", "contact": {"email": "dana@example.com"}}
    numbers = [web.post("/cases", body, key=agent).json()["number"] for _ in range(3)]
    asked = {"reason": "no-update", "details": "Nothing.", "requester": "dana@example.com"}
    assert web.post(f"/cases/{numbers[0]}/escalations", asked, key=agent).json()["id"] == "1"
    raw = b"From: dana@example.com\r\nTo: care@example.com\r\nSubject: Export\r\n\r\nIt stops.\r\n"
    web.app.ingest(raw, Envelope(mail_from="dana@example.com", rcpt_tos=("care@example.com",), source=Source.INGEST))
    web.app.process_mail()
    assert [item["id"] for item in web.get("/queue", key=agent).json()["items"]] == ["1"]


def test_some_random_calls_keep_to_the_document(web: Web, tmp_path: Path) -> None:
    fuzz(web, tmp_path, "--phases", "fuzzing,stateful", "--max-examples", "1", "--no-shrink", "--max-time", "6")


@pytest.mark.long
@pytest.mark.timeout(SECONDS)
def test_five_thousand_random_calls_keep_to_the_document(web: Web, tmp_path: Path) -> None:
    fuzz(web, tmp_path, "--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "60")
