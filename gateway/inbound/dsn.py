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
from gateway.model import BounceRecipient, BounceReport, InboundMail

RECIPIENTS_LIMIT = 100
TEXT_LINES_LIMIT = 400

_FIELD = re.compile(r"([!-9;-~]{1,60})[ \t]*:[ \t]*(.*)")
_ADDRESS_TYPE = re.compile(r"\s*[a-z0-9-]{1,20}\s*;\s*", re.IGNORECASE)
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_ADDRESS = re.compile(r"<?([^\s<>\"'(),;:\[\]]{1,64}@[^\s<>\"'(),;:\[\]]{1,253})>?")
_MESSAGE_ID = re.compile(r"^message-id[ \t]*:\s*(<[^<>\s]{1,996}>)", re.IGNORECASE | re.MULTILINE)
# Where servers that write no machine-readable part begin the copy of the mail that came back.
_COPY_BEGINS = re.compile(
    r"\s*(?:[-_=*]{2,}.{0,30})?(?:original message|copy of (?:the|your) message|below this line is a copy"
    r"|returned (?:message|mail)|message header|unsent message|message follows|headers? (?:of|follow)"
    r"|undelivered message|message contents|beginning of the original|included is a copy|the first \d+ lines)",
    re.IGNORECASE,
)
# A line that holds nothing but an address, with a label or a mark around it.
_ALONE = re.compile(
    r"[\s>*\"'-]{0,8}"
    r"(?:(?:(?:failed |intended )?recipient(?: address)?|to|address|user|mailbox|e-?mail|rcpt to)\s*[:=]\s*)?"
    r"[<\"']?[^\s<>\"'(),;:\[\]]{1,64}@[A-Za-z0-9.-]{1,253}[>\"']?\s*[:;.]?\s*$",
    re.IGNORECASE,
)
_OTHER_FIELD = re.compile(
    r"[\s>]{0,8}(?:from|sender|reply-to|message-id|received|return-path|errors-to|cc|date|subject|by|x-\S+)\s*:",
    re.IGNORECASE,
)
# Whom such a text asks to write to.
_CONTACTS = frozenset(("postmaster", "abuse", "mailer-daemon", "support", "helpdesk", "hostmaster"))
_FAILURE_WORDS = re.compile(
    r"unknown|unrouteable|no such|not exist|undeliver|rejected|refused|failed|failure|invalid|full|quota|disabled|"
    r"not found|unavailable|could not|permanent|5\d\d|denied|inactive|expired|timed? ?out",
    re.IGNORECASE,
)


def read(parts: Parts, mail: InboundMail) -> BounceReport:
    """Read a bounce.  The readable body is used only when no report part names a recipient."""
    recipients = [found for _, report in parts.reports for found in _groups(report)]
    text = mail.text
    if not recipients:
        others = frozenset(address.lower() for address in (*mail.to, mail.sender.address))
        recipients = _from_words(text, others)
    return BounceReport(
        recipients=tuple(_unique(recipients))[:RECIPIENTS_LIMIT],
        original_message_id=_original_message_id(parts, text),
    )


def _groups(report: str) -> Iterable[BounceRecipient]:
    """Yield the per-recipient groups of a delivery status.  Source: RFC 3464 2.3, RFC 6533 (global).

    The original recipient, where the report names it, is the address that we wrote; the final one may be an alias.
    """
    for block in report.split("\n\n"):
        fields = _fields(block)
        final, original = fields.get("final-recipient", ""), fields.get("original-recipient", "")
        if final or original:
            diagnostic = fields.get("diagnostic-code", "")
            status = _STATUS.search(fields.get("status", "")) or _STATUS.search(diagnostic)
            yield BounceRecipient(
                address=_address(original) or _address(final),
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


def _from_words(text: str, not_failed: frozenset[str]) -> list[BounceRecipient]:
    """Find failed addresses in the words above the copy of the mail that came back.

    An address counts that stands alone on its line, or on or next to a line that speaks of failure.
    not_failed: addresses that such a text names for other reasons (sender and receiver of the bounce).
    """
    found: list[BounceRecipient] = []
    lines = [line[:600] for line in text.split("\n")[:TEXT_LINES_LIMIT]]
    for number, line in enumerate(lines):
        if _COPY_BEGINS.match(line) and (found or line.lstrip()[:2] in ("--", "==", "__", "**")):
            break
        if "@" not in line or _OTHER_FIELD.match(line):
            continue
        near = " ".join(lines[max(0, number - 2) : number + 4])
        spoken = _ALONE.match(line) or _FAILURE_WORDS.search(near)
        for match in _ADDRESS.finditer(line) if spoken else ():
            address = _address(match[1].rstrip("."))
            local_part, _, domain = address.lower().rpartition("@")
            if address.lower() not in not_failed and local_part not in _CONTACTS and "." in domain:
                status = _STATUS.search(near)
                diagnostic = clean_header(" ".join(lines[number : number + 3]), limit=500)
                found.append(
                    BounceRecipient(
                        address=address, action="failed", status=status[1] if status else "", diagnostic=diagnostic
                    )
                )
                break
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
