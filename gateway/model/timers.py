"""What a timer is told about its case, at the moment of deciding, under the row lock (PROCESS 4.7)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class SentReminder:
    """What became of the last reminder's mail.  sent_at: when a relay took it, None when none did.

    waiting: it stands in the outbox and will be tried.
    """

    sent_at: datetime | None
    bounced: bool = False
    waiting: bool = False


class DoubtKind(StrEnum):
    """Why the time is not believed: the clock jumped, or nobody looked at it for a while."""

    JUMP = "jump"
    OUTAGE = "outage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A doubt about the time, in a sentence."""

    kind: DoubtKind
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockReading:
    """What the clocks said in one turn of a scheduler.  monotonic, database: seconds; only the second is a date."""

    wall: datetime
    monotonic: float
    database: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """A person's mail of this wait that did not flip, and our side has done nothing since."""

    author: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerFacts:
    """Everything that may keep the ladder from going on; the defaults are a quiet world.

    mail_unprocessed: any mail received before now has no disposition yet.  mail_names_case: a queued or quarantined
    mail names this case.  unread_escalation_replies: of the escalation feed.  stale_mailbox: name of one, "" for none.
    clock_doubted: the clock jumped or the scheduler was away, and nobody has confirmed the time.
    contact_undeliverable: mail to the contact came back, and nobody has said that the address works again.
    """

    mail_unprocessed: bool = False
    mail_names_case: bool = False
    unanswered: Unanswered | None = None
    unread_escalation_replies: int = 0
    last_reminder: SentReminder | None = None
    stale_mailbox: str = ""
    clock_doubted: bool = False
    contact_undeliverable: bool = False
