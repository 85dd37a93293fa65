"""PROCESS 9 as it stands there, cell by cell, and what settings change about it."""

from typing import Any

import pytest

from gateway import config
from gateway.errors import ConfigError
from gateway.model import CaseType, Priority, Status
from gateway.rules import profiles

NAMES = ("on-premises-2019", "on-premises-2025", "cloud-2019", "cloud-2025")
FOUR = "critical high medium low"
FIVE = f"critical-production-down {FOUR}"
ON_PREMISES = {
    "open": "new investigation engineering-request maintenance-review third-party-pending",
    "awaiting-info": "information-required-from-customer",
    "solution-proposed": "replied fixed-software-provided",
    "closed": "resolved cancelled",
}
CLOUD = {
    "open": "new investigation customer-responded",
    "awaiting-info": "information-required-from-customer",
    "service-restored": "pending-permanent-solution pending-rca",
    "solution-proposed": "solution-proposed problem-resolved",
    "closed": "resolved cancelled redirected",
}
# One row of the table each; where a source is silent, the other year's cell, then ours.
TABLE: dict[str, tuple[Any, Any, Any, Any]] = {
    "follow_up.days": ((2, 5, 10),) * 4,
    "follow_up.count": ("business", "calendar", "calendar", "calendar"),
    "follow_up.exclude_priorities": ("critical-production-down", "critical-production-down", "", ""),
    "follow_up.timezone": ("UTC",) * 4,
    "priorities": (FIVE, FIVE, FOUR, FOUR),
    "customer_priorities": ("high medium low",) * 4,
    "phone_pin": ("required", "optional", "optional", "optional"),
    "reopen_by": ("phone", "phone", "portal", "phone"),
    "reopen_window_days": (30,) * 4,
    "rca_business_days": (7, 7, 5, 5),
    "incident_report_for": ("", "", "critical high", FOUR),
}
CELLS = [(setting, name, cell) for setting, row in TABLE.items() for name, cell in zip(NAMES, row, strict=True)]


def _value(profile: Any, path: str) -> Any:
    for part in path.split("."):
        profile = getattr(profile, part)
    return " ".join(profile) if isinstance(profile, tuple) and (not profile or isinstance(profile[0], str)) else profile


@pytest.mark.parametrize(("setting", "name", "cell"), CELLS, ids=[f"{s}-{n}" for s, n, _ in CELLS])
def test_each_cell_of_the_table_is_data(setting: str, name: str, cell: Any) -> None:
    """PROCESS 9."""
    assert _value(profiles.BUILT_IN[name], setting) == cell


@pytest.mark.parametrize("name", NAMES)
def test_the_words_of_each_profile_are_those_of_its_source(name: str) -> None:
    expected = ON_PREMISES if name.startswith("on-premises") else CLOUD
    words = {str(status): " ".join(of_it) for status, of_it in profiles.BUILT_IN[name].substatuses.items()}
    assert words == expected


@pytest.mark.parametrize("name", NAMES)
def test_every_profile_can_close_both_ways_that_the_last_follow_up_needs(name: str) -> None:
    """PROCESS 4.6."""
    assert {"resolved", "cancelled"} <= set(profiles.BUILT_IN[name].substatuses[Status.CLOSED])


def _policy(**sections: Any) -> Any:
    return profiles.policy(config.load(None, **sections), frozenset())


@pytest.mark.parametrize(("alias", "name"), [("on-premises", "on-premises-2025"), ("cloud", "cloud-2025")])
def test_the_two_short_names_mean_the_newer_sources(alias: str, name: str) -> None:
    policy = _policy()
    assert policy.profile(alias).substatuses == profiles.BUILT_IN[name].substatuses
    assert policy.profile(alias).name == alias
    assert policy.default_profile == "on-premises"


def test_follow_up_settings_override_every_profile() -> None:
    """CONTRACT 3."""
    policy = _policy(follow_up={"days": [1, 2, 3], "exclude_priorities": ["low"], "timezone": "Europe/Berlin"})
    for profile in policy.profiles.values():
        assert (profile.follow_up.days, profile.follow_up.exclude_priorities) == ((1, 2, 3), (Priority.LOW,))
        assert profile.follow_up.timezone == "Europe/Berlin"
    assert policy.profile("on-premises-2019").follow_up.count == "business"


def test_a_profile_is_changed_or_added_by_settings() -> None:
    changes = {
        "on-premises": {"phone_pin": "required", "follow_up": {"count": "business"}},
        "gold": {"like": "cloud", "reopen": {"by": "portal", "window_days": 60}, "substatuses": ["redirected"]},
    }
    policy = _policy(profile=changes)
    assert policy.profile("on-premises").phone_pin == "required"
    assert policy.profile("on-premises").follow_up.count == "business"
    assert policy.profile("on-premises-2025").phone_pin == "optional"
    gold = policy.profile("gold")
    assert (gold.name, gold.reopen_by, gold.reopen_window_days) == ("gold", "portal", 60)
    assert gold.substatuses[Status.CLOSED] == ("resolved", "cancelled", "redirected")
    assert Status.SOLUTION_PROPOSED not in gold.substatuses
    assert gold.rca_business_days == 5


def test_a_type_narrows_the_statuses_of_every_profile() -> None:
    """PROCESS 2.2: as data; what a type does not name stays as it is by default."""
    policy = _policy(
        types={"admin": {"statuses": ["open", "closed"]}, "feature-request": {"pointer": "Ask the forum."}}
    )
    for name in policy.profiles:
        assert set(policy.profile(name, CaseType.ADMIN).substatuses) == {"open", "closed"}
        assert policy.profile(name, CaseType.SUPPORT) == policy.profile(name)
    wish = policy.types[CaseType.FEATURE_REQUEST]
    assert (wish.intake, wish.pointer) == (False, "Ask the forum.")
    assert _policy(types={"feature-request": {"intake": True}}).types[CaseType.FEATURE_REQUEST].intake


def test_a_profile_that_left_the_settings_falls_back_to_the_default() -> None:
    """PROCESS 2.4: a case names a profile for longer than settings may hold it."""
    policy = _policy()
    assert policy.profile("gone") == policy.profile("on-premises")


@pytest.mark.parametrize(
    "sections",
    [
        {"gateway": {"profile": "nonsense"}},
        {"profile": {"x": {"like": "nonsense"}}},
        {"profile": {"x": {"priorities": ["urgent"]}}},
        {"profile": {"x": {"substatuses": ["sleeping"]}}},
        {"follow_up": {"exclude_priorities": ["urgent"]}},
        {"product_lines": {"router": "nonsense"}},
        {"types": {"gossip": {}}},
        {"types": {"admin": {"statuses": ["open", "asleep", "closed"]}}},
        {"types": {"admin": {"statuses": ["open"]}}},
    ],
)
def test_words_that_do_not_exist_are_told_before_anything_starts(sections: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="there is"):
        _policy(**sections)
