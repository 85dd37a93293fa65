"""Mailboxes that are fetched: one leader each, how far it was taken, and how it is doing.

The lease is like that of the queues: times are the database's own, and `fence` grows with each lease, so that a leader
who was replaced can write nothing.  A pause after a failure is a lease of nobody: it holds for all processes, also for
those that start anew, so that together they do not lock the account out.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, delete, func, or_, select, update

from gateway.model import Checkpoint, FailingMail, Mailbox, MailboxStatus
from gateway.store.db import epoch_now
from gateway.store.lease import LEASE_SECONDS
from gateway.store.sql import insert_new
from gateway.store.tables import mailbox, mailbox_mail

UNFILED, FAILING, SET_ASIDE = "unfiled", "failing", "set-aside"
ERROR_LENGTH = 500
NAME_LENGTH = 64
# Rows of one statement: far below what either database takes as parameters.
CHUNK = 500


class LeaseLost(Exception):
    """Another process leads this mailbox now; the transaction is rolled back and nothing was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """The right to look into a mailbox.  failures: how often in a row that failed before."""

    box: Mailbox
    owner: str
    fence: int
    failures: int


def watch(conn: Connection, boxes: Sequence[Mailbox], *, now: datetime) -> None:
    """Note that these mailboxes are to be looked into from now on; calling twice is nothing."""
    if boxes:
        rows = [
            {"account": b.account, "folder": b.folder, "name": b.name[:NAME_LENGTH], "watched_since": now}
            for b in boxes
        ]
        conn.execute(insert_new(conn, mailbox), rows)


def is_free(conn: Connection, box: Mailbox, *, mark: str) -> bool:
    """Say whether nobody leads this mailbox; only a look, so that waiting costs no write."""
    return conn.execute(select(mailbox.c.fence).where(_is(box), _free(mark))).first() is not None


def lead(conn: Connection, box: Mailbox, *, owner: str, mark: str) -> Lead | None:
    """Become the leader of a mailbox; None while somebody else is, or while all wait after a failure.

    mark: of the settings; others than those that failed need not wait.
    """
    taken = update(mailbox).where(_is(box), _free(mark))
    # With other settings the failures before say nothing.
    failures = case((mailbox.c.tried_with == mark, mailbox.c.failures), else_=0)
    values = {"lease_owner": owner, "lease_until": epoch_now() + LEASE_SECONDS, "fence": mailbox.c.fence + 1}
    named = taken.values(name=box.name[:NAME_LENGTH], failures=failures, tried_with=mark, **values)
    row = conn.execute(named.returning(mailbox.c.fence, mailbox.c.failures)).first()
    return None if row is None else Lead(box=box, owner=owner, fence=row.fence, failures=row.failures)


def renew(conn: Connection, led: Lead) -> bool:
    """Prolong a lease; False when it is another's."""
    kept = update(mailbox).where(_ours(led)).values(lease_until=epoch_now() + LEASE_SECONDS)
    return conn.execute(kept).rowcount == 1


def release(conn: Connection, led: Lead) -> None:
    """Let somebody else lead from now on."""
    conn.execute(update(mailbox).where(_ours(led)).values(lease_owner="", lease_until=0))


def failed(conn: Connection, led: Lead, *, error: str, pause_seconds: float) -> None:
    """Note why a look failed, and let nobody look for so long."""
    values = {"error": error[:ERROR_LENGTH], "failures": mailbox.c.failures + 1, "lease_owner": ""}
    conn.execute(update(mailbox).where(_ours(led)).values(lease_until=epoch_now() + pause_seconds, **values))


def begin(conn: Connection, led: Lead, *, uidvalidity: int, uidnext: int) -> Checkpoint:
    """Return how far the folder was taken, from its beginning when its mails were numbered anew.

    They were when UIDVALIDITY changed, or when the next number is not above one that we have seen (IM-02); uidnext: 0
    when the server does not say.  What comes a second time is a duplicate by its content key.  Raises LeaseLost.
    """
    _hold(conn, led)
    row = conn.execute(select(mailbox).where(_is(led.box))).one()
    first = row.uidvalidity == 0 and row.last_uid == 0
    renumbered = row.uidvalidity != uidvalidity or 0 < uidnext <= row.last_uid
    if not renumbered:
        return Checkpoint(last_uid=row.last_uid)
    conn.execute(delete(mailbox_mail).where(_in(led.box)))
    conn.execute(update(mailbox).where(_ours(led)).values(uidvalidity=uidvalidity, last_uid=0))
    return Checkpoint(last_uid=0, started_over=not first)


def taken(
    conn: Connection, led: Lead, *, last_uid: int, done: Collection[int], failing: Mapping[int, str], try_at: datetime
) -> None:
    """Move the checkpoint, in the transaction that commits the mails `done`.

    failing: mails up to `last_uid` that could not be fetched, with why; they keep a row of their own.
    Raises LeaseLost.
    """
    uidvalidity = _hold(conn, led)
    passed = update(mailbox).where(_ours(led), mailbox.c.last_uid < last_uid)
    conn.execute(passed.values(last_uid=last_uid))
    conn.execute(delete(mailbox_mail).where(_in(led.box), mailbox_mail.c.uid.in_(done)))
    rows = [_row(led.box, uidvalidity, uid, UNFILED) for uid in done]
    rows += [
        _row(led.box, uidvalidity, uid, FAILING) | {"tries": 1, "try_at": try_at, "error": why[:ERROR_LENGTH]}
        for uid, why in failing.items()
    ]
    if rows:
        conn.execute(insert_new(conn, mailbox_mail), [{"tries": 0, "try_at": None, "error": ""} | row for row in rows])


def failed_again(
    conn: Connection, led: Lead, mail: FailingMail, *, error: str, set_aside: bool, try_at: datetime
) -> None:
    """Count one more failure of a mail.  set_aside: a person has been given a note about it.  Raises LeaseLost."""
    _hold(conn, led)
    state = SET_ASIDE if set_aside else FAILING
    values = {"state": state, "tries": mail.tries + 1, "try_at": try_at, "error": error[:ERROR_LENGTH]}
    conn.execute(update(mailbox_mail).where(_in(led.box), mailbox_mail.c.uid == mail.uid).values(values))


def forget(conn: Connection, led: Lead, uids: Sequence[int]) -> None:
    """Be done with mails: they are marked or moved, or no longer in the folder.  Raises LeaseLost."""
    _hold(conn, led)
    for start in range(0, len(uids), CHUNK):
        some = uids[start : start + CHUNK]
        conn.execute(delete(mailbox_mail).where(_in(led.box), mailbox_mail.c.uid.in_(some)))


def unfiled(conn: Connection, box: Mailbox) -> list[int]:
    """Return the committed mails that are not marked or moved yet, ascending."""
    found = select(mailbox_mail.c.uid).where(_in(box), mailbox_mail.c.state == UNFILED)
    return list(conn.execute(found.order_by(mailbox_mail.c.uid)).scalars())


def due_again(conn: Connection, box: Mailbox, *, now: datetime) -> list[FailingMail]:
    """Return the mails that could not be fetched and are to be tried again now."""
    failing = mailbox_mail.c.state.in_((FAILING, SET_ASIDE))
    found = select(mailbox_mail).where(_in(box), failing, mailbox_mail.c.try_at <= now)
    rows = conn.execute(found.order_by(mailbox_mail.c.uid))
    return [FailingMail(uid=row.uid, tries=row.tries, set_aside=row.state == SET_ASIDE) for row in rows]


def checked(conn: Connection, led: Lead, *, now: datetime) -> None:
    """Note a look after which nothing was left to take.  Raises LeaseLost."""
    _hold(conn, led)
    conn.execute(update(mailbox).where(_ours(led)).values(checked_at=now, error="", failures=0))


def statuses(conn: Connection, boxes: Sequence[Mailbox]) -> list[MailboxStatus]:
    """Return how these mailboxes are doing, in their order; one that nobody has watched yet is among them."""
    counts = select(mailbox_mail.c.account, mailbox_mail.c.folder, mailbox_mail.c.state, func.count().label("many"))
    many = {
        (row.account, row.folder, row.state): row.many
        for row in conn.execute(counts.group_by(mailbox_mail.c.account, mailbox_mail.c.folder, mailbox_mail.c.state))
    }
    found = {(row.account, row.folder): row for row in conn.execute(select(mailbox))}
    return [_status(box, found.get((box.account, box.folder)), many) for box in boxes]


def raise_alarm(conn: Connection, box: Mailbox, *, since: datetime) -> bool:
    """Note that the alarm about a mailbox is raised; False when somebody else was faster."""
    quiet = update(mailbox).where(_is(box), mailbox.c.alarm_since.is_(None))
    return conn.execute(quiet.values(alarm_since=since)).rowcount == 1


def end_alarm(conn: Connection, box: Mailbox) -> bool:
    """Note that the alarm about a mailbox is over; False when somebody else was faster."""
    raised = update(mailbox).where(_is(box), mailbox.c.alarm_since.is_not(None))
    return conn.execute(raised.values(alarm_since=None)).rowcount == 1


def refresh_token(conn: Connection, box: Mailbox, *, mark: str) -> str:
    """Return the refresh token that the provider gave us for the one with this mark, "" when there is none."""
    found = select(mailbox.c.refresh_token).where(_is(box), mailbox.c.refresh_token_of == mark)
    return conn.execute(found).scalar() or ""


def keep_refresh_token(conn: Connection, box: Mailbox, token: str, *, mark: str) -> None:
    """Keep the refresh token that the provider gave us in place of the one with this mark."""
    conn.execute(update(mailbox).where(_is(box)).values(refresh_token=token, refresh_token_of=mark))


def _hold(conn: Connection, led: Lead) -> int:
    """Prolong our lease and return the UIDVALIDITY; on PostgreSQL the row stays locked until the transaction ends."""
    kept = update(mailbox).where(_ours(led)).values(lease_until=epoch_now() + LEASE_SECONDS)
    row = conn.execute(kept.returning(mailbox.c.uidvalidity)).first()
    if row is None:
        raise LeaseLost
    return int(row.uidvalidity)


def _is(box: Mailbox) -> ColumnElement[bool]:
    return and_(mailbox.c.account == box.account, mailbox.c.folder == box.folder)


def _in(box: Mailbox) -> ColumnElement[bool]:
    return and_(mailbox_mail.c.account == box.account, mailbox_mail.c.folder == box.folder)


def _ours(led: Lead) -> ColumnElement[bool]:
    return and_(_is(led.box), mailbox.c.fence == led.fence, mailbox.c.lease_owner == led.owner)


def _free(mark: str) -> ColumnElement[bool]:
    paused_for_others = and_(mailbox.c.lease_owner == "", mailbox.c.tried_with != mark)
    return or_(mailbox.c.lease_until < epoch_now(), paused_for_others)


def _row(box: Mailbox, uidvalidity: int, uid: int, state: str) -> dict[str, Any]:
    return {"account": box.account, "folder": box.folder, "uidvalidity": uidvalidity, "uid": uid, "state": state}


def _status(box: Mailbox, row: Any, many: Mapping[tuple[str, str, str], int]) -> MailboxStatus:
    if row is None:
        return MailboxStatus(mailbox=box)

    def count(*states: str) -> int:
        return sum(many.get((box.account, box.folder, state), 0) for state in states)

    return MailboxStatus(
        mailbox=box,
        checked_at=row.checked_at,
        watched_since=row.watched_since,
        alarm_since=row.alarm_since,
        error=row.error,
        failing=count(FAILING, SET_ASIDE),
        unfiled=count(UNFILED),
    )
