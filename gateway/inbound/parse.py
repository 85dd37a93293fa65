"""Raw bytes to the parsed form of a mail.  The only importer of mail-parser.  Never raises, for any bytes.

Three stages, each the fallback of the one before: mail-parser, the standard library's lenient `compat32` tree, the
raw text.  The first two only find the MIME structure (and mail-parser reads the From line strictly); headers, charsets,
transfer encodings and the walk are ours, because mail-parser puts the text of attached mails into the body, leaves
ISO-2022-JP undecoded and raises on some malformed mails.  The walk (`parts.py`) never enters `message/*`.

Limits (the raw mail is kept whole; what lies beyond them is not read and leaves a defect): 1,000 parts, depth 20,
100 declared boundaries, 256 KB of headers, 1,000 headers, 200 addresses, 100 message ids, 1 MB of text an alternative.
Source: RFC 2045-2049, RFC 7103 (malformed mail).
"""

import email
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from hashlib import sha256
from itertools import islice
from typing import TypedDict

import mailparser

from gateway.cleaning import clamp_date, clean_filename, clean_header, clean_text
from gateway.inbound import body, charset, headers, parts, reply, sender
from gateway.inbound.body import Leaf
from gateway.inbound.headers import Head
from gateway.inbound.parts import AttachedMail, Parts
from gateway.model import Attachment, Envelope, InboundMail, ReadingRules, Sender

ADDRESSES_LIMIT = 200
MESSAGE_IDS_LIMIT = 100
MESSAGE_ID_CHARACTERS = 998
HINT_CHARACTERS = 100_000
BOUNDARIES_LIMIT = 100
# Beyond this mail-parser costs more than it tells: it copies every attachment twice and flattens attached mails.
MAIL_PARSER_BYTES = 4_194_304
MAIL_PARSER_ATTACHED_MAILS = 20

_BOUNDARY = re.compile(rb"boundary(?:\*0?\*?)?[ \t]*=[ \t]*(?:\"([^\"\r\n]{0,200})|([^\s;\"]{1,200}))", re.IGNORECASE)
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,996}>")
_EXTENSIONS = {"message/rfc822": ".eml", "text/calendar": ".ics", "text/rfc822-headers": ".txt", "text/plain": ".txt"}
_HINT_FIELDS = ("in-reply-to", "references", "to", "cc")
# Where readers differ on what is header and what is body, our reading is shown and the mail stands beside it whole.
_DOUBTFUL = frozenset((headers.LEADING_BLANK, headers.LEADING_SPACE, headers.BROKEN_LINE, headers.SPACE_BEFORE_COLON))
AS_IT_CAME = "mail-as-it-came.eml"
TOO_MANY_PARTS = "mime:too-many-parts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A parsed mail, and what only the next steps of reading need of it."""

    mail: InboundMail
    head: Head
    parts: Parts


class _HeadValues(TypedDict):
    """The values of an InboundMail that stand in its header."""

    subject: str
    to: tuple[str, ...]
    message_id: str
    message_ids: tuple[str, ...]
    sent_at: datetime | None


def parse(raw: bytes, envelope: Envelope, rules: ReadingRules) -> Parsed:
    """Parse a mail.  Never raises; `mail.fallback_only` says that only the raw text could be shown."""
    head = headers.scan(raw)
    plain = sender.plain_from(head)
    structured, cut = _within_budget(_structured(raw, head, with_from=plain is None), head)
    message, strict, defects = _tree(structured)
    who = sender.identify(head, plain or strict)
    who = replace(who, authentication=sender.verdict(head, envelope, rules, who.address))
    defects = [*head.defects, *cut, *defects, *sender.defects(who, rules)]
    if message is None or (not head.fields and raw.strip()):
        return _raw_text_only(raw, head, who, defects)
    found = parts.walk(message)
    mail = _assemble(head, who, found, defects)
    if not _DOUBTFUL.isdisjoint(head.defects):
        mail = replace(mail, attachments=(*mail.attachments, _attachment(AS_IT_CAME, "message/rfc822", raw)))
    return Parsed(mail=mail, head=head, parts=found)


def _structured(raw: bytes, head: Head, *, with_from: bool) -> bytes:
    """Return the mail with only the fields that its structure and mail-parser need, each once.

    mail-parser reads trace fields and signatures at length, and nobody asks it about them.
    with_from: its reading of the From line is asked for.
    """
    lines: list[bytes] = []
    seen: set[str] = set()
    for field in head.fields:
        wanted = with_from and field.name == "from" and len(field.raw) <= sender.FROM_LIMIT
        if field.name not in seen and (wanted or field.name.startswith("content-")):
            seen.add(field.name)
            value = field.value.encode() if field.name == "from" else field.raw.strip(b"\r\n\t \x00")
            lines.append(field.name.encode("ascii") + b": " + value + b"\r\n")
    return b"".join([*lines, b"\r\n", raw[head.body_at :]])


def _within_budget(raw: bytes, head: Head) -> tuple[bytes, list[str]]:
    """Cut a mail where its structure outgrows the limits, so that no parser spends time on what is not read."""
    if not head.first("content-type").lower().startswith(("multipart/", "message/")):
        return raw, []
    boundaries = _boundaries(raw)
    if len(boundaries) > BOUNDARIES_LIMIT:
        return raw[: boundaries[BOUNDARIES_LIMIT].start()], [TOO_MANY_PARTS]
    values = {(match[1] or match[2] or b"").rstrip() for match in boundaries}
    if not values or raw.count(b"\n--") <= parts.PARTS_LIMIT:
        return raw, []
    delimiters = re.compile(rb"\n--(?:%s)" % b"|".join(map(re.escape, values)))
    for count, match in enumerate(delimiters.finditer(raw)):
        if count > parts.PARTS_LIMIT:
            return raw[: match.start()], [TOO_MANY_PARTS]
    return raw, []


def _boundaries(raw: bytes) -> list[re.Match[bytes]]:
    return list(islice(_BOUNDARY.finditer(raw), BOUNDARIES_LIMIT + 1))


def _tree(raw: bytes) -> tuple[Message | None, sender.StrictFrom | None, list[str]]:
    """Return the MIME tree, mail-parser's view of From where it could read the mail, and defects."""
    ordinary = len(raw) <= MAIL_PARSER_BYTES and raw.count(b"message/rfc822") <= MAIL_PARSER_ATTACHED_MAILS
    if ordinary:
        try:
            read = mailparser.parse_from_bytes(raw)  # type: ignore[no-untyped-call]
            odd = any(defect["header"] == "from" for defect in read.address_header_defects)
            strict = sender.StrictFrom(addresses=tuple(str(address) for _, address in read.from_), clean=not odd)
            return read.message, strict, []
        except Exception:  # noqa: S110 - hostile input makes it raise anything; the next stage reads the mail
            pass
    try:
        return email.message_from_bytes(raw), None, ["mime:malformed"] if ordinary else []
    except Exception:
        # The standard library recurses once a nesting level and reads section numbers of any length with int().
        return None, None, ["mime:unreadable"]


def _assemble(head: Head, who: Sender, found: Parts, defects: list[str]) -> InboundMail:
    read = body.read(found.leaves)
    visible = reply.split(read.marked)
    return InboundMail(
        **_from_head(head),
        sender=who,
        text=read.text,
        text_without_signature=visible.text_without_signature,
        reply=visible.reply,
        reply_without_signature=visible.reply_without_signature,
        html=read.html,
        searched=read.searched,
        elsewhere=tuple(_elsewhere(head, read.files, found.attached)),
        attachments=(*map(_file, read.files), *map(_attached_mail, found.attached)),
        defects=tuple(dict.fromkeys([*defects, *found.defects, *read.defects])),
        encrypted=read.encrypted,
    )


def _raw_text_only(raw: bytes, head: Head, who: Sender, defects: list[str]) -> Parsed:
    """Make the bytes readable as they stand; nobody's ID in them links by itself."""
    text = clean_text(charset.decode(raw[: body.TEXT_LIMIT])[0], limit=body.TEXT_LIMIT)
    mail = InboundMail(
        **_from_head(head),
        sender=who,
        text=text,
        text_without_signature=text,
        reply=text,
        reply_without_signature=text,
        searched=(text,),
        elsewhere=tuple(_elsewhere(head, (), ())),
        defects=tuple(dict.fromkeys([*defects, "mime:raw-text-only"])),
        fallback_only=True,
    )
    return Parsed(mail=mail, head=head, parts=Parts())


def _from_head(head: Head) -> _HeadValues:
    answered = _MESSAGE_ID.findall(head.first("in-reply-to"))
    thread = _MESSAGE_ID.findall(head.first("references"))
    ids = list(dict.fromkeys([*answered, *thread[-MESSAGE_IDS_LIMIT:]]))[:MESSAGE_IDS_LIMIT]
    return _HeadValues(
        subject=headers.decode_words(head.first("subject")),
        to=sender.recipients(head, limit=ADDRESSES_LIMIT),
        message_id=_message_id(head.first("message-id")),
        message_ids=tuple(clean_header(found) for found in ids),
        sent_at=_date(head.first("date")),
    )


def _message_id(value: str) -> str:
    match = _MESSAGE_ID.search(value)
    return clean_header(match[0] if match else value, limit=MESSAGE_ID_CHARACTERS)


def _date(value: str) -> datetime | None:
    try:
        return clamp_date(parsedate_to_datetime(value[:100])) if value else None
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _elsewhere(head: Head, files: Iterable[Leaf], attached: Iterable[AttachedMail]) -> Iterable[tuple[str, str]]:
    """Yield the places that only give hints, each with its text."""
    yield "subject", headers.decode_words(head.first("subject"))
    for name in _HINT_FIELDS:
        if value := head.first(name):
            yield name, clean_header(value, limit=HINT_CHARACTERS)
    for leaf in files:
        if leaf.content_type.startswith("text/"):
            yield "attachment", body.decode(leaf)[0][:HINT_CHARACTERS]
    for mail in attached:
        text = f"{headers.decode_words(mail.head.first('subject'))}\n{mail.text}"
        yield "attached-mail", clean_text(text, limit=HINT_CHARACTERS)


def _file(leaf: Leaf) -> Attachment:
    return _attachment(leaf.name, leaf.content_type, leaf.data)


def _attached_mail(mail: AttachedMail) -> Attachment:
    return _attachment(mail.name, mail.content_type, mail.content)


def _attachment(name: str, content_type: str, data: bytes) -> Attachment:
    kind = clean_header(content_type, limit=100)
    return Attachment(
        name=clean_filename(name) if name else "attachment" + _EXTENSIONS.get(kind, ""),
        content_type=kind,
        size_bytes=len(data),
        sha256=sha256(data).hexdigest(),
        content=data,
    )
