"""PROCESS 3: mail from customers."""

from tests.story.paragraphs.house import ADMIN, DANA, SAM, STRANGER, TESS, House


def test_3_1_a_reply_whose_body_has_the_reference_id_is_tied_to_the_case_whoever_sends_it(house: House) -> None:
    number = house.asked_case()
    mail = house.answer(number, sender=STRANGER)
    assert (mail["disposition"], mail["case"]) == ("linked", number)


def test_3_2_any_other_mail_waits_for_the_admin_team_with_hints(house: House) -> None:
    number = house.asked_case()
    house.send("It is 4.2.", subject=f"Re: [Case {number}] Nightly export stops")
    (item,) = house.queue()
    assert (item["reason"], item["hints"][0]["case"]) == ("no-reference", number)
    assert house.state(number)[0] == "awaiting-info"


def test_3_3_an_answer_of_the_contact_flips_the_case_and_stops_the_timer(house: House) -> None:
    number = house.asked_case()
    other = house.answer(number, sender=SAM)
    assert (other["reason"], house.state(number)[0]) == ("sender-not-contact", "awaiting-info")
    house.answer(number)
    assert house.state(number) == ("open", "customer-responded")
    assert house.case(number)["follow_up"] is None


def test_3_4_a_link_by_hand_has_the_effects_of_the_arrival_and_can_be_undone(house: House) -> None:
    number = house.asked_case()
    house.send("It is 4.2.")
    item = house.queue()[0]["id"]
    house.one("queue", "link", item, number, "--by", ADMIN)
    assert house.state(number) == ("open", "customer-responded")
    house.later(minutes=29)
    house.one("queue", "undo", item, "--by", ADMIN)
    assert house.state(number)[0] == "awaiting-info"
    assert house.case(number)["follow_up"] is not None


def test_3_5_in_open_a_reply_is_recorded_and_changes_no_status(house: House) -> None:
    number = house.open_case()
    assert house.answer(number)["disposition"] == "linked"
    assert house.state(number) == ("open", "new")


def test_3_6_a_reply_to_a_closed_case_waits_in_the_queue_and_its_sender_is_told_once_a_day(house: House) -> None:
    number = house.open_case()
    house.one("case", "close", number, "--author", TESS)
    for text in ("It is back.", "It is still back."):
        assert house.answer(number, text)["reason"] == "case-closed"
    assert house.notices().count("case-closed-notice") == 1
    assert house.state(number)[0] == "closed"
    assert [item["hints"][0]["case"] for item in house.queue()] == [number, number]


def test_3_7_a_late_reply_to_a_purged_case_waits_in_the_queue(house: House) -> None:
    number = house.open_case()
    reference = house.reference(number)
    house.one("case", "close", number, "--author", TESS)
    house.later(days=31)
    house.one("purge")
    assert house.mail(house.send(f"Hello\n\n> Reference ID: {reference}"))["reason"] == "case-purged"


def test_3_8_reference_ids_of_two_cases_conflict_and_a_damaged_one_links_nothing(house: House) -> None:
    one, two = house.open_case(), house.open_case()
    both = f"> {house.reference(one)}\n> {house.reference(two)}"
    assert house.mail(house.send(both))["reason"] == "conflicting-references"
    damaged = house.reference(one)[:-2] + "??"
    assert house.mail(house.send(f"Hello\n\n{damaged}"))["reason"] == "damaged-reference"


def test_3_9_no_mail_adds_a_recipient(house: House) -> None:
    number = house.asked_case()
    house.answer(number, headers=[f"Reply-To: {STRANGER}", f"Cc: {STRANGER}"])
    house.one("case", "post", number, "--text", "Thank you.", "--author", TESS, "--visibility", "public")
    assert house.sent(to=STRANGER) == []
    assert "Thank you." in house.text(number, DANA)
