"""The site before any call of the API: health, errors, headers, hosts, sizes."""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import httpx2
import pytest

from gateway.errors import Unavailable
from gateway.web import operation
from gateway.web.edge import SECURITY
from tests.web_server import Web, running

PROBLEM = {"type", "title", "status", "detail", "reason"}


def test_health_is_answered_without_a_key(web: Web) -> None:
    answer = web.client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_ready_names_what_it_looked_at(web: Web) -> None:
    answer = web.client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    assert set(answer.json()["checks"]) >= {"database", "broker", "mailboxes"}


def test_not_ready_names_the_cause(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_database: object) -> str:
        raise Unavailable("The database does not answer now.")

    monkeypatch.setattr("gateway.store.db.current", gone)
    answer = web.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["causes"] == ["database: The database does not answer now."]


def test_a_broker_that_does_not_answer_makes_it_not_ready(sqlite_url: str, tmp_path: Path) -> None:
    with running(sqlite_url, tmp_path, broker={"url": "redis://127.0.0.1:1/0"}) as web:
        answer = web.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["causes"][0].startswith("broker: Redis does not answer")


def test_every_answer_carries_the_security_headers_and_says_nothing_of_the_server(web: Web) -> None:
    for path in ("/healthz", "/nothing/here"):
        headers = web.client.get(path).headers
        assert {name: headers.get(name) for name in SECURITY} == SECURITY
        assert "server" not in headers


def test_an_unknown_path_is_a_problem_document(web: Web) -> None:
    answer = web.client.get("/api/v1/nothing")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.json()) == PROBLEM
    assert answer.json()["reason"] == "not-found"


def test_a_method_that_a_path_does_not_have_is_refused(web: Web) -> None:
    """AP-10: TRACE is no way to see headers."""
    for method in ("TRACE", "DELETE"):
        answer = web.client.request(method, "/healthz", headers={"X-Secret": "canary"})
        assert answer.status_code == 405
        assert "canary" not in answer.text


STRANGERS = ("evil.example", "evil.example:80", "", "127.0.0.1.evil.example", "a/b", "[::", "x@localhost")
OURS = ("127.0.0.1", "localhost:8080", "[::1]:8080", "desk.example.com", "inside.example:1")


def test_only_our_own_hosts_are_served(sqlite_url: str, tmp_path: Path) -> None:
    """AP-10: no page is served, and no link is built, for a name that somebody else made up."""
    names = {"public_origin": "https://desk.example.com", "allowed_hosts": ["inside.example"]}
    with running(sqlite_url, tmp_path, web=names) as web:
        answers = {h: web.client.get("/x", headers={"Host": h}).status_code for h in (*STRANGERS, *OURS)}
        assert answers == {**dict.fromkeys(STRANGERS, 400), **dict.fromkeys(OURS, 404)}
        assert web.client.get("/healthz", headers={"Host": "evil.example"}).status_code == 200


@contextlib.contextmanager
def broken(error: Exception) -> Iterator[None]:
    with mock.patch.object(operation.health, "checks", side_effect=error):
        yield


def test_an_error_of_our_own_tells_the_caller_nothing_and_is_logged_by_place(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr("gateway.maillog.web_failed", seen.append)
    with broken(KeyError("SELECT secret FROM api_key")):
        answer = web.client.get("/readyz")
    assert (answer.status_code, answer.json()["reason"]) == (500, "failed")
    assert "secret" not in answer.text
    assert [type(error) for error in seen] == [KeyError]


def test_a_database_that_is_away_is_503_with_a_time_to_try_again(web: Web) -> None:
    with broken(Unavailable("The database does not answer now.")):
        answer = web.client.get("/readyz")
    assert (answer.status_code, answer.json()["reason"]) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0


def test_a_request_id_is_kept_when_it_is_harmless_and_made_anew_when_it_is_not(web: Web) -> None:
    """AU-02: no line end of a caller reaches the log."""
    assert web.client.get("/healthz", headers={"X-Request-Id": "portal-7.a"}).headers["x-request-id"] == "portal-7.a"
    made = web.client.get("/healthz", headers={"X-Request-Id": "a b\tc"}).headers["x-request-id"]
    assert len(made) == 16


def test_a_server_stops_and_its_port_is_free_again(sqlite_url: str, tmp_path: Path) -> None:
    before = threading.active_count()
    with running(sqlite_url, tmp_path) as web:
        url = web.url
        assert web.client.get("/healthz").status_code == 200
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(f"{url}/healthz", trust_env=False)
    assert threading.active_count() <= before + 1
