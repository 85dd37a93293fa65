"""Settings that say how the support process goes here: profiles, follow-ups, service targets.  Shapes only.

`rules/profiles.py` makes the policy of them; where they come from is `config.py`'s.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    """One table of the settings file; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FollowUpSection(Section):
    """Follow-ups; a key that is given here overrides every profile."""

    days: tuple[int, int, int] | None = None
    count: Literal["business", "calendar"] | None = None
    timezone: str | None = None
    country: str | None = None
    subdivision: str | None = None
    send_window: str | None = Field(default=None, pattern=r"^\d\d:\d\d-\d\d:\d\d$")
    exclude_priorities: list[str] | None = None


class ReopenSection(Section):
    """How a closed case is opened again."""

    by: Literal["phone", "portal"] | None = None
    window_days: int | None = None


class TargetsSection(Section):
    """Service targets of one plan; a priority that is not named has none."""

    response_minutes: dict[str, int] = {}
    restoration_minutes: dict[str, int] = {}
    resolution_minutes: dict[str, int] = {}
    service_request_minutes: int | None = Field(default=None, ge=1)


class TypeSection(Section):
    """What holds for a type of case beside its profile; None: as it is by default."""

    statuses: list[str] | None = None
    intake: bool | None = None
    pointer: str | None = None


class ProfileSection(Section):
    """A policy profile of one's own, or changes to a built-in one (`like` names the one it starts from)."""

    like: str | None = None
    follow_up: FollowUpSection = FollowUpSection()
    reopen: ReopenSection = ReopenSection()
    priorities: list[str] | None = None
    customer_priorities: list[str] | None = None
    substatuses: list[str] | None = None
    phone_pin: Literal["required", "optional"] | None = None
    rca_business_days: int | None = Field(default=None, ge=0)
    incident_report_for: list[str] | None = None
    targets: dict[str, TargetsSection] = {}
