"""Where words of people stand, and what becomes of them: every column that holds words is in one of three tables.

A test walks the schema and fails for a column that is in none, so that a table that comes later cannot be forgotten.
Numbers, times and yes/no are no words; they stay.  Source: PROCESS 7, CONTRACT 5 (the stub of a purged mail).
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table

from gateway.store.address_tables import delivery_failure, undeliverable
from gateway.store.call_tables import case_word, idempotency
from gateway.store.tables import (
    account,
    attachment,
    blob,
    case_update,
    contact,
    contact_address,
    episode,
    escalation,
    mail,
    mail_mention,
    outbox,
    queue_item,
    reference,
    support_case,
)
from gateway.store.webhook_tables import webhook_delivery

# Rows of these tables go altogether.
DELETED: tuple[Table, ...] = (
    attachment,
    blob,
    case_update,
    case_word,
    contact_address,
    delivery_failure,
    idempotency,
    mail_mention,
    undeliverable,
)

# Rows of these tables stay as a stub; these columns are emptied to these values.
EMPTIED: Mapping[Table, Mapping[str, Any]] = {
    mail: {
        "mail_from": "",
        "rcpt_tos": [],
        "peer": "",
        "sha256": "",
        "raw_sha256": "",
        "last_error": "",
        "kind_reason": "",
        "sender": "",
        "sender_name": "",
        "recipients": [],
        "subject": "",
        "message_id": "",
        "text": "",
        "reply": "",
        "defects": [],
        "trace": [],
    },
    queue_item: {
        "recipient": "",
        "hints": [],
        "claimed_by": "",
        "resolved_by": "",
        "why": "",
        "undo": None,
        "conversation": "",
    },
    outbox: {
        "idempotency_key": None,  # unique, and some hold an address: `emptied/<id>`
        "to_address": "",
        "to_name": "",
        "reference_id": "",
        "context": {},
        "message_id": "",
        "rendered_sha256": None,
        "request_id": "",
        "last_reply": "",
    },
    # What the called system answered; it may repeat anything.
    webhook_delivery: {"last_reply": ""},
    support_case: {
        "subject": "",
        "description": "",
        "owner": "",
        "external_ref": "",
        "deployment": "",
        "product_line": "",
        "component": "",
        "implementation_stage": "",
        "business_impact": "",
        "held_by": "",
        "held_why": "",
    },
    episode: {"question": ""},
    escalation: {
        "details": "",
        "requester": "",
        "requester_name": "",
        "owner": "",
        "importance": "",
        "urgency": "",
        "answer": "",
    },
    # The ID itself becomes its tombstone (`cases.tombstone`).
    reference: {"id": None, "recipient": ""},
    # The shell of a contact: nobody, without an address; its row is what other rows point to.
    contact: {"email": "", "name": "", "language": "en", "timezone": "", "pin_hash": ""},
    account: {"name": "", "plan": ""},
}

_WORD = "one word of a closed list"
_NUMBER = "the number of a case stays for good"
_OWN_PEOPLE = "of our own side's people, who use the console"
_TRAIL = "ids, closed words and network addresses of who acted: what was done stays provable (PR-04)"
_TECHNICAL = "technical: who works on it, by host and process"
_MAILBOX = "about a mailbox in our own settings: its name, its state, what its server said"

# These columns stay as they are, and why they may.
KEPT: Mapping[str, str] = {
    "api_grant.kind": _WORD,
    "api_grant.ref": "the number of a case, or the id of what a key was granted",
    "api_key.key_sha256": "of our own systems",
    "api_key.name": "of our own systems",
    "api_key.prefix": "of our own systems",
    "api_key.role": _WORD,
    "case_target.target": _WORD,
    "console_failure.who": "a digest, deleted after a quarter of an hour",
    "console_link.token_sha256": _OWN_PEOPLE,
    "console_session.agent": _OWN_PEOPLE,
    "console_session.peer": _OWN_PEOPLE,
    "console_session.token_sha256": _OWN_PEOPLE,
    "console_user.email": _OWN_PEOPLE,
    "console_user.email_key": _OWN_PEOPLE,
    "console_user.name": _OWN_PEOPLE,
    "console_user.password_hash": _OWN_PEOPLE,
    "console_user.role": _WORD,
    "clock_guard.doubt": _WORD,
    "clock_guard.name": _WORD,
    "clock_guard.why": "times of the machine's clock",
    "contact.access": _WORD,
    "counter.name": _WORD,
    "episode.end_why": _WORD,
    "episode.held": _WORD,
    "episode.status": _WORD,
    "escalation.reason": _WORD,
    "escalation.state": _WORD,
    "escalation.warnings": "words of a closed list",
    **{f"audit.{name}": _TRAIL for name in ("actor", "source", "act", "object", "facts", "hash")},
    **{
        f"audit_head.{name}": "a hash of ids and words, and its signature"
        for name in ("name", "hash", "key_id", "signature")
    },
    "event.case_number": _NUMBER,
    "event.data": "ids and words of closed lists, never bodies or addresses (CONTRACT 4)",
    "event.type": _WORD,
    "event_sequence.case_number": _NUMBER,
    "instance.name": _WORD,
    "instance.value": "of this installation itself",
    "mail.case_number": _NUMBER,
    "mail.content_key": "a digest, by which a copy that comes later is still known as a duplicate (CONTRACT 5)",
    "mail.disposition": _WORD,
    "mail.flags": "words of a closed list",
    "mail.kind": _WORD,
    "mail.lease_owner": _TECHNICAL,
    "mail.reason": _WORD,
    "mail.sender_authentication": _WORD,
    "mail.source": _WORD,
    "mail.state": _WORD,
    **dict.fromkeys(
        (f"mailbox.{name}" for name in ("account", "error", "folder", "lease_owner", "name", "tried_with")), _MAILBOX
    ),
    "mailbox.refresh_token": _MAILBOX,
    "mailbox.refresh_token_of": _MAILBOX,
    **dict.fromkeys((f"mailbox_mail.{name}" for name in ("account", "error", "folder", "state")), _MAILBOX),
    **dict.fromkeys(
        (f"webhook.{name}" for name in ("url", "types", "state", "why", "secret", "old_secret")), "of other systems"
    ),
    "webhook_delivery.case_number": _NUMBER,
    "webhook_delivery.lease_owner": _TECHNICAL,
    "webhook_delivery.message_id": "of the call, drawn at random",
    "webhook_delivery.state": _WORD,
    "webhook_delivery.type": _WORD,
    "outbox.case_number": _NUMBER,
    "outbox.lease_owner": _TECHNICAL,
    "outbox.notice": _WORD,
    "outbox.state": _WORD,
    "outbox.verp_key": "a keyed hash of ours, by which a late bounce is still known to be one of ours",
    "queue_item.case_number": _NUMBER,
    "queue_item.reason": _WORD,
    "queue_item.resolution": _WORD,
    "queue_item.state": _WORD,
    "reference.case_number": _NUMBER,
    "reference.feed": _WORD,
    "reference.state": _WORD,
    "support_case.number": _NUMBER,
    "support_case.previous": _NUMBER,
    "support_case.priority": _WORD,
    "support_case.profile": "the name of a policy profile in the settings",
    "support_case.status": _WORD,
    "support_case.substatus": _WORD,
    "support_case.type": _WORD,
}

# Columns that name a row of `blob`; its bytes go with the last of them.
BLOB_USERS = ("attachment.sha256", "mail.raw_sha256", "outbox.rendered_sha256")
