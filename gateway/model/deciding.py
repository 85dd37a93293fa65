"""Decisions and their effects.  Only `gateway/effects.py` acts on them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from gateway.model.case import Case, CaseDetails, Contact, FollowUpStep
from gateway.model.delivering import DeliveryRecord, FailureKind
from gateway.model.escalation import Escalation
from gateway.model.linking import Hint
from gateway.model.mail import TraceStep
from gateway.model.words import (
    CaseType,
    Channel,
    Disposition,
    EscalationReason,
    EscalationState,
    Feed,
    Notice,
    Priority,
    Status,
    Substatus,
    Target,
    Visibility,
)
from gateway.reasons import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordUpdate:
    """Put an update into a feed.  mail_id: the mail it came from.  touches: it moves `modified_at` (PROCESS 2.4).

    read: our side knows it already; an answer in the escalation feed that nobody has read holds the closer (6.5).
    """

    case_number: str
    feed: Feed
    channel: Channel
    author: str
    visibility: Visibility
    text: str
    mail_id: int | None = None
    flags: tuple[Reason, ...] = ()
    touches: bool = True
    read: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCase:
    """Create a case with a number that was drawn in the same transaction."""

    case_number: str
    subject: str
    description: str
    contact_id: int
    priority: Priority
    type: CaseType
    profile: str
    owner: str = ""
    external_ref: str = ""
    previous: str = ""
    details: CaseDetails = field(default_factory=CaseDetails)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetStatus:
    """Move a case to another status; `closed_at` follows by itself."""

    case_number: str
    status: Status
    substatus: Substatus


@dataclass(frozen=True, slots=True, kw_only=True)
class StartEpisode:
    """Begin a wait for the customer; a running one ends.  steps: due times of the ladder."""

    case_number: str
    status: Status
    question: str
    steps: tuple[FollowUpStep, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFollowUp:
    """Write the ladder of the running wait as it is from now on.

    held: why its closure waits, "" when it does not.  look_at: when to look again, where that is not the next due time.
    """

    case_number: str
    steps: tuple[FollowUpStep, ...]
    held: str = ""
    look_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPriority:
    """Give a case another priority."""

    case_number: str
    priority: Priority


@dataclass(frozen=True, slots=True, kw_only=True)
class StopEpisode:
    """End the running wait, if there is one.  why: a word for the record (`answered`, `status-changed`, `closed`)."""

    case_number: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """Write one mail into the outbox.  A second effect with the same key is nothing (UNIQUE).

    key: `<notice>/<what makes it one>`; the formats are listed in `gateway/effects.py`.
    case_number: "" for a mail about no case.  with_reference: carries the Reference ID of (case, feed, recipient).
    context: values of the template, JSON types only.
    episode_id: it leaves only while this wait runs (a reminder); None for a mail that is wanted in any case.
    """

    notice: Notice
    key: str
    to: str
    to_name: str = ""
    case_number: str = ""
    with_reference: bool = False
    feed: Feed = Feed.CASE
    context: Mapping[str, Any] = field(default_factory=dict)
    episode_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """Append an event for other systems: ids and facts, never bodies or Reference IDs."""

    type: str
    case_number: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueForAdmin:
    """Put a mail into the queue of the admin team.  conversation: what it shares with mails about the same thing."""

    mail_id: int
    reason: Reason
    recipient: str
    hints: tuple[Hint, ...] = ()
    conversation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkBounced:
    """Record on an outgoing mail that it came back."""

    outbox_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFailure:
    """Count that an outgoing mail did not reach a contact's address; one mail counts once.  why: the other's words."""

    outbox_id: int
    address: str
    kind: FailureKind
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkUndeliverable:
    """Send nothing more to an address until a person clears it.  why: the words that decided it."""

    address: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenEscalation:
    """Begin an escalation; a second active one of the same case is refused by a UNIQUE index."""

    case_number: str
    number: int
    reason: EscalationReason
    details: str
    requester: str
    requester_name: str
    owner: str
    warnings: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewEscalation:
    """Bring an escalation to a state; what is None stays as it was.  All that was unread in its feed counts as read.

    answer: the words that went to the requester with an acceptance or a refusal.
    """

    escalation: Escalation
    state: EscalationState
    owner: str | None = None
    importance: str | None = None
    urgency: str | None = None
    answer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetContact:
    """Give a case to another contact.  revoke: the Reference IDs that the old one was sent end, in both feeds."""

    case_number: str
    contact_id: int
    revoke: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTargets:
    """Promise these service targets, counted from the opening of the case; those met or missed before stay so."""

    case_number: str
    within: Mapping[Target, timedelta]


@dataclass(frozen=True, slots=True, kw_only=True)
class MissTarget:
    """Note that a service target was missed."""

    case_number: str
    target: Target


Effect = (
    OpenCase
    | RecordUpdate
    | SetStatus
    | SetPriority
    | StartEpisode
    | SetFollowUp
    | StopEpisode
    | Notify
    | Publish
    | QueueForAdmin
    | MarkBounced
    | RecordFailure
    | MarkUndeliverable
    | OpenEscalation
    | ReviewEscalation
    | SetContact
    | SetTargets
    | MissTarget
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the rules say: why, and what to do.  Only `effects.apply` acts on it.

    disposition: final disposition of the mail decided about; None where the fact was no mail.
    """

    reason: Reason
    effects: tuple[Effect, ...] = ()
    flags: tuple[Reason, ...] = ()
    disposition: Disposition | None = None
    case_number: str = ""
    trace: tuple[TraceStep, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMail:
    """What a bounce has to prove: facts of the outgoing mail whose bounce address it came to."""

    outbox_id: int
    to: str
    message_id: str
    case_number: str
    notice: Notice | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What the store knows around one received mail, at the moment of deciding.

    case: the case that it links to, or the closed one that it names.  sender_contact: whose address From is.
    already_told: this sender got such a notice within a day, or too many of them left within the hour.
    sent: our mail whose bounce address it came to; names_another: the bounce names an address of another contact.
    escalation: the latest one of the case, looked up for a mail to the escalation feed only.
    record: of the address that the bounced mail went to; None when it is no contact's.
    """

    case: Case | None = None
    sender_contact: Contact | None = None
    already_told: bool = False
    sent: SentMail | None = None
    names_another: bool = False
    hints: tuple[Hint, ...] = ()
    escalation: Escalation | None = None
    record: DeliveryRecord | None = None
