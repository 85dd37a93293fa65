"""What operators look at: figures, log lines with request ids, and no word of anybody in either (PR-01, AP-06)."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from sqlalchemy import select

from gateway import maillog, sequencer
from gateway.model import Envelope, Source
from gateway.store import tables
from tests.fixtures import world
from tests.web_server import Web

SAMPLE = re.compile(r'^[a-z_:]+(\{([a-z_]+="[^"\n]*",?)*\})? [-+0-9.einfNaE]+$')
# Long enough to be no part of any figure.
TOLD_PIN = "820517736415"
CANARIES = {
    "subject": "Subj3ctCanary",
    "description": "B0dyCanary of the case",
    "text": "Upd4teCanary",
    "email": "canary.person@example.com",
    "name": "N4meCanary",
    "pin": "471147739146",
}


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str]) -> Iterator[Any]:
    """Return a function that returns all log lines so far."""
    maillog.configure(json=True)
    lines: list[str] = []

    def read() -> list[str]:
        lines.extend(capsys.readouterr().err.splitlines())
        return lines

    yield read
    structlog.reset_defaults()


def play(web: Web) -> str:
    """Do what leaves traces: open, post, refuse, escalate, receive; return the case's number."""
    agent = web.key("agent")
    contact = {"email": CANARIES["email"], "name": CANARIES["name"]}
    body = {"subject": CANARIES["subject"], "description": CANARIES["description"], "contact": contact}
    headers = {"X-Request-Id": "portal-77", "Idempotency-Key": "once"}
    number: str = web.post("/cases", body, key=agent, headers=headers).json()["number"]
    web.call("PUT", f"/contacts/{CANARIES['email']}", key=agent, json={"pin": CANARIES["pin"]})
    said = {"text": CANARIES["text"], "channel": "portal", "author": CANARIES["email"]}
    web.post(f"/cases/{number}/updates", said, key=agent)
    web.post(f"/cases/{number}/updates", {**said, "channel": "phone", "pin": TOLD_PIN}, key=agent)
    web.post(f"/cases/{number}/request-info", {"text": CANARIES["text"], "author": "t@example.org"}, key=agent)
    web.post("/cases", {**body, "nonsense": CANARIES["text"]}, key=agent)
    web.get("/cases", key=agent, params={"q": CANARIES["subject"], "contact": CANARIES["email"]})
    web.get("/cases", key="cgk_" + "K3yCanary" * 5)
    raw = f"From: {CANARIES['email']}\r\nSubject: {CANARIES['subject']}\r\n\r\n{CANARIES['text']}\r\n".encode()
    web.app.ingest(raw, Envelope(mail_from=CANARIES["email"], rcpt_tos=(world.CARE,), source=Source.INGEST))
    web.app.deliver_due()
    sequencer.turn(web.services)
    return number


def test_no_word_of_anybody_reaches_log_event_or_metric(web: Web, logged: Any) -> None:
    """PR-01, AP-06: bodies, subjects, addresses, PINs, Reference IDs and keys, by canaries in all of them."""
    play(web)
    with web.services.database.read() as conn:
        references = list(conn.execute(select(tables.reference.c.id)).scalars())
    assert references
    secrets = [*CANARIES.values(), "K3yCanary", *web.keys.values(), *references, TOLD_PIN]
    places = {
        "log": "\n".join(logged()),
        "events": web.get("/events?limit=1000", key=web.key("viewer")).text,
        "metrics": web.client.get("/metrics").text,
    }
    assert all(len(text) > 200 for text in places.values())
    found = [(place, s) for place, text in places.items() for s in secrets if s.lower() in text.lower()]
    assert found == []


def test_metrics_can_be_read_by_prometheus_and_say_what_waits(web: Web) -> None:
    number = play(web)
    answer = web.client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    samples = [line for line in answer.text.splitlines() if not line.startswith("#")]
    assert [line for line in samples if not SAMPLE.match(line)] == []
    values = dict(line.rsplit(" ", 1) for line in samples)
    assert values["gateway_mails_in_progress"] == "1"
    assert values['gateway_outbox{state="ready"}'] == "0"
    assert values["gateway_webhook_deliveries_waiting"] == values["gateway_webhook_overdue_seconds"] == "0"
    assert float(values['gateway_delivery_seconds{quantile="0.95"}']) >= 0
    posts = [name for name in values if name.startswith("gateway_http_requests_total") and 'method="POST"' in name]
    assert any('route="/cases/{number}/updates"' in name for name in posts)
    assert number not in answer.text
    assert len({line.split("{")[0] for line in samples if line.startswith("gateway_relay_answers_total")}) == 1


def test_a_request_id_goes_from_the_call_to_the_mail_that_it_caused(web: Web, logged: Any) -> None:
    number = play(web)
    lines = [json.loads(line) for line in logged() if line.startswith("{")]
    call = next(line for line in lines if line["event"] == "web.answered" and line.get("request") == "portal-77")
    assert (call["method"], call["status"], call["who"]) == ("POST", 201, "key:1")
    left = next(line for line in lines if line["event"] == "outbox.answered" and line["notice"] == "case-opened")
    assert (left["request"], left["case"]) == ("portal-77", number)
