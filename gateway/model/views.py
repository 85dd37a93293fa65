"""What people and programs are shown: field names are the API's (a trailing `_` only avoids a Python word).

Times are aware UTC, ids are strings.  Nothing here holds a Reference ID.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceView:
    """One check that a mail went through."""

    step: str
    result: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentView:
    """An attached file: what it is, never its bytes.  size: bytes."""

    name: str
    content_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailView:
    """A received mail with what became of it.  size: bytes.  Times as of our own clock."""

    id: str
    received_at: datetime
    source: str
    from_: str
    to: tuple[str, ...]
    subject: str
    kind: str | None
    disposition: str | None
    reason: str
    flags: tuple[str, ...]
    case: str | None
    size: int
    sha256: str
    duplicate_of: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MailDetailView(MailView):
    """A received mail with its text, its attachments and every check it went through."""

    kind_reason: str
    text: str
    attachments: tuple[AttachmentView, ...]
    defects: tuple[str, ...]
    trace: tuple[TraceView, ...]
    last_error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactBrief:
    """Whom a case belongs to."""

    email: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """One step of the follow-up ladder."""

    step: int
    due_at: datetime | None
    sent_at: datetime | None
    skipped: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedView:
    """One mail that would leave, and why."""

    at: datetime
    case: str | None
    notice: str
    to: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingView:
    """A follow-up that was due and waits."""

    case: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnView:
    """What one turn of the scheduler did.  clock_doubted: why closures wait, None when the time is believed."""

    now: datetime
    mails_processed: int
    reminders: int
    closed: int
    waiting: tuple[WaitingView, ...]
    mails_sent: int
    clock_doubted: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DueView:
    """Something whose time is over.  goes: False while it waits, and why says for what.

    what: uploads, case, mail or notice.  mails, files, notices: how many of a case hold data.
    """

    goes: bool
    what: str
    due_at: datetime
    why: str
    case: str | None = None
    mail: str | None = None
    notice: str | None = None
    mails: int | None = None
    files: int | None = None
    notices: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgeView:
    """What one purge did.  uploads: mails whose files went.  waiting: cases that are due and wait.

    swept: whether what was deleted cannot be read in the database's files any more; if not, a later purge sees to it.
    """

    now: datetime
    cases: int
    uploads: int
    mails: int
    notices: int
    contacts: int
    waiting: tuple[WaitingView, ...]
    swept: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureView:
    """What the erasure of a contact took.  contact: the number that stays of it.  cases: those that were theirs.

    mails, updates, notices: beside those of the cases.
    """

    contact: str
    cases: tuple[str, ...]
    mails: int
    updates: int
    notices: int
    swept: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpView:
    """The running wait for the customer."""

    episode: int
    started_at: datetime
    paused: bool
    steps: tuple[StepView, ...]
    held: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationView:
    """An escalation with what its review said.  unread: answers in the case's escalation feed that nobody has read."""

    id: str
    case: str
    state: str
    reason: str
    details: str
    requester: str
    owner: str | None
    warnings: tuple[str, ...]
    importance: str | None
    urgency: str | None
    text: str | None
    unread: int
    requested_at: datetime
    reviewed_at: datetime | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactView:
    """A person of the customer; the PIN itself is never shown.  acts_for: accounts that the account acts for.

    undeliverable: those of the addresses to which nothing is sent, because mail to them came back.
    """

    email: str
    name: str
    account: str
    access: str
    alternates: tuple[str, ...]
    language: str
    timezone: str
    has_pin: bool
    acts_for: tuple[str, ...]
    undeliverable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UndeliverableView:
    """A contact's address to which nothing is sent.  why: the words of the server that decided it."""

    email: str
    since: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """A customer.  plan: whose service targets hold.  acts_for: end users for whom it acts."""

    id: str
    name: str
    plan: str
    contacts: int
    acts_for: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """A case.  escalation: the latest one, whatever its state; an active one is always the latest.

    version: grows with each change; it is the case's ETag.
    held_at: since when a legal hold keeps its data.  purged_at: since when only this stub is left of it.
    """

    number: str
    subject: str
    description: str
    status: str
    substatus: str
    priority: str
    type: str
    profile: str
    contact: ContactBrief
    account: str
    owner: str | None
    external_ref: str | None
    deployment: str | None
    product_line: str | None
    component: str | None
    implementation_stage: str | None
    business_impact: str | None
    previous: str | None
    opened_at: datetime
    modified_at: datetime
    closed_at: datetime | None
    follow_up: FollowUpView | None
    escalation: EscalationView | None = None
    version: int = 0
    hints: tuple[str, ...] | None = None
    held_at: datetime | None = None
    purged_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateView:
    """One entry of a case's feed."""

    id: str
    at: datetime
    feed: str
    channel: str
    author: str
    visibility: str
    text: str
    html_safe: str | None
    attachments: tuple[AttachmentView, ...]
    mail_id: str | None
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineView:
    """One line of an incident report's timeline."""

    at: datetime
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionView:
    """One action item of an incident report.  due: an ISO date, None without one."""

    due: str | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentReportView:
    """An incident report as it would be sent.  ended_at: None while the incident lasts."""

    case: str
    priority: str
    started_at: datetime
    ended_at: datetime | None
    description: str
    timeline: tuple[TimelineView, ...]
    measures: str
    actions: tuple[ActionView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HintView:
    """A case that may be meant, with the evidence."""

    case: str
    score: int
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueItemView:
    """A mail that waits, or waited, for the admin team.  version: changes with each change; it is the item's ETag."""

    id: str
    mail_id: str
    reason: str
    recipient: str
    from_: str
    subject: str
    hints: tuple[HintView, ...]
    state: str
    resolution: str | None
    case: str | None
    claimed_by: str | None
    created_at: datetime
    age_seconds: int
    resolved_at: datetime | None
    resolved_by: str | None
    why: str | None
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxView:
    """An outgoing mail with its state and the relay's last words."""

    id: str
    notice: str
    case: str | None
    to: str
    state: str
    attempts: int
    run_at: datetime
    last_reply: str
    message_id: str
    uncertain: bool
    created_at: datetime
    sent_at: datetime | None
    bounced_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventView:
    """An event of the feed.  cursor: its place; places follow each other without a gap.

    sequence: its number in its case, from 1, also without a gap; None for an event about no case.
    """

    cursor: str
    id: str
    at: datetime
    type: str
    case: str | None
    sequence: int | None
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedView:
    """A page of the feed.  next: where to go on, whether anything came or not."""

    items: tuple[EventView, ...]
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyView:
    """An API key; the key itself is never shown again."""

    id: str
    name: str
    role: str
    prefix: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerView:
    """The balance that must hold: accepted = the sum of all dispositions and what is in progress."""

    accepted: int
    linked: int
    queued: int
    automatic: int
    bounce: int
    duplicate: int
    quarantined: int
    in_progress: int
    balanced: bool


def to_json(value: Any) -> Any:
    """Turn a view into JSON types: RFC 3339 UTC times, enums as words, `from_` as `from`."""
    kind: Any = type(value)
    if kind in _PLAIN:
        return value
    if named := _names(kind):
        held = ((name, getattr(value, own)) for own, name in named)
        return {name: one if type(one) in _PLAIN else to_json(one) for name, one in held}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(k): to_json(v) for k, v in value.items()}
    if isinstance(value, tuple | list):
        return [to_json(v) for v in value]
    return value


_PLAIN = frozenset({str, int, float, bool, type(None)})


@cache
def _names(kind: Any) -> tuple[tuple[str, str], ...]:
    """Return the fields of a view with their names in JSON; a page of a list asks for them some thousand times."""
    return tuple((f.name, f.name.rstrip("_")) for f in fields(kind)) if is_dataclass(kind) else ()
