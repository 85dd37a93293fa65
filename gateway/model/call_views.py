"""What other systems are shown of what they ask for: notices by name, webhooks and their deliveries.

As in `views`: field names are the API's, times are aware UTC, ids are strings, nothing holds a Reference ID.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredView:
    """A notice that can be asked for.  case: `required`, `optional` or `never`.  sample: a context that will do."""

    notice: str
    case: str
    values: tuple[str, ...]
    optional: tuple[str, ...]
    sample: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationView:
    """A notice as it would leave; a Reference ID shows as `REF-****`."""

    notice: str
    case: str | None
    to: str
    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookView:
    """A webhook.  types: () for all.  why: why it is disabled, "" else.  waiting: deliveries that are not over.

    failures: calls in a row that failed.
    """

    id: str
    url: str
    types: tuple[str, ...]
    state: str
    why: str
    waiting: int
    failures: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSecretView:
    """A webhook with its new secret, which is shown this one time."""

    id: str
    url: str
    types: tuple[str, ...]
    state: str
    created_at: datetime
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryView:
    """An event that goes to a webhook, with the last answer.  state: as in the outbox."""

    id: str
    event: str
    cursor: str
    type: str
    case: str | None
    message_id: str
    state: str
    attempts: int
    run_at: datetime
    last_status: int | None
    last_reply: str
    created_at: datetime
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RedeliveredView:
    """How many deliveries that were given up are ready again."""

    redelivered: int
