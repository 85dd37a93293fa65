"""The story of a mailbox that falls silent: nothing is closed, a person is told once, and told again when it is over.

Whoever shows or asks how mailboxes are doing (`/readyz`, `/metrics`, `gateway doctor`, the closer) asks here.
Source: PROCESS 4.7 and 8, IM-05, IM-06.
"""

from datetime import datetime
from hashlib import sha256

from gateway import effects, maillog
from gateway.config import Config, ImapSection
from gateway.model import Decision, Mailbox, MailboxStatus
from gateway.rules import mailboxes as rules
from gateway.services import Services
from gateway.store import mailboxes as store
from gateway.store.db import Database


def configured(config: Config) -> list[Mailbox]:
    """Return the mailboxes of the settings."""
    return [rules.mailbox(name, settings) for name, settings in config.imap.items()]


def statuses(database: Database, config: Config) -> list[MailboxStatus]:
    """Return how each mailbox of the settings is doing.  Raises Unavailable."""
    boxes = configured(config)
    if not boxes:
        return []
    with database.read() as conn:
        return store.statuses(conn, boxes)


def stale(database: Database, config: Config, *, now: datetime) -> str:
    """Return the name of a mailbox in which an answer may lie unseen, "" when there is none.  Raises Unavailable."""
    return next((s.mailbox.name for s in statuses(database, config) if rules.is_stale(s, now)), "")


def mark(*facts: str) -> str:
    """Return a mark that tells settings apart; too short to find a password by it."""
    return sha256("\0".join(facts).encode()).hexdigest()[:4]


class KeptToken:
    """The refresh token that a provider gave in place of the one in the settings; another one there makes it void."""

    def __init__(self, database: Database, name: str, settings: ImapSection) -> None:
        self._database, self._box = database, rules.mailbox(name, settings)
        self._mark = mark(settings.oauth2.refresh_token.get_secret_value() if settings.oauth2 else "")

    def load(self) -> str:
        """Return it, "" when there is none."""
        with self._database.read() as conn:
            return store.refresh_token(conn, self._box, mark=self._mark)

    def keep(self, token: str) -> None:
        """Keep a newer one."""
        with self._database.write() as conn:
            store.keep_refresh_token(conn, self._box, token, mark=self._mark)


class Watch:
    """The turn of the scheduler that raises and ends the alarms.  Two schedulers at once raise one alarm."""

    def __init__(self) -> None:
        self._since: datetime | None = None

    def turn(self, services: Services) -> None:
        """Look at every mailbox once.  Raises Unavailable."""
        now = services.clock.now()
        since = self._since = self._since or now
        boxes = configured(services.config)
        if not boxes:
            return
        if any(status.watched_since is None for status in statuses(services.database, services.config)):
            with services.database.write() as conn:
                store.watch(conn, boxes, now=now)
        for status in statuses(services.database, services.config):
            if decision := rules.on_silence(status, running_since=since, policy=services.policy, now=now):
                _raise(services, status, decision, now=now)
            elif decision := rules.on_recovery(status, policy=services.policy):
                _end(services, status, decision, now=now)


def _raise(services: Services, status: MailboxStatus, decision: Decision, *, now: datetime) -> None:
    since = status.checked_at or status.watched_since
    assert since is not None
    with services.database.write() as conn:
        first = store.raise_alarm(conn, status.mailbox, since=since)
        written = effects.apply(conn, decision, scribe=services.scribe, now=now).outbox_ids if first else []
    if first:
        maillog.mailbox_stale(status.mailbox.name, since=since, why=status.error)
    services.ring_outbox(written)


def _end(services: Services, status: MailboxStatus, decision: Decision, *, now: datetime) -> None:
    with services.database.write() as conn:
        first = store.end_alarm(conn, status.mailbox)
        written = effects.apply(conn, decision, scribe=services.scribe, now=now).outbox_ids if first else []
    if first:
        maillog.mailbox_recovered(status.mailbox.name)
    services.ring_outbox(written)
