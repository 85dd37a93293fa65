"""Examples of answers for the OpenAPI document, one a shape; invented people, and never a Reference ID or a key."""

from typing import Any

_AT = "2026-03-10T09:00:00Z"
_LATER = "2026-03-12T09:00:00Z"
_CONTACT = {"email": "dana@example.com", "name": "Dana Reed"}
_HINT = {"case": "0003256109", "score": 60, "evidence": ["The subject names the case number."]}
_ATTACHMENT = {"name": "export.log", "content_type": "text/plain", "size": 2048, "sha256": "ab" * 32}
_STEP = {"step": 1, "due_at": _LATER, "sent_at": None, "skipped": False}
_FOLLOW_UP = {"episode": 1, "started_at": _AT, "paused": False, "steps": [_STEP], "held": None}
_TRACE = {"step": "link", "result": "no case", "reason": "no-reference"}
_ESCALATION: dict[str, Any] = {
    "id": "7",
    "case": "0003256109",
    "state": "requested",
    "reason": "no-progress",
    "details": "Nothing has moved for a week.",
    "requester": "dana@example.com",
    "owner": "olivia@example.org",
    "warnings": [],
    "importance": None,
    "urgency": None,
    "text": None,
    "unread": 0,
    "requested_at": _AT,
    "reviewed_at": None,
    "closed_at": None,
}
_CASE = {
    "number": "0003256109",
    "subject": "Nightly export stops",
    "description": "Since Monday the export stops at 3 percent.",
    "status": "awaiting-info",
    "substatus": "information-required-from-customer",
    "priority": "medium",
    "type": "support",
    "profile": "on-premises",
    "contact": _CONTACT,
    "account": "Reed Foods",
    "owner": "tess@example.org",
    "external_ref": None,
    "previous": None,
    "opened_at": _AT,
    "modified_at": _AT,
    "closed_at": None,
    "follow_up": _FOLLOW_UP,
    "escalation": None,
    "version": 3,
    "hints": None,
}
_MAIL = {
    "id": "12",
    "received_at": _AT,
    "source": "smtp",
    "from": "dana@example.com",
    "to": ["care@example.org"],
    "subject": "The export",
    "kind": "person",
    "disposition": "queued",
    "reason": "no-reference",
    "flags": [],
    "case": None,
    "size": 1830,
    "sha256": "cd" * 32,
    "duplicate_of": None,
}
_ITEM = {
    "id": "5",
    "mail_id": "12",
    "reason": "no-reference",
    "recipient": "care@example.org",
    "from": "dana@example.com",
    "subject": "The export",
    "hints": [_HINT],
    "state": "open",
    "resolution": None,
    "case": None,
    "claimed_by": None,
    "created_at": _AT,
    "age_seconds": 420,
    "resolved_at": None,
    "resolved_by": None,
    "why": None,
    "version": "open--",
}
SAMPLES: dict[str, Any] = {
    "ContactBrief": _CONTACT,
    "Hint": _HINT,
    "Attachment": _ATTACHMENT,
    "Step": _STEP,
    "FollowUp": _FOLLOW_UP,
    "Trace": _TRACE,
    "Escalation": _ESCALATION,
    "Case": _CASE,
    "Mail": _MAIL,
    "MailDetail": {
        **_MAIL,
        "kind_reason": "nothing-speaks-against-it",
        "text": "The export stopped again.",
        "attachments": [_ATTACHMENT],
        "defects": [],
        "trace": [_TRACE],
        "last_error": "",
    },
    "QueueItem": _ITEM,
    "QueueResult": {"item": _ITEM, "effects": ["The mail becomes an update of case 0003256109."]},
    "Update": {
        "id": "31",
        "at": _AT,
        "feed": "case",
        "channel": "portal",
        "author": "dana@example.com",
        "visibility": "public",
        "text": "It is version 4.2.",
        "html_safe": None,
        "attachments": [],
        "mail_id": None,
        "flags": [],
    },
    "Contact": {
        **_CONTACT,
        "account": "Reed Foods",
        "access": "read-write",
        "alternates": ["dana@reed.example.com"],
        "language": "en",
        "timezone": "Europe/Berlin",
        "has_pin": True,
        "acts_for": [],
    },
    "Outbox": {
        "id": "44",
        "notice": "info-requested",
        "case": "0003256109",
        "to": "dana@example.com",
        "state": "done",
        "attempts": 1,
        "run_at": _AT,
        "last_reply": "250 2.0.0 queued",
        "message_id": "<44.ab12@example.org>",
        "uncertain": False,
        "created_at": _AT,
        "sent_at": _AT,
        "bounced_at": None,
    },
    "Ledger": {
        "accepted": 120,
        "linked": 90,
        "queued": 14,
        "automatic": 9,
        "bounce": 4,
        "duplicate": 3,
        "quarantined": 0,
        "in_progress": 0,
        "balanced": True,
    },
}


def of(shape: str) -> Any:
    """Return the example of a shape.  Raises KeyError: a new shape needs one."""
    return SAMPLES[shape]
