"""Delivery reports: who was not reached, why, and which mail of ours came back.

Asked in order, the first that names anybody decides: RFC 3464 groups (also of a report inside an attached mail, and
copied into the text), a sending service's notice, X-Failed-Recipients, the words (`dsn_words.py`), flufl.bounce, and
at last the only addressee of the mail that came back.  What is read here is a claim of the sender, nothing more:
whether it matches a mail that we sent is decided by the VERP address and the Message-ID (RFC 3464 4.1).
"""

import email
import re
from collections.abc import Iterable
from contextlib import suppress

from gateway.cleaning import clean_header
from gateway.inbound import dsn_words, headers, notices, parts, second_opinion, sender
from gateway.inbound.body import Leaf
from gateway.inbound.headers import Head
from gateway.inbound.parts import Parts
from gateway.model import BounceRecipient, BounceReport, InboundMail

RECIPIENTS_LIMIT = 100
INNER_REPORTS_LIMIT = 3
INNER_REPORT_BYTES = 262_144
GROUPS_CHARACTERS = 200_000

_FIELD = re.compile(r"([!-9;-~]{1,60})[ \t]*:[ \t]*(.*)")
_ADDRESS_TYPE = re.compile(r"\s*[a-z0-9-]{1,20}\s*;\s*", re.IGNORECASE)
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_ADDRESS = re.compile(r"<?([^\s<>\"'(),;:\[\]]{1,64}@[^\s<>\"'(),;:\[\]]{1,253})>?")
_MESSAGE_ID = re.compile(r"^message-id[ \t]*:\s*(<[^<>\s]{1,996}>)", re.IGNORECASE | re.MULTILINE)
_ADDRESSED = re.compile(r"^to[ \t]*:[ \t]*(\S[^\n]{0,998})", re.IGNORECASE | re.MULTILINE)
_GROUP_BEGINS = re.compile(r"^[ \t]*(?:final|original)-recipient[ \t]*:", re.IGNORECASE | re.MULTILINE)

_HEADER_COPIES = frozenset(("text/rfc822-headers", "text/rfc822-header", "message/global-headers"))


def read(raw: bytes, head: Head, found: Parts, mail: InboundMail) -> BounceReport:
    """Read a bounce.  raw: the whole mail, for the second opinion only."""
    told, noticed_id = notices.read(mail.text) if '"' in mail.text else ((), "")
    inner = [] if found.reports else list(_inner_reports(found))
    recipients = (
        _reported(found)
        or [recipient for report in inner for recipient in _reported(report)]
        or list(told)
        or list(_groups(_copied_groups(mail.text)))
        or _by_header(head, mail)
        or _by_words(mail)
        or _by_second_opinion(raw, mail)
        or _only_addressee(found, mail)
    )
    return BounceReport(
        recipients=tuple(_unique(recipients))[:RECIPIENTS_LIMIT],
        original_message_id=noticed_id or _original_message_id([found, *inner], mail.text),
    )


def _reported(found: Parts) -> list[BounceRecipient]:
    return [recipient for _, report in found.reports for recipient in _groups(report)]


def _inner_reports(found: Parts) -> Iterable[Parts]:
    """Yield the parts of delivery reports that a gateway passed on as attached mails."""
    for attached in found.attached[:INNER_REPORTS_LIMIT]:
        if "report" in attached.head.first("content-type").lower() and len(attached.content) <= INNER_REPORT_BYTES:
            with suppress(Exception):  # the standard library recurses once a nesting level: then it says nothing
                yield parts.walk(email.message_from_bytes(attached.content))


def _copied_groups(text: str) -> str:
    """Return the report fields that a server wrote into the text, quote marks taken off."""
    match = _GROUP_BEGINS.search(text[:GROUPS_CHARACTERS])
    return text[match.start() : GROUPS_CHARACTERS] if match else ""


def _by_header(head: Head, mail: InboundMail) -> list[BounceRecipient]:
    """Read X-Failed-Recipients (Exim, Gmail); what the words say of the same address is kept with it."""
    value = ",".join(head.all("x-failed-recipients"))[:GROUPS_CHARACTERS]
    words = {recipient.address.lower(): recipient for recipient in _by_words(mail)} if value else {}
    named = [_address(match[1]) for match in _ADDRESS.finditer(value)]
    told = next(iter(words.values()), None)
    status, diagnostic = (told.status, told.diagnostic) if told and len(named) == 1 else ("", "")
    action = "delayed" if dsn_words.is_delay(mail.subject, mail.text[:4_000].lower().split("\n")) else "failed"
    return [
        words.get(address.lower())
        or BounceRecipient(address=address, action=action, status=status, diagnostic=diagnostic)
        for address in named
    ]


def _by_words(mail: InboundMail) -> list[BounceRecipient]:
    own = frozenset(address.lower() for address in (*mail.to, mail.sender.address))
    return dsn_words.recipients(mail.text, mail.subject, mail.sender.address.rpartition("@")[2], own)


def _by_second_opinion(raw: bytes, mail: InboundMail) -> list[BounceRecipient]:
    status = dsn_words.status_in(mail.text[:4_000])
    return [
        BounceRecipient(address=_address(address), action="failed" if final else "delayed", status=status)
        for address, final in second_opinion.failed_addresses(raw)
    ]


def _only_addressee(found: Parts, mail: InboundMail) -> list[BounceRecipient]:
    """Return whom the mail that came back was written to, when that is one address: nobody else can have failed."""
    copies = [attached.head for attached in found.attached]
    copies += [headers.scan(leaf.data[: headers.BLOCK_LIMIT_BYTES]) for leaf in _returned_headers(found)]
    written = [sender.recipients(copy, limit=2) for copy in copies[:1]]
    if not written and (match := _ADDRESSED.search(mail.text)):
        written = [tuple(_address(address[1]) for address in _ADDRESS.finditer(match[1]))]
    action = "delayed" if dsn_words.is_delay(mail.subject, mail.text[:4_000].lower().split("\n")) else "failed"
    status = dsn_words.status_in(mail.text[:4_000])
    return [
        BounceRecipient(address=only[0], action=action, status=status)
        for only in written
        if len(only) == 1 and "@" in only[0]
    ]


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


def _unique(recipients: Iterable[BounceRecipient]) -> Iterable[BounceRecipient]:
    seen: set[str] = set()
    for recipient in recipients:
        key = recipient.address.lower()
        if key and key not in seen:
            seen.add(key)
            yield recipient


def _original_message_id(reports: Iterable[Parts], text: str) -> str:
    """Return the Message-ID of the mail that came back: of the returned mail, its headers, or the quoted copy.

    Of a report inside an attached mail, the mail that the inner one returns.
    """
    for found in reversed(list(reports)):
        for mail in found.attached:
            if message_id := mail.head.first("message-id"):
                return clean_header(message_id)
        for leaf in _returned_headers(found):
            return clean_header(headers.scan(leaf.data[: headers.BLOCK_LIMIT_BYTES]).first("message-id"))
    match = _MESSAGE_ID.search(text)
    return clean_header(match[1]) if match else ""


def _returned_headers(found: Parts) -> list[Leaf]:
    return [leaf for leaf in found.leaves if leaf.content_type in _HEADER_COPIES]
