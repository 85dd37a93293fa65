"""What a sending service writes for programs when a mail came back: JSON inside a mail (Amazon SES through SNS).

Read is only what names recipients and the mail; a notice that is no JSON, or nests without end, says nothing.
"""

import json
from collections.abc import Iterable
from typing import Any

from gateway.cleaning import clean_header
from gateway.model import BounceRecipient

# Which list of the notice holds whom, and what happened to them.
_LISTS = (
    ("bounce", "bouncedRecipients", "failed"),
    ("deliveryDelay", "delayedRecipients", "delayed"),
    ("delivery", "recipients", "delivered"),
)
RECIPIENTS_LIMIT = 100


def read(text: str) -> tuple[tuple[BounceRecipient, ...], str]:
    """Return the recipients of a notice and the Message-ID of the mail it is about (none, "" when it is no notice)."""
    notice = _object(text)
    inner = notice.get("Message")
    if isinstance(inner, str):
        notice = _object(inner)
    return tuple(_recipients(notice)), _message_id(notice)


def _object(text: str) -> dict[str, Any]:
    start = text.find("{")
    if start < 0:
        return {}
    try:
        found, _ = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _recipients(notice: dict[str, Any]) -> Iterable[BounceRecipient]:
    for name, items, action in _LISTS:
        event = notice.get(name)
        listed = event.get(items) if isinstance(event, dict) else None
        for item in listed[:RECIPIENTS_LIMIT] if isinstance(listed, list) else ():
            fields = item if isinstance(item, dict) else {"emailAddress": item}
            yield BounceRecipient(
                address=clean_header(str(fields.get("emailAddress", "")), limit=320),
                action=action,
                status=clean_header(str(fields.get("status", "")), limit=20),
                diagnostic=clean_header(str(fields.get("diagnosticCode", "")), limit=500),
            )


def _message_id(notice: dict[str, Any]) -> str:
    """Return our own Message-ID; the service's `messageId` is another one, and no mail of ours carries it."""
    mail = notice.get("mail")
    common = mail.get("commonHeaders") if isinstance(mail, dict) else None
    found = common.get("messageId") if isinstance(common, dict) else None
    return clean_header(found, limit=998) if isinstance(found, str) else ""
