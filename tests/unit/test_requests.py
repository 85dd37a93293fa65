"""PROCESS 2, 4.1, 4.8, 5.1, 5.2: what agents, the portal and the telephone may ask, and what they are told."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.errors import InvalidInput, Refused
from gateway.model import (
    Access,
    CaseType,
    Channel,
    Decision,
    Effect,
    Episode,
    Feed,
    Mailbox,
    MailboxStatus,
    MailKind,
    Notice,
    Notify,
    OpenCase,
    Policy,
    Priority,
    Publish,
    RecordUpdate,
    SentMail,
    SetStatus,
    StartEpisode,
    Status,
    StopEpisode,
    Substatus,
    Target,
    Visibility,
    WebhookCall,
)
from gateway.outbound import compose
from gateway.reasons import Reason
from gateway.rules import (
    incident,
    mailboxes,
    notice_contexts,
    notices,
    notifications,
    profiles,
    queue_alarm,
    requests,
    targets,
)
from tests.unit.escalation_support import ESCALATION, escalated
from tests.unit.rules_support import ADMIN, DANA, EVE, NOW, NUMBER, POLICY, SAM, case, mail

TESS = "tess@desk.example.test"
OPEN_STATUSES = [status for status in Status if status is not Status.CLOSED]
LINES = {"switch": "cloud-2019", "router": "on-premises-2025"}
PIN_POLICY = replace(POLICY, profiles={"cloud": profiles.BUILT_IN["on-premises-2019"]})


def only(decision: Decision, kind: type[Effect]) -> list[Any]:
    return [effect for effect in decision.effects if isinstance(effect, kind)]


def opened(**changes: Any) -> OpenCase:
    usual = OpenCase(
        case_number=NUMBER,
        subject="The export stops",
        description="At 3 percent.",
        contact_id=1,
        priority=Priority.MEDIUM,
        type=CaseType.SUPPORT,
        profile="cloud",
    )
    return replace(usual, **changes)


def update(channel: Channel, visibility: Visibility = Visibility.PUBLIC, author: str = DANA.email) -> RecordUpdate:
    return RecordUpdate(
        case_number=NUMBER, feed=Feed.CASE, channel=channel, author=author, visibility=visibility, text="Hello"
    )


# --- opening


@pytest.mark.parametrize(
    ("named", "line", "profile"),
    [
        ("", "", "cloud"),
        ("", "router", "on-premises-2025"),
        ("cloud-2019", "router", "cloud-2019"),
        ("cloud-2019", "", "cloud-2019"),
    ],
)
def test_the_product_line_chooses_the_profile_unless_one_is_named(named: str, line: str, profile: str) -> None:
    """PROCESS 2.4."""
    assert requests.profile_for(named, line, policy=replace(POLICY, product_lines=LINES)) == profile


@pytest.mark.parametrize("named", ["", "cloud"])
def test_an_unknown_product_line_is_refused_with_those_there_are(named: str) -> None:
    """PROCESS 2.4."""
    with pytest.raises(InvalidInput, match="there is: router, switch"):
        requests.profile_for(named, "toaster", policy=replace(POLICY, product_lines=LINES))
    with pytest.raises(InvalidInput, match="none"):
        requests.profile_for(named, "router", policy=POLICY)


@pytest.mark.parametrize(("length", "taken"), [(1, True), (100, True), (101, False)])
def test_a_subject_has_a_hundred_characters_at_most(length: int, taken: bool) -> None:
    """PROCESS 2.5."""
    if taken:
        assert requests.open_case(opened(subject="x" * length), DANA, policy=POLICY).effects
        return
    with pytest.raises(Refused, match="101") as refused:
        requests.open_case(opened(subject="x" * length), DANA, policy=POLICY)
    assert refused.value.reason is Reason.SUBJECT_TOO_LONG


def test_opening_tells_the_contact_once_with_the_reference_id() -> None:
    """PROCESS 3.1, 8."""
    decision = requests.open_case(opened(), DANA, policy=POLICY)
    (told,) = only(decision, Notify)
    assert (told.notice, told.to, told.with_reference) == ("case-opened", DANA.email, True)
    assert told.key == f"case-opened/{NUMBER}"
    assert not only(requests.open_case(opened(), DANA, policy=POLICY, notify=False), Notify)


def test_a_short_description_is_a_hint_and_no_refusal() -> None:
    """PROCESS 2.5: below ten words."""
    assert len(requests.hints("The export stops", " ".join("x" * 10))) == 0
    assert len(requests.hints("The export stops", " ".join("x" * 9))) == 1
    assert len(requests.hints("Export", "")) == 2


# --- updates

CUSTOMER = (Channel.PORTAL, Channel.MOBILE, Channel.PHONE)


@pytest.mark.parametrize("status", OPEN_STATUSES)
@pytest.mark.parametrize("channel", Channel)
def test_only_what_the_customer_says_flips_and_only_where_the_case_waits(channel: Channel, status: Status) -> None:
    """PROCESS 5.1: portal, app and telephone; chat transcripts, agents and systems never flip."""
    decision = requests.post_update(case(status), update(channel), DANA, policy=POLICY)
    flips = channel in CUSTOMER and status in (Status.AWAITING_INFO, Status.SOLUTION_PROPOSED)
    assert bool(only(decision, SetStatus)) == bool(only(decision, StopEpisode)) == flips
    if flips:
        assert only(decision, SetStatus)[0].substatus is Substatus.CUSTOMER_RESPONDED
    told = [notify.notice for notify in only(decision, Notify)]
    expected = ["reply-received"] if channel in CUSTOMER else ["case-message"] if channel is Channel.AGENT else []
    assert told == expected


@pytest.mark.parametrize("channel", CUSTOMER)
@pytest.mark.parametrize(
    ("author", "allowed"),
    [
        (DANA, True),
        (SAM, True),
        (replace(SAM, access=Access.READ_ONLY), False),
        (replace(SAM, access=Access.BASIC), False),
        (EVE, False),
        (None, False),
    ],
)
def test_only_a_designated_contact_of_the_account_updates_this_way(
    channel: Channel, author: Any, allowed: bool
) -> None:
    """PROCESS 1.1, 5.1."""
    if allowed:
        assert only(requests.post_update(case(), update(channel), author, policy=POLICY), SetStatus)
        return
    with pytest.raises(Refused) as refused:
        requests.post_update(case(), update(channel), author, policy=POLICY)
    assert refused.value.reason is Reason.NOT_DESIGNATED_CONTACT


@pytest.mark.parametrize("channel", CUSTOMER)
@pytest.mark.parametrize("checked", [True, None])
def test_the_pin_is_asked_on_the_telephone_where_the_profile_asks(channel: Channel, checked: bool | None) -> None:
    """PROCESS 5.1, 9."""
    assert requests.post_update(case(), update(channel), DANA, policy=POLICY, pin_checked=checked)
    if checked or channel is not Channel.PHONE:
        assert requests.post_update(case(), update(channel), DANA, policy=PIN_POLICY, pin_checked=checked)
        return
    with pytest.raises(Refused) as refused:
        requests.post_update(case(), update(channel), DANA, policy=PIN_POLICY, pin_checked=checked)
    assert refused.value.reason is Reason.PIN_WRONG


@pytest.mark.parametrize("policy", [POLICY, PIN_POLICY])
def test_a_wrong_pin_is_refused_even_where_none_is_asked_for(policy: Policy) -> None:
    """PROCESS 5.1: who tells a wrong PIN is not the contact."""
    with pytest.raises(Refused) as refused:
        requests.post_update(case(), update(Channel.PHONE), DANA, policy=policy, pin_checked=False)
    assert refused.value.reason is Reason.PIN_WRONG


def test_an_internal_note_is_mailed_to_nobody_and_may_stand_on_a_closed_case() -> None:
    note = update(Channel.AGENT, Visibility.INTERNAL, TESS)
    for status in Status:
        assert not only(requests.post_update(case(status), note, None, policy=POLICY), Notify)


@pytest.mark.parametrize("channel", [*CUSTOMER, Channel.AGENT])
def test_a_closed_case_takes_no_public_update(channel: Channel) -> None:
    with pytest.raises(Refused) as refused:
        requests.post_update(case(Status.CLOSED), update(channel), DANA, policy=POLICY)
    assert refused.value.reason is Reason.CASE_CLOSED


# --- asking and proposing


@pytest.mark.parametrize("status", OPEN_STATUSES)
@pytest.mark.parametrize("ask", ["info", "solution"])
def test_asking_starts_a_new_wait_ends_a_running_one_and_mails_the_question(status: Status, ask: str) -> None:
    """PROCESS 4.1, 8: also where the case waits already."""
    if ask == "info":
        decision = requests.request_info(case(status), "Which?", TESS, policy=POLICY, now=NOW)
        to, notice = Status.AWAITING_INFO, "info-requested"
    else:
        decision = requests.propose_solution(case(status), "Do this", TESS, None, policy=POLICY, now=NOW)
        to, notice = Status.SOLUTION_PROPOSED, "solution-proposed"
    kinds = [type(effect) for effect in decision.effects]
    assert kinds == [RecordUpdate, Publish, SetStatus, StopEpisode, StartEpisode, Notify]
    recorded, _, moved, _, started, told = decision.effects
    assert (recorded.visibility, recorded.author) == (Visibility.PUBLIC, TESS)  # type: ignore[union-attr]
    assert moved.status is started.status is to  # type: ignore[union-attr]
    assert len(started.steps) == 3  # type: ignore[union-attr]
    assert (told.notice, told.to, told.with_reference) == (notice, DANA.email, True)  # type: ignore[union-attr]


def test_nothing_is_asked_of_a_closed_case() -> None:
    for ask in (
        lambda: requests.request_info(case(Status.CLOSED), "x", TESS, policy=POLICY, now=NOW),
        lambda: requests.propose_solution(case(Status.CLOSED), "x", TESS, None, policy=POLICY, now=NOW),
        lambda: requests.close(case(Status.CLOSED), None, "", TESS, policy=POLICY, now=NOW),
    ):
        with pytest.raises(Refused) as refused:
            ask()
        assert refused.value.reason is Reason.CASE_CLOSED


@pytest.mark.parametrize("substatus", Substatus)
def test_a_solution_has_only_the_words_of_its_profile(substatus: Substatus) -> None:
    words = POLICY.profile("cloud").substatuses[Status.SOLUTION_PROPOSED]
    if substatus in words:
        decision = requests.propose_solution(case(), "x", TESS, substatus, policy=POLICY, now=NOW)
        assert only(decision, SetStatus)[0].substatus is substatus
        return
    with pytest.raises(Refused) as refused:
        requests.propose_solution(case(), "x", TESS, substatus, policy=POLICY, now=NOW)
    assert refused.value.reason is Reason.TRANSITION_NOT_ALLOWED


# --- closing


@pytest.mark.parametrize("status", OPEN_STATUSES)
def test_closing_ends_the_wait_publishes_and_tells_until_when_it_can_be_reopened(status: Status) -> None:
    """PROCESS 5.2, 5.3, 7.1."""
    decision = requests.close(case(status), None, "Thank you", TESS, policy=POLICY, now=NOW)
    assert [type(e) for e in decision.effects] == [RecordUpdate, SetStatus, StopEpisode, Publish, Notify]
    told = only(decision, Notify)[0]
    assert told.notice == "case-closed"
    assert told.context["reopen_until"] == told.context["kept_until"] == "2026-04-09"
    assert told.context["closed_at"] == "2026-03-10"
    assert not only(requests.close(case(status), None, "", "", policy=POLICY, now=NOW, notify=False), Notify)


@pytest.mark.parametrize("status", OPEN_STATUSES)
def test_a_move_by_hand_ends_the_wait_and_mails_nobody(status: Status) -> None:
    """PROCESS 4.8."""
    decision = requests.set_status(case(status), Status.OPEN, None, policy=POLICY)
    assert [type(e) for e in decision.effects] == [SetStatus, StopEpisode]


# --- notices


def _all_notices() -> dict[Notice, Notify]:
    closed = case(Status.CLOSED)
    decisions = [
        requests.open_case(opened(), DANA, policy=POLICY),
        requests.post_update(case(), update(Channel.AGENT), None, policy=POLICY),
        requests.post_update(case(), update(Channel.PORTAL), DANA, policy=POLICY),
        requests.request_info(case(), "x", TESS, policy=POLICY, now=NOW),
        requests.propose_solution(case(), "x", TESS, None, policy=POLICY, now=NOW),
        requests.close(case(), None, "", TESS, policy=POLICY, now=NOW),
        requests.close_request(case(), "x", DANA.email, DANA, policy=POLICY),
        requests.reopen_request(closed, "x", DANA.email, DANA, policy=POLICY, now=NOW),
        requests.reopen(closed, update(Channel.AGENT), None, policy=POLICY, now=NOW),
    ]
    told = [effect for decision in decisions for effect in decision.effects]
    told += [notices.case_closed_notice(closed, mail(), POLICY, now=NOW), notices.unlinked_notice(mail())]
    told += notices.about_reply(case(), mail(kind=MailKind.AUTO_REPLY), POLICY, looks_human=True, note="x")
    wait = Episode(id=1, number=1, status=Status.AWAITING_INFO, started_at=NOW)
    told += [notices.follow_up(case(), wait, step, closes_at=NOW, zone="UTC") for step in (1, 2)]
    told.append(notices.follow_up_closed(case(), wait, POLICY, now=NOW))
    bounced = SentMail(outbox_id=1, to=DANA.email, message_id="<1@example.test>", case_number=NUMBER)
    told += notices.delivery_failed(case(), bounced, "42", [], "", POLICY)
    told += [effect for decision in escalated() for effect in decision.effects]
    told += notices.about_escalation_reply(case(), ESCALATION, mail(), POLICY, looks_human=False)
    told += targets.on_missed(case(), Target.RESPONSE, NOW, policy=POLICY).effects
    told += queue_alarm.on_waiting([17], oldest_at=NOW, alarm_hours=4, policy=POLICY).effects
    high = case(priority=Priority.HIGH)
    told += incident.send(high, incident.build(high, (), incident.Given()), DANA, TESS, policy=POLICY).effects
    box = Mailbox(name="support", account="care@imap.example.com", folder="INBOX", stale_after=timedelta(0))
    silent = MailboxStatus(mailbox=box, checked_at=NOW - timedelta(days=1))
    alarm = mailboxes.on_silence(silent, running_since=NOW, policy=POLICY, now=NOW)
    told += alarm.effects if alarm else ()
    call = WebhookCall(
        id=1, webhook_id=3, url="https://a.example", message_id="msg_1", secrets=(), event={}, attempts=1, fence=1
    )
    told += notices.webhook_disabled(call, "a.example", "HTTP 410 Gone", POLICY).effects
    for kind in notice_contexts.CONTEXTS.values():
        to = ADMIN if kind.notice is Notice.CHAT_CONTACT_LEFT else DANA.email
        about = None if kind.about_case == "never" else case()
        context = kind.model_validate(kind.sample)
        told += notifications.send(context, about, to=to, to_name="", author=TESS, policy=POLICY).effects
    return {effect.notice: effect for effect in told if isinstance(effect, Notify)}


@pytest.mark.parametrize("notice", Notice)
def test_every_notice_carries_the_values_that_its_template_needs(notice: Notice) -> None:
    """OB-06: one that lacks a value would be held instead of sent."""
    told = _all_notices()[notice]
    assert set(compose.NOTICE_CONTEXT[notice]) <= set(told.context)
    assert told.key.startswith(f"{notice}/")
    assert len(told.key) <= 255
    to_customer = notice not in (
        *(Notice.REPLY_RECEIVED, Notice.NEEDS_A_LOOK, Notice.TARGET_MISSED),
        *(Notice.CLOSURE_REQUESTED, Notice.REOPEN_WANTED, Notice.DELIVERY_FAILED),
        *(Notice.ESCALATION_ASSIGNED, Notice.ESCALATION_REPLY, Notice.CHAT_CONTACT_LEFT),
        Notice.MAILBOX_STALE,
        *(Notice.QUEUE_ALARM,),
        Notice.WEBHOOK_DISABLED,
    )
    assert told.to == (DANA.email if to_customer else ADMIN)
    assert told.with_reference == (notice not in compose.WITHOUT_REFERENCE)


def test_a_long_reply_is_cut_where_it_is_quoted_to_the_owner() -> None:
    told = notices.about_reply(case(), mail(reply="x" * 5000), POLICY, looks_human=False, note="")
    assert len(told[0].context["text"]) == notices.EXCERPT_LENGTH  # type: ignore[union-attr]
