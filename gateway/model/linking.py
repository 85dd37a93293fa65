"""Which case?  What linking is told and what it says."""

from dataclasses import dataclass
from enum import StrEnum

from gateway.model.words import Feed
from gateway.reasons import Reason


class ReferenceState(StrEnum):
    """What a Reference ID that we issued is worth today."""

    LIVE = "live"
    REVOKED = "revoked"
    PURGED = "purged"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownReference:
    """A Reference ID as the store knows it.  closed: its case is closed.  recipient: whom it was sent to."""

    id: str
    case_number: str
    feed: Feed
    recipient: str
    state: ReferenceState
    closed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """A case that a person may want, with the evidence in plain words.  score: 0-100.  Hints never link."""

    case_number: str
    score: int
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """The mail belongs to this case and feed.  flags: what else stood beside the ID (`damaged-reference` ...)."""

    case_number: str
    feed: Feed
    reason: Reason = Reason.REFERENCE_FOUND
    flags: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlinked:
    """No case, or not exactly one.  case_numbers: those that the IDs named (first hints of the queue item)."""

    reason: Reason
    flags: tuple[Reason, ...] = ()
    case_numbers: tuple[str, ...] = ()


Link = Linked | Unlinked
