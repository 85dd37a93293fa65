"""PROCESS 3.1-3.8: what becomes of a reply, told once for each kind of sender and state of the case."""

from email import message_from_bytes

import pytest

from gateway.desk import cases
from gateway.model import Channel, Feed, Status, Substatus, Visibility
from gateway.reasons import Reason
from tests.fixtures import world
from tests.story.stage import ADMIN, AGENT, DANA, STRANGER, Stage

FLIPPED = ("open", "customer-responded")
WAITING = ("awaiting-info", "information-required-from-customer")
AR_FAIL = f"Authentication-Results: {world.TRUSTED_AUTHSERV_ID}; dmarc=fail header.from=example.com"


def test_a_reply_with_the_reference_id_opens_the_waiting_case_and_stops_its_timer(stage: Stage) -> None:
    """PROCESS 3.1, 3.3."""
    number = stage.waiting_case()
    assert stage.case(number).follow_up is not None
    at = stage.later(hours=1)
    mail = stage.answer(number)
    assert (mail.disposition, mail.reason, mail.flags, mail.case) == ("linked", "reference-found", (), number)
    case = stage.case(number)
    assert (case.status, case.substatus) == FLIPPED
    assert (case.follow_up, case.modified_at) == (None, at)
    update = stage.feed(number)[-1]
    assert (update.channel, update.visibility, update.author) == ("mail", "public", DANA)
    assert "4.2" in update.text
    assert stage.items() == []
    assert stage.notices()[-1] == ("reply-received", ADMIN)
    assert stage.events(number)[-2:] == ["case.status_changed", "mail.linked"]


def test_a_reply_to_a_proposed_solution_flips_as_well(stage: Stage) -> None:
    number = stage.open_case()
    cases.propose_solution(stage.services, number, text="Install 4.2.1.", author=AGENT)
    stage.later(minutes=1)
    assert stage.answer(number).reason == Reason.REFERENCE_FOUND
    assert stage.state(number) == FLIPPED


def test_the_owner_hears_of_a_reply_and_the_admin_team_only_where_nobody_owns_the_case(stage: Stage) -> None:
    """PROCESS 8."""
    owned = stage.waiting_case(owner=AGENT)
    stage.answer(owned)
    assert stage.notices()[-1] == ("reply-received", AGENT)


def test_a_reply_to_an_open_case_is_recorded_without_a_status_change(stage: Stage) -> None:
    """PROCESS 3.5."""
    number = stage.open_case()
    cases.set_status(stage.services, number, Status.OPEN, Substatus.ENGINEERING_REQUEST)
    mail = stage.answer(number)
    assert (mail.reason, mail.case) == ("reference-found", number)
    assert stage.state(number) == ("open", "engineering-request")


def test_a_reply_in_service_restored_is_recorded_without_a_status_change(stage: Stage) -> None:
    """PROCESS 3.5."""
    number = stage.open_case(profile="cloud")
    cases.set_status(stage.services, number, Status.SERVICE_RESTORED)
    assert stage.answer(number).reason == Reason.REFERENCE_FOUND
    assert stage.state(number) == ("service-restored", "pending-permanent-solution")


NO_FLIP = {
    "stranger": ({"sender": STRANGER}, "linked", Reason.SENDER_NOT_CONTACT),
    "plus-tag": ({"sender": "dana.reed+work@example.com"}, "linked", Reason.SENDER_NOT_CONTACT),
    "look-alike": ({"sender": "dana.reed@examp1e.example.com"}, "linked", Reason.SENDER_NOT_CONTACT),
    "name only": ({"sender": f'"{DANA}" <{STRANGER}>'}, "linked", Reason.SENDER_AMBIGUOUS),
    "ambiguous": ({"headers": [f"From: {STRANGER}"]}, "linked", Reason.SENDER_AMBIGUOUS),
    "unverified": ({"headers": [AR_FAIL]}, "linked", Reason.SENDER_UNVERIFIED),
    "auto-reply": ({"headers": ["Auto-Submitted: auto-replied"], "subject": "Away"}, "automatic", Reason.AUTO_REPLY),
    "list": ({"headers": ["List-Id: <a.example.org>"]}, "linked", Reason.LIST),
}


@pytest.mark.parametrize("name", NO_FLIP)
def test_whoever_is_not_the_contact_in_person_flips_nothing(staged, name: str) -> None:  # type: ignore[no-untyped-def]
    """PROCESS 3.3; ID-03, ID-04, ID-06, ID-07, LP-03: recorded with the reason, status and timer untouched."""
    how, disposition, reason = NO_FLIP[name]
    stage = staged(sender={"trusted_authserv_ids": [world.TRUSTED_AUTHSERV_ID]})
    number = stage.waiting_case()
    before = stage.snapshot(number)
    text = "I am out of the office until Monday." if disposition == "automatic" else "Try port 8080."
    mail = stage.answer(number, text, **how)
    assert (mail.disposition, mail.case) == (disposition, number)
    if name != "name only":
        assert mail.reason == reason, mail.trace
    else:
        assert mail.reason in (Reason.SENDER_AMBIGUOUS, Reason.SENDER_NOT_CONTACT)
    assert mail.reason in mail.flags
    after = stage.snapshot(number)
    assert (after[0], after[1], after[4]) == (before[0], before[1], before[4])
    assert stage.feed(number)[-1].mail_id == mail.id
    assert STRANGER not in [to for _, to in stage.notices()]


def test_what_a_stranger_writes_is_for_our_side_only(stage: Stage) -> None:
    """ID-03, ID-11: the stranger hears nothing and never becomes a recipient."""
    number = stage.waiting_case()
    stage.answer(number, sender=STRANGER)
    assert stage.feed(number)[-1].visibility == "internal"
    cases.post(stage.services, number, text="Hello", author=AGENT, visibility=Visibility.PUBLIC)
    assert {to for _, to in stage.notices()} == {DANA, ADMIN}


def test_a_bounce_that_quotes_the_reference_id_touches_no_case(stage: Stage) -> None:
    """LP-05: whatever ID the returned part holds."""
    number = stage.waiting_case()
    before = (stage.snapshot(number), len(stage.feed(number)))
    text = f"Delivery failed\n\nReference ID: {stage.reference(number)}"
    raw = stage.write(text, sender="MAILER-DAEMON@example.com", subject="Undelivered Mail Returned to Sender")
    mail = stage.receive(raw, mail_from="")
    assert (mail.disposition, mail.reason, mail.case) == ("bounce", "bounce", None)
    assert (stage.snapshot(number), len(stage.feed(number))) == before
    assert stage.items() == []


def test_an_answer_from_before_the_present_question_does_not_answer_it(stage: Stage) -> None:
    """PROCESS 3.3: received before the episode began, processed after."""
    number = stage.waiting_case()
    stage.later(minutes=1)
    early = f"Version 4.1.\n\n> Reference ID: {stage.reference(number)}"
    mail_id = stage.ingest(stage.write(early))
    stage.later(minutes=1)
    cases.request_info(stage.services, number, text="And which build?", author=AGENT)
    stage.app.process_mail()
    assert stage.feed(number)[-1].mail_id == str(mail_id)
    assert stage.feed(number)[-1].flags == ("before-question",)
    assert stage.state(number) == WAITING


def test_a_designated_contact_flips_where_the_setting_says_so(staged) -> None:  # type: ignore[no-untyped-def]
    """PROCESS 3.3: the setting may let any Designated Contact of the account answer; other accounts never."""
    stage = staged(sender={"flip_by": "designated"})
    number = stage.waiting_case()
    other = "sam.okafor@example.com"
    elsewhere = stage.open_case(other)
    assert stage.answer(number, sender=other).reason == Reason.SENDER_NOT_CONTACT
    assert stage.state(number) == WAITING
    _join_account(stage, other, DANA)
    assert stage.answer(number, sender=other).reason == Reason.REFERENCE_FOUND
    assert stage.state(number) == FLIPPED
    assert stage.state(elsewhere) == ("open", "new")


def _join_account(stage: Stage, email: str, of: str) -> None:
    from sqlalchemy import select, update

    from gateway.store.tables import contact

    account_id = select(contact.c.account_id).where(contact.c.email == of).scalar_subquery()
    with stage.services.database.write() as conn:
        conn.execute(update(contact).where(contact.c.email == email).values(account_id=account_id))


def test_an_alternate_address_counts_as_the_contact(stage: Stage) -> None:
    from gateway.store.tables import contact_address

    number = stage.waiting_case()
    with stage.services.database.write() as conn:
        conn.execute(
            contact_address.insert().values(
                address_key="d@home.example.org", contact_id=1, address="D@home.example.org"
            )
        )
    assert stage.answer(number, sender="d@HOME.example.org").reason == Reason.REFERENCE_FOUND
    assert stage.state(number) == FLIPPED


@pytest.mark.parametrize("place", ["number in body", "threading", "plus-tag", "subject", "header", "attached mail"])
def test_nothing_but_the_reference_id_in_the_body_links(stage: Stage, place: str) -> None:
    """ID-01: each of these is a hint with its evidence, and a person decides."""
    number = stage.waiting_case()
    reference = stage.reference(number)
    sent = next(entry for entry in stage.outbox("info-requested"))
    tag = f"care+{reference}@support.example.test"
    how = {
        "number in body": {"text": f"About case {number}"},
        "threading": {"headers": [f"In-Reply-To: {sent.message_id}", f"References: {sent.message_id}"]},
        "plus-tag": {"to": [tag]},
        "subject": {"subject": f"Reference ID: {reference}"},
        "header": {"headers": [f"Comments: {reference}"]},
        "attached mail": {"attached": f"Reference ID: {reference}"},
    }[place]
    raw = stage.write(
        str(how.get("text", "Version 4.2")),
        sender=STRANGER,
        subject=str(how.get("subject", "Hello")),
        headers=how.get("headers", ()),  # type: ignore[arg-type]
    )
    if "attached" in how:
        raw = _with_attached_mail(raw, str(how["attached"]))
    mail = stage.receive(raw, mail_from=STRANGER, to=how.get("to", (world.CARE,)))
    assert (mail.disposition, mail.reason, mail.case) == ("queued", "no-reference", None)
    assert stage.state(number) == WAITING
    hints = stage.item_of(mail).hints
    # A header of one's own invention is nowhere a case stands, so it is not even a hint.
    assert [hint.case for hint in hints] == ([] if place == "header" else [number])
    assert all(hint.evidence for hint in hints)


def _with_attached_mail(raw: bytes, text: str) -> bytes:
    mail = message_from_bytes(raw)
    inner = f"From: a@example.org\r\nSubject: inner\r\n\r\n{text}\r\n"
    head = raw.split(b"MIME-Version")[0]
    body = str(mail.get_payload())
    return (
        head
        + (
            "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
            f"--b\r\nContent-Type: text/plain\r\n\r\n{body}\r\n"
            f"--b\r\nContent-Type: message/rfc822\r\n\r\n{inner}--b--\r\n"
        ).encode()
    )


def test_two_cases_in_one_body_conflict_and_both_are_hints(stage: Stage) -> None:
    """ID-08, PROCESS 3.8."""
    one, two = stage.waiting_case(), stage.waiting_case()
    text = f"Both.\n> Reference ID: {stage.reference(one)}\n> Reference ID: {stage.reference(two)}"
    mail = stage.receive(stage.write(text))
    assert (mail.disposition, mail.reason) == ("queued", "conflicting-references")
    assert {hint.case for hint in stage.item_of(mail).hints[:2]} == {one, two}
    assert (stage.state(one), stage.state(two)) == (WAITING, WAITING)


def test_the_same_id_fifty_times_is_one_link(stage: Stage) -> None:
    """ID-08."""
    number = stage.waiting_case()
    text = "Yes.\n" + f"> Reference ID: {stage.reference(number)}\n" * 50
    assert stage.receive(stage.write(text)).reason == Reason.REFERENCE_FOUND
    assert len([update for update in stage.feed(number) if update.mail_id]) == 1


def test_a_purged_case_and_a_revoked_id_queue_under_their_own_words(stage: Stage) -> None:
    """ID-08, PROCESS 3.7."""
    number = stage.waiting_case()
    reference = stage.revoke(number)
    text = f"Hello\n> Reference ID: {reference}"
    assert stage.receive(stage.write(text)).reason == Reason.REFERENCE_REVOKED
    stage.set_reference_state(reference, "purged")
    assert stage.receive(stage.write(text)).reason == Reason.CASE_PURGED
    assert stage.state(number) == WAITING


def test_a_known_id_beside_an_unknown_and_a_damaged_one_links_with_flags(stage: Stage) -> None:
    """PROCESS 3.8."""
    number = stage.waiting_case()
    damaged = stage.reference(number)[:-1] + ("0" if not stage.reference(number).endswith("0") else "1")
    text = f"Yes.\nReference ID: {stage.reference(number)}\nAlso {world.UNKNOWN}\nand {damaged}"
    mail = stage.receive(stage.write(text))
    assert (mail.reason, mail.flags) == ("reference-found", ("unknown-reference", "damaged-reference"))
    assert stage.state(number) == FLIPPED


def test_reply_to_is_never_followed(stage: Stage) -> None:
    """ID-13, PROCESS 3.9."""
    number = stage.waiting_case()
    stage.answer(number, headers=[f"Reply-To: {STRANGER}"])
    cases.post(stage.services, number, text="Thank you", author=AGENT, visibility=Visibility.PUBLIC)
    assert {to for _, to in stage.notices()} == {DANA, ADMIN}


def test_mail_that_claims_one_of_our_own_addresses_is_flagged_and_trusted_in_nothing(stage: Stage) -> None:
    """ID-14."""
    number = stage.waiting_case()
    mail = stage.answer(number, sender=world.CARE)
    assert mail.reason == Reason.SENDER_NOT_CONTACT
    assert Reason.OWN_ADDRESS_SPOOFED in mail.flags
    assert stage.state(number) == WAITING
    assert world.CARE not in [to for _, to in stage.notices()]


def test_a_portal_update_flips_as_a_mail_does(stage: Stage) -> None:
    """PROCESS 5.1."""
    number = stage.waiting_case()
    update = cases.post(stage.services, number, text="Version 4.2", author=DANA, channel=Channel.PORTAL)
    assert (update.visibility, update.channel) == ("public", "portal")
    assert stage.state(number) == FLIPPED
    assert stage.feed(number, Feed.ESCALATION) == []
