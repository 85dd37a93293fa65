"""The case as the rules see it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.model.words import Access, CaseType, Priority, Status, Substatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person of the customer.  alternates: further addresses that count as this person.

    acts_for: ids of the accounts for which this person's account may act (a partner for its end users); filled where
    a person asks for something, empty where only the address counts.  plan: of the account, "" is the standard one.
    """

    id: int
    email: str
    name: str
    account_id: int
    account: str
    access: Access = Access.READ_WRITE
    alternates: tuple[str, ...] = ()
    language: str = "en"
    timezone: str = ""
    acts_for: tuple[int, ...] = ()
    plan: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpStep:
    """One step of the ladder: 1 and 2 remind, 3 closes.  due_at is None while the episode is paused.

    sent_at: when its mail was handed to the outbox.  remaining: what was left of its time when the episode paused.
    """

    step: int
    due_at: datetime | None
    sent_at: datetime | None = None
    skipped: bool = False
    remaining: timedelta | None = None

    @property
    def is_open(self) -> bool:
        """Say whether this step is still to come."""
        return self.sent_at is None and not self.skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One wait for the customer (PROCESS 4.1).  number counts from 1 in each case.

    paused: its priority has no follow-ups (4.5).  held: the reason why the closure waits (4.7), "" when none does.
    """

    id: int
    number: int
    status: Status
    started_at: datetime
    question: str = ""
    steps: tuple[FollowUpStep, ...] = ()
    held: str = ""

    @property
    def paused(self) -> bool:
        """Say whether its remaining steps have no due time."""
        open_steps = [step for step in self.steps if step.is_open]
        return bool(open_steps) and all(step.due_at is None for step in open_steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDetails:
    """What else is known of a case, in the customer's or our own words; "" where nobody said (PROCESS 2.4).

    deployment: which of the customer's it is about.  product_line: a name in the settings, which chose the profile.
    """

    deployment: str = ""
    product_line: str = ""
    component: str = ""
    implementation_stage: str = ""
    business_impact: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case as the rules see it.  version grows with every change; it is the ETag and the lock of undo."""

    id: int
    number: str
    subject: str
    description: str
    status: Status
    substatus: Substatus
    priority: Priority
    type: CaseType
    profile: str
    contact: Contact
    owner: str
    external_ref: str
    previous: str
    opened_at: datetime
    modified_at: datetime
    closed_at: datetime | None
    version: int
    details: CaseDetails = CaseDetails()
    episode: Episode | None = None
    held_at: datetime | None = None
    purged_at: datetime | None = None

    @property
    def is_closed(self) -> bool:
        """Say whether the case is closed."""
        return self.status is Status.CLOSED

    @property
    def waits_for_customer(self) -> bool:
        """Say whether an answer of the contact flips this case (PROCESS 3.3)."""
        return self.status in (Status.AWAITING_INFO, Status.SOLUTION_PROPOSED)
