"""PROCESS 2: what a case is."""

from tests.story.paragraphs.house import ADMIN, DANA, DESCRIBED, STRANGER, TESS, House


def test_2_1_numbers_have_ten_digits_count_up_and_link_nothing(house: House) -> None:
    first, second = house.open_case(), house.open_case()
    assert (first, second) == ("0003256109", "0003256110")
    house.send(f"About case {first}", subject=f"Case {first}")
    assert [item["reason"] for item in house.queue()] == ["no-reference"]


def test_2_2_a_case_has_one_of_the_types(house: House) -> None:
    assert house.case(house.open_case())["type"] == "support"
    assert house.case(house.open_case("--type", "service-request"))["type"] == "service-request"
    how = ("--subject", "x y", "--description", "x", "--contact", DANA)
    assert "gossip" in house.refused("case", "open", *how, "--type", "gossip")


def test_2_2_a_type_may_have_fewer_statuses_than_its_profile(house: House) -> None:
    number = house.open_case("--type", "admin")
    said = house.refused("case", "propose-solution", number, "--text", "Done.", "--author", TESS)
    assert "it can become: open, awaiting-info, closed" in said
    assert house.state(number) == ("open", "new")
    house.one("case", "request-info", number, "--text", "Which one?", "--author", TESS)
    assert house.state(number)[0] == "awaiting-info"
    house.one("case", "close", number, "--author", TESS)
    assert house.state(number)[0] == "closed"


def test_2_2_a_feature_request_is_not_taken_in_and_its_pointer_is_told(house: House) -> None:
    how = ("--subject", "A dark mode", "--description", DESCRIBED, "--contact", DANA)
    said = house.refused("case", "open", *how, "--type", "feature-request")
    assert "Vote for it at https://ideas.example.test." in said
    assert house.ask("case", "list") == []


def test_2_3_the_profile_says_which_priorities_there_are(house: House) -> None:
    number = house.open_case("--priority", "low")
    assert (
        house.one("case", "priority", number, "--priority", "critical-production-down")["priority"]
        == "critical-production-down"
    )
    cloud = house.open_case("--profile", "cloud-2025")
    house.refused("case", "priority", cloud, "--priority", "no-such-priority")


def test_2_4_last_modified_moves_with_updates_only(house: House) -> None:
    number = house.asked_case()
    asked = house.case(number)["modified_at"]
    house.later(days=3)
    house.tick()
    assert "follow-up-1" in house.notices(number)
    assert house.case(number)["modified_at"] == asked
    house.answer(number)
    assert house.case(number)["modified_at"] > asked


def test_2_4_a_case_has_its_fields_and_the_product_line_chooses_the_profile(house: House) -> None:
    fields = {
        "deployment": "Berlin",
        "product_line": "router",
        "component": "exporter",
        "implementation_stage": "in production",
        "business_impact": "No figures this morning",
        "external_ref": "CRM-7",
    }
    options = [part for name, value in fields.items() for part in (f"--{name.replace('_', '-')}", value)]
    case = house.case(house.open_case(*options))
    assert {name: case[name] for name in fields} == fields
    assert case["profile"] == "cloud-2025"
    assert house.case(house.open_case("--product-line", "router", "--profile", "cloud-2019"))["profile"] == "cloud-2019"
    plain = house.case(house.open_case())
    assert (plain["profile"], plain["product_line"], plain["deployment"]) == ("on-premises", None, None)
    how = ("--subject", "x y", "--description", "x", "--contact", DANA)
    assert "there is: router" in house.refused("case", "open", *how, "--product-line", "toaster")
    said = house.type("case", "show", case["number"])[1]
    assert all(value in said for value in fields.values())


def test_2_5_a_long_subject_is_refused_and_that_of_a_mail_is_shortened(house: House) -> None:
    long = "x" * 101
    assert "100" in house.refused("case", "open", "--subject", long, "--description", "Too short", "--contact", DANA)
    hinted = house.one("case", "open", "--subject", "Export stops", "--description", "Too short", "--contact", DANA)
    assert hinted["hints"]
    house.send("Please help", sender=STRANGER, subject=long)
    made = house.one("queue", "open-case", house.queue()[0]["id"], "--by", ADMIN)
    assert len(house.case(made["item"]["case"])["subject"]) == 100


def test_2_6_a_new_case_names_the_one_that_it_continues(house: House) -> None:
    first = house.open_case()
    assert house.case(house.open_case("--previous", first))["previous"] == first


def test_2_6_a_case_is_split_from_a_linked_mail_and_both_name_each_other(house: House) -> None:
    old = house.asked_case("--product-line", "router", "--deployment", "Berlin")
    reference = house.reference(old)
    mail = house.answer(old, f"It is 4.2 ({reference}). The printer burns, too.", subject="Re: " + "x" * 120)
    before = house.case(old)
    new = house.one("case", "split", mail["id"], "--author", TESS)
    assert (new["previous"], new["contact"], new["account"]) == (old, before["contact"], before["account"])
    assert (new["profile"], new["deployment"], new["status"]) == ("cloud-2025", "Berlin", "open")
    assert len(new["subject"]) == 100
    assert "The printer burns" in new["description"]
    for number, other in ((old, new["number"]), (new["number"], old)):
        (note,) = [entry for entry in house.case(number)["updates"] if entry["channel"] == "system"]
        assert other in note["text"]
        assert mail["id"] in note["text"]
    after = house.case(old)
    assert [after[name] for name in ("status", "substatus", "modified_at")] == [
        before[name] for name in ("status", "substatus", "modified_at")
    ]
    assert house.notices(new["number"]) == ["case-opened"]
    assert reference not in house.text(new["number"]), "a reply to the new case would name both"
    assert house.answer(new["number"])["case"] == new["number"]
    (entered,) = house.ask("audit", "list", "--about", f"case:{new['number']}")[-1:]
    assert (entered["act"], entered["facts"]["previous"]) == ("case.open", old)
    named = house.one("case", "split", mail["id"], "--subject", "The printer burns")
    assert named["subject"] == "The printer burns"


def test_2_6_a_mail_that_is_not_linked_is_not_split(house: House) -> None:
    loose = house.send("Please help", sender=STRANGER)
    assert "linked to no case" in house.refused("case", "split", loose)
    number = house.asked_case()
    house.one("case", "close", number, "--author", TESS)
    late = house.answer(number, "Too late")
    assert late["reason"] == "case-closed"
    assert "linked to no case" in house.refused("case", "split", late["id"])
    assert "no mail" in house.refused("case", "split", "999999")


def test_2_7_a_move_that_the_table_lacks_is_refused_with_those_that_exist(house: House) -> None:
    number = house.open_case()
    house.one("case", "set-status", number, "--status", "open", "--substatus", "engineering-request")
    assert house.state(number) == ("open", "engineering-request")
    house.one("case", "close", number, "--author", TESS)
    assert "reopen" in house.refused("case", "set-status", number, "--status", "open").lower()
    assert house.state(number) == ("closed", "resolved")
