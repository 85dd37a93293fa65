"""The audit trail as people and programs see it.  As in `views`: times are aware UTC, ids are strings."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditView:
    """An entry of the audit trail.  position: its place in the chain, None for the moment before it has one."""

    id: str
    at: datetime
    actor: str
    source: str | None
    act: str
    object: str
    facts: Mapping[str, Any]
    position: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReportView:
    """What verifying the audit trail found.  entries: how many are right, from the first.  head: hash of the end."""

    entries: int
    intact: bool
    first_bad: int | None
    why: str | None
    head: str | None
