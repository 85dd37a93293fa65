"""Closing and opening again: who may, until when, by which channel, and who is told.  Source: PROCESS 2.3, 5."""

from collections.abc import Callable

import pytest

from gateway.desk import cases, contacts, queue
from gateway.errors import Refused
from gateway.model import Channel, Priority
from gateway.reasons import Reason
from tests.story.stage import AGENT, DANA, STRANGER, Stage

Build = Callable[..., Stage]
OWNER = "olga@desk.example.test"


def refused(ask: Callable[[], object]) -> Reason:
    with pytest.raises(Refused) as caught:
        ask()
    return caught.value.reason


@pytest.mark.parametrize(("channel", "author"), [(Channel.PHONE, DANA), (Channel.PHONE, ""), (Channel.AGENT, "")])
def test_our_side_reopens_within_thirty_days_and_the_contact_is_told(
    stage: Stage, channel: Channel, author: str
) -> None:
    """PROCESS 5.3."""
    number = stage.closed_case()
    stage.later(days=29, hours=23)
    view = cases.reopen(
        stage.services, number, text="It stops again.", channel=channel, author=author, recorded_by=AGENT
    )
    assert (view.status, view.substatus, view.closed_at) == ("open", "investigation", None)
    assert [entry.to for entry in stage.outbox("case-reopened")] == [DANA]
    assert "case.reopened" in stage.events(number)
    assert stage.feed(number)[-1].text == "It stops again."
    assert stage.answer(number).reason == "reference-found", "mail reaches it again"


def test_after_thirty_days_a_new_case_names_the_old_one(stage: Stage) -> None:
    """PROCESS 5.3."""
    number = stage.closed_case()
    stage.later(days=30)
    assert refused(lambda: cases.reopen(stage.services, number, text="Again.")) is Reason.REOPEN_WINDOW_OVER
    assert stage.state(number)[0] == "closed"
    new = stage.open_case(previous=number)
    assert stage.case(new).previous == number


def test_only_a_closed_case_is_reopened(stage: Stage) -> None:
    number = stage.open_case()
    reason = refused(lambda: cases.reopen(stage.services, number, text="Again."))
    assert reason is Reason.TRANSITION_NOT_ALLOWED


@pytest.mark.parametrize("profile", ["on-premises-2019", "on-premises", "cloud-2019", "cloud"])
def test_the_portal_reopens_only_where_the_profile_lets_it(stage: Stage, profile: str) -> None:
    """PROCESS 5.3, 9 (`reopen.by`)."""
    number = stage.open_case(profile=profile, owner=OWNER)
    cases.close(stage.services, number)

    def ask() -> object:
        return cases.reopen(stage.services, number, text="Again.", channel=Channel.PORTAL, author=DANA)

    if profile == "cloud-2019":
        ask()
        assert stage.state(number) == ("open", "investigation")
        assert [entry.to for entry in stage.outbox("reply-received")] == [OWNER]
    else:
        assert refused(ask) is Reason.REOPEN_NEEDS_PHONE
        assert stage.state(number)[0] == "closed"


@pytest.mark.parametrize("who", [STRANGER, "sam.okafor@example.com"])
def test_a_stranger_reopens_nothing(stage: Stage, who: str) -> None:
    number = stage.closed_case()
    reason = refused(lambda: cases.reopen(stage.services, number, text="Again.", author=who))
    assert reason is Reason.NOT_DESIGNATED_CONTACT


def test_the_telephone_needs_the_pin_where_the_profile_says_so(stage: Stage) -> None:
    """PROCESS 5.1, 9 (phone PIN)."""
    number = stage.open_case(profile="on-premises-2019")
    cases.close(stage.services, number)
    assert refused(lambda: cases.reopen(stage.services, number, text="Again.", author=DANA)) is Reason.PIN_WRONG
    contacts.put(stage.services, DANA, pin="2468")
    wrong = refused(lambda: cases.reopen(stage.services, number, text="Again.", author=DANA, pin="1357"))
    assert wrong is Reason.PIN_WRONG
    cases.reopen(stage.services, number, text="Again.", author=DANA, pin="2468")
    assert stage.state(number)[0] == "open"


def test_a_request_to_reopen_is_stored_and_answered_with_how_to_call(stage: Stage) -> None:
    """PROCESS 5.3: nothing opens by itself."""
    number = stage.open_case(owner=OWNER)
    cases.close(stage.services, number)
    cases.reopen_request(stage.services, number, text="It stops again.", author=DANA)
    assert stage.state(number)[0] == "closed"
    assert [entry.to for entry in stage.outbox("reopen-requested")] == [DANA]
    assert [entry.to for entry in stage.outbox("reopen-wanted")] == [OWNER]
    assert stage.feed(number)[-1].text == "It stops again."
    stage.later(days=30, minutes=5)
    late = refused(lambda: cases.reopen_request(stage.services, number, text="Again.", author=DANA))
    assert late is Reason.REOPEN_WINDOW_OVER


def test_a_request_to_close_tells_the_owner_and_changes_nothing(stage: Stage) -> None:
    """PROCESS 5.2."""
    number = stage.open_case(owner=OWNER)
    cases.request_info(stage.services, number, text="Which version?", author=AGENT)
    before = stage.case(number)
    cases.close_request(stage.services, number, text="It works.", author=DANA)
    after = stage.case(number)
    assert (after.status, after.substatus, after.follow_up) == (before.status, before.substatus, before.follow_up)
    assert [entry.to for entry in stage.outbox("closure-requested")] == [OWNER]
    refusal = refused(lambda: cases.close_request(stage.services, number, text="Me too.", author=STRANGER))
    assert refusal is Reason.NOT_DESIGNATED_CONTACT


def test_a_case_that_the_timer_closed_is_reopened_like_any_other(stage: Stage) -> None:
    number = stage.waiting_case()
    for days in (2, 3, 5):
        stage.later(days=days)
        stage.app.tick()
    assert stage.state(number) == ("closed", "cancelled")
    cases.reopen(stage.services, number, text="Here is the version: 4.2.", author=DANA)
    assert stage.state(number) == ("open", "investigation")
    cases.request_info(stage.services, number, text="And the build?", author=AGENT)
    stage.later(days=2)
    stage.app.tick()
    assert len(stage.outbox("follow-up-1")) == 2, "a new wait has a ladder of its own"


def test_an_undo_after_the_case_was_closed_is_refused(stage: Stage) -> None:
    """PROCESS 3.4: the case was changed since."""
    number = stage.waiting_case()
    mail = stage.receive(stage.write("Version 4.2."))
    item = stage.item_of(mail)
    queue.link(stage.services, item.id, number, by="ben")
    cases.close(stage.services, number)
    assert refused(lambda: queue.undo(stage.services, item.id, by="ben")) is Reason.CHANGED_MEANWHILE


@pytest.mark.parametrize(
    ("was", "wanted", "by_customer", "reason"),
    [
        (Priority.LOW, Priority.MEDIUM, True, None),
        (Priority.HIGH, Priority.LOW, True, None),
        (Priority.LOW, Priority.HIGH, True, Reason.PRIORITY_NEEDS_PHONE),
        (Priority.MEDIUM, Priority.CRITICAL, True, Reason.PRIORITY_NEEDS_PHONE),
        (Priority.MEDIUM, Priority.CRITICAL_PRODUCTION_DOWN, False, None),
    ],
)
def test_a_note_raises_low_to_medium_and_the_rest_is_for_the_telephone(
    stage: Stage, was: Priority, wanted: Priority, by_customer: bool, reason: Reason | None
) -> None:
    """PROCESS 2.3."""
    number = stage.open_case(priority=was)

    def ask() -> object:
        return cases.set_priority(stage.services, number, wanted, by_customer=by_customer)

    if reason is None:
        ask()
        assert stage.case(number).priority == wanted
    else:
        assert refused(ask) is reason
        assert stage.case(number).priority == was


def test_a_priority_that_the_profile_lacks_is_refused(stage: Stage) -> None:
    number = stage.open_case(profile="cloud")
    reason = refused(lambda: cases.set_priority(stage.services, number, Priority.CRITICAL_PRODUCTION_DOWN))
    assert reason is Reason.INVALID_INPUT
