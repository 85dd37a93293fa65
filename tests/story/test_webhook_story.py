"""CONTRACT 4: other systems are called for what happened: signed, again and again until they have it, never a body."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from gateway import sequencer, webhooks
from gateway.desk import audit, cases, events
from gateway.desk import webhooks as desk
from gateway.errors import Conflict, InvalidInput, NotFound
from gateway.model import Channel
from gateway.outbound import webhooks as calls
from tests.receiver import Receiver, receiving
from tests.story.stage import ADMIN, AGENT, DANA, Stage
from tests.story.terminal import Terminal

LOOPBACK = {"webhooks": {"allowed_networks": ["127.0.0.0/8"]}}


@pytest.fixture
def stage(staged: Callable[..., Stage]) -> Stage:
    return staged(**LOOPBACK)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with closing(Receiver()) as listening:
        yield listening


def turn(stage: Stage) -> int:
    """Let the feed grow, write deliveries, call; return how many calls were taken."""
    sequencer.turn(stage.services)
    webhooks.turn(stage.services)
    return webhooks.deliver(stage.services, jitter=lambda: 0.0)


def feed(stage: Stage) -> list[dict[str, Any]]:
    from gateway.model.views import to_json

    return [to_json(one) for one in events.read(stage.services, limit=1000).items]


def log(stage: Stage, hook: str) -> list[tuple[str, str]]:
    return [(one.state, one.last_reply) for one in reversed(desk.deliveries(stage.services, hook))]


def test_a_receiver_gets_every_event_signed_and_in_an_order_that_it_can_restore(
    stage: Stage, receiver: Receiver
) -> None:
    made = desk.add(stage.services, url=receiver.url)
    number = stage.waiting_case()
    stage.answer(number)
    turn(stage)
    came = receiver.events()
    assert [{k: v for k, v in event.items() if k != "timestamp"} for event in came] == feed(stage)
    assert [event["sequence"] for event in came if event["case"] == number] == list(range(1, len(came) + 1))
    assert made.secret.startswith("whsec_")
    assert "secret" not in desk.show(stage.services, made.id).__slots__
    assert {one.headers["webhook-id"] for one in receiver.taken} == {
        one.message_id for one in desk.deliveries(stage.services, made.id)
    }


def test_no_word_of_anybody_and_no_reference_id_goes_to_a_receiver(stage: Stage, receiver: Receiver) -> None:
    """WH-05, PR-01: ids and facts only, also about escalations and mail that nobody could link."""
    desk.add(stage.services, url=receiver.url)
    number = stage.waiting_case(subject="CANARY-subject")
    stage.answer(number, "CANARY-reply", subject="CANARY-mail")
    stage.receive(stage.write("CANARY-unlinked", subject="CANARY-lost"))
    cases.post(stage.services, number, text="CANARY-portal", author=DANA, channel=Channel.PORTAL)
    cases.close(stage.services, number, text="CANARY-bye")
    stage.app.deliver_due()
    turn(stage)
    sent = "".join(one.body + str(one.headers) for one in receiver.came)
    assert len(receiver.came) == len(feed(stage)) > 5
    for word in ("CANARY", "REF-", stage.reference(number), DANA, AGENT, "Nightly"):
        assert word not in sent


def test_a_receiver_that_fails_is_called_again_by_the_schedule_and_then_given_up(
    stage: Stage, receiver: Receiver
) -> None:
    """WH-02: the waits are the specification's; a dead one can be sent again."""
    hook = desk.add(stage.services, url=receiver.url, types=["case.opened"]).id
    receiver.behaviour = lambda _number: 500
    stage.open_case()
    tries = 0
    for wait in (0, 5, 300, 1800, *(hours * 3600 for hours in (2, 5, 10, 14, 20, 24)), 24 * 3600):
        if wait:
            stage.later(seconds=wait - 1)
            turn(stage)
            assert len(receiver.came) == tries, "called too early"
            stage.later(seconds=1)
        turn(stage)
        tries = min(tries + 1, 10)
        assert len(receiver.came) == tries
    assert log(stage, hook) == [("dead", "HTTP 500 Internal Server Error")]
    receiver.behaviour = lambda _number: 200
    assert desk.redeliver_dead(stage.services, hook) == 1
    assert turn(stage) == 1
    assert len({one.headers["webhook-id"] for one in receiver.came}) == 1
    assert log(stage, hook) == [("done", "HTTP 200 OK")]


def test_a_receiver_that_is_gone_is_called_no_more_and_the_admin_team_is_told_once(
    stage: Stage, receiver: Receiver
) -> None:
    """WH-02: 410."""
    hook = desk.add(stage.services, url=receiver.url).id
    receiver.behaviour = lambda _number: 410
    for _case in range(3):
        stage.open_case()
    turn(stage)
    assert len(receiver.came) <= 2
    assert [entry.to for entry in stage.outbox("webhook-disabled")] == [ADMIN]
    view = desk.show(stage.services, hook)
    assert (view.state, view.why) == ("disabled", "HTTP 410 Gone")
    stage.open_case()
    assert turn(stage) == 0
    with pytest.raises(Conflict, match="enable it first"):
        desk.redeliver_dead(stage.services, hook)
    receiver.behaviour = lambda _number: 200
    desk.enable(stage.services, hook)
    turn(stage)
    desk.redeliver_dead(stage.services, hook)
    turn(stage)
    opened = [event for event in receiver.events() if event["type"] == "case.opened"]
    assert len(opened) == 4, "what happened meanwhile was lost"


def test_a_rotated_secret_signs_with_the_old_one_until_its_time_is_over(
    stage: Stage, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """WH-03."""
    old = desk.add(stage.services, url=receiver.url)
    new = desk.rotate(stage.services, old.id, hours=24)
    for _when in range(2):
        stage.open_case()
        turn(stage)
        stage.later(hours=25)
    counts = [one.headers["webhook-signature"].count("v1,") for one in receiver.came]
    assert counts == [2, 1]
    assert new.secret != old.secret


def test_an_address_that_may_not_be_called_is_refused_and_kept_nowhere(stage: Stage) -> None:
    """WH-01, through the door; the forms are in tests/unit/test_destinations.py."""
    before = stage.everything()
    for url in ("http://10.0.0.1/", "https://127.0.0.1:22/", "gopher://127.0.0.1/", "https://u:p@example.com/"):
        with pytest.raises(InvalidInput):
            desk.add(stage.services, url=url)
    with pytest.raises(InvalidInput, match=r"case\.exploded"):
        desk.add(stage.services, url="http://127.0.0.1:8080/", types=["case.exploded"])
    assert stage.everything() == before
    for ask in (desk.show, desk.remove, desk.enable, desk.rotate, desk.deliveries, desk.redeliver_dead):
        with pytest.raises(NotFound):
            ask(stage.services, "17")


def test_a_removed_webhook_is_called_no_more(stage: Stage, receiver: Receiver) -> None:
    made = desk.add(stage.services, url=receiver.url)
    stage.open_case()
    sequencer.turn(stage.services)
    webhooks.turn(stage.services)
    rotated = desk.rotate(stage.services, made.id)
    desk.remove(stage.services, made.id)
    turn(stage)
    assert (receiver.came, desk.find(stage.services)) == ([], [])
    # AU-02: each change is entered, and no secret with it.
    entered = audit.find(stage.services, about=f"webhook:{made.id}")
    assert [entry.act for entry in entered] == ["webhook.remove", "webhook.rotate", "webhook.add"]
    assert not any(secret in str(entered) for secret in (made.secret, rotated.secret))


def test_one_receiver_that_hangs_holds_up_no_other(
    stage: Stage, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "CALL_SECONDS", 0.3)
    with receiving(lambda _n: "hang") as hanging:
        desk.add(stage.services, url=hanging.url)
        desk.add(stage.services, url=receiver.url)
        for _case in range(6):
            stage.open_case()
        turn(stage)
        assert len(receiver.events()) == len(feed(stage))
        assert len(hanging.came) <= 3, "it rests after two calls in vain"


def test_a_turn_of_the_scheduler_calls_what_it_caused(stage: Stage, receiver: Receiver) -> None:
    desk.add(stage.services, url=receiver.url)
    stage.open_case()
    stage.app.tick()
    assert [event["type"] for event in receiver.events()] == [event["type"] for event in feed(stage)]


def test_command_line_adds_shows_rotates_and_sends_again(terminal: Terminal, receiver: Receiver) -> None:
    terminal.settings.write_text(terminal.settings.read_text() + "[webhooks]\nallowed_networks = ['127.0.0.0/8']\n")
    added = terminal.run("webhook", "add", receiver.url, "--type", "case.opened")
    assert added.code == 0, added.err
    secret = added.out.strip()
    assert secret.startswith("whsec_")
    terminal.open_case()
    terminal.ok("tick")
    (came,) = receiver.taken
    assert came.proven_by(secret)
    (listed,) = terminal.ok("webhook", "list")
    assert (listed["state"], listed["types"]) == ("active", ["case.opened"])
    (one,) = terminal.ok("webhook", "deliveries", listed["id"])
    assert (one["state"], one["last_status"], one["type"]) == ("done", 200, "case.opened")
    terminal.ok("webhook", "redeliver", listed["id"], "--delivery", one["id"])
    terminal.ok("tick")
    assert [c.headers["webhook-id"] for c in receiver.taken] == [one["message_id"]] * 2
    assert terminal.ok("webhook", "redeliver", listed["id"]) == [{"redelivered": 0}]
    (rotated,) = terminal.ok("webhook", "rotate", listed["id"])
    assert rotated["secret"] not in (secret, "")
    assert secret not in terminal.run("webhook", "list").out
    assert terminal.run("webhook", "remove", listed["id"]).code == 0
    refused = terminal.run("webhook", "add", "http://10.0.0.1/hook")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert terminal.ok("webhook", "list") == []
