"""Delivery reports: who was not reached, why, and which mail of ours came back.

RFC 3464 groups come first; where a mail server reports in words only, a short list of patterns finds the failed
addresses in the text.  What is read here is a claim of the sender, nothing more: whether it matches a mail that we
sent is decided by the VERP address and the Message-ID (RFC 3464 4.1).
"""

import re
from collections.abc import Iterable

from gateway.cleaning import clean_header
from gateway.inbound import headers
from gateway.inbound.parts import Parts
from gateway.model import BounceRecipient, BounceReport

RECIPIENTS_LIMIT = 100
TEXT_LINES_LIMIT = 400

_FIELD = re.compile(r"([!-9;-~]{1,60})[ \t]*:[ \t]*(.*)")
_ADDRESS_TYPE = re.compile(r"\s*[a-z0-9-]{1,20}\s*;\s*", re.IGNORECASE)
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_ADDRESS = re.compile(r"<?([^\s<>\"'(),;:\[\]]{1,64}@[^\s<>\"'(),;:\[\]]{1,253})>?")
_MESSAGE_ID = re.compile(r"^message-id[ \t]*:\s*(<[^<>\s]{1,996}>)", re.IGNORECASE | re.MULTILINE)
# Where servers that write no machine-readable part begin the copy of the mail that came back.
_COPY_BEGINS = re.compile(
    r"\s*(?:[-_=*]{2,}.{0,20})?(?:original message|copy of (?:the|your) message|below this line is a copy"
    r"|returned message|message header|unsent message|message follows|headers? (?:of|follow)|undelivered message"
    r"|your message|message contents|beginning of the original|included is a copy)",
    re.IGNORECASE,
)
# A line of words that names a failed address: "<a@b>: host said", "a@b", "To: a@b", "RCPT TO:<a@b>".
_FAILED_LINE = re.compile(
    r"[\s>*-]{0,8}(?:(?:(?:failed )?recipient(?: address)?|to|address|user|mailbox|e-?mail|rcpt to)\s*[:=]\s*)?"
    r"<?([^\s<>\"'(),;:\[\]]{1,64}@[A-Za-z0-9.-]{1,253}[A-Za-z0-9])>?\s*(?:[:;,(.-].{0,400})?$",
    re.IGNORECASE,
)
_FAILURE_WORDS = re.compile(
    r"unknown|unrouteable|no such|not exist|undeliver|rejected|refused|failed|failure|invalid|full|quota|disabled|"
    r"not found|unavailable|could not|permanent|5\d\d|denied|inactive|expired|timed? ?out",
    re.IGNORECASE,
)
_ADDRESS_IN_LINE = re.compile(r"<([^\s<>@]{1,64}@[^\s<>@]{1,253})>")


def read(parts: Parts, text: str) -> BounceReport:
    """Read a bounce.  text: its readable body, used only when no report part names a recipient."""
    recipients = [found for _, report in parts.reports for found in _groups(report)]
    return BounceReport(
        recipients=tuple(_unique(recipients or _from_words(text)))[:RECIPIENTS_LIMIT],
        original_message_id=_original_message_id(parts, text),
    )


def _groups(report: str) -> Iterable[BounceRecipient]:
    """Yield the per-recipient groups of a delivery status.  Source: RFC 3464 2.3, RFC 6533 (global)."""
    for block in report.split("\n\n"):
        fields = _fields(block)
        final, original = fields.get("final-recipient", ""), fields.get("original-recipient", "")
        if final or original:
            diagnostic = fields.get("diagnostic-code", "")
            status = _STATUS.search(fields.get("status", "")) or _STATUS.search(diagnostic)
            yield BounceRecipient(
                address=_address(final) or _address(original),
                action=clean_header(fields.get("action", "").partition(" ")[0].lower(), limit=20),
                status=status[1] if status else "",
                diagnostic=clean_header(_ADDRESS_TYPE.sub("", diagnostic, count=1), limit=500),
                original_address=_address(original),
            )


def _fields(block: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in block.split("\n"):
        match = _FIELD.match(line)
        if line[:1] in (" ", "\t") and name:
            fields[name] += " " + line.strip()
        elif match:
            name = match[1].lower()
            fields.setdefault(name, match[2].strip())
    return fields


def _address(value: str) -> str:
    """Return the address of a typed recipient field (`rfc822;a@b`, `rfc822;<a@b>`), domain in lower case."""
    value = _ADDRESS_TYPE.sub("", value, count=1)
    match = _ADDRESS.search(value)
    local, at, domain = (match[1] if match else clean_header(value, limit=320)).rpartition("@")
    return clean_header(f"{local}{at}{domain.lower().rstrip('.')}", limit=320)


def _from_words(text: str) -> list[BounceRecipient]:
    """Find failed addresses in the words above the copy of the mail that came back."""
    found: list[BounceRecipient] = []
    lines = text.split("\n")[:TEXT_LINES_LIMIT]
    for number, line in enumerate(lines):
        if found and (_COPY_BEGINS.match(line[:200]) or line.lower().startswith(("received:", "return-path:"))):
            break
        match = _FAILED_LINE.match(line[:600]) if "@" in line else None
        address = match[1] if match else ""
        if not address and _FAILURE_WORDS.search(line[:600]):
            inside = _ADDRESS_IN_LINE.search(line[:600])
            address = inside[1] if inside else ""
        if address:
            status = next((m[1] for near in lines[number : number + 4] if (m := _STATUS.search(near[:600]))), "")
            diagnostic = clean_header(" ".join(lines[number : number + 3]), limit=500)
            found.append(
                BounceRecipient(address=_address(address), action="failed", status=status, diagnostic=diagnostic)
            )
    return found


def _unique(recipients: Iterable[BounceRecipient]) -> Iterable[BounceRecipient]:
    seen: set[str] = set()
    for recipient in recipients:
        key = recipient.address.lower()
        if key and key not in seen:
            seen.add(key)
            yield recipient


def _original_message_id(parts: Parts, text: str) -> str:
    """Return the Message-ID of the mail that came back: of the returned mail, its headers, or the quoted copy."""
    for mail in parts.attached:
        if found := mail.head.first("message-id"):
            return clean_header(found)
    for leaf in parts.leaves:
        if leaf.content_type == "text/rfc822-headers":
            return clean_header(headers.scan(leaf.data[: headers.BLOCK_LIMIT_BYTES]).first("message-id"))
    match = _MESSAGE_ID.search(text)
    return clean_header(match[1]) if match else ""
