"""Policy: what differs between product lines and installations is data here, never an `if` elsewhere (PROCESS 9)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Literal

from gateway.model.words import CaseType, Priority, Status, Substatus, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpPolicy:
    """The follow-up ladder.  days: of the two reminders and the closure, counted from the start of the wait.

    timezone: IANA name.  country, subdivision: whose public holidays count, "" for none.
    send_window: local `HH:MM-HH:MM` in which reminders may leave.
    """

    days: tuple[int, int, int] = (2, 5, 10)
    count: Literal["business", "calendar"] = "calendar"
    timezone: str = "UTC"
    country: str = ""
    subdivision: str = ""
    send_window: str = "00:00-24:00"
    exclude_priorities: tuple[Priority, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTargets:
    """What one plan promises, counted from the opening of a case.  A priority without a value has no target.

    service_request: until the first public answer to a service request, whatever its priority; None: no target.
    """

    within: Mapping[Target, Mapping[Priority, timedelta]] = field(default_factory=dict)
    service_request: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One column of PROCESS 9.  substatuses: the words that each status has here; a status without any is not there.

    targets: service targets by the name of the plan; none by default.
    """

    name: str
    follow_up: FollowUpPolicy
    priorities: tuple[Priority, ...]
    customer_priorities: tuple[Priority, ...]
    substatuses: Mapping[Status, tuple[Substatus, ...]]
    phone_pin: Literal["required", "optional"] = "optional"
    reopen_by: Literal["phone", "portal"] = "phone"
    reopen_window_days: int = 30
    rca_business_days: int = 7
    incident_report_for: tuple[Priority, ...] = ()
    targets: Mapping[str, ServiceTargets] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BouncePolicy:
    """How many mails have to come back within the window until an address counts as undeliverable; 0: never."""

    hard: int = 1
    soft: int = 3
    window: timedelta = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class TypePolicy:
    """What holds for a type of case beside its profile (PROCESS 2.2).

    statuses: those that it may have, out of the profile's; empty for all of them.
    intake: whether new ones are taken.  pointer: where somebody goes who wants one that is not, "" for nowhere.
    """

    statuses: tuple[Status, ...] = ()
    intake: bool = True
    pointer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the rules need of this installation beside the case's profile.

    escalation_owner: who reviews an escalation that names nobody, "" for the admin team.
    product_lines: the profile of each product line.  types: those that differ from `TypePolicy()`.
    admin_address: the admin team, "" when there is none.  own_addresses: keys of addresses that are ours.
    privacy_line: what a mail that asks for files says about personal data (PROCESS 7.3).
    acknowledge_unlinked: senders of unlinked mail get a fixed text (off by default: backscatter).
    """

    profiles: Mapping[str, Profile]
    default_profile: str
    product_lines: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[CaseType, TypePolicy] = field(default_factory=dict)
    flip_by: Literal["contact", "designated"] = "contact"
    admin_address: str = ""
    escalation_owner: str = ""
    own_addresses: frozenset[str] = frozenset()
    privacy_line: str = ""
    acknowledge_unlinked: bool = False
    uploads_days: int = 30
    case_days: int = 30
    mail_days: int = 30
    undo_minutes: int = 30
    bounces: BouncePolicy = BouncePolicy()

    def profile(self, name: str, type_: CaseType | None = None) -> Profile:
        """Return the profile of this name, the default one when the name is gone from the settings.

        type_: leave it the statuses that this type of case may have.
        """
        profile = self.profiles.get(name) or self.profiles[self.default_profile]
        of_type = self.types.get(type_) if type_ is not None else None
        statuses = of_type.statuses if of_type is not None else ()
        if not statuses:
            return profile
        return replace(profile, substatuses={s: words for s, words in profile.substatuses.items() if s in statuses})
