"""PROCESS 5: update, close, reopen."""

from tests.story.paragraphs.house import DANA, STRANGER, TESS, House

PHONE = "+49 30 5550100"


def test_5_1_an_update_through_the_portal_or_by_telephone_flips(house: House) -> None:
    portal, phone = house.asked_case(), house.asked_case("--profile", "cloud-2025")
    house.one("case", "post", portal, "--text", "4.2", "--author", DANA, "--channel", "portal")
    assert house.state(portal) == ("open", "customer-responded")
    house.one("case", "post", phone, "--text", "4.2", "--author", DANA, "--channel", "phone")
    assert house.state(phone) == ("open", "customer-responded")
    house.refused("case", "post", portal, "--text", "4.2", "--author", STRANGER, "--channel", "portal")


def test_5_2_a_designated_contact_closes_and_a_request_for_it_changes_nothing(house: House) -> None:
    number = house.open_case("--owner", TESS)
    house.one("case", "close-request", number, "--text", "It works.", "--author", DANA)
    assert house.state(number)[0] == "open"
    assert "It works." in house.text(number, TESS)
    house.one("case", "close", number, "--author", DANA)
    assert house.state(number) == ("closed", "resolved")
    assert house.notices(number)[-1] == "case-closed"


def test_5_3_a_case_reopens_within_thirty_days_by_the_channel_of_its_profile(house: House) -> None:
    number = house.open_case()
    house.one("case", "close", number, "--author", TESS)
    house.later(days=30)
    how = ("--text", "Back", "--channel", "portal", "--author", DANA)
    assert "telephone" in house.refused("case", "reopen", number, *how)
    house.one("case", "reopen-request", number, "--text", "It is back.", "--author", DANA)
    assert "reopen-requested" in house.notices(number)
    house.one("case", "reopen", number, "--text", "It is back.", "--channel", "agent")
    assert house.state(number) == ("open", "investigation")
    house.one("case", "close", number, "--author", TESS)
    house.later(days=30, seconds=1)
    assert number in house.refused("case", "reopen", number, "--text", "Back", "--channel", "agent")


def test_5_4_a_mail_that_asks_for_a_call_shows_the_telephone_number(house: House) -> None:
    number = house.open_case()
    house.one("case", "close", number, "--author", TESS)
    assert PHONE in house.text(number, DANA)
    house.one("case", "reopen-request", number, "--text", "It is back.", "--author", DANA)
    assert PHONE in house.text(number, DANA)
