"""LP-05: mail that comes back has consequences, until a person says that the address works again."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from gateway.desk import cases, contacts, deliverability, outbox
from gateway.errors import Conflict, NotFound
from gateway.model import Channel, Rejected, RelayOutcome, Visibility
from gateway.model.views import MailDetailView, OutboxView
from gateway.reasons import Reason
from gateway.store import tables
from tests.fixtures import world
from tests.story.stage import ADMIN, AGENT, DANA, Stage
from tests.story.test_follow_ups import turn

Build = Callable[..., Stage]
FULL = "4.2.2"
GONE = "5.1.1"


def bounce(stage: Stage, entry: OutboxView, status: str = GONE, *, forged: bool = False) -> MailDetailView:
    """Receive the report that a mail of ours did not arrive."""
    found = select(tables.outbox.c.verp_key).where(tables.outbox.c.id == int(entry.id))
    with stage.services.database.read() as conn:
        key = "a" * 26 if forged else conn.execute(found).scalar_one()
    raw = (
        f"From: MAILER-DAEMON@mx.example.com\r\nSubject: Undelivered {stage.later(seconds=1)}\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nNot delivered.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.com\r\n\r\n"
        f"Final-Recipient: rfc822; {entry.to}\r\nAction: failed\r\nStatus: {status}\r\n"
        f"\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {entry.message_id}\r\n\r\n--b--\r\n"
    )
    return stage.receive(raw.encode(), mail_from="", to=(f"bounce+{key}@{world.MAIL_DOMAIN}",))


def last(stage: Stage, notice: str) -> OutboxView:
    stage.app.deliver_due()
    return stage.outbox(notice)[-1]


def message(stage: Stage, number: str) -> OutboxView:
    """Let an agent write to the contact of a case; return the mail as it is after it was due."""
    stage.later(minutes=1)
    cases.post(
        stage.services, number, text="Any news?", author=AGENT, channel=Channel.AGENT, visibility=Visibility.PUBLIC
    )
    return last(stage, "case-message")


def marked(stage: Stage) -> list[str]:
    return [one.email for one in deliverability.find(stage.services)]


def test_one_hard_bounce_stops_mail_and_ladder_and_tells_the_owner(stage: Stage) -> None:
    """LP-05, PROCESS 4.7."""
    number = stage.waiting_case()
    question = last(stage, "info-requested")
    assert bounce(stage, question).disposition == "bounce"
    assert marked(stage) == [DANA]
    told = last(stage, "delivery-failed")
    assert (told.to, told.state, told.case) == (ADMIN, "done", number)
    held = message(stage, number)
    assert (held.state, held.last_reply) == ("held", f"contact-undeliverable: {GONE}")
    for days in (2, 3, 5, 30):
        assert turn(stage, days=days) == []
    assert stage.state(number)[0] == "awaiting-info"
    view = stage.case(number).follow_up
    assert view is not None
    assert view.held == Reason.CONTACT_UNDELIVERABLE
    # Once for this wait, however often the timer looks.
    assert [entry.to for entry in stage.outbox("needs-a-look")] == [ADMIN]


def test_a_person_clears_the_address_and_what_was_held_leaves_and_the_ladder_goes_on(stage: Stage) -> None:
    number = stage.waiting_case()
    bounce(stage, last(stage, "info-requested"))
    held = message(stage, number)
    assert turn(stage, days=3) == []
    assert contacts.show(stage.services, DANA).undeliverable == (DANA,)
    for verb in (outbox.release, outbox.retry):
        with pytest.raises(Conflict, match="gateway contact deliverable"):
            verb(stage.services, held.id)
    for _ in range(2):
        assert deliverability.clear(stage.services, DANA.upper(), by=AGENT).undeliverable == ()
    assert turn(stage) == ["follow-up-1"]
    assert (last(stage, "case-message").state, last(stage, "follow-up-1").state) == ("done", "done")
    assert marked(stage) == []


def test_a_late_report_about_an_older_mail_does_not_undo_what_a_person_said(stage: Stage) -> None:
    number = stage.waiting_case()
    older, question = last(stage, "case-opened"), last(stage, "info-requested")
    bounce(stage, question)
    stage.later(minutes=1)
    deliverability.clear(stage.services, DANA, by=AGENT)
    bounce(stage, older)
    assert marked(stage) == []
    stage.later(minutes=1)
    bounce(stage, message(stage, number))
    assert marked(stage) == [DANA]


def test_three_soft_bounces_of_three_mails_within_the_window(stage: Stage) -> None:
    """LP-05: the same mail, reported twice, counts once; a failure of long ago is forgotten."""
    number = stage.waiting_case()
    first = last(stage, "case-opened")
    bounce(stage, first, FULL)
    bounce(stage, last(stage, "info-requested"), FULL)
    bounce(stage, first, FULL)
    assert marked(stage) == []
    stage.later(days=31)
    for soft in range(1, 4):
        assert marked(stage) == []
        bounce(stage, message(stage, number), FULL)
        assert soft < 3 or marked(stage) == [DANA]


def test_the_settings_say_how_many(staged: Build) -> None:
    stage = staged(bounces={"hard": 2})
    number = stage.waiting_case()
    bounce(stage, last(stage, "info-requested"))
    assert marked(stage) == []
    bounce(stage, message(stage, number))
    assert marked(stage) == [DANA]


def test_a_forged_report_counts_for_nothing(stage: Stage) -> None:
    """LP-07."""
    stage.waiting_case()
    entry = last(stage, "info-requested")
    for _ in range(4):
        assert Reason.BOUNCE_UNVERIFIED in bounce(stage, entry, forged=True).flags
    assert marked(stage) == []
    assert stage.outbox("delivery-failed") == []


def test_an_address_of_our_own_side_is_never_silenced(stage: Stage) -> None:
    number = stage.waiting_case()
    stage.answer(number)
    bounce(stage, last(stage, "reply-received"))
    assert marked(stage) == []


def test_a_relay_that_refuses_the_recipient_has_the_same_consequences(stage: Stage) -> None:
    """LP-05, OB-08: permanent at RCPT; in the transaction that settles the mail."""
    refusing = Refusing(Rejected(reply="550 5.1.1 no such user", recipient=True))
    stage.app.relay = refusing
    number = stage.open_case()
    assert last(stage, "case-opened").state == "dead"
    assert marked(stage) == [DANA]
    assert stage.outbox("delivery-failed")[0].to == ADMIN
    assert message(stage, number).state == "held"
    assert refusing.got == [DANA, ADMIN]


def test_a_relay_that_refuses_the_content_tells_the_owner_only(stage: Stage) -> None:
    stage.app.relay = Refusing(Rejected(reply="554 5.7.1 no attachments"))
    stage.open_case()
    last(stage, "case-opened")
    assert marked(stage) == []
    assert len(stage.outbox("delivery-failed")) == 1


def test_clearing_needs_a_contact(stage: Stage) -> None:
    with pytest.raises(NotFound, match="undeliverable"):
        deliverability.clear(stage.services, "nobody@example.org", by=AGENT)


class Refusing:
    """A relay that answers every mail alike."""

    def __init__(self, outcome: RelayOutcome) -> None:
        self.got: list[str] = []
        self._outcome = outcome

    def send(self, entry_id: int, envelope_from: str, to: str, raw: bytes) -> RelayOutcome:
        self.got.append(to)
        return self._outcome

    def close(self) -> None:
        """Nothing is open."""
