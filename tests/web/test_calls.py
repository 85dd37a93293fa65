"""What every call of the API has in common: repetitions, versions, strict bodies, pages, hidden bodies."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from gateway.desk import cases
from gateway.web.edge import MAX_BODY_BYTES
from tests.store.support import together
from tests.web_server import Web, running

NEW = {"subject": "Export stops", "description": "At 3 percent.", "contact": {"email": "dana@example.com"}}


@pytest.fixture
def agent(web: Web) -> str:
    return web.key("agent")


def opened(web: Web, **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = web.post("/cases", {**NEW, **changes}, key=web.key("agent")).json()
    return made


# --- Idempotency-Key


def test_the_same_key_and_body_is_carried_out_once_and_answered_alike(web: Web, agent: str) -> None:
    """AP-11."""
    first, again = (web.post("/cases", NEW, key=agent, headers={"Idempotency-Key": "a1"}) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert (first.content, first.headers["etag"]) == (again.content, again.headers["etag"])
    assert again.headers["idempotency-replayed"] == "true"
    assert len(web.get("/cases", key=agent).json()["items"]) == 1


def test_the_same_key_with_another_body_or_for_another_call_is_422(web: Web, agent: str) -> None:
    """AP-11."""
    word = {"Idempotency-Key": "a1"}
    number = web.post("/cases", NEW, key=agent, headers=word).json()["number"]
    other = web.post("/cases", {**NEW, "subject": "Another"}, key=agent, headers=word)
    elsewhere = web.post(f"/cases/{number}/acknowledge", key=agent, headers=word)
    for answer in (other, elsewhere):
        assert (answer.status_code, answer.json()["reason"]) == (422, "idempotency-key-reused")
    assert len(web.get("/cases", key=agent).json()["items"]) == 1


def test_keys_of_different_callers_do_not_meet(web: Web, agent: str) -> None:
    numbers = [
        web.post("/cases", NEW, key=key, headers={"Idempotency-Key": "a1"}).json()["number"]
        for key in (agent, web.key("admin"))
    ]
    assert len(set(numbers)) == 2


def test_a_refused_call_may_be_tried_again_with_its_key(web: Web, agent: str) -> None:
    number, word = opened(web)["number"], {"Idempotency-Key": "a1"}
    body = {"channel": "phone", "text": "It dropped again."}
    assert web.post(f"/cases/{number}/reopen", body, key=agent, headers=word).status_code == 409
    web.post(f"/cases/{number}/close", {"substatus": "resolved"}, key=agent)
    assert web.post(f"/cases/{number}/reopen", body, key=agent, headers=word).status_code == 200


def test_repetitions_that_arrive_together_have_one_effect(web: Web, agent: str) -> None:
    def send(_number: int) -> int:
        return web.post("/cases", NEW, key=agent, headers={"Idempotency-Key": "a1"}).status_code

    assert set(together(6, send)) <= {201, 409}
    assert len(web.get("/cases", key=agent).json()["items"]) == 1


def test_a_lost_answer_is_told_and_the_call_is_not_carried_out_again(
    web: Web, agent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process died between the commit of the effect and keeping the answer."""
    word = {"Idempotency-Key": "a1"}
    with monkeypatch.context() as broken:
        broken.setattr("gateway.store.idempotency.keep", lambda *_a, **_k: None)
        assert web.post("/cases", NEW, key=agent, headers=word).status_code == 201
    answer = web.post("/cases", NEW, key=agent, headers=word)
    assert (answer.status_code, answer.json()["reason"]) == (409, "changed-meanwhile")
    assert len(web.get("/cases", key=agent).json()["items"]) == 1


def test_keys_are_forgotten_after_a_day(web: Web, agent: str) -> None:
    word = {"Idempotency-Key": "a1"}
    first = web.post("/cases", NEW, key=agent, headers=word).json()["number"]
    web.clock.moment = web.clock.moment.replace(day=web.clock.moment.day + 2)
    assert web.post("/cases", NEW, key=agent, headers=word).json()["number"] != first


# --- ETag and If-Match


def test_a_case_that_was_changed_meanwhile_is_not_changed_by_whoever_saw_the_old_one(web: Web, agent: str) -> None:
    """AP-09."""
    number = opened(web)["number"]
    seen = web.get(f"/cases/{number}", key=agent).headers["etag"]
    path, body = f"/cases/{number}/priority", {"priority": "high"}
    assert web.post(path, body, key=agent, headers={"If-Match": f'"x", {seen}'}).status_code == 200
    stale = web.post(path, {"priority": "low"}, key=agent, headers={"If-Match": seen})
    assert (stale.status_code, stale.json()["reason"]) == (412, "changed-meanwhile")
    assert web.post(path, body, key=agent, headers={"If-Match": f"W/{seen}"}).status_code == 412
    assert web.post(path, body, key=agent, headers={"If-Match": "7"}).status_code == 422
    assert web.post(path, body, key=agent, headers={"If-Match": "*"}).status_code == 200
    assert web.get(f"/cases/{number}", key=agent).json()["priority"] == "high"


# --- bodies

DEEP = b'{"a":' * 10_000 + b"1" + b"}" * 10_000


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("ten megabytes", b'{"subject":"' + b"x" * 10_000_000 + b'"}', 413),
        ("ten thousand deep", DEEP, 422),
        ("a number without an end", b'{"subject":' + b"9" * 5000 + b"}", 422),
        ("NaN", b'{"subject":NaN}', 422),
        ("infinity by exponent", b'{"subject":1e999}', 422),
        ("a field twice", b'{"subject":"a","subject":"b"}', 422),
        ("NUL", b'{"subject":"a\\u0000b"}', 422),
        ("half a surrogate pair", b'{"subject":"\\ud800"}', 422),
        ("no UTF-8", b'{"subject":"\xff"}', 422),
        ("no JSON", b"subject=x", 422),
        ("a list", b"[]", 422),
        ("nothing", b"", 422),
    ],
)
def test_a_body_that_is_no_sound_json_is_refused_in_a_sentence(
    hostile: Web, name: str, body: bytes, status: int
) -> None:
    """AP-08."""
    answer = hostile.call(
        "POST", "/cases", key=hostile.key("agent"), content=body, headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), name
    assert answer.json()["detail"]


@pytest.fixture(scope="module")
def hostile(sqlite_template: object, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return one server for all that changes nothing."""
    import shutil

    folder = tmp_path_factory.mktemp("hostile")
    shutil.copyfile(str(sqlite_template), folder / "gateway.db")
    with running(f"sqlite:///{folder / 'gateway.db'}", folder) as web:
        yield web


def test_a_body_that_never_ends_is_cut(hostile: Web) -> None:
    """AP-08: without a Content-Length, too."""

    def parts() -> Any:
        for _ in range(MAX_BODY_BYTES // 65536 + 2):
            yield b" " * 65536

    headers = {"Content-Type": "application/json"}
    answer = hostile.call("POST", "/cases", key=hostile.key("agent"), content=parts(), headers=headers)
    assert (answer.status_code, answer.json()["reason"]) == (413, "too-large")


def test_other_content_types_are_refused(hostile: Web) -> None:
    """AP-03: a form of another site can send text/plain; it cannot send JSON."""
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        answer = hostile.call(
            "POST", "/cases", key=hostile.key("agent"), content=json.dumps(NEW), headers={"Content-Type": kind}
        )
        assert answer.status_code == 415, kind


def test_unknown_fields_are_refused_and_named_without_their_value(hostile: Web) -> None:
    """AP-02: nobody assigns what the call does not have."""
    for extra in ({"status": "closed"}, {"role": "admin"}, {"verified": True}, {"number": "0000000001"}):
        answer = hostile.post("/cases", {**NEW, **extra, "priority": "s3cret"}, key=hostile.key("agent"))
        assert answer.status_code == 422
        assert {error["field"] for error in answer.json()["errors"]} == {f"body.{next(iter(extra))}", "body.priority"}
        assert "s3cret" not in answer.text


@pytest.mark.parametrize(
    "query",
    [
        "limit=1000000000",
        "limit=0",
        "limit=x",
        "cursor=AAAA",
        "cursor=1-",
        "cursor=%00",
        "contact=%00",
        "q=%00",
        "sort=;DROP",
        "status=x",
        "nothing=1",
        f"limit={'9' * 5000}",
    ],
)
def test_parameters_that_cannot_be_used_are_refused(hostile: Web, query: str) -> None:
    """AP-08."""
    answer = hostile.get(f"/cases?{query}", key=hostile.key("agent"))
    assert (answer.status_code, answer.json()["reason"]) == (422, "invalid-input")


@pytest.mark.parametrize("q", ['a" OR (', "%", "_", "'", "*", "NEAR(", "\\", "😀", "ẞ", "a" * 200])
def test_searching_for_signs_of_a_query_language_finds_nothing_and_breaks_nothing(hostile: Web, q: str) -> None:
    """AP-08."""
    answer = hostile.get("/cases", key=hostile.key("agent"), params={"q": q})
    assert (answer.status_code, answer.json()["items"]) == (200, [])


@pytest.mark.parametrize("path", ["/cases/x", "/cases/%00", "/cases/1%2F..%2Fusers", "/queue/-1", "/mails/1e3/raw"])
def test_ids_that_are_none_name_nothing(hostile: Web, path: str) -> None:
    assert hostile.get(path, key=hostile.key("agent")).status_code in (404, 422)


# --- pages


def test_pages_hold_every_case_once_in_order(web: Web, agent: str) -> None:
    for number in range(5):
        # Two of them at the same moment: the order is total all the same.
        web.clock.moment = web.clock.moment.replace(minute=number // 2)
        cases.open_case(web.services, subject=f"c {number}", description="x", contact_email="dana@example.com")
    for sort in ("-modified_at", "modified_at", "-number", "number"):
        whole = [c["number"] for c in web.get(f"/cases?sort={sort}", key=agent).json()["items"]]
        assert paged(web, agent, sort) == whole
        assert len(set(whole)) == 5


def paged(web: Web, key: str, sort: str) -> list[str]:
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = web.get("/cases", key=key, params={"sort": sort, "limit": 2, "cursor": cursor}).json()
        found += [case["number"] for case in page["items"]]
        cursor = page["next"]
    return found


def test_a_server_that_is_busy_serves_the_others(web: Web, agent: str) -> None:
    """More calls at once than threads: they wait, none is lost."""
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda: statuses.append(web.get("/cases", key=agent).status_code)) for _ in range(30)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert statuses == [200] * 30


# --- limits


def test_a_key_that_calls_too_often_waits_and_others_do_not(sqlite_url: str, tmp_path: Path) -> None:
    """AP-07: 429 with a time to wait; what a caller says of its own address changes nothing."""
    with running(sqlite_url, tmp_path, web={"calls_per_minute": 3, "refused_per_minute": 2}) as web:
        statuses = [web.get("/cases", key=web.key("agent")).status_code for _ in range(5)]
        assert statuses == [200, 200, 200, 429, 429]
        late = web.get("/cases", key=web.key("agent"))
        assert (late.json()["reason"], 1 <= int(late.headers["retry-after"]) <= 60) == ("rate-limited", True)
        assert web.get("/cases", key=web.key("viewer")).status_code == 200
        told = [{"X-Forwarded-For": f"192.0.2.{n}"} for n in range(4)]
        assert [web.get("/cases", headers=h).status_code for h in told] == [401, 401, 429, 429]


def test_a_trusted_proxy_is_believed_about_addresses(sqlite_url: str, tmp_path: Path) -> None:
    """AP-07."""
    settings = {"refused_per_minute": 1, "trusted_proxies": ["127.0.0.1/32"]}
    with running(sqlite_url, tmp_path, web=settings) as web:
        told = [{"X-Forwarded-For": f"192.0.2.{n}"} for n in (1, 1, 2)]
        assert [web.get("/cases", headers=h).status_code for h in told] == [401, 429, 401]
