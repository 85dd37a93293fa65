"""The sequencer: gives what was committed its place in the event feed and in the chain of the audit trail.

Writers insert plain rows, so none of them waits for another.  Any number of processes may take turns; one at a time
leads, the others pass.  Where none does, feed and chain stand still and nothing is lost.  Source: DESIGN 1.7.
"""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import Connection

from gateway import maillog, seal
from gateway.errors import AuditBroken
from gateway.model import Head
from gateway.rules import chain
from gateway.services import Services
from gateway.store import audit, events, lead

# How often `gateway serve` looks: what an event waits at most before other systems can read it.
EVERY_SECONDS = 0.25
# Rows of one transaction: on SQLite nobody else writes meanwhile.
BATCH = 500
TOUCHED = "The audit trail does not end where this machine signed it; run `gateway verify-audit` to see why."
FORGET_EVERY_SECONDS = 3600.0


def turn(services: Services) -> int:
    """Give every committed event and audit entry its place; return how many events.  Calling twice is nothing.

    Raises Unavailable, AuditBroken when the signed head is not ours to go on from, and ConfigError without a key; the
    events have their places then.
    """
    given = _until_done(services, events.unseen, lambda conn: events.sequence(conn, limit=BATCH))
    if _until_done(services, audit.unchained, lambda conn: _chain(conn, services)):
        seal.begin(services.config.audit_key_file, services.scribe.instance.id)
    return given


def forget(services: Services) -> int:
    """Delete the events that are older than `[retention] events_days`; return how many.  Raises Unavailable."""
    before = services.clock.now() - timedelta(days=services.config.retention.events_days)
    forgotten = 0
    while True:
        with services.database.write() as conn:
            done = events.forget(conn, before=before, limit=BATCH)
        forgotten += done
        if done < BATCH:
            return forgotten


def sign_anew(services: Services) -> None:
    """Sign the head with the key of this machine, whoever signed it before.  The caller has verified the chain."""
    with services.database.write() as conn:
        head = audit.head(conn)
        tip = head.tip if head is not None else chain.BEGINNING
        audit.sign(conn, _key(services).sign(tip), now=services.clock.now())


def _until_done(services: Services, waiting: Callable[[Connection], bool], do: Callable[[Connection], int]) -> int:
    given = 0
    while True:
        # Looked at first without the writer's lock, because most turns find nothing.
        with services.database.read() as conn:
            if not waiting(conn):
                return given
        with services.database.write() as conn:
            done = do(conn) if lead.take(conn, lead.SEQUENCER) else 0
        given += done
        if done < BATCH:
            return given


def _chain(conn: Connection, services: Services) -> int:
    """Put what was committed behind the signed end of the chain, and sign the new end."""
    key, head = _key(services), audit.head(conn)
    _check(services, key, head)
    tip = head.tip if head is not None else chain.BEGINNING
    if audit.last_place(conn) > tip.position:
        raise AuditBroken(TOUCHED)
    placed, tip = chain.extend(tip, audit.fresh(conn, limit=BATCH))
    if placed:
        audit.place(conn, placed)
        audit.sign(conn, key.sign(tip), now=services.clock.now())
        maillog.audit_signed(tip.position, tip.hash)
    return len(placed)


def _check(services: Services, key: seal.Seal, head: Head | None) -> None:
    # Going on from an end that somebody else wrote would sign over what was cut off; so would beginning anew.
    lost = head is None and seal.begun(services.config.audit_key_file, services.scribe.instance.id)
    if lost or (head is not None and not key.holds(head)):
        raise AuditBroken(TOUCHED)


def _key(services: Services) -> seal.Seal:
    return seal.load(services.config.audit_key_file)
