"""Who may call what: the one table of roles and calls, and what a role may say in a call.  Pure.

A key has one role.  A call that no row names does not exist for anybody: the API refuses to start with such a route.
The role `system` sees only what it made or was granted; that is asked of `store/grants.py`.  Source: CONTRACT 4.
"""

from collections.abc import Mapping
from enum import StrEnum

from gateway.errors import Refused
from gateway.model import Channel, Priority
from gateway.reasons import Reason


class Role(StrEnum):
    """What a key is for."""

    ADMIN = "admin"
    AGENT = "agent"
    QUEUE = "queue"
    VIEWER = "viewer"
    SYSTEM = "system"


def _row(letters: str) -> frozenset[Role]:
    return frozenset(_LETTERS[letter] for letter in letters)


_LETTERS = {"A": Role.ADMIN, "a": Role.AGENT, "q": Role.QUEUE, "v": Role.VIEWER, "s": Role.SYSTEM}

# Admin, agent, queue, viewer, system.
CALLS: Mapping[str, frozenset[Role]] = {
    call: _row(letters)
    for call, letters in {
        "GET /cases": "Aaqvs",
        "POST /cases": "Aa  s",
        "GET /cases/{number}": "Aaqvs",
        "GET /cases/{number}/updates": "Aaqvs",
        "POST /cases/{number}/updates": "Aa  s",
        "POST /cases/{number}/request-info": "Aa  s",
        "POST /cases/{number}/propose-solution": "Aa  s",
        "POST /cases/{number}/status": "Aa  s",
        "POST /cases/{number}/priority": "Aa  s",
        "POST /cases/{number}/contact": "Aa  s",
        "POST /cases/{number}/close": "Aa  s",
        "POST /cases/{number}/close-request": "Aa  s",
        "POST /cases/{number}/reopen": "Aa  s",
        "POST /cases/{number}/reopen-request": "Aa  s",
        "POST /cases/{number}/acknowledge": "Aa   ",
        "POST /cases/{number}/escalations": "Aa  s",
        "GET /contacts": "Aa v ",
        "GET /contacts/{email}": "Aa vs",
        "PUT /contacts/{email}": "Aa  s",
        "GET /escalations": "Aa vs",
        "GET /escalations/{escalation_id}": "Aa vs",
        "POST /escalations/{escalation_id}/accept": "Aa  s",
        "POST /escalations/{escalation_id}/decline": "Aa  s",
        "POST /escalations/{escalation_id}/updates": "Aa  s",
        "POST /escalations/{escalation_id}/close": "Aa  s",
        "POST /escalations/{escalation_id}/read": "Aa   ",
        "GET /mails": "Aaqv ",
        "GET /mails/{mail_id}": "Aaqv ",
        "GET /mails/{mail_id}/raw": "Aaq  ",
        "POST /mails/{mail_id}/replay": "Aaq  ",
        "GET /queue": "Aaqv ",
        "GET /queue/{item_id}": "Aaqv ",
        "POST /queue/{item_id}/link": "Aaq  ",
        "POST /queue/{item_id}/open-case": "Aaq  ",
        "POST /queue/{item_id}/discard": "Aaq  ",
        "POST /queue/{item_id}/claim": "Aaq  ",
        "POST /queue/{item_id}/release": "Aaq  ",
        "POST /queue/{item_id}/undo": "Aaq  ",
        "GET /outbox": "Aa v ",
        "GET /outbox/{entry_id}": "Aa v ",
        "POST /outbox/{entry_id}/retry": "Aa   ",
        "POST /outbox/{entry_id}/cancel": "Aa   ",
        "POST /outbox/{entry_id}/hold": "Aa   ",
        "POST /outbox/{entry_id}/release": "Aa   ",
        "GET /ledger": "Aa v ",
        "GET /notifications": "Aa vs",
        "POST /notifications": "Aa  s",
        "POST /notifications/preview": "Aa  s",
        "GET /events": "Aa vs",
        "GET /webhooks": "Aa vs",
        "POST /webhooks": "Aa  s",
        "GET /webhooks/{webhook_id}": "Aa vs",
        "DELETE /webhooks/{webhook_id}": "Aa  s",
        "POST /webhooks/{webhook_id}/enable": "Aa  s",
        "POST /webhooks/{webhook_id}/rotate": "Aa  s",
        "GET /webhooks/{webhook_id}/deliveries": "Aa vs",
        "POST /webhooks/{webhook_id}/redeliver": "Aa  s",
        "POST /webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver": "Aa  s",
    }.items()
    for letters in [letters.replace(" ", "")]
}

# Whose channels a role may post through; a role that is not named may use them all.
CHANNELS: Mapping[Role, frozenset[Channel]] = {
    Role.SYSTEM: frozenset({Channel.PORTAL, Channel.MOBILE, Channel.PHONE}),
}
CRITICAL = frozenset({Priority.CRITICAL_PRODUCTION_DOWN, Priority.CRITICAL})
MAY_SET_CRITICAL = frozenset({Role.ADMIN, Role.AGENT})
# What one key of these roles made, another of them does not see.
SEES_ONLY_ITS_OWN = frozenset({Role.SYSTEM})


def check_call(role: Role, call: str) -> None:
    """Refuse a call that the role lacks.  Raises Refused `not-permitted`."""
    if role not in CALLS[call]:
        raise Refused(Reason.NOT_PERMITTED, f"The role {role} may not call {call}.")


def check_channel(role: Role, channel: Channel) -> None:
    """Refuse to post in the name of somebody whom the role does not speak for.  Raises Refused `not-permitted`."""
    may = CHANNELS.get(role)
    if may is not None and channel not in may:
        there = ", ".join(sorted(may))
        raise Refused(Reason.NOT_PERMITTED, f"The role {role} may not post through {channel}; it may: {there}.")


def check_priority(role: Role, priority: Priority) -> None:
    """Refuse `critical*` from a role that has not spoken with the customer (PROCESS 2.3).  Raises Refused."""
    if priority in CRITICAL and role not in MAY_SET_CRITICAL:
        raise Refused(Reason.NOT_PERMITTED, f"The role {role} may not set {priority}; our side does, after a call.")
