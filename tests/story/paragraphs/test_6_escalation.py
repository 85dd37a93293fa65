"""PROCESS 6: escalation."""

from typing import Any

from tests.story.paragraphs.house import ADMIN, DANA, STRANGER, TESS, House


def escalate(house: House, number: str, reason: str = "no-progress", who: str = DANA) -> dict[str, Any]:
    return house.one("case", "escalate", number, "--reason", reason, "--details", "Nothing moves.", "--requester", who)


def accept(house: House, escalation: str) -> dict[str, Any]:
    how = ("--owner", TESS, "--importance", "high", "--urgency", "high", "--text", "Engineering looks today.")
    return house.one("escalation", "accept", escalation, *how)


def test_6_1_a_designated_contact_escalates_with_reason_and_details(house: House) -> None:
    number = house.open_case()
    asked = escalate(house, number)
    assert (asked["state"], asked["reason"], asked["requester"]) == ("requested", "no-progress", DANA)
    assert asked["requested_at"].startswith("2026-03-09T09:00:00")
    house.refused("case", "escalate", number, "--reason", "other", "--details", "x", "--requester", STRANGER)


def test_6_2_what_is_not_eligible_is_refused_and_what_is_doubtful_is_reviewed_with_a_warning(house: House) -> None:
    low = house.open_case("--priority", "low")
    house.refused("case", "escalate", low, "--reason", "no-update", "--details", "x", "--requester", DANA)
    number = house.open_case()
    escalate(house, number)
    again = house.refused("case", "escalate", number, *("--reason", "other", "--details", "x", "--requester", DANA))
    assert "escalated already" in again
    waiting = house.asked_case()
    assert "awaiting-customer" in escalate(house, waiting)["warnings"]


def test_6_3_a_high_case_without_an_update_for_a_day_qualifies(house: House) -> None:
    number = house.open_case("--priority", "high")
    house.later(hours=25)
    assert escalate(house, number, "no-update")["warnings"] == []


def test_6_4_a_review_accepts_or_declines_and_later_closes(house: House) -> None:
    first = escalate(house, house.open_case())
    assert accept(house, first["id"])["state"] == "accepted"
    assert house.one("escalation", "close", first["id"], "--text", "Solved.")["state"] == "closed"
    second = escalate(house, house.open_case())
    assert house.one("escalation", "decline", second["id"], "--text", "The fix has left.")["state"] == "declined"
    assert "The fix has left." in house.text(to=DANA)


def test_6_5_replies_to_an_escalation_land_in_its_feed_and_never_flip(house: House) -> None:
    number = house.asked_case()
    accept(house, escalate(house, number)["id"])
    house.answer(number, "Noon is too late.")
    assert house.state(number)[0] == "awaiting-info"
    updates = house.ask("case", "show", number, "--feed", "escalation")
    assert any("Noon is too late." in str(one) for one in updates)
    assert "Noon is too late." in house.text(number, TESS)


def test_6_6_escalating_changes_neither_status_nor_timer(house: House) -> None:
    number = house.asked_case()
    before = house.case(number)
    escalate(house, number)
    after = house.case(number)
    assert [after[name] for name in ("status", "substatus", "follow_up")] == [
        before[name] for name in ("status", "substatus", "follow_up")
    ]
    assert ADMIN in str(house.sent(number)[-1]["To"]) or ADMIN in str(house.sent(number)[-2]["To"])
