"""PROCESS 8: the incident report says what the case recorded and what our side wrote, to whom it is due."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from gateway.errors import InvalidInput, Refused
from gateway.model import Access, Channel, Notify, Priority, Status
from gateway.reasons import Reason
from gateway.rules import incident, profiles
from gateway.rules.incident import Given, Happening
from tests.unit.rules_support import DANA, EVE, NOW, POLICY, SAM, case

HOUR = timedelta(hours=1)
TESS = "tess@desk.example.test"


def moved(at: datetime, status: Status) -> Happening:
    return Happening(at=at, event="case.status_changed", data={"status": status, "substatus": "x"})


RESTORED = case(Status.SERVICE_RESTORED, opened_at=NOW - 9 * HOUR)
HAPPENED = [
    Happening(at=NOW - 9 * HOUR, event="case.opened", data={}),
    Happening(at=NOW - 8 * HOUR, channel=Channel.AGENT, text="We look\ninto it. " + "x" * 300, data={}),
    moved(NOW - 7 * HOUR, Status.SOLUTION_PROPOSED),
    Happening(at=NOW - 6 * HOUR, channel=Channel.MAIL, text="It fails again.", data={}),
    moved(NOW - 6 * HOUR, Status.OPEN),
    Happening(at=NOW - 5 * HOUR, event="mail.linked", data={"mail_id": "4"}),
    moved(NOW - 4 * HOUR, Status.SERVICE_RESTORED),
    moved(NOW - 3 * HOUR, Status.SOLUTION_PROPOSED),
]


def test_the_incident_ends_when_the_service_came_back_for_good() -> None:
    report = incident.build(RESTORED, HAPPENED, Given())
    assert (report.started_at, report.ended_at) == (NOW - 9 * HOUR, NOW - 4 * HOUR)
    assert incident.build(case(Status.OPEN), HAPPENED, Given()).ended_at is None


def test_our_side_may_name_other_times_but_not_an_end_before_the_beginning() -> None:
    given = Given(started_at=NOW - 2 * HOUR, ended_at=NOW - HOUR)
    report = incident.build(RESTORED, HAPPENED, given)
    assert (report.started_at, report.ended_at) == (NOW - 2 * HOUR, NOW - HOUR)
    with pytest.raises(InvalidInput):
        incident.build(RESTORED, HAPPENED, replace(given, ended_at=NOW - 3 * HOUR))


def test_the_timeline_tells_events_and_public_words_in_order_and_cuts_long_ones() -> None:
    told = [what for _, what in incident.build(RESTORED, HAPPENED[::-1], Given()).timeline]
    assert told[0] == "The case was opened."
    assert told[1].startswith("We wrote: We look into it. xxx")
    assert told[1].endswith(" …")
    assert "The customer wrote: It fails again." in told
    assert "The status became service-restored (x)." in told
    assert len(told) == len(HAPPENED) - 1, "a linked mail is no line of its own; its words are"


def test_action_items_have_the_dates_that_they_begin_with() -> None:
    actions = "2026-12-01 Watch the disks\n\n  2026-12-24: Tell them \nNo date here"
    report = incident.build(RESTORED, (), Given(actions=actions))
    assert report.actions == (
        (date(2026, 12, 1), "Watch the disks"),
        (date(2026, 12, 24), "Tell them"),
        (None, "No date here"),
    )
    with pytest.raises(InvalidInput, match="2026-13-01"):
        incident.build(RESTORED, (), Given(actions="2026-13-01 Never"))


@pytest.mark.parametrize("profile", profiles.BUILT_IN.values(), ids=lambda p: p.name)
@pytest.mark.parametrize("priority", Priority)
def test_only_the_priorities_of_the_profile_entitle_to_a_report(profile: profiles.Profile, priority: Priority) -> None:
    """PROCESS 9."""
    about = case(Status.OPEN, priority=priority)
    report = incident.build(about, (), Given(measures="x"))
    policy = replace(POLICY, profiles={"cloud": profile})
    entitled = {"cloud-2019": ("critical", "high"), "cloud-2025": ("critical", "high", "medium", "low")}
    if priority in entitled.get(profile.name, ()):
        assert incident.send(about, report, DANA, TESS, policy=policy).effects
        return
    with pytest.raises(Refused) as refused:
        incident.send(about, report, DANA, TESS, policy=policy)
    assert refused.value.reason is Reason.NOT_ENTITLED


def test_the_reference_id_goes_to_the_case_contact_only_and_strangers_get_no_report() -> None:
    """CONTRACT 7, ID-11."""
    about = case(Status.OPEN)
    report = incident.build(about, (), Given(measures="x"))

    def sent(to: incident.Contact) -> Notify:
        effects = incident.send(about, report, to, TESS, policy=POLICY).effects
        return next(effect for effect in effects if isinstance(effect, Notify))

    assert sent(DANA).with_reference
    assert not sent(replace(SAM, access=Access.READ_ONLY)).with_reference
    with pytest.raises(Refused):
        sent(EVE)
