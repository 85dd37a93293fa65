"""PROCESS 4: auto follow-ups.  The house stands on a Monday at 09:00 UTC, on premises: calendar days 2, 5 and 10."""

from tests.story.paragraphs.house import DANA, STRANGER, TESS, House


def test_4_1_asking_starts_a_wait_and_asking_again_a_new_one(house: House) -> None:
    number = house.asked_case()
    assert house.case(number)["follow_up"]["episode"] == 1
    house.one("case", "request-info", number, "--text", "And the log?", "--author", TESS)
    assert house.case(number)["follow_up"]["episode"] == 2
    assert house.case(house.solved_case())["follow_up"]["episode"] == 1


def test_4_2_two_reminders_and_then_the_closure_each_says_what_and_when(house: House) -> None:
    number = house.asked_case()
    told = []
    for days in (2, 3, 5):
        house.later(days=days, minutes=5)
        house.tick()
        told.append(house.text(number, DANA))
    assert house.notices(number)[-3:] == ["follow-up-1", "follow-up-2", "follow-up-closed"]
    assert all("Which version do you run?" in text for text in told[:2])
    assert all(f"/cases/{number}" in text for text in told)
    assert "30 days" in told[2] or "reopen" in told[2].lower()


def test_4_3_days_count_as_the_profile_says(house: House) -> None:
    number = house.asked_case()
    due = [step["due_at"][:10] for step in house.case(number)["follow_up"]["steps"]]
    assert due == ["2026-03-11", "2026-03-14", "2026-03-19"]
    business = house.asked_case("--profile", "on-premises-2019")
    due = [step["due_at"][:10] for step in house.case(business)["follow_up"]["steps"]]
    assert due == ["2026-03-11", "2026-03-16", "2026-03-23"]


def test_4_4_reminders_go_to_the_case_contact(house: House) -> None:
    number = house.asked_case()
    house.answer(number, sender=STRANGER)
    house.later(days=2, minutes=5)
    house.tick()
    assert str(house.sent(number)[-1]["To"]).endswith(f"{DANA}>") or str(house.sent(number)[-1]["To"]) == DANA


def test_4_5_production_down_pauses_and_leaving_it_resumes(house: House) -> None:
    number = house.asked_case()
    house.one("case", "priority", number, "--priority", "critical-production-down")
    assert house.case(number)["follow_up"]["paused"]
    house.later(days=30)
    house.tick()
    assert "follow-up-1" not in house.notices(number)
    house.one("case", "priority", number, "--priority", "high")
    assert not house.case(number)["follow_up"]["paused"]


def test_4_6_the_third_step_cancels_a_question_and_resolves_a_solution(house: House) -> None:
    asked, solved = house.asked_case(), house.solved_case()
    for days in (2, 3, 5):
        house.later(days=days, minutes=5)
        house.tick()
    assert house.state(asked) == ("closed", "cancelled")
    assert house.state(solved) == ("closed", "resolved")


def test_4_7_nothing_closes_while_somebody_else_has_answered_and_our_side_has_not_acted(house: House) -> None:
    number = house.asked_case()
    house.answer(number, sender=STRANGER)
    for days in (2, 3, 5):
        house.later(days=days, minutes=5)
        waiting = house.tick()["waiting"]
    assert [one["case"] for one in waiting] == [number]
    assert house.state(number)[0] == "awaiting-info"
    house.one("case", "acknowledge", number, "--author", TESS)
    house.later(days=1)
    house.tick()
    assert house.state(number)[0] == "closed"


def test_4_8_leaving_the_wait_by_hand_ends_it(house: House) -> None:
    number = house.asked_case()
    house.one("case", "set-status", number, "--status", "open", "--substatus", "investigation")
    assert house.case(number)["follow_up"] is None
    house.later(days=11)
    house.tick()
    assert "follow-up-1" not in house.notices(number)
