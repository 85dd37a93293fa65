"""Who may call the API: keys with one role each, made here and shown once."""

import hashlib
import secrets

from gateway.cleaning import clean_header
from gateway.desk.ids import row_id
from gateway.errors import InvalidInput, NotFound
from gateway.model.views import KeyView
from gateway.services import Services
from gateway.store import keys

ROLES = ("admin", "agent", "queue", "viewer", "system")
KEY_PREFIX = "cgk_"
# 32 random bytes: far beyond guessing, so a plain hash is enough to store them by.
KEY_BYTES = 32


def create_key(services: Services, *, role: str, name: str = "") -> tuple[KeyView, str]:
    """Make a key and return it with its secret, which is shown this one time."""
    if role not in ROLES:
        raise InvalidInput(f"There is no role {clean_header(role, limit=20)}; there is: {', '.join(ROLES)}.")
    secret = KEY_PREFIX + secrets.token_urlsafe(KEY_BYTES)
    digest = hashlib.sha256(secret.encode()).hexdigest()
    now = services.clock.now()
    with services.database.write() as conn:
        view = keys.insert(conn, name=clean_header(name), role=role, prefix=secret[:12], key_sha256=digest, now=now)
    return view, secret


def all_keys(services: Services) -> list[KeyView]:
    """Return all keys, revoked ones too, without their secrets."""
    with services.database.read() as conn:
        return keys.many(conn)


def revoke(services: Services, key_id: str) -> KeyView:
    """End a key at once."""
    with services.database.write() as conn:
        view = keys.revoke(conn, row_id(key_id), now=services.clock.now())
    if view is None:
        raise NotFound(f"There is no key {key_id[:20]}; `gateway token list` shows those there are.")
    return view
