"""What people ask of the audit trail: look, verify it, and enter acts that are no effect of a decision."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import Connection, text

from gateway import effects, seal, sequencer
from gateway.errors import AuditBroken, Conflict, Refused
from gateway.model import Act, AuditEntry, Fault, Head, Tip
from gateway.model.audit_views import AuditReportView, AuditView
from gateway.reasons import Reason
from gateway.rules import chain
from gateway.services import Services
from gateway.store import audit

# Refusals of a person, not of the process: somebody asked for what they may not have.
DENIED = (Reason.NOT_SIGNED_IN, Reason.NOT_PERMITTED, Reason.NOT_DESIGNATED_CONTACT, Reason.PIN_WRONG)


def note(services: Services, act: str, about: str, /, **facts: Any) -> None:
    """Enter an act, in a transaction of its own: one that changes nothing else (an export, a look at raw mail).

    act: `noun.verb`.  about: `noun:id`.  facts: words, numbers and ids; never what anybody wrote, never an address.
    """
    with services.database.write() as conn:
        note_along(conn, services, act, about, **facts)


def note_along(conn: Connection, services: Services, act: str, about: str, /, **facts: Any) -> None:
    """Enter an act in the transaction that does it."""
    done = Act(act=act, object=about, facts=facts)
    effects.note(conn, done, scribe=services.scribe, now=services.clock.now())


@contextmanager
def watched(services: Services, act: str, about: str) -> Iterator[None]:
    """Enter a refusal for want of a right, of what is done inside; the refusal goes on."""
    try:
        yield
    except Refused as refused:
        if refused.reason in DENIED:
            note(services, "refused", about, act=act, reason=refused.reason)
        raise


def find(services: Services, *, about: str = "", actor: str = "", limit: int = 100) -> list[AuditView]:
    """Return entries, newest first.  about: of one object only, as `case:0000000041`.  actor: of one actor only."""
    with services.database.read() as conn:
        return [_view(entry) for entry in audit.find(conn, about=about, actor=actor, limit=limit)]


def verify(services: Services) -> AuditReportView:
    """Follow the whole chain up to its signed head and say what is wrong first, if anything is.

    Raises ConfigError when there is no usable key.
    """
    with suppress(AuditBroken):
        # The head is looked at below, and told in its turn.
        sequencer.turn(services)
    key = seal.load(services.config.audit_key_file)
    with services.database.read() as conn:
        if conn.dialect.name != "sqlite":
            # All of it as of one moment, while others go on.
            conn.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        head = audit.head(conn)
        end = _followed(conn)
    tip, fault = (end, chain.meets(end, head)) if isinstance(end, Tip) else (None, end)
    fault = fault or _forged(key, head) or _lost(services, head)
    return AuditReportView(
        entries=tip.position if tip is not None else (fault.position - 1 if fault else 0),
        intact=fault is None,
        first_bad=fault.position if fault else None,
        why=fault.sentence if fault else None,
        head=head.tip.hash if head is not None else None,
    )


def sign_anew(services: Services) -> None:
    """Sign the trail with the key of this machine, because the earlier key is lost or another machine's.

    Raises Conflict when anything but the signature is wrong with it.
    """
    with services.database.read() as conn:
        head, end = audit.head(conn), _followed(conn)
    fault = chain.meets(end, head) if isinstance(end, Tip) else end
    if fault is not None:
        raise Conflict(Reason.CHANGED_MEANWHILE, f"The audit trail is not signed anew: {fault.sentence}")
    sequencer.sign_anew(services)
    note(services, "audit.sign-anew", "audit:head", position=head.tip.position if head else 0)


def _followed(conn: Connection) -> Tip | Fault:
    if (place := audit.misplaced(conn)) is not None:
        return Fault(position=1, sentence=f"An entry stands at {place}, where none can be.")
    tip = chain.BEGINNING
    for page in audit.chained(conn):
        end = chain.follow(tip, page)
        if isinstance(end, Fault):
            return end
        tip = end
    return tip


def _forged(key: seal.Seal, head: Head | None) -> Fault | None:
    if head is None or key.holds(head):
        return None
    if head.key_id == key.id:
        why = "The signature of the head is wrong: somebody wrote it without the key."
    else:
        why = (
            f"The head was signed with another key ({head.key_id}, here is {key.id}); verify with that one, "
            "or see --sign-anew."
        )
    return Fault(position=head.tip.position, sentence=why)


def _lost(services: Services, head: Head | None) -> Fault | None:
    if head is not None or not seal.begun(services.config.audit_key_file, services.scribe.instance.id):
        return None
    return Fault(position=1, sentence="The trail was begun and is gone, with its signed head.")


def _view(entry: AuditEntry) -> AuditView:
    return AuditView(
        id=str(entry.id),
        at=entry.at,
        actor=entry.actor,
        source=entry.source or None,
        act=entry.act,
        object=entry.object,
        facts=json.loads(entry.facts),
        position=entry.position or None,
    )
