"""Cases, outbox, what-if and overview in a real browser."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect
from sqlalchemy import update

from gateway.desk import cases, mails, outbox
from gateway.model.views import CaseView
from gateway.store import tables
from tests.browser import scene
from tests.browser.conftest import House

Visit = Callable[..., Page]


def opened(house: House, subject: str = "A case of this test") -> CaseView:
    return cases.open_case(
        house.services, subject=subject, description="Something is broken.", contact_email="pia@example.net"
    )


def test_a_case_is_asked_about_proposed_closed_and_reopened_by_hand(house: House, visit: Visit) -> None:
    number = opened(house).number
    page = visit(f"/cases/{number}")

    def do(title: str, button: str, text: str) -> None:
        page.locator("summary", has_text=title).click()
        form = page.locator("details[open] form").first
        form.locator("textarea").fill(text)
        form.get_by_role("button", name=button).click()
        expect(page).to_have_url(f"{house.url}/cases/{number}?done=" + form_name[title])

    form_name = {
        "Post an update": "post",
        "Ask for information": "request-info",
        "Propose a solution": "propose-solution",
        "Close": "close",
        "Reopen": "reopen",
    }
    do("Post an update", "Post", "A note for ourselves.")
    expect(page.locator(".update.internal")).to_contain_text("A note for ourselves.")
    do("Ask for information", "Ask", "Which one is it?")
    expect(page.locator(".case-head")).to_contain_text("awaiting info")
    expect(page.locator("svg.ladder")).to_be_visible()
    do("Propose a solution", "Propose", "Take the blue one.")
    expect(page.locator(".case-head")).to_contain_text("solution proposed")
    do("Close", "Close the case", "Glad to hear it.")
    expect(page.locator(".case-head")).to_contain_text("closed")
    page.locator("summary", has_text="Reopen").click()
    page.fill("details[open] [name=caller]", "pia@example.net")
    page.fill("details[open] textarea", "It is broken again.")
    page.get_by_role("button", name="Reopen the case").click()
    expect(page.locator(".case-head")).to_contain_text("open")
    assert cases.show(house.services, number).status == "open"


def test_what_the_rules_refuse_is_said_in_their_words_and_what_was_typed_stays(house: House, visit: Visit) -> None:
    number = opened(house, "Refused").number
    cases.set_priority(house.services, number, cases.Priority.LOW)
    page = visit(f"/cases/{number}")
    page.locator("summary", has_text="Escalate").click()
    page.fill("details[open] [name=details]", "It is urgent for us.")
    with page.expect_response(lambda answer: answer.request.method == "POST") as answered:
        page.locator("details[open]").get_by_role("button", name="Escalate").click()
    assert answered.value.status == 409
    expect(page.locator(".alert")).to_contain_text("low")
    expect(page.locator("details[open] [name=details]")).to_have_value("It is urgent for us.")


def test_an_escalation_is_accepted_told_about_and_ended(house: House, visit: Visit) -> None:
    number = opened(house, "Escalated").number
    page = visit(f"/cases/{number}")
    page.locator("summary", has_text="Escalate").click()
    page.fill("details[open] [name=details]", "Silent for a week.")
    page.locator("details[open]").get_by_role("button", name="Escalate").click()
    panel = page.get_by_role("region", name="Escalation")
    expect(panel).to_contain_text("requested")
    panel.locator("summary", has_text="Accept").click()
    panel.locator("details[open] textarea").fill("We call you at ten.")
    panel.get_by_role("button", name="Accept").click()
    expect(panel).to_contain_text("accepted")
    expect(page.locator(".feed")).to_contain_text("We call you at ten.")
    panel.locator("summary", has_text="End the escalation").click()
    panel.get_by_role("button", name="End it").click()
    expect(panel).to_contain_text("closed")


def test_cases_are_found_by_number_by_words_and_by_turn(house: House, visit: Visit) -> None:
    page = visit("/cases?q=printer")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody")).to_contain_text("Printer prints every page twice")
    page.fill("[name=q]", "3256109")
    page.keyboard.press("Enter")
    expect(page.locator("tbody")).to_contain_text("VPN drops every hour")
    page.goto(f"{house.url}/cases?turn=customer&contact=kim@example.net")
    expect(page.locator("tbody")).to_contain_text("solution proposed")


def test_a_new_case_is_opened_on_its_page(house: House, visit: Visit) -> None:
    page = visit("/cases/new")
    page.fill("[name=subject]", "x" * 101)
    page.fill("[name=description]", "Something new is broken here.")
    page.fill("[name=contact]", "new@example.net")
    page.get_by_role("button", name="Open the case").click()
    expect(page.locator(".alert")).to_contain_text("shorten it to 100")
    page.fill("[name=subject]", "Something new")
    page.get_by_role("button", name="Open the case").click()
    expect(page.locator("h1")).to_have_text("Something new")


def test_a_dead_mail_is_tried_again_held_and_cancelled(house: House, visit: Visit) -> None:
    opened(house, "Outbox")
    entry = outbox.find(house.services, state="ready", limit=1000)[-1]
    with house.app.database.write() as conn:
        values = {"state": "dead", "last_reply": "550 5.1.1 no such mailbox"}
        conn.execute(update(tables.outbox).where(tables.outbox.c.id == int(entry.id)).values(values))
    page = visit("/outbox?state=dead")
    row = page.locator("tr", has_text="550 5.1.1 no such mailbox")
    row.get_by_role("button", name=f"Retry mail {entry.id}").click()
    expect(page.locator("h1")).to_have_text("Outbox")
    assert outbox.show(house.services, entry.id).state == "ready"
    page.goto(f"{house.url}/outbox/{entry.id}")
    page.get_by_role("button", name="Hold").click()
    expect(page.locator(".badge").first).to_have_text("held")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".badge").first).to_have_text("cancelled")
    assert outbox.show(house.services, entry.id).state == "cancelled"


def test_what_leaves_next_is_told_with_its_why_and_nothing_is_written(house: House, visit: Visit) -> None:
    number = opened(house, "Ahead").number
    cases.request_info(house.services, number, text="Which one?", author=scene.AGENT)
    before = len(outbox.find(house.services, state="all", limit=10_000))
    page = visit("/outbox/ahead")
    expect(page.locator("tbody")).to_contain_text("follow up 1")
    expect(page.locator("tbody tr", has_text=number).first).to_be_visible()
    assert len(outbox.find(house.services, state="all", limit=10_000)) == before


def test_a_mail_is_tried_out_and_nothing_is_written(house: House, visit: Visit, tmp_path: Path) -> None:
    """PEERS 1.11: the whole trace, no writes."""
    before = mails.ledger(house.services)
    mail = scene.written("Dana Doe <dana@example.org>", "Case 0003256109", "No reference in here.")
    (tmp_path / "try.eml").write_bytes(mail.as_bytes())
    page = visit("/whatif")
    page.set_input_files("[name=file]", tmp_path / "try.eml")
    page.get_by_role("button", name="Explain").click()
    expect(page.locator("article h2")).to_contain_text("queued")
    expect(page.locator(".trace li")).not_to_have_count(0)
    away = scene.written("Dana Doe <dana@example.org>", "Away", "I am away.", Auto_Submitted="auto-replied")
    page.locator("summary").first.click()
    page.fill("[name=text]", away.as_string())
    page.get_by_role("button", name="Explain").click()
    expect(page.locator("article h2")).to_contain_text("automatic")
    assert mails.ledger(house.services) == before


def test_the_overview_shows_a_balance_of_zero(house: House, visit: Visit) -> None:
    balance = mails.ledger(house.services)
    page = visit("/overview")
    expect(page.locator(".ledger")).to_contain_text(str(balance.accepted))
    expect(page.locator(".ledger .sum").last).to_contain_text("0")
    expect(page.locator("svg.bars rect").first).to_be_attached()


def test_people_see_only_what_their_role_may_do(house: House, visit: Visit) -> None:
    """AP-01 on the page: what may not be done is not offered."""
    page = visit("/cases/0003256110", role="viewer")
    expect(page.locator(".actions")).to_have_count(0)
    page.goto(f"{house.url}/queue")
    expect(page.locator(".bulk")).to_have_count(0)
    expect(page.locator(".reader .tabs a")).to_have_count(2)


def test_the_audit_trail_is_shown_and_verified(house: House, visit: Visit) -> None:
    number = opened(house, "Audited").number
    page = visit(f"/admin/audit?about=case:{number}")
    expect(page.locator("tbody tr").first).to_be_visible()
    page.get_by_role("button", name="Verify the whole trail").click()
    expect(page.get_by_role("status")).to_contain_text("The trail is whole")


def test_a_webhook_is_added_and_removed_and_its_secret_is_shown_once(house: House, visit: Visit) -> None:
    page = visit("/admin/webhooks")
    page.fill("[name=url]", "https://hooks.example.com/case-gateway")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_label("The secret")).to_have_value(re.compile("^whsec_"))
    page.get_by_role("link", name="https://hooks.example.com/case-gateway").click()
    expect(page.get_by_label("The secret")).to_have_count(0)
    page.get_by_role("button", name="Remove").click()
    expect(page).to_have_url(f"{house.url}/admin/webhooks")


def test_the_source_of_a_mail_stands_line_by_line(house: House, visit: Visit) -> None:
    """HT-08: as received; a marked line ends where it ended in the mail."""
    item = house.raw(b"From: dana@example.org\r\nSubject: Export\r\n\r\nIt stops.\r\n  At 3 percent.\r\n")
    shown = visit(f"/queue/{item.id}?view=source").locator("pre.source").inner_text()
    assert shown.split("\n")[-6:-1] == ["Subject: Export", "", "It stops.", "  At 3 percent.", ""]
