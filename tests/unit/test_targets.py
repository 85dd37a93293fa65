"""PROCESS 8: service targets as data: what is promised, what keeps a promise, and who hears of a missed one."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway import config
from gateway.errors import ConfigError
from gateway.model import (
    CaseType,
    Channel,
    Effect,
    Feed,
    MissTarget,
    Notify,
    Priority,
    RecordUpdate,
    SetStatus,
    Status,
    Substatus,
    Target,
    Visibility,
)
from gateway.rules import profiles, targets
from tests.unit.rules_support import ADMIN, CARE, NOW, NUMBER, POLICY, case

SETTINGS = {
    "standard": {
        "response_minutes": {"high": 240, "medium": 480},
        "resolution_minutes": {"high": 1440},
        "service_request_minutes": 2880,
    },
    "gold": {"response_minutes": {"high": 120}},
}
PROFILE = profiles.policy(
    config.load(None, profile={"cloud": {"targets": SETTINGS}}), own_addresses=frozenset()
).profile("cloud")
PROMISES = [
    (CaseType.SUPPORT, Priority.HIGH, "", {Target.RESPONSE: 240, Target.RESOLUTION: 1440}),
    (CaseType.INCIDENT, Priority.HIGH, "standard", {Target.RESPONSE: 240, Target.RESOLUTION: 1440}),
    (CaseType.SUPPORT, Priority.HIGH, "gold", {Target.RESPONSE: 120}),
    (CaseType.SUPPORT, Priority.MEDIUM, "", {Target.RESPONSE: 480}),
    (CaseType.SUPPORT, Priority.LOW, "", {}),
    (CaseType.SUPPORT, Priority.HIGH, "silver", {}),
    (CaseType.SERVICE_REQUEST, Priority.LOW, "", {Target.RESPONSE: 2880}),
    (CaseType.SERVICE_REQUEST, Priority.HIGH, "gold", {}),
    (CaseType.ADMIN, Priority.HIGH, "", {}),
    (CaseType.FEATURE_REQUEST, Priority.HIGH, "", {}),
]


@pytest.mark.parametrize(("type_", "priority", "plan", "minutes"), PROMISES)
def test_a_case_is_promised_what_its_plan_and_priority_say(
    type_: CaseType, priority: Priority, plan: str, minutes: dict[Target, int]
) -> None:
    promised = targets.promised(type_, priority, plan, PROFILE)
    assert promised == {target: timedelta(minutes=count) for target, count in minutes.items()}


@pytest.mark.parametrize("profile", profiles.BUILT_IN.values(), ids=lambda p: p.name)
def test_nothing_is_promised_by_default(profile: profiles.Profile) -> None:
    assert targets.promised(CaseType.SUPPORT, Priority.HIGH, "", profile) == {}


def test_a_target_for_a_priority_that_does_not_exist_is_an_error_in_the_settings() -> None:
    settings = config.load(None, profile={"cloud": {"targets": {"gold": {"response_minutes": {"urgent": 5}}}}})
    with pytest.raises(ConfigError, match="urgent"):
        profiles.policy(settings, own_addresses=frozenset())


def _said(channel: Channel, visibility: Visibility, feed: Feed = Feed.CASE) -> RecordUpdate:
    return RecordUpdate(case_number=NUMBER, feed=feed, channel=channel, author="x", visibility=visibility, text="x")


def _moved(status: Status) -> SetStatus:
    return SetStatus(case_number=NUMBER, status=status, substatus=Substatus.RESOLVED)


@pytest.mark.parametrize(
    ("effect", "kept"),
    [
        (_said(Channel.AGENT, Visibility.PUBLIC), {Target.RESPONSE}),
        (_said(Channel.AGENT, Visibility.INTERNAL), set()),
        (_said(Channel.AGENT, Visibility.PUBLIC, Feed.ESCALATION), set()),
        (_said(Channel.MAIL, Visibility.PUBLIC), set()),
        (_said(Channel.SYSTEM, Visibility.PUBLIC), set()),
        (_moved(Status.OPEN), set()),
        (_moved(Status.AWAITING_INFO), set()),
        (_moved(Status.SERVICE_RESTORED), {Target.RESTORATION}),
        (_moved(Status.SOLUTION_PROPOSED), {Target.RESTORATION, Target.RESOLUTION}),
        (_moved(Status.CLOSED), set(Target)),
    ],
)
def test_what_keeps_a_promise(effect: Effect, kept: set[Target]) -> None:
    assert set(targets.met_by(effect)) == kept


@pytest.mark.parametrize(
    ("owner", "admin", "told"),
    [("tess@desk.example.test", ADMIN, "tess@desk.example.test"), ("", ADMIN, ADMIN), ("", "", None), (CARE, "", None)],
)
def test_a_missed_target_is_told_to_the_owner_and_without_one_to_the_admin_team(
    owner: str, admin: str, told: str | None
) -> None:
    policy = replace(POLICY, admin_address=admin)
    decision = targets.on_missed(case(owner=owner), Target.RESPONSE, NOW, policy=policy)
    assert isinstance(decision.effects[0], MissTarget)
    notices = [effect for effect in decision.effects if isinstance(effect, Notify)]
    assert [notice.to for notice in notices] == ([told] if told else [])
    assert all(notice.key == f"target-missed/{NUMBER}/response" for notice in notices)
