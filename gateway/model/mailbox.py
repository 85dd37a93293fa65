"""A mailbox that is fetched by IMAP: who it is, how far it was read, and how it is doing."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """One folder of one account.  name: what the settings call it.  account: `user@host`, in lower case.

    stale_after: time without a successful look after which an answer may lie in it unseen.
    """

    name: str
    account: str
    folder: str
    stale_after: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """How far a folder was taken.  last_uid: every mail up to it is committed, or stands among the failing ones.

    started_over: the server numbers the mails of this folder anew, so all are looked at again.
    """

    last_uid: int
    started_over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FailingMail:
    """A mail that could not be fetched so far.  tries: how often.  set_aside: a person was given a note about it."""

    uid: int
    tries: int
    set_aside: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxStatus:
    """How a mailbox is doing.

    checked_at: the last look after which nothing was left to take, None before the first.
    watched_since: when it was first in the settings of anybody who runs; None when nobody has run since.
    alarm_since: since when it is stale by an alarm that has not ended yet.
    error: why the last look failed, "" when it did not.
    failing: mails in it that could not be fetched so far.  unfiled: taken ones that wait to be marked or moved.
    """

    mailbox: Mailbox
    checked_at: datetime | None = None
    watched_since: datetime | None = None
    alarm_since: datetime | None = None
    error: str = ""
    failing: int = 0
    unfiled: int = 0
