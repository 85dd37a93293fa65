"""The event feed tells other systems what happened, in ids and facts; nothing that anybody wrote is in it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from gateway.desk import cases, escalations, events, queue
from gateway.model import Channel, EscalationReason, EventType, Rejected
from gateway.model.views import EventView
from gateway.store.tables import outbox
from tests.fixtures import world
from tests.story.stage import ADMIN, AGENT, Stage
from tests.story.terminal import Terminal
from tests.story.test_bounce_story import _report

CANARY = "Kanarienvogel"
DANA = f"dana.{CANARY}@example.com"
# The ways in that fetch are not on this stage.
ELSEWHERE = {EventType.MAILBOX_STALE}


class Refusing:
    """A relay that takes nothing, in words that nobody should repeat."""

    def send(self, *_: Any) -> Rejected:
        return Rejected(reply=f"550 no {CANARY} here")

    def close(self) -> None:
        """Have nothing to close."""


def feed(stage: Stage) -> list[EventView]:
    stage.app.tick()
    return list(events.read(stage.services, limit=1000).items)


def _everything(stage: Stage) -> set[str]:
    """Let everything happen that the feed tells of; return what must not be in it beside the canary."""
    services = stage.services
    how = {"contact": DANA, "contact_name": f"Dana {CANARY}", "subject": f"About {CANARY}", "external_ref": CANARY}
    number = stage.open_case(**how)
    stage.later(minutes=1)
    cases.post(services, number, text=CANARY, author=DANA, channel=Channel.PORTAL)
    cases.request_info(services, number, text=f"Which {CANARY}?", author=AGENT)
    stage.app.deliver_due()
    with services.database.read() as conn:
        key = conn.execute(select(outbox.c.verp_key).where(outbox.c.notice == "info-requested")).scalar_one()
    stage.receive(_report(stage, DANA), mail_from="", to=(f"bounce+{key}@{world.MAIL_DOMAIN}",))
    stage.later(minutes=1)
    stage.answer(number, f"It is {CANARY}.", sender=DANA)
    stage.receive(stage.write(f"About {CANARY}", sender=DANA))
    item = stage.items()[0]
    stage.later(hours=5)
    stage.app.tick()
    queue.link(services, item.id, number, by=ADMIN)
    asked = {"reason": EscalationReason.OTHER, "details": CANARY, "requester": DANA, "channel": Channel.PORTAL}
    first = escalations.request(services, number, **asked)
    escalations.decline(services, first.id, text=CANARY, author=ADMIN)
    second = escalations.request(services, number, **asked)
    escalations.accept(services, second.id, owner=ADMIN, importance=CANARY, urgency=CANARY, text=CANARY, author=ADMIN)
    escalations.close(services, second.id, text=CANARY, author=ADMIN)
    stage.app.relay = Refusing()  # type: ignore[assignment]
    cases.close(services, number, text=CANARY)
    cases.reopen(services, number, text=CANARY, channel=Channel.PHONE)
    stage.app.tick()
    return {stage.reference(number), DANA.partition("@")[2], key}


def test_every_kind_of_event_is_written_and_none_holds_more_than_ids_and_facts(stage: Stage) -> None:
    """CONTRACT 4: events carry ids and facts, never bodies or Reference IDs.  PR-01, WH-05."""
    secrets = _everything(stage)
    found = feed(stage)
    assert set(EventType) - ELSEWHERE == {one.type for one in found}
    written = json.dumps([[one.type, one.case, one.data] for one in found])
    assert CANARY.lower() not in written.lower()
    assert [secret for secret in secrets if secret in written] == []
    assert "@" not in written


def test_events_of_a_case_are_numbered_in_the_order_of_what_happened(stage: Stage) -> None:
    """WH-04."""
    number = stage.waiting_case()
    other = stage.open_case("sam.okafor@example.com")
    stage.answer(number)
    found = feed(stage)
    mine = [one for one in found if one.case == number and not one.type.startswith("notice.")]
    assert [one.type for one in mine] == [
        *("case.opened", "case.updated", "case.status_changed", "case.status_changed", "mail.linked"),
    ]
    for case in (number, other):
        numbers = [one.sequence for one in found if one.case == case]
        assert numbers == list(range(1, len(numbers) + 1))
    assert [int(one.cursor) for one in found] == list(range(1, len(found) + 1))


def test_a_notice_is_sent_once_in_the_feed(stage: Stage) -> None:
    """CONTRACT 4: `notice.sent` once, at the first done."""
    stage.open_case()
    for _ in range(3):
        stage.app.tick()
    assert [one.type for one in feed(stage)] == ["case.opened", "notice.sent"]


def test_the_admin_queue_alarms_once_for_what_waits_too_long(staged: Callable[..., Stage]) -> None:
    stage = staged(queue={"alarm_hours": 2})
    mail = stage.receive(stage.write("Who can help?"))
    stage.later(hours=2)
    assert "queue.alarm" not in [one.type for one in feed(stage)]
    stage.later(seconds=1)
    for _ in range(2):
        alarms = [one for one in feed(stage) if one.type == "queue.alarm"]
        assert [one.data for one in alarms] == [{"items": 1, "oldest_item": stage.item_of(mail).id}]


def test_the_command_line_shows_the_feed(terminal: Terminal) -> None:
    number = terminal.open_case()
    shown = terminal.ok("events")
    assert [(e["cursor"], e["type"], e["case"], e["sequence"]) for e in shown] == [
        ("1", "case.opened", number, 1),
        ("2", "notice.sent", number, 2),
    ]
    assert set(shown[0]) == {"cursor", "id", "at", "type", "case", "sequence", "data"}
    assert [e["cursor"] for e in terminal.ok("events", "--after", "1")] == ["2"]
    assert [e["cursor"] for e in terminal.ok("events", "--limit", "1")] == ["1"]
    assert "case.opened" in terminal.run("events").out
    refused = terminal.run("events", "--after", "x")
    assert refused.code == 2
    assert "no cursor" in refused.err


def test_following_shows_each_event_once(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    from gateway.cli import events as command

    number = terminal.open_case()
    pages = iter(range(3))
    real = events.read

    def thrice(*given: Any, **how: Any) -> Any:
        if next(pages, None) is None:
            raise KeyboardInterrupt
        return real(*given, **{**how, "wait": 0})

    monkeypatch.setattr(events, "read", thrice)
    monkeypatch.setattr(command, "FOLLOW_SECONDS", 0)
    done = terminal.run("events", "--follow", "--json")
    assert done.code == 130
    assert [(e["cursor"], e["case"]) for e in done.json] == [("1", number), ("2", number)]
