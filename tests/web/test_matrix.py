"""AP-01: every route, every role, every owner: who is let in, who is refused, who learns that nothing is there.

What is expected is written anew here, from CONTRACT 4, and not taken from the table that the product reads.  A body
that no route takes shows the decision without changing anything: whoever is let in is told 422, a reader is answered.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from gateway import sequencer, webhooks
from gateway.desk import access
from gateway.model import Envelope, Hint, QueueForAdmin, Source
from gateway.reasons import Reason
from gateway.rules import permissions
from gateway.store import queue
from tests.web_server import Web, running

ROLES = ("admin", "agent", "queue", "viewer", "system")
OWNERS = ("own", "foreign", "unknown")
PUBLIC = {("GET", "/openapi.json"), ("GET", "/docs")}
NOT_A_BODY = {"no such field": "by nobody"}
OWNED = ("{number}", "{email}", "{escalation_id}", "{webhook_id}", "{delivery_id}")
# The nouns of the role `system` (CONTRACT 4), and the calls of them that are our own side's alone.
OF_SYSTEMS = ("cases", "contacts", "escalations", "notifications", "events", "webhooks")
OUR_SIDES_ALONE = {
    "GET /contacts",
    "POST /cases/{number}/acknowledge",
    "POST /escalations/{escalation_id}/read",
}


def expected_role(role: str, call: str) -> bool:
    """Say what CONTRACT 4 says of a role and a call."""
    method, path = call.split(" ")
    noun = path.split("/")[1]
    match role:
        case "admin" | "agent":
            return noun not in ("users", "keys") or role == "admin"
        case "queue":
            return noun in ("mails", "queue") or (noun == "cases" and method == "GET")
        case "viewer":
            return method == "GET" and not path.endswith("/raw")
        case _:
            return noun in OF_SYSTEMS and call not in OUR_SIDES_ALONE


def expected(role: str, call: str, owner: str) -> set[int]:
    """Return the statuses that a cell may have."""
    method, path = call.split(" ")
    if not expected_role(role, call):
        return {403}
    named = "{" in path
    if role == "system" and any(name in path for name in OWNED) and owner != "own":
        makes_a_new_one = method == "PUT" and owner == "unknown"
        return {422} if makes_a_new_one else {404}
    if method == "GET":
        return {404} if named and owner == "unknown" else {200}
    return {422}


@dataclass
class House:
    """A server with something of each kind, made by the system's key (own) and by an agent (foreign)."""

    web: Web
    paths: dict[str, dict[str, str]]

    def status(self, call: str, owner: str, key: str) -> int:
        method, path = call.split(" ")
        for name, value in self.paths[owner].items():
            path = path.replace(name, value)
        body = {} if method == "GET" else {"json": NOT_A_BODY}
        return self.web.call(method, path, key=key, **body).status_code


@pytest.fixture(scope="module")
def house(sqlite_template: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Return the house; no cell changes it."""
    import shutil

    folder = tmp_path_factory.mktemp("matrix")
    shutil.copyfile(str(sqlite_template), folder / "gateway.db")
    with running(f"sqlite:///{folder / 'gateway.db'}", folder) as web:
        paths = {
            "own": things(web, web.key("system"), "dana@example.com"),
            "foreign": things(web, web.key("agent"), "mallory@example.net"),
            "unknown": dict.fromkeys((*OWNED, "{mail_id}", "{item_id}", "{entry_id}"), "9999999999"),
        }
        paths["unknown"]["{email}"] = "nobody@example.org"
        yield House(web, paths)


def things(web: Web, key: str, email: str) -> dict[str, str]:
    """Make a case with an escalation, a queued mail and an outgoing mail; return the path parameters that name them."""
    hook = web.post("/webhooks", {"url": "https://93.184.216.34/hook"}, key=key).json()
    opened = web.post(
        "/cases", {"subject": "Export", "description": "It stops.", "contact": {"email": email}}, key=key
    ).json()
    asked = {"reason": "no-update", "details": "Nothing since Monday.", "requester": email}
    escalation = web.post(f"/cases/{opened['number']}/escalations", asked, key=key).json()
    raw = f"From: {email}\r\nSubject: export\r\n\r\nHello\r\n".encode()
    mail = web.app.ingest(raw, Envelope(mail_from=email, rcpt_tos=("care@support.example.test",), source=Source.INGEST))
    hint = Hint(case_number=opened["number"], score=10, evidence=("It looks like it.",))
    item = QueueForAdmin(mail_id=mail.id, reason=Reason.NO_REFERENCE, recipient="care@x", hints=(hint,))
    with web.services.database.write() as conn:
        queue.add(conn, item, now=web.clock.now())
        item_id = next(i.id for i in queue.views(conn, now=web.clock.now()) if i.mail_id == str(mail.id))
    entry = web.get(f"/outbox?case={opened['number']}", key=web.key("admin")).json()["items"][0]
    return {
        "{number}": opened["number"],
        "{email}": email,
        "{escalation_id}": escalation["id"],
        "{mail_id}": str(mail.id),
        "{item_id}": item_id,
        "{entry_id}": entry["id"],
        "{webhook_id}": hook["id"],
        "{delivery_id}": delivery_of(web, hook["id"]),
    }


def delivery_of(web: Web, webhook_id: str) -> str:
    """Let the feed grow and its deliveries be written; return one of this webhook."""
    sequencer.turn(web.services)
    webhooks.turn(web.services)
    found: str = web.get(f"/webhooks/{webhook_id}/deliveries", key=web.key("admin")).json()["items"][0]["id"]
    return found


def test_the_table_names_every_route_and_every_route_is_in_the_table(house: House) -> None:
    """100 % of the routes: none is left out, none is there that nobody knows of."""
    document = house.web.client.get("/api/v1/openapi.json").json()
    served = {
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, operations in document["paths"].items()
        for method in operations
    }
    assert served == set(permissions.CALLS)
    for _, path in PUBLIC:
        assert house.web.client.get(f"/api/v1{path}").status_code == 200


def test_every_cell_of_routes_roles_and_owners(house: House) -> None:
    wrong, cells = [], 0
    for role in ROLES:
        key = house.web.key(role)
        for call in permissions.CALLS:
            for owner in OWNERS:
                cells += 1
                status = house.status(call, owner, key)
                if status not in expected(role, call, owner):
                    wrong.append((role, call, owner, status, expected(role, call, owner)))
    assert wrong == []
    assert cells == len(ROLES) * len(permissions.CALLS) * len(OWNERS)


def test_nobody_is_let_in_without_a_key_that_counts(house: House) -> None:
    web = house.web
    view, revoked = access.create_key(web.services, role="admin")
    access.revoke(web.services, view.id)
    _, expired = access.create_key(web.services, role="admin", days=1)
    web.clock.moment += timedelta(days=1)
    keys = ("", "x", "cgk_" + "A" * 43, revoked, expired, web.key("admin")[:-1])
    statuses = {(key, call, house.status(call, "own", key)) for key in keys for call in permissions.CALLS}
    web.clock.moment -= timedelta(days=1)
    assert {status for _, _, status in statuses} == {401}
    answer = web.get("/cases")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["reason"] == "not-signed-in"


def test_a_key_in_the_query_or_in_another_form_is_no_key(house: House) -> None:
    """AP-06: addresses are logged by everybody on the way; keys are not taken from them."""
    key = house.web.key("admin")
    client = house.web.client
    assert client.get(f"/api/v1/cases?key={key}&access_token={key}").status_code == 401
    for value in (key, f"Basic {key}", f"Bearer {key} {key}", f"Bearer{key}"):
        assert client.get("/api/v1/cases", headers={"Authorization": value}).status_code == 401
    assert client.get("/api/v1/cases", headers={"Authorization": f"bearer  {key}"}).status_code == 200


def test_what_is_not_seen_is_answered_like_what_is_not_there(house: House) -> None:
    """AP-02: no difference by which a system could find out which cases there are."""
    key = house.web.key("system")
    number = house.paths["foreign"]["{number}"]
    there, nowhere = (house.web.get(f"/cases/{n}", key=key) for n in (number, "9999999999"))
    assert (there.status_code, there.json()) == (nowhere.status_code, nowhere.json())


def test_a_system_lists_only_what_is_its_own(house: House) -> None:
    key, agent = house.web.key("system"), house.web.key("agent")
    own = house.paths["own"]
    assert [case["number"] for case in house.web.get("/cases", key=key).json()["items"]] == [own["{number}"]]
    assert len(house.web.get("/cases", key=agent).json()["items"]) == 2
    asked = house.web.get("/escalations", key=key).json()["items"]
    assert [one["id"] for one in asked] == [own["{escalation_id}"]]
    foreign = house.paths["foreign"]["{number}"]
    assert house.web.get(f"/escalations?case={foreign}", key=key).status_code == 404


def test_a_granted_case_is_seen_by_that_key_alone(house: House) -> None:
    services, number = house.web.services, house.paths["foreign"]["{number}"]
    view, key = access.create_key(services, role="system")
    assert house.web.get(f"/cases/{number}", key=key).status_code == 404
    access.grant(services, view.id, number.lstrip("0"))
    assert house.web.get(f"/cases/{number}", key=key).status_code == 200
    assert house.web.get("/contacts/mallory@example.net", key=key).status_code == 200
    assert house.web.get(f"/cases/{number}", key=house.web.key("system")).status_code == 404
