"""When is a mailbox stale, and who is told?  Pure.

Two questions that differ: an answer may lie in a mailbox as soon as nobody has looked into it for too long, so nothing
is closed; a person is told only when it lasts although somebody has had the time to look.  Source: PROCESS 4.7, 8.
"""

from datetime import datetime, timedelta

from gateway import addresses
from gateway.config import ImapSection
from gateway.model import Decision, Effect, Mailbox, MailboxStatus, Notice, Notify, Policy, Publish
from gateway.reasons import Reason

# A scheduler that has just started gives the mailboxes time for their first look before it raises an alarm.
GRACE = timedelta(minutes=2)


def mailbox(name: str, settings: ImapSection) -> Mailbox:
    """Return who a mailbox of the settings is.  The port is no part of it: another way to it is the same mailbox."""
    return Mailbox(
        name=name,
        account=f"{settings.user}@{settings.host}".lower(),
        folder=settings.folder,
        stale_after=timedelta(minutes=settings.stale_minutes),
    )


def is_stale(status: MailboxStatus, now: datetime) -> bool:
    """Say whether an answer may lie in this mailbox unseen; one that nobody ever looked into is stale."""
    return status.checked_at is None or now - status.checked_at > status.mailbox.stale_after


def on_silence(status: MailboxStatus, *, running_since: datetime, policy: Policy, now: datetime) -> Decision | None:
    """Return the alarm about a mailbox that has been stale for too long, None when there is none to raise.

    running_since: when the scheduler that asks began to look.
    """
    since = status.checked_at or status.watched_since
    if status.alarm_since is not None or since is None or now - since <= status.mailbox.stale_after:
        return None
    if now - running_since < min(GRACE, status.mailbox.stale_after):
        return None
    return _told(status, since, policy, recovered=False)


def on_recovery(status: MailboxStatus, *, policy: Policy) -> Decision | None:
    """Return the news that the alarm about a mailbox is over, None when there was none or it goes on."""
    since = status.alarm_since
    if since is None or status.checked_at is None or status.checked_at <= since:
        return None
    return _told(status, since, policy, recovered=True)


def _told(status: MailboxStatus, since: datetime, policy: Policy, *, recovered: bool) -> Decision:
    name = status.mailbox.name
    facts = {"mailbox": name, "since": since.isoformat(), "recovered": recovered}
    effects: list[Effect] = [Publish(type="mailbox.stale", data=facts)]
    to = policy.admin_address
    if to and addresses.key(to) not in policy.own_addresses:
        key = f"{Notice.MAILBOX_STALE}/{name}/{since.isoformat()}" + ("/recovered" if recovered else "")
        context = {**facts, "error": "" if recovered else status.error}
        effects.append(Notify(notice=Notice.MAILBOX_STALE, key=key, to=to, context=context))
    return Decision(reason=Reason.DONE if recovered else Reason.MAILBOX_STALE, effects=tuple(effects))
