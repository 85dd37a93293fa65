"""The policy profiles of PROCESS 9 as data, and how settings change them.

Four columns of the sources; `on-premises` and `cloud` name the newer one of each.  Where a source is silent, the other
year of the same product speaks, then our own decision.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from gateway.config import Config
from gateway.errors import ConfigError
from gateway.model import (
    BouncePolicy,
    CaseType,
    FollowUpPolicy,
    Policy,
    Priority,
    Profile,
    ServiceTargets,
    Status,
    Substatus,
    Target,
    TypePolicy,
)
from gateway.policy_settings import FollowUpSection, ProfileSection, TargetsSection, TypeSection
from gateway.rules import calendar

_ALL = tuple(Priority)
_CLOUD = (Priority.CRITICAL, Priority.HIGH, Priority.MEDIUM, Priority.LOW)
# PROCESS 2.3: a customer opens at `high` at most.
_CUSTOMER = (Priority.HIGH, Priority.MEDIUM, Priority.LOW)

# Every profile has these: PROCESS 2.7, and 4.6 needs both endings.
_COMMON = {
    Status.OPEN: (Substatus.NEW, Substatus.INVESTIGATION),
    Status.AWAITING_INFO: (Substatus.INFORMATION_REQUIRED,),
    Status.CLOSED: (Substatus.RESOLVED, Substatus.CANCELLED),
}
_ON_PREMISES = {
    Status.OPEN: (
        *_COMMON[Status.OPEN],
        Substatus.ENGINEERING_REQUEST,
        Substatus.MAINTENANCE_REVIEW,
        Substatus.THIRD_PARTY_PENDING,
    ),
    Status.AWAITING_INFO: _COMMON[Status.AWAITING_INFO],
    Status.SOLUTION_PROPOSED: (Substatus.REPLIED, Substatus.FIXED_SOFTWARE_PROVIDED),
    Status.CLOSED: _COMMON[Status.CLOSED],
}
_CLOUD_WORDS = {
    Status.OPEN: (*_COMMON[Status.OPEN], Substatus.CUSTOMER_RESPONDED),
    Status.AWAITING_INFO: _COMMON[Status.AWAITING_INFO],
    Status.SERVICE_RESTORED: (Substatus.PENDING_PERMANENT_SOLUTION, Substatus.PENDING_RCA),
    Status.SOLUTION_PROPOSED: (Substatus.SOLUTION_PROPOSED, Substatus.PROBLEM_RESOLVED),
    Status.CLOSED: (*_COMMON[Status.CLOSED], Substatus.REDIRECTED),
}

_PRODUCTION_DOWN = (Priority.CRITICAL_PRODUCTION_DOWN,)

BUILT_IN: dict[str, Profile] = {
    "on-premises-2019": Profile(
        name="on-premises-2019",
        follow_up=FollowUpPolicy(count="business", exclude_priorities=_PRODUCTION_DOWN),
        priorities=_ALL,
        customer_priorities=_CUSTOMER,
        substatuses=_ON_PREMISES,
        phone_pin="required",
    ),
    "on-premises-2025": Profile(
        name="on-premises-2025",
        follow_up=FollowUpPolicy(count="calendar", exclude_priorities=_PRODUCTION_DOWN),
        priorities=_ALL,
        customer_priorities=_CUSTOMER,
        substatuses=_ON_PREMISES,
    ),
    "cloud-2019": Profile(
        name="cloud-2019",
        follow_up=FollowUpPolicy(count="calendar"),
        priorities=_CLOUD,
        customer_priorities=_CUSTOMER,
        substatuses=_CLOUD_WORDS,
        reopen_by="portal",
        rca_business_days=5,
        incident_report_for=(Priority.CRITICAL, Priority.HIGH),
    ),
    "cloud-2025": Profile(
        name="cloud-2025",
        follow_up=FollowUpPolicy(count="calendar"),
        priorities=_CLOUD,
        customer_priorities=_CUSTOMER,
        substatuses=_CLOUD_WORDS,
        rca_business_days=5,
        incident_report_for=_CLOUD,
    ),
}
ALIASES = {"on-premises": "on-premises-2025", "cloud": "cloud-2025"}
# PROCESS 2.2; every other type is taken, with all statuses of its profile.
TYPES = {CaseType.FEATURE_REQUEST: TypePolicy(intake=False)}
# A case begins with the one and ends with the other, whatever its type.
NEEDED = (Status.OPEN, Status.CLOSED)


def policy(config: Config, own_addresses: frozenset[str]) -> Policy:
    """Build the policy of an installation.  Raises ConfigError for words that do not exist."""
    profiles = {**BUILT_IN, **{alias: replace(BUILT_IN[name], name=alias) for alias, name in ALIASES.items()}}
    for name, section in config.profile.items():
        profiles[name] = _changed(name, section, profiles)
    profiles = {name: _with_follow_up(p, config.follow_up) for name, p in profiles.items()}
    for name, profile in profiles.items():
        if wrong := calendar.fault(profile.follow_up):
            raise ConfigError(f"follow_up of profile {name}: {wrong}")
    if config.gateway.profile not in profiles:
        raise ConfigError(f"gateway.profile is {config.gateway.profile!r}; there is {', '.join(sorted(profiles))}.")
    for line, name in config.product_lines.items():
        if name not in profiles:
            raise ConfigError(f"product_lines.{line} is {name!r}; there is {', '.join(sorted(profiles))}.")
    return Policy(
        profiles=profiles,
        default_profile=config.gateway.profile,
        product_lines=config.product_lines,
        types={**TYPES, **dict(_type(name, section) for name, section in config.types.items())},
        flip_by=config.sender.flip_by,
        admin_address=config.gateway.admin_address,
        escalation_owner=config.escalation.owner,
        own_addresses=own_addresses,
        acknowledge_unlinked=config.unlinked_notice.enabled,
        privacy_line=config.gateway.privacy_line,
        uploads_days=config.retention.uploads_days,
        case_days=config.retention.case_days,
        mail_days=config.retention.mail_days,
        undo_minutes=config.retention.undo_minutes,
        bounces=BouncePolicy(
            hard=config.bounces.hard, soft=config.bounces.soft, window=timedelta(days=config.bounces.window_days)
        ),
    )


def _type(name: str, section: TypeSection) -> tuple[CaseType, TypePolicy]:
    if name not in tuple(CaseType):
        raise ConfigError(f"types.{name}: there is no such type; there is {', '.join(CaseType)}.")
    words = section.statuses
    if unknown := sorted(set(words or ()) - set(Status)):
        raise ConfigError(f"types.{name}.statuses: {', '.join(unknown)} is no status; there is {', '.join(Status)}.")
    if words is not None and (missing := [status for status in NEEDED if status not in words]):
        raise ConfigError(f"types.{name}.statuses: there is no case without {', '.join(missing)}.")
    type_ = CaseType(name)
    statuses = None if words is None else tuple(Status(word) for word in words)
    given = {"statuses": statuses, "intake": section.intake, "pointer": section.pointer}
    changes: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    return type_, replace(TYPES.get(type_, TypePolicy()), **changes)


def _changed(name: str, section: ProfileSection, profiles: dict[str, Profile]) -> Profile:
    start = section.like or (name if name in profiles else "on-premises")
    if start not in profiles:
        raise ConfigError(f"profile.{name}.like is {start!r}; there is {', '.join(sorted(profiles))}.")
    changed = _with_follow_up(replace(profiles[start], name=name), section.follow_up)
    given: dict[str, Any] = {
        "priorities": _priorities(name, section.priorities),
        "customer_priorities": _priorities(name, section.customer_priorities),
        "phone_pin": section.phone_pin,
        "reopen_by": section.reopen.by,
        "reopen_window_days": section.reopen.window_days,
        "rca_business_days": section.rca_business_days,
        "incident_report_for": _priorities(name, section.incident_report_for),
    }
    if section.targets:
        given["targets"] = {plan: _targets(name, of_plan) for plan, of_plan in section.targets.items()}
    if section.substatuses is not None:
        given["substatuses"] = _substatuses(name, section.substatuses)
    return replace(changed, **{key: value for key, value in given.items() if value is not None})


def _with_follow_up(profile: Profile, section: FollowUpSection) -> Profile:
    given = section.model_dump(exclude_none=True)
    if "exclude_priorities" in given:
        given["exclude_priorities"] = _priorities(profile.name, section.exclude_priorities)
    return replace(profile, follow_up=replace(profile.follow_up, **given)) if given else profile


def _priorities(name: str, words: list[str] | None) -> tuple[Priority, ...] | None:
    try:
        return None if words is None else tuple(Priority(word) for word in words)
    except ValueError as error:
        raise ConfigError(f"profile.{name}: {error}; there is {', '.join(Priority)}.") from None


def _targets(name: str, section: TargetsSection) -> ServiceTargets:
    minutes = {
        Target.RESPONSE: section.response_minutes,
        Target.RESTORATION: section.restoration_minutes,
        Target.RESOLUTION: section.resolution_minutes,
    }
    for of_target in minutes.values():
        _priorities(name, list(of_target))
    within = {
        target: {Priority(word): timedelta(minutes=count) for word, count in of_target.items()}
        for target, of_target in minutes.items()
    }
    request = section.service_request_minutes
    return ServiceTargets(within=within, service_request=None if request is None else timedelta(minutes=request))


def _substatuses(name: str, words: list[str]) -> dict[Status, tuple[Substatus, ...]]:
    chosen: dict[Status, tuple[Substatus, ...]] = {}
    for status in Status:
        common = _COMMON.get(status, ())
        known = dict.fromkeys((*common, *_ON_PREMISES.get(status, ()), *_CLOUD_WORDS.get(status, ())))
        chosen[status] = tuple(word for word in known if word in common or word in words)
    unknown = set(words) - {word for of_status in chosen.values() for word in of_status}
    if unknown:
        raise ConfigError(f"profile.{name}.substatuses: there is no {', '.join(sorted(unknown))}.")
    return {status: of_status for status, of_status in chosen.items() if of_status}
