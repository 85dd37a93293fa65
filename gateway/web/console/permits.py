"""Who may do what in the console: one table.  A page is open to who is signed in and has its act; nothing else decides.

Source: CONTRACT 4 (roles), HAZARDS AP-01.
"""

from enum import StrEnum


class Act(StrEnum):
    """What a page needs.  Each is a sentence of the administration's page of people."""

    READ = "read mails, the queue and cases"
    READ_ALL = "read the overview, outgoing mail, notices, profiles, webhooks and the audit"
    OWN = "change one's own password and end one's own sessions"
    RAW = "see raw mail, its HTML and its files, and try mail out"
    QUEUE = "work on the queue"
    CASES = "work on cases and escalations"
    OUTBOX = "retry, hold and cancel outgoing mail"
    SETTINGS = "work on webhooks, download exports"
    PEOPLE = "let people and programs in"


ACTS_OF: dict[str, frozenset[Act]] = {
    "admin": frozenset(Act),
    "agent": frozenset(Act) - {Act.PEOPLE},
    "queue": frozenset({Act.READ, Act.OWN, Act.RAW, Act.QUEUE}),
    "viewer": frozenset({Act.READ, Act.READ_ALL, Act.OWN}),
}


def may(role: str, act: Act) -> bool:
    """Say whether a role has an act; an unknown role has none."""
    return act in ACTS_OF.get(role, frozenset())
