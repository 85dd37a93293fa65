"""The admin team hears once of mail that nobody links, and the forecast says so before.  Source: PROCESS 8."""

from collections.abc import Callable
from datetime import timedelta

from gateway import timers
from tests.story.stage import ADMIN, Stage


def test_the_admin_team_is_mailed_once_for_what_waits_too_long(staged: Callable[..., Stage]) -> None:
    stage = staged(queue={"alarm_hours": 2})
    for text in ("Who can help?", "Is anybody there?"):
        stage.receive(stage.write(text))
    stage.later(hours=2, seconds=1)
    for _ in range(2):
        stage.app.tick()
        (told,) = stage.outbox("queue-alarm")
        assert (told.to, told.case) == (ADMIN, None)
    stage.receive(stage.write("And a third one"))
    stage.later(hours=2, seconds=1)
    stage.app.tick()
    assert len(stage.outbox("queue-alarm")) == 2


def test_the_forecast_names_the_alarm_and_when_it_comes(staged: Callable[..., Stage]) -> None:
    stage = staged(queue={"alarm_hours": 2})
    asked = stage.clock.moment
    stage.receive(stage.write("Who can help?"))
    (planned,) = timers.forecast(stage.services, asked + timedelta(days=1))
    assert (planned.notice, planned.to, planned.at) == ("queue-alarm", ADMIN, asked + timedelta(hours=2))
    assert timers.forecast(stage.services, asked + timedelta(hours=1)) == []
    assert stage.outbox("queue-alarm") == []
