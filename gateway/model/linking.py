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
class HintQuery:
    """What a mail gives to look for candidate cases by.  An empty field asks for nothing.

    case_numbers: 10 digits, zero padded.  message_ids: mails it answers, with their angle brackets as given.
    references: well-formed Reference IDs found anywhere, body or not.
    damaged_pieces: parts of damaged IDs; an issued ID that is one or two characters off contains one of them unchanged.
    sender: address in lower case.  domain: its domain, "" for the free mailers that everybody uses.
    subject_words: distinctive words of the subject, lower case, longest first.
    """

    case_numbers: tuple[str, ...] = ()
    message_ids: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    damaged_pieces: tuple[str, ...] = ()
    sender: str = ""
    domain: str = ""
    subject_words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HintFacts:
    """What the store knows of one candidate case.  Addresses and domains are in lower case.

    contact_addresses: the case contact and the alternates.  account_addresses: other contacts of the account.
    account_domains: domains of the account's addresses.  message_ids: those of the query that we sent about this case.
    references: issued IDs of this case that the query named, or that hold one of its damaged pieces.
    recent_recipient: a mail about this case left to the mail's sender in the last 30 days.
    """

    case_number: str
    subject: str = ""
    closed: bool = False
    contact_addresses: tuple[str, ...] = ()
    account_addresses: tuple[str, ...] = ()
    account_domains: tuple[str, ...] = ()
    message_ids: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    recent_recipient: bool = False


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
