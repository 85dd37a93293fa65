"""PROCESS 1.1, 5.1, ID-11: alternates, rights, PINs, and the change of a case's contact."""

from typing import Any

import pytest

from gateway.desk import cases, contacts
from gateway.errors import Conflict, InvalidInput, NotFound, Refused
from gateway.model import Access, Channel
from gateway.reasons import Reason
from tests.story.stage import ADMIN, AGENT, DANA, Stage

ALSO = "dana.reed@home.example.org"
ERIN = "erin.vale@example.com"
FLIPPED = ("open", "customer-responded")


def test_an_alternate_address_counts_as_the_contact(stage: Stage) -> None:
    """PROCESS 1.1, ID-07."""
    number = stage.waiting_case()
    assert stage.answer(number, "From home: 4.2.", sender=ALSO).reason == Reason.SENDER_NOT_CONTACT
    kept = contacts.put(stage.services, DANA, alternates=[ALSO])
    assert kept.alternates == (ALSO,)
    assert stage.answer(number, "From home again: 4.2.", sender=ALSO).reason == Reason.REFERENCE_FOUND
    assert stage.state(number) == FLIPPED
    assert contacts.show(stage.services, ALSO).email == DANA


def test_a_new_contact_gets_an_own_reference_id_and_the_revoked_one_queues(stage: Stage) -> None:
    """PROCESS 3.2, CONTRACT 4 (`/contact`), ID-11."""
    number = stage.waiting_case()
    old = stage.reference(number)
    changed = contacts.of_case(stage.services, number, email=ERIN, name="Erin Vale", revoke=True, author=AGENT)
    assert (changed.contact.email, changed.contact.name) == (ERIN, "Erin Vale")
    assert changed.account == stage.case(number).account
    late = stage.receive(stage.write(f"4.2\n\n> Reference ID: {old}"))
    assert (late.disposition, late.reason) == ("queued", Reason.REFERENCE_REVOKED)
    stage.later(minutes=1)
    cases.request_info(stage.services, number, text="Erin, which version?", author=AGENT)
    assert stage.notices()[-1] == ("info-requested", ERIN)
    assert stage.reference(number) != old
    stage.later(minutes=1)
    assert stage.answer(number, sender=ERIN).reason == Reason.REFERENCE_FOUND
    assert stage.state(number) == FLIPPED
    note = next(update for update in stage.feed(number) if update.channel == "system")
    assert (note.visibility, note.author) == ("internal", AGENT)
    assert DANA in note.text
    assert ERIN in note.text


def test_without_revocation_the_old_contact_still_reaches_the_case_but_flips_nothing(stage: Stage) -> None:
    number = stage.waiting_case()
    old = stage.reference(number)
    contacts.of_case(stage.services, number, email=ERIN, author=AGENT)
    late = stage.receive(stage.write(f"4.2\n\n> Reference ID: {old}"))
    assert (late.disposition, late.reason, late.case) == ("linked", Reason.SENDER_NOT_CONTACT, number)
    assert stage.state(number)[0] == "awaiting-info"


def test_a_leaked_reference_id_is_replaced_without_another_contact(stage: Stage) -> None:
    """ID-11: traceable and revocable."""
    number = stage.waiting_case()
    old = stage.reference(number)
    contacts.of_case(stage.services, number, email=DANA, revoke=True, author=AGENT)
    stage.later(minutes=1)
    cases.request_info(stage.services, number, text="Again, please.", author=AGENT)
    assert stage.reference(number) != old
    assert stage.receive(stage.write(f"4.2\n\n> Reference ID: {old}")).reason == Reason.REFERENCE_REVOKED


def test_what_still_waits_for_the_old_contact_does_not_leave_after_a_revocation(stage: Stage) -> None:
    number = stage.waiting_case()
    contacts.of_case(stage.services, number, email=ERIN, revoke=True, author=AGENT)
    assert {entry.state for entry in stage.outbox() if entry.to == DANA} == {"cancelled"}


@pytest.mark.parametrize("access", [Access.READ_ONLY, Access.BASIC])
def test_only_a_designated_contact_opens_updates_and_closes(stage: Stage, access: Access) -> None:
    """PROCESS 1.1, 5.1, 5.2."""
    number = stage.waiting_case()
    contacts.put(stage.services, DANA, account="Northwind")
    contacts.put(stage.services, ERIN, account="Northwind", access=access)

    def update(author: str) -> Any:
        return cases.post(stage.services, number, text="It is 4.2.", author=author, channel=Channel.PORTAL)

    def close(author: str) -> Any:
        return cases.close(stage.services, number, author=author)

    for act in (update, close, lambda author: stage.open_case(author)):
        with pytest.raises(Refused) as refused:
            act(ERIN)
        assert refused.value.reason is Reason.NOT_DESIGNATED_CONTACT
    contacts.put(stage.services, ERIN, access=Access.READ_WRITE)
    update(ERIN)
    assert stage.state(number) == FLIPPED
    assert close(ERIN).status == "closed"


@pytest.mark.parametrize(("profile", "required"), [("on-premises-2019", True), ("on-premises", False)])
def test_a_caller_is_known_by_the_phone_pin(stage: Stage, profile: str, required: bool) -> None:
    """PROCESS 5.1, 9."""
    number = stage.waiting_case(profile=profile)
    contacts.put(stage.services, DANA, pin="2468")

    def call(pin: str) -> Any:
        return cases.post(stage.services, number, text="It is 4.2.", author=DANA, channel=Channel.PHONE, pin=pin)

    for pin in ["1357", *([""] if required else [])]:
        with pytest.raises(Refused) as refused:
            call(pin)
        assert refused.value.reason is Reason.PIN_WRONG
        assert stage.state(number)[0] == "awaiting-info"
    call("2468")
    assert stage.state(number) == FLIPPED


def test_the_pin_is_kept_as_a_hash_and_never_shown(stage: Stage) -> None:
    """CONTRACT 4."""
    kept = contacts.put(stage.services, DANA, pin="975310")
    assert kept.has_pin
    assert "975310" not in repr(kept)
    with stage.services.database.read() as conn:
        rows = conn.exec_driver_sql("SELECT pin_hash FROM contact").scalars().all()
    assert rows
    assert not any("975310" in row for row in rows)
    assert not contacts.put(stage.services, DANA, pin="").has_pin


@pytest.mark.parametrize(
    "wrong",
    [
        {"pin": "12"},
        {"pin": "abcd"},
        {"timezone": "Mars/Olympus"},
        {"language": "../../etc"},
        {"alternates": ["not an address"]},
        {"alternates": ["care@support.example.test"]},
        {"account": " "},
        {"account": "#99"},
    ],
)
def test_what_is_no_pin_zone_language_or_address_is_refused_in_a_sentence(stage: Stage, wrong: dict[str, Any]) -> None:
    stage.open_case()
    before = contacts.show(stage.services, DANA)
    with pytest.raises((InvalidInput, NotFound)):
        contacts.put(stage.services, DANA, **wrong)
    assert contacts.show(stage.services, DANA) == before


def test_an_address_belongs_to_one_person(stage: Stage) -> None:
    contacts.put(stage.services, DANA, alternates=[ALSO])
    with pytest.raises(Conflict, match=ALSO):
        contacts.put(stage.services, ERIN, alternates=[ALSO])
    assert contacts.find(stage.services) == [contacts.show(stage.services, DANA)], "nothing was changed"


def test_two_accounts_of_one_name_are_told_apart_by_their_ids(stage: Stage) -> None:
    for email in (DANA, "dana@other.example.org"):
        stage.open_case(email, contact_name="Dana Reed")
    with pytest.raises(InvalidInput, match="#1, #2"):
        contacts.put(stage.services, ERIN, account="Dana Reed")
    assert contacts.put(stage.services, ERIN, account="#2").account == "Dana Reed"
    assert [account.contacts for account in contacts.accounts(stage.services)] == [1, 2]
    assert stage.notices()[-1] != ("case-opened", ADMIN)
