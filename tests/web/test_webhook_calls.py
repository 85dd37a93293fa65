"""CONTRACT 4: `/webhooks` over HTTP: the secret once, the log, and a key of another system that sees its own only."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway import sequencer, webhooks
from tests.receiver import Receiver, receiving
from tests.web_server import Web, running


@pytest.fixture
def web(sqlite_url: str, tmp_path: Path) -> Iterator[Web]:
    with running(sqlite_url, tmp_path, webhooks={"allowed_networks": ["127.0.0.0/8"]}) as serving:
        yield serving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as listening:
        yield listening


def turn(web: Web) -> int:
    sequencer.turn(web.services)
    webhooks.turn(web.services)
    return webhooks.deliver(web.services)


def opened(web: Web, role: str, email: str) -> str:
    body = {"subject": "CANARY", "description": "CANARY", "contact": {"email": email, "name": "CANARY"}}
    return str(web.post("/cases", body, key=web.key(role)).json()["number"])


def test_a_webhook_is_made_called_shown_called_again_and_removed(web: Web, receiver: Receiver) -> None:
    admin = web.key("admin")
    made = web.post("/webhooks", {"url": receiver.url, "types": ["case.opened"]}, key=admin)
    assert made.status_code == 201
    secret, hook = made.json()["secret"], made.json()["id"]
    number = opened(web, "agent", "dana@example.com")
    assert turn(web) == 1
    (came,) = receiver.came
    assert (came.event["case"], came.event["type"]) == (number, "case.opened")
    for path in ("/webhooks", f"/webhooks/{hook}", f"/webhooks/{hook}/deliveries"):
        shown = web.get(path, key=admin)
        assert shown.status_code == 200
        assert secret not in shown.text
    (delivery,) = web.get(f"/webhooks/{hook}/deliveries?state=done", key=admin).json()["items"]
    assert (delivery["last_status"], delivery["message_id"]) == (200, came.headers["webhook-id"])
    again = web.post(f"/webhooks/{hook}/deliveries/{delivery['id']}/redeliver", key=admin)
    assert (again.status_code, again.json()["state"]) == (200, "ready")
    assert turn(web) == 1
    assert web.post(f"/webhooks/{hook}/redeliver", key=admin).json() == {"redelivered": 0}
    rotated = web.post(f"/webhooks/{hook}/rotate", {"hours": 1}, key=admin).json()
    assert rotated["secret"] not in ("", secret)
    assert web.call("DELETE", f"/webhooks/{hook}", key=admin).status_code == 204
    assert web.call("DELETE", f"/webhooks/{hook}", key=admin).status_code == 404
    assert "CANARY" not in "".join(one.body for one in receiver.came)


def test_what_may_not_be_called_is_a_422_that_names_no_secret(web: Web) -> None:
    """WH-01."""
    for url in ("http://10.0.0.1/", "https://u:CANARY@example.com/", "https://[::1]/", "gopher://127.0.0.1/", "x", ""):
        answer = web.post("/webhooks", {"url": url}, key=web.key("agent"))
        assert (answer.status_code, answer.json()["reason"]) == (422, "invalid-input")
        assert "CANARY" not in answer.text
    for body in (
        {"url": "https://a.example.com", "types": ["case.exploded"]},
        {"url": "https://a.example.com", "x": 1},
    ):
        assert web.post("/webhooks", body, key=web.key("agent")).status_code == 422


def test_a_secret_is_not_kept_for_a_repetition(web: Web, receiver: Receiver) -> None:
    word = {"Idempotency-Key": "once"}
    first = web.post("/webhooks", {"url": receiver.url}, key=web.key("admin"), headers=word)
    second = web.post("/webhooks", {"url": receiver.url}, key=web.key("admin"), headers=word)
    assert first.status_code == 201
    assert first.json()["secret"] not in second.text
    assert len(web.get("/webhooks", key=web.key("admin")).json()["items"]) == 1


def test_a_system_hears_of_its_own_cases_and_sees_its_own_webhooks(web: Web, receiver: Receiver) -> None:
    """AP-02."""
    system, admin = web.key("system"), web.key("admin")
    own = web.post("/webhooks", {"url": receiver.url}, key=system).json()["id"]
    foreign = web.post("/webhooks", {"url": "https://93.184.216.34/x"}, key=admin).json()["id"]
    mine, other = opened(web, "system", "dana@example.com"), opened(web, "agent", "erin@example.net")
    turn(web)
    assert {one.event["case"] for one in receiver.came} == {mine} != {other}
    assert [one["id"] for one in web.get("/webhooks", key=system).json()["items"]] == [own]
    for method, path in (
        ("GET", f"/webhooks/{foreign}"),
        ("GET", f"/webhooks/{foreign}/deliveries"),
        ("DELETE", f"/webhooks/{foreign}"),
        ("POST", f"/webhooks/{foreign}/rotate"),
        ("POST", f"/webhooks/{foreign}/redeliver"),
    ):
        assert web.call(method, path, key=system).status_code == 404
    theirs = web.get(f"/webhooks/{foreign}/deliveries", key=admin).json()["items"][0]["id"]
    assert web.post(f"/webhooks/{own}/deliveries/{theirs}/redeliver", key=system).status_code == 404
