"""PROCESS 7: retention."""

from tests.story.paragraphs.house import ADMIN, STRANGER, TESS, House


def test_7_1_thirty_days_after_closure_the_data_goes_unless_it_is_held(house: House) -> None:
    gone, held = house.open_case(), house.open_case()
    for number in (gone, held):
        house.one("case", "close", number, "--author", TESS)
    house.one("case", "hold", held, "--why", "A lawsuit.")
    house.later(days=30)
    assert house.one("purge")["cases"] == 0
    house.later(days=1)
    assert house.one("purge")["cases"] == 1
    assert house.case(gone)["subject"] != "Nightly export stops"
    assert house.case(held)["subject"] == "Nightly export stops"
    assert house.state(gone) == ("closed", "resolved")


def test_7_2_mail_of_no_case_goes_after_its_resolution_and_never_before(house: House) -> None:
    house.send("Buy this", sender=STRANGER)
    discarded = house.queue()[0]
    house.send("Please help", sender=STRANGER)
    house.one("queue", "discard", discarded["id"], "--why", "spam", "--by", ADMIN)
    house.later(days=31)
    assert house.one("purge")["mails"] == 1
    (left,) = house.queue()
    assert house.mail(left["mail_id"])["text"].startswith("Please help")


def test_7_3_a_mail_that_asks_for_logs_asks_to_remove_personal_data(house: House) -> None:
    number = house.asked_case(text="Please send the logs.")
    assert "personal and sensitive data" in house.text(number)
