"""The queue in a real browser: by keyboard alone, with preview, undo, many at once, and two people on one mail."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from gateway.desk import cases, queue
from tests.browser import scene
from tests.browser.conftest import House

Visit = Callable[..., Page]
VPN, PRINTER = "0003256109", "0003256110"


def test_ten_mails_are_worked_with_the_keyboard_alone(house: House, visit: Visit) -> None:
    items = [house.mail(f"It is about case {PRINTER}.", subject=f"Keyboard {n}") for n in range(10)]
    page = visit(f"/queue/{items[0].id}?reason=no-reference")
    for item in items:
        expect(page.locator("#item")).to_have_attribute("data-id", item.id)
        page.keyboard.press("1")
        expect(page.locator("[data-confirm]")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator(".undo")).to_contain_text(f"Mail {item.id}")
    assert all(queue.show(house.services, item.id).resolution == "linked" for item in items)


def test_j_and_k_walk_through_the_list_and_the_address_follows(house: House, visit: Visit) -> None:
    first, second = house.mail("one"), house.mail("two")
    page = visit(f"/queue/{first.id}?reason=no-reference&after={int(first.id) - 1}")
    page.keyboard.press("j")
    expect(page).to_have_url(re.compile(rf"/queue/{second.id}\?"))
    expect(page.locator('.row[aria-current="true"]')).to_have_attribute("data-id", second.id)
    page.keyboard.press("k")
    expect(page.locator("#item")).to_have_attribute("data-id", first.id)
    expect(page.locator(".reader h2")).to_contain_text(first.subject)


def test_the_preview_says_what_linking_does_and_undo_takes_it_back(house: House, visit: Visit) -> None:
    """PROCESS 3.4 on the page: the effects before, the wait as before after undo."""
    opened = cases.open_case(
        house.services, subject="Preview", description="A case to link to.", contact_email="pia@example.net"
    )
    cases.request_info(house.services, opened.number, text="Which one?", author=scene.AGENT)
    item = house.mail(f"Case {opened.number}: the blue one.", sender="Pia Vik <pia@example.net>")
    page = visit(f"/queue/{item.id}")
    page.keyboard.press("1")
    effects = page.locator(".effects")
    expect(effects).to_contain_text(f"Case {opened.number} goes from awaiting-info to open / customer-responded")
    assert cases.show(house.services, opened.number).status == "awaiting-info"
    page.keyboard.press("Enter")
    expect(page.locator(".undo")).to_contain_text(opened.number)
    assert cases.show(house.services, opened.number).substatus == "customer-responded"
    page.keyboard.press("u")
    expect(page.locator("#item")).to_have_attribute("data-id", item.id)
    expect(page.locator(".undo")).to_have_count(0)
    after = cases.show(house.services, opened.number)
    assert (after.status, after.follow_up is not None) == ("awaiting-info", True)


def test_many_mails_are_linked_discarded_and_claimed_at_once(house: House, visit: Visit) -> None:
    to_link, to_discard, to_claim = ([house.mail(f"bulk {name} {n}") for n in range(2)] for name in "lmn")
    # The list begins with them, however many others wait.
    page = visit(f"/queue/{to_link[0].id}?after={int(to_link[0].id) - 1}")

    def choose(items: list[queue.QueueItemView]) -> None:
        for item in items:
            page.check(f'.row[data-id="{item.id}"] input')

    choose(to_link)
    page.fill(".bulk [name=case]", VPN)
    page.click(".bulk [value=link]")
    expect(page.locator(".undo")).to_contain_text("2 mails linked to")
    choose(to_discard)
    page.select_option(".bulk [name=why]", "spam")
    page.click(".bulk [value=discard]")
    expect(page.locator(".undo")).to_contain_text("2 mails discarded")
    page.keyboard.press("u")
    expect(page.locator(".undo")).to_have_count(0)
    choose(to_claim)
    page.click(".bulk [value=claim]")
    expect(page.locator(f'.row[data-id="{to_claim[1].id}"] [data-claim]')).to_have_text("ada")
    now = [queue.show(house.services, item.id) for item in (*to_link, *to_discard, *to_claim)]
    assert [one.case for one in now[:2]] == [VPN, VPN]
    assert [one.state for one in now[2:4]] == ["open", "open"]
    assert [one.claimed_by for one in now[4:]] == [scene.ADMIN, scene.ADMIN]


def test_two_people_on_one_mail_the_second_is_told_in_words(house: House, visit: Visit) -> None:
    """AP-09: exactly one link; the second try is a 409 that says who was faster."""
    item = house.mail("Two people look at me.")
    mine = visit(f"/queue/{item.id}?case={VPN}")
    theirs = visit(f"/queue/{item.id}?case={PRINTER}", role="queue")
    theirs.click("[data-confirm]")
    expect(theirs.locator(".undo")).to_contain_text(PRINTER)
    with mine.expect_response(lambda answer: answer.request.method == "POST") as answered:
        mine.click("[data-confirm]")
    assert answered.value.status == 409
    expect(mine.locator(".alert")).to_contain_text("was resolved before (linked by quinn@example.com)")
    assert queue.show(house.services, item.id).case == PRINTER


def test_a_claim_is_seen_and_can_be_taken_over(house: House, visit: Visit) -> None:
    item = house.mail("Somebody looks at me.")
    theirs = visit(f"/queue/{item.id}?after={int(item.id) - 1}", role="queue")
    mine = visit(f"/queue/{item.id}?after={int(item.id) - 1}")
    theirs.keyboard.press("c")
    expect(theirs.locator(".acts .claim")).to_have_text("yours")
    mine.evaluate("document.dispatchEvent(new Event('gateway:pulse'))")
    expect(mine.locator(f'.row[data-id="{item.id}"] [data-claim]')).to_have_text("quinn")
    mine.reload()
    mine.click(".acts [data-key=c]")
    expect(mine.locator(".acts .claim")).to_have_text("yours")
    assert queue.show(house.services, item.id).claimed_by == scene.ADMIN


def test_news_is_told_and_nothing_moves(house: House, visit: Visit) -> None:
    first = house.mail("I was here before.")
    page = visit(f"/queue/{first.id}")
    before = page.locator(".row").count()
    with page.expect_response("**/queue/pulse*"):
        page.evaluate("document.dispatchEvent(new Event('gateway:pulse'))")
    expect(page.locator(".news")).to_be_hidden()
    house.mail("I came later.")
    page.evaluate("document.dispatchEvent(new Event('gateway:pulse'))")
    expect(page.locator(".news")).to_be_visible()
    assert page.locator(".row").count() == before
    expect(page.locator("#item")).to_have_attribute("data-id", first.id)


def test_without_javascript_a_mail_is_linked_all_the_same(house: House, visit: Visit) -> None:
    item = house.mail(f"No script, case {VPN}.")
    page = visit(f"/queue/{item.id}", java_script_enabled=False)
    page.click('[data-hint="1"] .hint-go')
    page.click("[data-confirm]")
    assert queue.show(house.services, item.id).case == VPN
    page.click(".undo button")
    assert queue.show(house.services, item.id).state == "open"


def test_a_new_case_is_opened_and_a_mail_is_discarded_from_the_keyboard(house: House, visit: Visit) -> None:
    to_open, to_discard = house.mail("A new thing.", subject="Quite new"), house.mail("Nothing for us.")
    page = visit(f"/queue/{to_open.id}?after={int(to_open.id) - 1}")
    page.keyboard.press("n")
    page.keyboard.press("Enter")
    expect(page.locator(".undo")).to_contain_text("opened case")
    expect(page.locator("#item")).to_have_attribute("data-id", to_discard.id)
    page.keyboard.press("d")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".undo")).to_contain_text("discarded")
    assert queue.show(house.services, to_open.id).resolution == "case-opened"
    assert queue.show(house.services, to_discard.id).why == "spam"


def test_the_oldest_mail_raises_an_alarm_when_it_waited_too_long(house: House, visit: Visit) -> None:
    house.mail("Alarm.")
    hours = house.app.config.queue.alarm_hours
    page = visit("/queue")
    oldest = queue.find(house.services, limit=1)[0].age_seconds
    expect(page.locator(".alarm")).to_have_count(int(oldest >= hours * 3600))
