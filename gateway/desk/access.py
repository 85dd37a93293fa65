"""Who may call the API: keys with one role each, made here and shown once, and the one door that lets a call in.

`admit` asks three questions in this order: whose key is it, may its role call this, does it see what is named.  What is
not seen is answered like what does not exist.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection

from gateway import addresses
from gateway.cleaning import clean_header
from gateway.desk import audit
from gateway.desk import cases as desk_cases
from gateway.desk.ids import row_id
from gateway.errors import InvalidInput, NotFound, Refused
from gateway.model.views import KeyView
from gateway.reasons import Reason
from gateway.rules import permissions
from gateway.rules.permissions import Role
from gateway.services import Services
from gateway.store import cases, contacts, grants, keys, webhooks

ROLES = tuple(role.value for role in Role)
KEY_PREFIX = "cgk_"
# 32 random bytes: far beyond guessing, so a plain hash is enough to store them by.
KEY_BYTES = 32
KEY_LENGTH = 100
LONGEST_DAYS = 3650
# A key that is in use is written to at most so often.
NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls.  key_id: as a number.  name: what a case's feed shows when a call names nobody."""

    key_id: int
    role: Role
    name: str

    @property
    def only_of_key(self) -> int:
        """Return the key whose things alone it sees, 0 when it sees all."""
        return self.key_id if self.role in permissions.SEES_ONLY_ITS_OWN else 0


def create_key(services: Services, *, role: str, name: str = "", days: int | None = None) -> tuple[KeyView, str]:
    """Make a key and return it with its secret, which is shown this one time.

    days: how long it is good; always when left out.
    """
    if role not in ROLES:
        raise InvalidInput(f"There is no role {clean_header(role, limit=20)}; there is: {', '.join(ROLES)}.")
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        raise InvalidInput(f"A key is good for 1 to {LONGEST_DAYS} days.")
    secret = KEY_PREFIX + secrets.token_urlsafe(KEY_BYTES)
    now = services.clock.now()
    row = {"name": clean_header(name), "role": role, "prefix": secret[:12], "key_sha256": _digest(secret)}
    with services.database.write() as conn:
        expires_at = None if days is None else now + timedelta(days=days)
        view = keys.insert(conn, **row, now=now, expires_at=expires_at)
        audit.note_along(conn, services, "key.create", f"key:{view.id}", role=role)
    return view, secret


def all_keys(services: Services) -> list[KeyView]:
    """Return all keys, revoked ones too, without their secrets."""
    with services.database.read() as conn:
        return keys.many(conn)


def revoke(services: Services, key_id: str) -> KeyView:
    """End a key at once."""
    with services.database.write() as conn:
        view = keys.revoke(conn, row_id(key_id), now=services.clock.now())
        if view is not None:
            audit.note_along(conn, services, "key.revoke", f"key:{view.id}")
    if view is None:
        raise NotFound(f"There is no key {key_id[:20]}; `gateway token list` shows those there are.")
    return view


def grant(services: Services, key_id: str, number: str) -> KeyView:
    """Let a key of the role `system` see a case that it did not open.  Calling twice is nothing."""
    with services.database.write() as conn:
        view = keys.one(conn, row_id(key_id))
        if view is None:
            raise NotFound(f"There is no key {key_id[:20]}; `gateway token list` shows those there are.")
        if view.role != Role.SYSTEM:
            raise InvalidInput(f"Key {view.id} has the role {view.role}, which sees all cases anyway.")
        case = desk_cases.load(conn, number)
        grants.give(conn, int(view.id), grants.CASE, case.number)
        audit.note_along(conn, services, "key.grant", f"key:{view.id}", case=case.number)
        return view


def admit(services: Services, secret: str, call: str, named: Mapping[str, str]) -> Caller:
    """Let a call in and say who calls.

    call: its row in `rules.permissions`.  named: what its path names.
    Raises Refused `not-signed-in` or `not-permitted`, or NotFound.
    """
    now = services.clock.now()
    with services.database.read() as conn:
        key = keys.by_digest(conn, _digest(secret)) if secret.startswith(KEY_PREFIX) else None
        if key is None or key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now):
            raise Refused(Reason.NOT_SIGNED_IN)
        caller = Caller(key_id=int(key.id), role=Role(key.role), name=key.name or f"key {key.id}")
        key_itself = services.acting(f"key:{caller.key_id}", services.scribe.actor.source)
        with audit.watched(key_itself, call, "api"):
            permissions.check_call(caller.role, call)
        if caller.only_of_key and not all(_sees(conn, caller, call, *one) for one in named.items()):
            raise NotFound
    if key.last_used_at is None or now - key.last_used_at >= NOTED_EVERY:
        with services.database.write() as conn:
            keys.note_use(conn, caller.key_id, now=now)
    return caller


def _sees(conn: Connection, caller: Caller, call: str, what: str, value: str) -> bool:
    match what:
        case "number":
            return grants.sees_case(conn, caller.key_id, value.zfill(cases.NUMBER_WIDTH))
        case "escalation_id":
            return grants.sees_escalation(conn, caller.key_id, row_id(value))
        case "email":
            known = contacts.find(conn, addresses.key(value))
            # Whom nobody knows yet may be made.
            return grants.sees_contact(conn, caller.key_id, known.id) if known else call.startswith("PUT ")
        case "webhook_id":
            return webhooks.one(conn, row_id(value), key_id=caller.key_id) is not None
        case "delivery_id":
            # Its webhook is named beside it, and looks for it among its own.
            return True
        case _:
            # Nothing else belongs to a key; what is new must be taught here first.
            return False


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
