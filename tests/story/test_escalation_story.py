"""PROCESS 6: an escalation from the request to its end, its own feed, and what it leaves alone."""

from email import message_from_bytes
from email.message import Message

import pytest

from gateway.desk import cases, contacts, escalations
from gateway.errors import Conflict, NotFound, Refused
from gateway.model import Channel, EscalationReason, Feed, Priority, Status
from gateway.model.views import EscalationView
from gateway.reasons import Reason
from gateway.store.escalations import unread_escalation_replies
from tests.story.stage import ADMIN, AGENT, DANA, STRANGER, Stage

MIA = "mia@desk.example.test"


def escalate(stage: Stage, number: str, **changes: str) -> EscalationView:
    how = {"requester": DANA, "details": "Nothing has happened since Monday.", **changes}
    return escalations.request(
        stage.services, number, reason=EscalationReason.NO_PROGRESS, channel=Channel.PORTAL, author=DANA, **how
    )


def accept(stage: Stage, escalation_id: str) -> EscalationView:
    how = {"importance": "high", "urgency": "high", "text": "Engineering looks at it today."}
    return escalations.accept(stage.services, escalation_id, owner=MIA, author=ADMIN, **how)


def unread(stage: Stage, number: str) -> int:
    with stage.services.database.read() as conn:
        return unread_escalation_replies(conn, number)


def reply(stage: Stage, number: str, text: str = "Noon is too late.", sender: str = DANA) -> str:
    """Answer the notice of an escalation; return the id of the mail."""
    quoted = f"{text}\n\n> Reference ID: {stage.reference(number, Feed.ESCALATION)}"
    return stage.receive(stage.write(quoted, sender=sender), mail_from=sender).id


def sent(stage: Stage, notice: str) -> list[Message]:
    """Deliver what is due and read the mails of a kind as they left."""
    stage.app.deliver_due()
    folder = stage.app.config.gateway.data_dir / "sent"
    return [message_from_bytes((folder / f"{entry.id}.eml").read_bytes()) for entry in stage.outbox(notice)]


def test_an_escalation_goes_from_request_to_review_to_its_end(stage: Stage) -> None:
    """PROCESS 6.1, 6.4, 8."""
    number = stage.open_case()
    asked = escalate(stage, number)
    assert (asked.state, asked.requester, asked.owner, asked.case) == ("requested", DANA, ADMIN, number)
    assert asked.requested_at == stage.clock.now()
    accepted = accept(stage, asked.id)
    assert (accepted.state, accepted.owner, accepted.importance, accepted.urgency) == ("accepted", MIA, "high", "high")
    escalations.update(stage.services, asked.id, text="The fix is in test.", author=MIA)
    ended = escalations.close(stage.services, asked.id, text="Solved.", author=MIA)
    assert (ended.state, ended.text) == ("closed", "Engineering looks at it today.")
    assert stage.notices()[1:] == [
        ("escalation-received", DANA),
        ("escalation-assigned", ADMIN),
        ("escalation-accepted", DANA),
        ("escalation-assigned", MIA),
        ("escalation-update", DANA),
        ("escalation-closed", DANA),
    ]
    assert [t for t in stage.events(number) if t.startswith("escalation")] == [
        *("escalation.requested", "escalation.accepted", "escalation.closed"),
    ]
    assert [update.text for update in stage.feed(number, Feed.ESCALATION)] == [
        "Nothing has happened since Monday.",
        "Engineering looks at it today.",
        "The fix is in test.",
        "Solved.",
    ]
    assert stage.feed(number) == []
    shown = stage.case(number).escalation
    assert shown is not None
    assert (shown.id, shown.state) == (asked.id, "closed")


def test_a_declined_one_tells_the_reasons_and_the_next_can_be_asked_for(stage: Stage) -> None:
    """PROCESS 6.2, 6.4."""
    number = stage.open_case()
    asked = escalate(stage, number)
    declined = escalations.decline(stage.services, asked.id, text="The fix left yesterday.", author=ADMIN)
    assert (declined.state, stage.notices()[-1]) == ("declined", ("escalation-declined", DANA))
    with pytest.raises(Conflict) as refused:
        accept(stage, asked.id)
    assert refused.value.reason is Reason.ALREADY_RESOLVED
    again = escalate(stage, number)
    assert again.id != asked.id
    assert [one.state for one in escalations.find(stage.services, case=number)] == ["declined", "requested"]


def test_a_reply_to_an_escalation_notice_lands_in_its_feed_never_flips_and_tells_its_owner(stage: Stage) -> None:
    """PROCESS 6.5, 4.7."""
    number = stage.waiting_case(owner=AGENT)
    asked = escalate(stage, number)
    accept(stage, asked.id)
    before = stage.case(number)
    stage.later(minutes=5)
    mail_id = reply(stage, number)
    after = stage.case(number)
    assert (after.status, after.substatus, after.follow_up) == (before.status, before.substatus, before.follow_up)
    update = stage.feed(number, Feed.ESCALATION)[-1]
    assert (update.mail_id, update.author, update.visibility) == (mail_id, DANA, "public")
    assert update.flags == ("escalation-feed",)
    assert stage.notices()[-1] == ("escalation-reply", MIA)
    assert unread(stage, number) == 1
    escalations.update(stage.services, asked.id, text="We try for ten.", author=MIA)
    assert unread(stage, number) == 0
    assert stage.answer(number).reason == Reason.REFERENCE_FOUND
    assert stage.state(number) == ("open", "customer-responded"), "an answer to the case itself still flips"


def test_an_unread_answer_is_read_by_saying_so_too_and_an_absence_note_never_counts(stage: Stage) -> None:
    number = stage.open_case()
    asked = escalate(stage, number)
    quoted = f"I am away until Monday.\n\n> Reference ID: {stage.reference(number, Feed.ESCALATION)}"
    stage.receive(stage.write(quoted, headers=["Auto-Submitted: auto-replied"], subject="Out of office"))
    assert unread(stage, number) == 0
    reply(stage, number, sender=STRANGER)
    assert unread(stage, number) == 1, "whoever wrote it, somebody has to read it"
    assert escalations.read(stage.services, asked.id).unread == 0


def test_the_reference_id_of_the_escalation_feed_is_another_one_and_only_the_requester_gets_it(stage: Stage) -> None:
    """PROCESS 6.5, CONTRACT 7, ID-11."""
    number = stage.open_case()
    accept(stage, escalate(stage, number).id)
    case_id, escalation_id = stage.reference(number), stage.reference(number, Feed.ESCALATION)
    assert case_id != escalation_id
    for mail in sent(stage, "escalation-received") + sent(stage, "escalation-accepted"):
        assert escalation_id in mail.as_string()
        assert case_id not in mail.as_string()
    for mail in sent(stage, "escalation-assigned"):
        assert "REF-" not in mail.as_string()


@pytest.mark.parametrize("status", [Status.AWAITING_INFO, Status.SOLUTION_PROPOSED])
def test_escalating_a_waiting_case_warns_and_changes_neither_status_nor_timer(stage: Stage, status: Status) -> None:
    """PROCESS 6.2, 6.6."""
    number = stage.waiting_case()
    if status is Status.SOLUTION_PROPOSED:
        cases.propose_solution(stage.services, number, text="Install 4.2.1.", author=AGENT)
    before = stage.case(number)
    stage.later(hours=30)
    asked = escalate(stage, number)
    assert asked.warnings == ("awaiting-customer",)
    after = stage.case(number)
    assert (after.status, after.substatus, after.follow_up) == (before.status, before.substatus, before.follow_up)
    (received,) = sent(stage, "escalation-received")
    assert "waits for the customer" in received.as_string()


def test_what_cannot_be_escalated_is_refused_and_leaves_no_trace(stage: Stage) -> None:
    """PROCESS 6.2: no case, closed, low, active, not a Designated Contact."""
    open_, low, closed = stage.open_case(), stage.open_case(priority=Priority.LOW), stage.closed_case()
    escalate(stage, open_)
    before = stage.everything()
    for number, reason in (
        (open_, Reason.ESCALATION_ACTIVE),
        (low, Reason.ESCALATION_NOT_FOR_LOW),
        (closed, Reason.ESCALATION_CASE_CLOSED),
    ):
        with pytest.raises(Refused) as refused:
            escalate(stage, number)
        assert refused.value.reason is reason
    with pytest.raises(NotFound):
        escalate(stage, "999")
    with pytest.raises(Refused) as refused:
        escalate(stage, stage.open_case("erin@example.org"), requester=STRANGER)
    assert refused.value.reason is Reason.NOT_DESIGNATED_CONTACT
    assert {**stage.everything(), "support_case": 0}["escalation"] == before["escalation"] == 1


def test_a_partner_escalates_for_its_end_user_and_is_written_to_itself(stage: Stage) -> None:
    """PROCESS 1.1, 6.1."""
    number = stage.open_case(contact_name="Dana Reed")
    contacts.put(stage.services, DANA, account="Northwind")
    contacts.put(stage.services, "pia@partner.example.net", name="Pia", account="Blue Partners")
    with pytest.raises(Refused):
        escalate(stage, number, requester="pia@partner.example.net")
    contacts.set_account(stage.services, "Blue Partners", acts_for="Northwind")
    asked = escalate(stage, number, requester="pia@partner.example.net")
    assert stage.notices()[-2] == ("escalation-received", "pia@partner.example.net")
    reply(stage, number, sender="pia@partner.example.net")
    update = stage.feed(number, Feed.ESCALATION)[-1]
    assert (update.visibility, update.flags) == ("public", ("escalation-feed",))
    contacts.set_account(stage.services, "Blue Partners", acts_for="Northwind", no_longer=True)
    escalations.close(stage.services, asked.id, author=ADMIN)
    with pytest.raises(Refused):
        escalate(stage, number, requester="pia@partner.example.net")


def test_a_root_cause_analysis_can_be_escalated_when_its_business_days_are_over(stage: Stage) -> None:
    """PROCESS 6.2, 9: seven on premises, counted from the recorded request."""
    number = stage.open_case()
    escalations.note_rca_request(stage.services, number)
    for days, early in ((8, True), (9, False)):
        asked_at = stage.clock.moment
        stage.later(days=days)
        asked = escalations.request(
            stage.services, number, reason=EscalationReason.RCA_OVERDUE, details="Where is it?", author=DANA
        )
        assert ("rca-too-early" in asked.warnings) is early
        escalations.close(stage.services, asked.id, author=ADMIN)
        stage.clock.moment = asked_at


def test_an_answer_that_nobody_has_read_keeps_the_clock_from_closing_the_case(stage: Stage) -> None:
    """PROCESS 4.7, 6.5."""
    number = stage.waiting_case()
    asked = escalate(stage, number)
    stage.later(days=5)
    assert stage.app.tick().reminders == 1
    reply(stage, number)
    stage.later(days=9)
    assert [one.reason for one in stage.app.tick().waiting] == [Reason.ESCALATION_REPLY_UNREAD]
    assert stage.state(number)[0] == "awaiting-info"
    escalations.read(stage.services, asked.id)
    stage.later(hours=2)
    assert stage.app.tick().closed == 1
