"""CONTRACT 6, "Transitions": every status to every status, every word of every profile."""

from dataclasses import replace
from itertools import product

import pytest

from gateway.errors import Refused
from gateway.model import Priority, Profile, Status, Substatus
from gateway.reasons import Reason
from gateway.rules import profiles, requests, transitions
from tests.unit.rules_support import FIRST, POLICY, case

PROFILES = list(profiles.BUILT_IN.values())
MOVES = list(product(Status, Status))
by_profile = pytest.mark.parametrize("profile", PROFILES, ids=lambda p: p.name)


def _is_refused(status: Status, to: Status, substatus: Substatus, profile: Profile) -> str:
    try:
        transitions.check_move(case(status), to, substatus, profile)
    except Refused as error:
        return f"{error.reason}: {error}"
    return ""


@by_profile
@pytest.mark.parametrize(("status", "to"), MOVES, ids=lambda s: s.value)
def test_each_pair_of_open_statuses_and_every_closing_is_allowed_and_nothing_leaves_closed(
    profile: Profile, status: Status, to: Status
) -> None:
    word = profile.substatuses.get(to, (FIRST[to],))[0]
    said = _is_refused(status, to, word, profile)
    allowed = status is not Status.CLOSED and to in profile.substatuses
    assert (said == "") == allowed
    if not allowed:
        assert said.startswith("transition-not-allowed: ")
    if not allowed and status is not Status.CLOSED:
        assert all(there in said for there in profile.substatuses)


@by_profile
@pytest.mark.parametrize("substatus", Substatus)
@pytest.mark.parametrize("to", Status)
def test_a_substatus_is_taken_exactly_where_the_profile_has_it(
    profile: Profile, to: Status, substatus: Substatus
) -> None:
    """PROCESS 2.7, 9: words the profile lacks are refused, and the refusal names those that it has."""
    said = _is_refused(Status.OPEN, to, substatus, profile)
    assert (said == "") == (substatus in profile.substatuses.get(to, ()))


@by_profile
@pytest.mark.parametrize("status", [s for s in Status if s is not Status.CLOSED])
@pytest.mark.parametrize("to", Status)
def test_by_hand_only_statuses_without_a_call_of_their_own_are_set(
    profile: Profile, status: Status, to: Status
) -> None:
    """CONTRACT 4: `/status` refuses awaiting-info, solution-proposed and closed, and names the right call."""
    policy = replace(POLICY, profiles={"cloud": profile})
    if to in transitions.OWN_CALLS:
        with pytest.raises(Refused, match=transitions.OWN_CALLS[to]):
            requests.set_status(case(status), to, None, policy=policy)
    elif to in profile.substatuses:
        moved = requests.set_status(case(status), to, None, policy=policy).effects[0]
        assert moved.substatus not in transitions.CONSEQUENCES  # type: ignore[union-attr]
    else:
        with pytest.raises(Refused, match=r"it can (become|only be reopened)") as refused:
            requests.set_status(case(status, substatus=Substatus.NEW), to, None, policy=policy)
        assert "open" in str(refused.value)


def test_a_closed_case_is_said_to_be_reopened_only() -> None:
    with pytest.raises(Refused, match="it can only be reopened") as refused:
        requests.set_status(case(Status.CLOSED, substatus=Substatus.RESOLVED), Status.OPEN, None, policy=POLICY)
    assert refused.value.reason is Reason.TRANSITION_NOT_ALLOWED


@pytest.mark.parametrize("word", [Substatus.NEW, Substatus.CUSTOMER_RESPONDED])
def test_nobody_chooses_what_is_only_a_consequence(word: Substatus) -> None:
    with pytest.raises(Refused, match="choose another") as refused:
        requests.set_status(case(Status.AWAITING_INFO), Status.OPEN, word, policy=POLICY)
    assert refused.value.reason is Reason.TRANSITION_NOT_ALLOWED


@pytest.mark.parametrize("to", Status)
def test_nothing_but_reopening_moves_a_closed_case(to: Status) -> None:
    with pytest.raises(Refused) as refused:
        requests.set_status(case(Status.CLOSED), to, None, policy=POLICY)
    assert refused.value.reason is Reason.TRANSITION_NOT_ALLOWED


@by_profile
@pytest.mark.parametrize("priority", Priority)
def test_a_priority_is_taken_exactly_where_the_profile_has_it(profile: Profile, priority: Priority) -> None:
    """PROCESS 2.3."""
    if priority in profile.priorities:
        transitions.check_priority(priority, profile)
    else:
        with pytest.raises(Refused, match=priority.value) as refused:
            transitions.check_priority(priority, profile)
        assert refused.value.reason is Reason.INVALID_INPUT
