"""Cases, mails and a policy for the tests of the rules: everything usual, and one thing changed at a time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.model import (
    Case,
    CaseType,
    Contact,
    Episode,
    Feed,
    Linked,
    MailFacts,
    MailKind,
    Policy,
    Priority,
    Sender,
    Status,
    Substatus,
)
from gateway.rules import profiles

NOW = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
ASKED_AT = NOW - timedelta(days=1)
NUMBER = "0003256109"
ADMIN = "admins@desk.example.test"
CARE = "care@support.example.test"
DANA = Contact(
    id=1,
    email="dana@example.com",
    name="Dana Reed",
    account_id=7,
    account="Reed Foods",
    alternates=("dana@home.example.org",),
)
SAM = replace(DANA, id=2, email="sam@example.com", name="Sam", alternates=())
EVE = replace(DANA, id=3, email="eve@example.org", name="Eve", account_id=8, account="Elsewhere", alternates=())
POLICY = Policy(
    profiles={**profiles.BUILT_IN, "cloud": profiles.BUILT_IN["cloud-2025"]},
    default_profile="cloud",
    admin_address=ADMIN,
    own_addresses=frozenset({CARE}),
)
FIRST = {
    Status.OPEN: Substatus.INVESTIGATION,
    Status.AWAITING_INFO: Substatus.INFORMATION_REQUIRED,
    Status.SERVICE_RESTORED: Substatus.PENDING_RCA,
    Status.SOLUTION_PROPOSED: Substatus.SOLUTION_PROPOSED,
    Status.CLOSED: Substatus.RESOLVED,
}


def case(status: Status = Status.AWAITING_INFO, **changes: Any) -> Case:
    """Return a case; one that waits for its contact has a running episode."""
    waits = status in (Status.AWAITING_INFO, Status.SOLUTION_PROPOSED)
    usual = Case(
        id=1,
        number=NUMBER,
        subject="The export stops",
        description="At 3 percent.",
        status=status,
        substatus=FIRST[status],
        priority=Priority.MEDIUM,
        type=CaseType.SUPPORT,
        profile="cloud",
        contact=DANA,
        owner="",
        external_ref="",
        previous="",
        opened_at=NOW - timedelta(days=9),
        modified_at=NOW - timedelta(days=1),
        closed_at=NOW - timedelta(hours=1) if status is Status.CLOSED else None,
        version=5,
        episode=Episode(id=1, number=1, status=status, started_at=ASKED_AT) if waits else None,
    )
    return replace(usual, **changes)


def mail(**changes: Any) -> MailFacts:
    """Return a mail that the contact wrote just now."""
    usual = MailFacts(
        id=42,
        kind=MailKind.PERSON,
        kind_reason="no-sign-of-a-machine",
        sender=Sender(address=DANA.email),
        received_at=NOW,
        recipient=CARE,
        subject="Re: export",
        text="Version 4.2\n> Which version?",
        reply="Version 4.2",
    )
    return replace(usual, **changes)


def linked(feed: Feed = Feed.CASE, **changes: Any) -> Linked:
    """Return a link to the case."""
    return replace(Linked(case_number=NUMBER, feed=feed), **changes)
