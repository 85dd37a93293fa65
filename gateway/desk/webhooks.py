"""What operators and other systems ask of webhooks: add, look, remove, new secrets, call again.  Source: CONTRACT 4.

A key that sees only its own cases (the role `system`) sees only the webhooks that it made, and these are told of its
cases alone, for as long as the key may be used.
"""

import base64
import secrets
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection

from gateway.cleaning import clean_header
from gateway.desk import audit
from gateway.desk.ids import row_id
from gateway.errors import Conflict, InvalidInput, NotFound
from gateway.model import EntryState, EventType
from gateway.model.call_views import DeliveryView, NewSecretView, WebhookView
from gateway.outbound import destinations
from gateway.outbound import webhooks as calls
from gateway.reasons import Reason
from gateway.services import Services
from gateway.store import webhooks

# The specification asks for 24 to 64 bytes.
SECRET_BYTES = 32
SECRET_PREFIX = "whsec_"  # noqa: S105 - how every secret begins, not a secret
MOST = 100
ROTATION_HOURS = 24
STATES = tuple(state.value for state in EntryState)


def add(services: Services, *, url: str, types: Sequence[str] = ()) -> NewSecretView:
    """Call this address for all that happens from now on; the secret is shown this one time.

    types: which events, none for all.  Raises InvalidInput for an address that may not be called (WH-01).
    """
    wanted = _types(types)
    allowed = destinations.networks(services.config.webhooks.allowed_networks)
    to = calls.check(url.strip(), allowed)
    secret = _new_secret()
    now = services.clock.now()
    with services.database.write() as conn:
        if webhooks.count(conn) >= MOST:
            raise InvalidInput(f"There are {MOST} webhooks, and there are no more than that; remove one first.")
        only = services.asking.only_of_key or None
        made = webhooks.insert(conn, url=to.url, types=wanted, secret=secret, key_id=only, now=now)
        audit.note_along(conn, services, "webhook.add", f"webhook:{made}", types=wanted)
        return _with_secret(_load(conn, services, str(made)), secret)


def find(services: Services, *, after: int = 0, limit: int = 100) -> list[WebhookView]:
    """Return the webhooks that the caller sees, oldest first.  after: an id, to go on from there."""
    with services.database.read() as conn:
        return webhooks.many(conn, key_id=services.asking.only_of_key or None, after=after, limit=limit)


def show(services: Services, webhook_id: str) -> WebhookView:
    """Return one webhook."""
    with services.database.read() as conn:
        return _load(conn, services, webhook_id)


def remove(services: Services, webhook_id: str) -> None:
    """Call this webhook no more and forget it with its log; calling twice is NotFound."""
    with services.database.write() as conn:
        its = int(_load(conn, services, webhook_id).id)
        webhooks.remove(conn, its)
        audit.note_along(conn, services, "webhook.remove", f"webhook:{its}")


def enable(services: Services, webhook_id: str) -> WebhookView:
    """Call a disabled webhook again, with all that happened meanwhile; nothing for one that is active."""
    with services.database.write() as conn:
        its = int(_load(conn, services, webhook_id).id)
        webhooks.enable(conn, its)
        audit.note_along(conn, services, "webhook.enable", f"webhook:{its}")
        view = _load(conn, services, webhook_id)
    services.ring_webhooks()
    return view


def rotate(services: Services, webhook_id: str, *, hours: float = ROTATION_HOURS) -> NewSecretView:
    """Give a webhook a new secret, shown this one time; the one before signs too for so many hours (WH-03)."""
    secret = _new_secret()
    until = services.clock.now() + timedelta(hours=max(0.0, hours))
    with services.database.write() as conn:
        view = _load(conn, services, webhook_id)
        webhooks.rotate(conn, int(view.id), secret=secret, old_until=until)
        audit.note_along(conn, services, "webhook.rotate", f"webhook:{view.id}", hours=hours)
    return _with_secret(view, secret)


def deliveries(
    services: Services, webhook_id: str, *, state: str = "", before: int = 0, limit: int = 100
) -> list[DeliveryView]:
    """Return what went to a webhook and what goes to it, newest first.  before: an id, to go on from there."""
    if state and state not in STATES:
        raise InvalidInput(f"There is no state {clean_header(state, limit=20)}; there is: {', '.join(STATES)}.")
    with services.database.read() as conn:
        its = int(_load(conn, services, webhook_id).id)
        return webhooks.deliveries(conn, its, state=state, before=before, limit=limit)


def redeliver(services: Services, webhook_id: str, delivery_id: str) -> DeliveryView:
    """Call with one event again, now, whatever became of it; the receiver knows it by its message id."""
    with services.database.write() as conn:
        its, wanted = _callable(conn, services, webhook_id), row_id(delivery_id)
        if webhooks.delivery(conn, its, wanted) is None:
            raise NotFound(
                f"Webhook {its} has no delivery {clean_header(delivery_id, limit=20)};"
                f" `gateway webhook deliveries {its}` shows them."
            )
        if webhooks.again(conn, its, delivery_id=wanted, now=services.clock.now()) == 0:
            raise Conflict(Reason.CHANGED_MEANWHILE, f"Delivery {wanted} is under way just now; look again soon.")
        view = webhooks.delivery(conn, its, wanted)
    services.ring_webhooks()
    assert view is not None
    return view


def redeliver_dead(services: Services, webhook_id: str) -> int:
    """Call again with every event that was given up; return how many."""
    with services.database.write() as conn:
        its = _callable(conn, services, webhook_id)
        moved = webhooks.again(conn, its, delivery_id=None, now=services.clock.now())
    services.ring_webhooks()
    return moved


def _types(given: Sequence[str]) -> list[str]:
    wanted = list(dict.fromkeys(given))
    unknown = [clean_header(one, limit=40) for one in wanted if one not in set(EventType)]
    if unknown:
        raise InvalidInput(f"There is no event type {', '.join(unknown[:5])}; there is: {', '.join(EventType)}.")
    return wanted


def _new_secret() -> str:
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode("ascii")


def _with_secret(view: WebhookView, secret: str) -> NewSecretView:
    return NewSecretView(
        id=view.id, url=view.url, types=view.types, state=view.state, created_at=view.created_at, secret=secret
    )


def _load(conn: Connection, services: Services, webhook_id: str) -> WebhookView:
    view = webhooks.one(conn, row_id(webhook_id), key_id=services.asking.only_of_key or None)
    if view is None:
        raise NotFound(
            f"There is no webhook {clean_header(webhook_id, limit=20)}; `gateway webhook list` shows those there are."
        )
    return view


def _callable(conn: Connection, services: Services, webhook_id: str) -> int:
    view = _load(conn, services, webhook_id)
    if view.state != webhooks.ACTIVE:
        raise Conflict(
            Reason.CHANGED_MEANWHILE, f"Webhook {view.id} is disabled ({view.why}); enable it first: nothing is lost."
        )
    return int(view.id)
