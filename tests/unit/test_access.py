"""PROCESS 1.1, 2.3, 5.1-5.3, 6.1: who may do what, cell by cell."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.errors import Refused
from gateway.model import Access, Contact, Priority
from gateway.reasons import Reason
from gateway.rules import access, profiles, requests
from gateway.rules.access import Act, Standing
from tests.unit.rules_support import DANA, EVE, POLICY, SAM, case
from tests.unit.test_requests import opened

PARTNER = replace(EVE, acts_for=(DANA.account_id,))
PEOPLE: list[tuple[Contact | None, Standing]] = [
    (DANA, Standing.DESIGNATED),
    (SAM, Standing.DESIGNATED),
    (replace(SAM, access=Access.READ_ONLY), Standing.READER),
    (replace(SAM, access=Access.BASIC), Standing.KNOWN),
    (PARTNER, Standing.PARTNER),
    (replace(PARTNER, access=Access.READ_ONLY), Standing.STRANGER),
    (replace(EVE, acts_for=(99,)), Standing.STRANGER),
    (EVE, Standing.STRANGER),
    (None, Standing.STRANGER),
]
# One row for each act, in the order of the columns.
COLUMNS = (Standing.DESIGNATED, Standing.PARTNER, Standing.READER, Standing.KNOWN, Standing.STRANGER)
TABLE = {
    Act.LOOK: (True, True, True, False, False),
    Act.OPEN: (True, True, False, False, False),
    Act.UPDATE: (True, True, False, False, False),
    Act.CLOSE: (True, True, False, False, False),
    Act.REOPEN: (True, True, False, False, False),
    Act.ESCALATE: (True, True, False, False, False),
}
CELLS = [(act, person, TABLE[act][COLUMNS.index(standing)]) for act in Act for person, standing in PEOPLE]


@pytest.mark.parametrize(("person", "standing"), PEOPLE)
def test_how_a_person_stands_towards_a_case(person: Contact | None, standing: Standing) -> None:
    assert access.standing(person, DANA.account_id) is standing


@pytest.mark.parametrize(("act", "person", "allowed"), CELLS)
def test_each_cell_of_the_table_of_rights(act: Act, person: Any, allowed: bool) -> None:
    if allowed:
        assert access.check(act, person, case()) is person
        return
    with pytest.raises(Refused) as refused:
        access.check(act, person, case())
    assert refused.value.reason is Reason.NOT_DESIGNATED_CONTACT
    assert act.value in str(refused.value)


@pytest.mark.parametrize("level", Access)
def test_only_a_designated_contact_can_have_a_case(level: Access) -> None:
    """PROCESS 1.1."""
    person = replace(SAM, access=level)
    for give in (
        lambda: requests.open_case(opened(), person, policy=POLICY),
        lambda: requests.change_contact(case(), person, "tess@desk.example.test"),
    ):
        if level is Access.READ_WRITE:
            assert give().effects
            continue
        with pytest.raises(Refused) as refused:
            give()
        assert refused.value.reason is Reason.NOT_DESIGNATED_CONTACT


@pytest.mark.parametrize("profile", profiles.BUILT_IN.values(), ids=lambda p: p.name)
@pytest.mark.parametrize("priority", Priority)
def test_a_customer_chooses_among_the_priorities_of_the_profile_and_our_side_among_all(
    profile: Any, priority: Priority
) -> None:
    """PROCESS 2.3, 9: `high` at most."""
    policy = replace(POLICY, profiles={"cloud": profile})
    wanted = opened(priority=priority)
    if priority in (Priority.HIGH, Priority.MEDIUM, Priority.LOW):
        assert requests.open_case(wanted, DANA, policy=policy, by_customer=True)
        return
    with pytest.raises(Refused) as refused:
        requests.open_case(wanted, DANA, policy=policy, by_customer=True)
    known = priority in profile.priorities
    assert refused.value.reason is (Reason.PRIORITY_NEEDS_PHONE if known else Reason.INVALID_INPUT)
    if known:
        assert requests.open_case(wanted, DANA, policy=policy)


def test_the_same_contact_again_is_refused_unless_it_is_for_a_new_reference_id() -> None:
    """ID-11: a leaked ID is revoked by giving the case to its own contact anew."""
    with pytest.raises(Refused) as refused:
        requests.change_contact(case(), DANA, "tess@desk.example.test")
    assert refused.value.reason is Reason.INVALID_INPUT
    assert requests.change_contact(case(), DANA, "tess@desk.example.test", revoke=True).effects
