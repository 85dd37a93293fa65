"""PROCESS 3.4: a person links, opens, discards, claims, and takes it back."""

import re

import pytest

from gateway.desk import cases, mails, queue
from gateway.errors import Conflict, InvalidInput, NotFound
from gateway.model import Status, Substatus
from gateway.model.views import QueueItemView
from gateway.reasons import Reason
from tests.fixtures import world
from tests.story.stage import ADMIN, AGENT, DANA, STRANGER, Stage

BY = "ada@desk.example.test"
FLIPPED = ("open", "customer-responded")


def _queued(stage: Stage, sender: str = DANA) -> QueueItemView:
    stage.later(minutes=1)
    mail = stage.receive(stage.write("It is version 4.2.", sender=sender), mail_from=sender)
    assert mail.disposition == "queued"
    return stage.item_of(mail)


def test_a_preview_tells_the_real_effects_and_writes_nothing(stage: Stage) -> None:
    number = stage.waiting_case()
    item = _queued(stage)
    before = (stage.everything(), stage.snapshot(number))
    preview = queue.link(stage.services, item.id, number, by=BY, preview=True)
    assert (stage.everything(), stage.snapshot(number)) == before
    assert (preview.item.state, preview.item.resolution) == ("open", None)
    real = queue.link(stage.services, item.id, number, by=BY)
    assert real.effects == preview.effects
    assert (real.item.state, real.item.resolution, real.item.case) == ("done", "linked", number)


def test_a_hand_link_has_the_effects_that_the_mail_would_have_had_on_arrival(stage: Stage) -> None:
    number = stage.waiting_case()
    item = _queued(stage)
    result = queue.link(stage.services, item.id, number, by=BY)
    assert stage.state(number) == FLIPPED
    assert stage.case(number).follow_up is None
    assert any("customer-responded" in said for said in result.effects)
    assert stage.feed(number)[-1].mail_id == item.mail_id
    assert stage.notices()[-1] == ("reply-received", ADMIN)
    mail = mails.show(stage.services, item.mail_id)
    assert (mail.disposition, mail.case) == ("queued", number)
    assert stage.events(number)[-3:] == ["case.status_changed", "mail.linked", "mail.resolved"]


@pytest.mark.parametrize("sender", [STRANGER, "dana.reed+x@example.com"])
def test_a_hand_link_of_somebody_else_keeps_the_status_and_says_why(stage: Stage, sender: str) -> None:
    """ID-03: the same rules and reasons as on arrival."""
    number = stage.waiting_case()
    result = queue.link(stage.services, _queued(stage, sender).id, number, by=BY)
    assert stage.state(number) == ("awaiting-info", "information-required-from-customer")
    assert any(Reason.SENDER_NOT_CONTACT.sentence in said for said in result.effects)
    assert stage.feed(number)[-1].flags == ("sender-not-contact",)


def test_a_mail_from_before_the_question_does_not_answer_it_by_hand_either(stage: Stage) -> None:
    item = _queued(stage)
    number = stage.waiting_case()
    queue.link(stage.services, item.id, number, by=BY)
    assert stage.state(number)[0] == "awaiting-info"
    assert stage.feed(number)[-1].flags == ("before-question",)


def test_a_hand_link_to_a_closed_case_is_recorded_flagged_and_changes_no_status(stage: Stage) -> None:
    number = stage.closed_case()
    item = _queued(stage)
    result = queue.link(stage.services, item.id, number, by=BY)
    assert stage.state(number) == ("closed", "resolved")
    assert stage.feed(number)[-1].flags == ("case-closed",)
    assert any("stays closed" in said for said in result.effects)
    assert not stage.outbox("case-closed-notice")


def test_undo_puts_status_timer_and_time_of_change_back(stage: Stage) -> None:
    number = stage.waiting_case()
    item = _queued(stage)
    before = stage.snapshot(number)
    queue.link(stage.services, item.id, number, by=BY)
    stage.later(minutes=29)
    result = queue.undo(stage.services, item.id, by=BY)
    assert stage.snapshot(number) == before
    assert (result.item.state, result.item.resolution, result.item.case) == ("open", None, None)
    assert item.mail_id not in [update.mail_id for update in stage.feed(number)]
    assert mails.show(stage.services, item.mail_id).case is None
    assert stage.outbox("reply-received")[0].state == "cancelled"
    assert any("cancelled" in said for said in result.effects)
    assert "case.status_changed" in stage.events(number)[-2:]


def test_after_an_undo_the_mail_can_be_linked_anew_and_the_owner_is_told_anew(stage: Stage) -> None:
    number = stage.waiting_case()
    item = _queued(stage)
    queue.link(stage.services, item.id, number, by=BY)
    queue.undo(stage.services, item.id, by=BY)
    queue.link(stage.services, item.id, number, by=BY)
    assert stage.state(number) == FLIPPED
    assert [entry.state for entry in stage.outbox("reply-received")] == ["cancelled", "ready"]


def test_undo_says_which_mails_have_left_already(stage: Stage) -> None:
    number = stage.waiting_case()
    item = _queued(stage)
    queue.link(stage.services, item.id, number, by=BY)
    stage.app.deliver_due()
    result = queue.undo(stage.services, item.id, by=BY)
    assert any("has left already" in said for said in result.effects)


@pytest.mark.parametrize("change", ["post", "status", "reply"])
def test_undo_refuses_when_the_case_changed_since_and_names_the_change(stage: Stage, change: str) -> None:
    number = stage.waiting_case()
    item = _queued(stage)
    queue.link(stage.services, item.id, number, by=BY)
    stage.later(minutes=1)
    if change == "post":
        cases.post(stage.services, number, text="Looking into it", author=AGENT)
    elif change == "status":
        cases.set_status(stage.services, number, Status.OPEN, Substatus.INVESTIGATION)
    else:
        stage.answer(number, "One more thing")
    state = stage.snapshot(number)
    what = {"post": "case.updated", "status": "case.status_changed", "reply": "mail.linked"}[change]
    with pytest.raises(Conflict, match=re.escape(what)) as refused:
        queue.undo(stage.services, item.id, by=BY)
    assert refused.value.reason is Reason.CHANGED_MEANWHILE
    assert stage.snapshot(number) == state
    assert stage.items("all")[0].state == "done"


def test_undo_has_its_time(stage: Stage) -> None:
    number = stage.waiting_case()
    item = _queued(stage)
    with pytest.raises(Conflict, match="open"):
        queue.undo(stage.services, item.id, by=BY)
    queue.link(stage.services, item.id, number, by=BY)
    stage.later(minutes=30, seconds=1)
    with pytest.raises(Conflict, match="30 minutes"):
        queue.undo(stage.services, item.id, by=BY)
    assert stage.state(number) == FLIPPED


def test_a_second_resolution_is_already_resolved(stage: Stage) -> None:
    number = stage.waiting_case()
    item = _queued(stage)
    queue.link(stage.services, item.id, number, by=BY)
    before = stage.everything()
    for again in (
        lambda: queue.link(stage.services, item.id, number, by=BY),
        lambda: queue.link(stage.services, item.id, number, by=BY, preview=True),
        lambda: queue.open_case(stage.services, item.id, by=BY),
        lambda: queue.discard(stage.services, item.id, by=BY, why="spam"),
        lambda: queue.claim(stage.services, item.id, by=BY),
        lambda: queue.release(stage.services, item.id),
    ):
        with pytest.raises(Conflict) as refused:
            again()
        assert refused.value.reason is Reason.ALREADY_RESOLVED
    assert stage.everything() == before


def test_a_case_opened_from_a_mail_has_its_sender_and_its_mail(stage: Stage) -> None:
    """PROCESS 2.5: a longer subject is shortened and the mail kept."""
    mail = stage.receive(stage.write("All lines are dead.", sender=STRANGER, subject="x" * 150), mail_from=STRANGER)
    result = queue.open_case(stage.services, stage.item_of(mail).id, by=BY)
    number = str(result.item.case)
    case = stage.case(number)
    assert (case.contact.email, case.subject, case.status) == (STRANGER, "x" * 100, "open")
    assert stage.feed(number)[-1].mail_id == mail.id
    assert stage.notices() == [("case-opened", STRANGER)]
    assert result.item.resolution == "case-opened"
    assert stage.events(number) == ["case.opened", "mail.linked", "mail.resolved"]


def test_undo_of_an_opened_case_closes_it_without_a_word(stage: Stage) -> None:
    item = _queued(stage)
    number = str(queue.open_case(stage.services, item.id, by=BY).item.case)
    queue.undo(stage.services, item.id, by=BY)
    assert stage.state(number) == ("closed", "cancelled")
    assert [(entry.notice, entry.state) for entry in stage.outbox()] == [("case-opened", "cancelled")]
    assert queue.show(stage.services, item.id).state == "open"
    assert stage.feed(number) == []


def test_a_case_is_never_opened_for_nobody_or_for_ourselves(stage: Stage) -> None:
    """ID-14."""
    item = _queued(stage, world.CARE)
    with pytest.raises(InvalidInput, match="our own"):
        queue.open_case(stage.services, item.id, by=BY)
    assert queue.show(stage.services, item.id).state == "open"
    assert stage.everything()["support_case"] == 0


def test_discarding_needs_a_reason_and_keeps_the_mail(stage: Stage) -> None:
    item = _queued(stage, STRANGER)
    with pytest.raises(InvalidInput):
        queue.discard(stage.services, item.id, by=BY, why="  ")
    result = queue.discard(stage.services, item.id, by=BY, why="advertising\x00")
    assert (result.item.state, result.item.resolution, result.item.why) == ("done", "discarded", "advertising")
    assert mails.raw(stage.services, item.mail_id)
    assert stage.events() == ["mail.queued", "mail.resolved"]
    queue.undo(stage.services, item.id, by=BY)
    assert queue.show(stage.services, item.id).state == "open"


def test_a_claim_is_taken_over_and_given_back(stage: Stage) -> None:
    item = _queued(stage)
    assert queue.claim(stage.services, item.id, by=BY).item.claimed_by == BY
    taken = queue.claim(stage.services, item.id, by=AGENT)
    assert taken.item.claimed_by == AGENT
    assert BY in taken.effects[0]
    assert queue.release(stage.services, item.id).item.claimed_by is None


@pytest.mark.parametrize("item_id", ["", "0", "999", "-1", "x", "9" * 40, "١", "1\x00"])
def test_what_is_no_item_is_not_found(stage: Stage, item_id: str) -> None:
    with pytest.raises(NotFound):
        queue.show(stage.services, item_id)
    with pytest.raises(NotFound):
        mails.show(stage.services, item_id)


def test_linking_to_a_case_that_does_not_exist_changes_nothing(stage: Stage) -> None:
    item = _queued(stage)
    before = stage.everything()
    for number in ("77", "no case", "", "\x00", "1" * 40):
        with pytest.raises(NotFound):
            queue.link(stage.services, item.id, number, by=BY)
    assert stage.everything() == before
