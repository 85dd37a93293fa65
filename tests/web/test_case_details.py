"""The details of a case go in by the API, come out of it, and stand on the case's page of the console (PROCESS 2.4)."""

from pathlib import Path

from gateway.desk import users
from tests.web_server import running

DETAILS = {
    "deployment": "Berlin",
    "product_line": "router",
    "component": "exporter <b>",
    "implementation_stage": "in production",
    "business_impact": "No figures this morning",
}
CASE = {"subject": "Export stops", "description": "At 3 percent.", "contact": {"email": "dana@example.com"}}
PASSWORD = "correct horse battery staple"


def test_details_are_taken_shown_and_described(sqlite_url: str, tmp_path: Path) -> None:
    """PROCESS 2.4, HT-01: and a product line that nobody set up is refused with those there are."""
    with running(sqlite_url, tmp_path, product_lines={"router": "cloud-2025"}) as web:
        agent = web.key("agent")
        made = web.post("/cases", {**CASE, **DETAILS}, key=agent).json()
        shown = web.get(f"/cases/{made['number']}", key=agent).json()
        for case in (made, shown):
            assert {name: case[name] for name in DETAILS} == DETAILS
            assert case["profile"] == "cloud-2025"
        refused = web.post("/cases", {**CASE, "product_line": "toaster"}, key=agent)
        assert (refused.status_code, refused.json()["reason"]) == (422, "invalid-input")
        assert "router" in refused.json()["detail"]
        body = web.get("/openapi.json").json()["components"]["schemas"]["OpenCase"]["properties"]
        assert body["product_line"]["anyOf"][0]["enum"] == ["", "router"]
        assert body["type"]["enum"] == ["support", "service-request", "incident", "admin"]
        wish = web.post("/cases", {**CASE, "type": "feature-request"}, key=agent)
        assert (wish.status_code, wish.json()["reason"]) == (422, "invalid-input")
        _, path = users.add(web.services, email="ada@example.com", role="admin")
        entered = {"password": PASSWORD, "again": PASSWORD}
        web.client.post(path, data=entered, headers={"sec-fetch-site": "same-origin"})
        page = web.client.get(f"/cases/{made['number']}").text
        assert "exporter &lt;b&gt;" in page
        assert all(value in page for name, value in DETAILS.items() if name != "component")
