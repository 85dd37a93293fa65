"""The calls of the API, each once, as a portal, an agent and an admin would use them, in the shapes of CONTRACT 4."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import update

from gateway import sequencer
from gateway.model import Envelope, Hint, QueueForAdmin, Source
from gateway.reasons import Reason
from gateway.store import queue, tables
from tests.fixtures import world
from tests.support import wait_until
from tests.web_server import Web, running

DANA, TESS = "dana@example.com", "tess@example.org"
CASE_FIELDS = {
    *("number", "subject", "status", "substatus", "priority", "type", "profile", "contact", "account", "owner"),
    *("opened_at", "modified_at", "closed_at", "follow_up", "escalation"),
}


@pytest.fixture
def agent(web: Web) -> str:
    return web.key("agent")


def opened(web: Web, key: str, **changes: Any) -> str:
    body = {"subject": "Export stops", "description": "At 3 percent.", "contact": {"email": DANA, "name": "Dana"}}
    number: str = web.post("/cases", {**body, **changes}, key=key).json()["number"]
    return number


def queued(web: Web, number: str) -> tuple[str, str]:
    """Put a mail into the admin queue; return (item, mail)."""
    raw = f"From: {DANA}\r\nSubject: export {number}\r\n\r\nHello\r\n".encode()
    mail = web.app.ingest(raw, Envelope(mail_from=DANA, rcpt_tos=(world.CARE,), source=Source.INGEST))
    hint = Hint(case_number=number, score=10, evidence=("It looks like it.",))
    with web.services.database.write() as conn:
        read = {"sender": DANA, "subject": "export", "text": "Hello", "kind": "person", "disposition": "queued"}
        conn.execute(update(tables.mail).where(tables.mail.c.id == mail.id).values(read))
        item = QueueForAdmin(mail_id=mail.id, reason=Reason.NO_REFERENCE, recipient=world.CARE, hints=(hint,))
        queue.add(conn, item, now=web.clock.now())
        found = next(i for i in queue.views(conn, now=web.clock.now()) if i.mail_id == str(mail.id))
    return found.id, str(mail.id)


def test_a_portal_opens_a_case_and_its_answer_flips_it(web: Web, agent: str) -> None:
    """PROCESS 3.3, 5.1; CONTRACT 4."""
    portal = web.key("system")
    answer = web.post("/cases", {"subject": "Export", "description": "Stops.", "contact": {"email": DANA}}, key=portal)
    case = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/api/v1/cases/{case['number']}"
    assert set(case) >= CASE_FIELDS
    assert (case["status"], case["substatus"], len(case["number"])) == ("open", "new", 10)
    assert case["hints"]
    number = case["number"]
    waiting = web.post(f"/cases/{number}/request-info", {"text": "Which version?", "author": TESS}, key=agent).json()
    assert (waiting["status"], len(waiting["follow_up"]["steps"])) == ("awaiting-info", 3)
    update = web.post(f"/cases/{number}/updates", {"text": "4.2", "channel": "portal", "author": DANA}, key=portal)
    assert (update.status_code, update.json()["visibility"]) == (201, "public")
    after = web.get(f"/cases/{number}", key=portal).json()
    assert (after["status"], after["substatus"], after["follow_up"]) == ("open", "customer-responded", None)
    feed = web.get(f"/cases/{number}/updates", key=portal).json()["items"]
    assert [entry["channel"] for entry in feed] == ["agent", "portal"]
    assert len(web.get(f"/cases/{number}/updates?limit=1", key=portal).json()["items"]) == 1


def test_what_only_our_side_may_say_is_refused_to_a_portal(web: Web) -> None:
    """CONTRACT 6: only admin and agent set `critical*`; a system speaks for portal, app and telephone."""
    portal = web.key("system")
    number = opened(web, portal)
    as_agent = web.post(f"/cases/{number}/updates", {"text": "x", "channel": "agent", "author": TESS}, key=portal)
    critical = web.post(f"/cases/{number}/priority", {"priority": "critical"}, key=portal)
    for answer in (as_agent, critical):
        assert (answer.status_code, answer.json()["reason"]) == (403, "not-permitted")
    assert web.post(f"/cases/{number}/priority", {"priority": "critical"}, key=web.key("agent")).status_code == 200


def test_a_case_goes_through_its_life(web: Web, agent: str) -> None:
    number = opened(web, agent)
    steps: list[tuple[str, dict[str, Any], int, str]] = [
        ("status", {"status": "open", "substatus": "investigation"}, 200, "open"),
        ("status", {"status": "closed"}, 409, "open"),
        ("priority", {"priority": "high"}, 200, "open"),
        ("contact", {"email": "sam@example.com", "name": "Sam"}, 200, "open"),
        ("propose-solution", {"text": "Install 4.2.1.", "author": TESS}, 200, "solution-proposed"),
        ("close-request", {"author": "sam@example.com", "text": "All fine."}, 202, "solution-proposed"),
        ("close", {"substatus": "resolved", "text": "Done."}, 200, "closed"),
        ("close", {}, 409, "closed"),
        ("reopen-request", {"author": "sam@example.com", "text": "Again."}, 202, "closed"),
        ("reopen", {"channel": "phone", "text": "It dropped again."}, 200, "open"),
        ("acknowledge", {}, 200, "open"),
    ]
    for call, body, status, then in steps:
        answer = web.post(f"/cases/{number}/{call}", body, key=agent)
        assert (answer.status_code, call) == (status, call), answer.text
        assert web.get(f"/cases/{number}", key=agent).json()["status"] == then


def test_refusals_of_the_rules_carry_their_reason(web: Web, agent: str) -> None:
    number = opened(web, agent, priority="low")
    web.post(f"/cases/{number}/close", key=agent)
    asked = {"reason": "urgency", "details": "x", "requester": DANA}
    told = {
        (answer.status_code, answer.json()["reason"])
        for answer in (
            web.post(f"/cases/{number}/escalations", asked, key=agent),
            web.post(f"/cases/{number}/request-info", {"text": "x", "author": TESS}, key=agent),
            web.post("/cases", {"subject": "x" * 101, "description": "", "contact": {"email": DANA}}, key=agent),
            web.post(f"/cases/{number}/reopen", {"channel": "portal", "text": "x", "author": DANA}, key=agent),
            web.post("/cases", {"subject": "x", "description": "", "contact": {"email": "a@b@c"}}, key=agent),
        )
    }
    assert told == {
        (409, "escalation-case-closed"),
        (409, "case-closed"),
        (422, "subject-too-long"),
        (409, "reopen-needs-phone"),
        (422, "invalid-input"),
    }


def test_an_escalation_is_reviewed(web: Web, agent: str) -> None:
    """PROCESS 6."""
    number = opened(web, agent)
    asked = {"reason": "urgency", "details": "It is worse.", "requester": DANA}
    answer = web.post(f"/cases/{number}/escalations", asked, key=web.key("admin"))
    one = answer.json()
    assert (answer.status_code, one["state"], one["warnings"]) == (201, "requested", ["urgency-is-priority"])
    path = f"/escalations/{one['id']}"
    body = {"owner": "olivia@example.org", "importance": "high", "urgency": "today", "text": "We call you."}
    assert web.post(f"{path}/accept", body, key=agent).json()["owner"] == "olivia@example.org"
    assert web.post(f"{path}/updates", {"text": "Being tested."}, key=agent).json()["state"] == "accepted"
    assert web.post(f"{path}/read", key=agent).json()["unread"] == 0
    assert web.post(f"{path}/close", key=agent).json()["state"] == "closed"
    late = web.post(f"{path}/decline", {"text": "x"}, key=agent)
    assert (late.status_code, late.json()["reason"]) == (409, "already-resolved")
    assert web.get(path, key=agent).json()["state"] == "closed"
    feed = web.get(f"/cases/{number}/updates?feed=escalation", key=agent).json()["items"]
    assert len(feed) >= 3


def test_contacts_are_put_and_their_pin_is_never_shown(web: Web, agent: str) -> None:
    body = {"name": "Dana Reed", "account": "Reed Foods", "alternates": ["d@example.com"], "pin": "4711"}
    for _ in range(2):
        answer = web.call("PUT", f"/contacts/{DANA}", key=agent, json=body)
        assert answer.status_code == 200
    shown = web.get("/contacts/d@example.com", key=agent)
    assert (shown.json()["email"], shown.json()["has_pin"]) == (DANA, True)
    assert "4711" not in shown.text
    assert [c["email"] for c in web.get("/contacts?account=Reed Foods", key=agent).json()["items"]] == [DANA]


def test_a_system_puts_nobody_into_the_account_of_somebody_else(web: Web, agent: str) -> None:
    """AP-02."""
    web.call("PUT", "/contacts/sam@example.net", key=agent, json={"account": "Okafor"})
    portal = web.key("system")
    into = web.call("PUT", "/contacts/mallory@example.org", key=portal, json={"account": "Okafor"})
    assert (into.status_code, into.json()["reason"]) == (403, "not-permitted")
    assert web.call("PUT", "/contacts/sam@example.net", key=portal, json={"name": "x"}).status_code == 404
    for _ in range(2):
        made = web.call("PUT", "/contacts/eve@example.org", key=portal, json={"account": "Eve's"})
        assert made.status_code == 200
    number = opened(web, portal)
    taken = web.post(f"/cases/{number}/contact", {"email": "sam@example.net", "name": "Sam"}, key=portal)
    assert taken.status_code == 403


def test_a_queued_mail_is_previewed_linked_undone_and_discarded(web: Web, agent: str) -> None:
    """PROCESS 3.4; AP-09: a second resolution is refused."""
    number = opened(web, agent)
    item, mail = queued(web, number)
    admin = web.key("queue")
    before = web.get(f"/queue/{item}", key=admin)
    assert before.json()["hints"][0]["case"] == number
    preview = web.post(f"/queue/{item}/link", {"case": number, "preview": True}, key=admin).json()
    assert preview["item"]["state"] == "open"
    assert preview["effects"]
    assert web.post(f"/queue/{item}/claim", key=admin).json()["item"]["claimed_by"]
    assert web.post(f"/queue/{item}/release", key=admin).json()["item"]["claimed_by"] is None
    claimed = web.post(f"/queue/{item}/claim", key=admin).headers["etag"]
    stale = web.post(f"/queue/{item}/discard", {"why": "spam"}, key=admin, headers={"If-Match": before.headers["etag"]})
    assert stale.status_code == 412
    linked = web.post(f"/queue/{item}/link", {"case": number}, key=admin, headers={"If-Match": claimed})
    assert linked.json()["item"]["resolution"] == "linked"
    twice = web.post(f"/queue/{item}/link", {"case": number}, key=admin)
    assert (twice.status_code, twice.json()["reason"]) == (409, "already-resolved")
    assert web.post(f"/queue/{item}/undo", key=admin).json()["item"]["state"] == "open"
    assert web.post(f"/queue/{item}/discard", {"why": "spam"}, key=admin).json()["item"]["why"] == "spam"
    assert [i["id"] for i in web.get("/queue?state=done", key=admin).json()["items"]] == [item]
    assert web.get("/queue", key=admin).json()["items"] == []
    other, _ = queued(web, f"{number} once more")
    made = web.post(f"/queue/{other}/open-case", {"subject": "From a mail"}, key=admin).json()
    assert made["item"]["resolution"] == "case-opened"
    assert web.get(f"/mails/{mail}", key=admin).json()["trace"] is not None


def test_mails_are_listed_and_fetched_as_they_came(web: Web, agent: str) -> None:
    _, mail = queued(web, opened(web, agent))
    listed = web.get("/mails?limit=1", key=web.key("viewer")).json()
    assert [one["id"] for one in listed["items"]] == [mail]
    raw = web.get(f"/mails/{mail}/raw", key=web.key("queue"))
    assert raw.headers["content-type"].startswith("message/rfc822")
    assert raw.headers["content-disposition"].startswith("attachment")
    assert raw.content.startswith(b"From: dana@example.com")
    assert web.get("/mails?disposition=linked", key=agent).json()["items"] == []
    assert web.get("/mails", key=agent, params={"q": "no such"}).json()["items"] == []
    refused = web.post(f"/mails/{mail}/replay", key=agent)
    assert (refused.status_code, refused.json()["reason"]) == (409, "already-resolved")
    ledger = web.get("/ledger", key=agent).json()
    assert (ledger["accepted"], ledger["balanced"]) == (1, True)


def test_outgoing_mail_is_held_released_cancelled_and_tried_again(web: Web, agent: str) -> None:
    number = opened(web, agent)
    (entry,) = web.get(f"/outbox?case={number}", key=agent).json()["items"]
    assert set(entry) >= {"id", "notice", "case", "to", "state", "attempts", "last_reply", "message_id", "uncertain"}
    states = [
        web.post(f"/outbox/{entry['id']}/{call}", key=agent).json()["state"] for call in ("hold", "release", "cancel")
    ]
    assert states == ["held", "ready", "cancelled"]
    assert web.post(f"/outbox/{entry['id']}/retry", key=agent).status_code == 409
    assert web.get("/outbox?state=cancelled&notice=case-opened", key=agent).json()["items"][0]["id"] == entry["id"]


def test_cases_are_found_by_words_and_by_number(web: Web, agent: str) -> None:
    first = opened(web, agent, subject="Nightly export stops")
    second = opened(web, agent, subject="Imports are slow", contact={"email": "sam@example.net"})
    found = {
        q: [case["number"] for case in web.get("/cases", key=agent, params={"q": q}).json()["items"]]
        for q in ("night exp", "STOPS", "ports", "import slow", "nightly slow", first, first.lstrip("0"), "")
    }
    assert found == {
        "night exp": [first],
        "STOPS": [first],
        "ports": [],
        "import slow": [second],
        "nightly slow": [],
        first: [first],
        first.lstrip("0"): [first],
        "": [second, first],
    }
    assert [c["number"] for c in web.get("/cases?contact=sam@example.net", key=agent).json()["items"]] == [second]
    assert [c["number"] for c in web.get("/cases?turn=customer", key=agent).json()["items"]] == []


def test_the_document_has_an_example_for_every_call_and_the_page_asks_no_other_host(web: Web) -> None:
    """Issue of the product: OpenAPI with examples on every call."""
    document = web.client.get("/api/v1/openapi.json").json()
    schemas = document["components"]["schemas"]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            sent = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            for one in [s for s in (sent, *sent.get("anyOf", ())) if "$ref" in s]:
                assert "example" in schemas[one["$ref"].rpartition("/")[2]], (method, path)
            good = next(a for s, a in operation["responses"].items() if s.startswith("2"))
            if not good.get("content"):
                assert method == "delete", (method, path)
                continue
            ((kind, told),) = good["content"].items()
            assert kind != "application/json" or "example" in schemas[told["schema"]["$ref"].rpartition("/")[2]]
    page = web.client.get("/api/v1/docs").text
    assert "POST" in page
    assert re.findall(r"(?:src|href|action|@import|url)\W{1,3}[a-z]+:", page) == []
    assert "<script" not in page
    assert all(operation["operationId"] in page for ops in document["paths"].values() for operation in ops.values())


# --- events and notices


def test_a_system_follows_the_events_of_its_own_cases(web: Web, agent: str) -> None:
    """CONTRACT 4: ordered, ids and facts only; a foreign case is passed over."""
    portal = web.key("system")
    own = opened(web, portal)
    opened(web, agent, contact={"email": "sam@example.net"})
    sequencer.turn(web.services)
    everything = web.get("/events", key=agent).json()
    assert {e["type"] for e in everything["items"]} >= {"case.opened"}
    cursors = [int(e["cursor"]) for e in everything["items"]]
    assert cursors == sorted(set(cursors))
    mine = web.get("/events?limit=1000", key=portal).json()
    assert {e["case"] for e in mine["items"]} == {own}
    assert mine["next"] == everything["next"]
    assert web.get(f"/events?after={mine['next']}", key=portal).json() == {"items": [], "next": mine["next"]}
    assert "At 3 percent" not in str(everything)


def test_whoever_waits_for_events_is_answered_when_one_comes(web: Web, agent: str) -> None:
    with ThreadPoolExecutor() as pool:
        waiting = [pool.submit(web.get, "/events?wait=60", key=agent) for _ in range(20)]
        # More wait than there are threads, and others are served meanwhile.
        number = opened(web, agent)
        sequencer.turn(web.services)
        answers = [one.result(60).json() for one in waiting]
    assert {answer["items"][0]["case"] for answer in answers} == {number}


def test_a_server_that_stops_lets_nobody_wait(sqlite_url: str, tmp_path: Path) -> None:
    with ThreadPoolExecutor() as pool:
        with running(sqlite_url, tmp_path) as web:
            headers = {"Authorization": f"Bearer {web.key('agent')}"}
            url = f"{web.url}/api/v1/events?wait=60"
            waiting = pool.submit(httpx2.get, url, headers=headers, timeout=90, trust_env=False)
            wait_until(lambda: web.client.get("/healthz").status_code == 200, seconds=60)
        # Answered, or cut before it was taken; in no case kept waiting.
        with suppress(httpx2.TransportError):
            assert waiting.result(60).json()["items"] == []


def test_a_notice_of_another_system_is_previewed_and_sent(web: Web, agent: str) -> None:
    """PROCESS 8: missing and extra values are named."""
    number = opened(web, agent)
    declared = web.get("/notifications", key=agent).json()["items"]
    assert len(declared) == 8
    for one in declared:
        case = {} if one["case"] == "never" else {"case": number}
        body = {"notice": one["notice"], "to": {"email": DANA}, "context": one["sample"], **case}
        preview = web.post("/notifications/preview", body, key=agent)
        assert (preview.status_code, preview.json().get("notice")) == (200, one["notice"]), preview.text
    sent = web.post("/notifications", body, key=agent)
    assert (sent.status_code, sent.json()["state"]) == (202, "ready")
    wrong = web.post("/notifications", {**body, "context": {"nonsense": 1}}, key=agent)
    assert wrong.status_code == 422
    assert "nonsense" in wrong.json()["detail"]
    foreign = web.post("/notifications", {**body, "case": number}, key=web.key("system"))
    assert foreign.status_code == 404 or one["case"] == "never"
