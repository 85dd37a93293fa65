"""What is kept and what goes: facts that the rules of retention see, and what they say.  Source: PROCESS 7."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.reasons import Reason


class Goes(StrEnum):
    """What a purge takes away: the uploads of a case, all else of it, a mail or a notice that belongs to no case."""

    UPLOADS = "uploads"
    CASE = "case"
    MAIL = "mail"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedCase:
    """A closed case that still holds data.

    held: a legal hold lasts.  uploads_gone: its uploads were purged before.
    linked_at: when a mail was last linked to it, or made it, by hand; that can still be undone for a while.
    """

    number: str
    closed_at: datetime
    held: bool = False
    uploads_gone: bool = False
    linked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LooseEntry:
    """A mail or a notice that belongs to no case.

    ended_at: when a mail got its final disposition or its queue item was resolved, when a notice was written.
    undoable: a person resolved it, which can be undone for a while.
    """

    id: int
    ended_at: datetime
    undoable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ties:
    """What ties a contact to this installation beside the cases that were purged.

    cases: how many of the contact's cases still hold data.  others: further contacts of the account.
    arranged: our side arranged something for the account or the contact: a plan, a partner, fewer rights.
    """

    cases: int
    others: int
    arranged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the rules of retention say.  goes: None while nothing may.  due_at: when its time is over."""

    goes: Goes | None
    reason: Reason
    due_at: datetime
