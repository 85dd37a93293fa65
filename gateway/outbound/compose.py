"""Write one mail: an outbox entry and a letterhead in, its exact bytes out.

The law: whatever a customer put into a name, a subject or a text, the mail leaves, with exactly the headers of the
table below, each once (OB-01).  The bytes are assembled here, not by `email.message`, so that nothing folds, decodes
or re-reads a value behind our back.  On the wire there are only CRLF line ends, lines of at most 998 octets and ASCII.
Pure: the Jinja environment (`outbound/templates.py`) is handed in, and `now` too.
"""

import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from jinja2 import Environment, TemplateError

from gateway.errors import CannotCompose
from gateway.model import Draft, Letterhead, Notice, OutboxEntry
from gateway.outbound import headers
from gateway.rules import notice_contexts

# What the context of each notice must hold, beside what every notice gets (see `template_values`).
# reopen_how: `phone` or `portal`, the word of the profile's `reopen.by`.  *_at, *_until: RFC 3339 dates or times,
# "" when it does not apply.  text: the agent's words, or those of the reply.  note: why the status was left alone,
# a whole sentence, or "".  privacy_line: PROCESS 7.3, or "".
NOTICE_CONTEXT: Mapping[Notice, tuple[str, ...]] = {
    Notice.CASE_OPENED: ("description",),
    Notice.CASE_MESSAGE: ("text",),
    Notice.INFO_REQUESTED: ("text", "privacy_line"),
    Notice.SOLUTION_PROPOSED: ("text",),
    Notice.CASE_CLOSED: ("text", "reopen_until", "reopen_how", "kept_until"),
    Notice.CASE_CLOSED_NOTICE: ("closed_at", "reopen_until", "reopen_how"),
    Notice.REPLY_RECEIVED: ("author", "text", "note"),
    Notice.NEEDS_A_LOOK: ("author", "text", "note"),
    Notice.UNLINKED_NOTICE: (),
    Notice.FOLLOW_UP_1: ("question", "wanted", "asked_at", "closes_at", "timezone"),
    Notice.FOLLOW_UP_2: ("question", "wanted", "asked_at", "closes_at", "timezone"),
    Notice.FOLLOW_UP_CLOSED: ("question", "wanted", "asked_at", "reopen_until", "reopen_how", "kept_until"),
    Notice.CASE_REOPENED: ("text",),
    Notice.REOPEN_REQUESTED: ("reopen_until", "reopen_how"),
    Notice.CLOSURE_REQUESTED: ("author", "text"),
    Notice.REOPEN_WANTED: ("author", "text"),
    Notice.DELIVERY_FAILED: ("recipient", "held", "reply"),
    Notice.ESCALATION_RECEIVED: ("reason", "details", "warnings"),
    Notice.ESCALATION_ACCEPTED: ("owner", "importance", "urgency", "text"),
    Notice.ESCALATION_DECLINED: ("text",),
    Notice.ESCALATION_UPDATE: ("text",),
    Notice.ESCALATION_CLOSED: ("text",),
    Notice.ESCALATION_ASSIGNED: ("reason", "details", "requester", "warnings", "accepted"),
    Notice.ESCALATION_REPLY: ("author", "text"),
    Notice.INCIDENT_REPORT: (
        *("priority", "started_at", "ended_at", "description"),
        *("timeline", "measures", "actions"),
    ),
    Notice.TARGET_MISSED: ("target", "due_at", "priority", "status"),
    Notice.QUEUE_ALARM: ("items", "oldest_item", "oldest_at", "alarm_hours"),
    Notice.WEBHOOK_DISABLED: ("webhook", "host", "answer"),
    # What other systems ask for is declared, with kinds and lengths, in `rules/notice_contexts.py`.
    **{notice: notice_contexts.names(context) for notice, context in notice_contexts.CONTEXTS.items()},
    Notice.MAILBOX_STALE: ("mailbox", "since", "error", "recovered"),
}
# Notices with a file: its name; the content is rendered from `attachment.html` in the notice's folder, from the same
# values as the mail, and stored with it.
ATTACHMENTS: Mapping[Notice, str] = {Notice.INCIDENT_REPORT: "incident-report-{case_number}.html"}
# An agent's own words are a letter, not an automatic mail: the receiver's out-of-office may answer them.
AGENT_NOTICES = frozenset(
    {
        Notice.CASE_MESSAGE,
        Notice.INFO_REQUESTED,
        Notice.SOLUTION_PROPOSED,
        Notice.ESCALATION_ACCEPTED,
        Notice.ESCALATION_DECLINED,
        Notice.ESCALATION_UPDATE,
        Notice.INCIDENT_REPORT,
    }
)
# These go to somebody else than the case contact (CONTRACT 7), so they never show a Reference ID.
WITHOUT_REFERENCE = frozenset(
    {
        *(Notice.CASE_CLOSED_NOTICE, Notice.REPLY_RECEIVED, Notice.NEEDS_A_LOOK, Notice.UNLINKED_NOTICE),
        *(Notice.CLOSURE_REQUESTED, Notice.REOPEN_WANTED, Notice.DELIVERY_FAILED),
        *(Notice.ESCALATION_ASSIGNED, Notice.ESCALATION_REPLY, Notice.TARGET_MISSED),
        Notice.MAILBOX_STALE,
        *(Notice.CHAT_CONTACT_LEFT, Notice.ADVISORY_DIGEST),
        Notice.QUEUE_ALARM,
        Notice.WEBHOOK_DISABLED,
    }
)

PARTS = ("subject.txt", "body.txt", "body.html")
LINE_OCTETS = 998
REDACTED = "REF-****"
_HIDDEN = "\u00ad\u200b-\u200d\u2060\ufeff"
_REFERENCE = re.compile(rf"REF-(?:(?:[{_HIDDEN}]|\n[>| \t]{{0,8}}){{0,8}}[0-9A-Z]){{20,34}}", re.IGNORECASE)
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8})?")
_FIELD_NAME = re.compile(rb"^([!-9;-~]+):", re.MULTILINE)


def compose(entry: OutboxEntry, letterhead: Letterhead, env: Environment, *, now: datetime) -> bytes:
    """Return the mail of an outbox entry as it goes to the relay, dot-stuffing aside.

    The same entry and the same `now` give the same bytes; `now` becomes the Date header, so it is fixed at the first
    render.  Raises CannotCompose for a missing value or a broken template, never for what a value holds.
    Source: CONTRACT 7 of the product, RFC 5322 section 3.6, RFC 3834, PROCESS 8.
    """
    to = headers.wire_address(entry.to)
    care = headers.wire_address(letterhead.care_address)
    if to is None or care is None:
        raise CannotCompose("The recipient or the care address is not one valid mail address.")
    subject, text, html, *files = _render(entry, letterhead, env, now)
    fields = [
        ("From", headers.mailbox(letterhead.organisation, care)),
        ("To", headers.mailbox(entry.to_name, to)),
        ("Subject", subject),
        ("Date", format_datetime(now)),
        ("Reply-To", f"<{care}>"),
        *_identity(entry, letterhead),
        *_automatic(entry.notice),
    ]
    raw = _assemble(fields, entry.message_id, text, html, *((_file_name(entry), content) for content in files))
    _check(raw, [name for name, _ in fields])
    return raw


def draft(entry: OutboxEntry, letterhead: Letterhead, env: Environment, *, now: datetime) -> Draft:
    """Return what a person would read of this entry; nothing of it is kept.  Raises CannotCompose."""
    subject, text, html, *_files = _render(entry, letterhead, env, now)
    return Draft(subject=subject, text=headers.clean_text(text), html=headers.clean_text(html))


def valid_recipient(address: str) -> bool:
    """Say whether an address is exactly one mailbox that can be mailed (OB-02)."""
    return headers.wire_address(address) is not None


def envelope_sender(entry: OutboxEntry, letterhead: Letterhead) -> str:
    """Return the envelope sender by which a bounce of this very mail is known again (VERP)."""
    return f"bounce+{entry.verp_key}@{letterhead.mail_domain}"


def signature(message_id: str, loop_key: bytes) -> str:
    """Return the keyed hash of a Message-ID (as it stands in its header, with angle brackets) in hex."""
    return hmac.new(loop_key, message_id.encode("ascii", "replace"), hashlib.sha256).hexdigest()


def redact(text: str) -> str:
    """Hide everything that looks like a Reference ID, also one that a mail client wrapped or interspersed."""
    return _REFERENCE.sub(REDACTED, text) if "ref-" in text.lower() else text


def template_values(entry: OutboxEntry, letterhead: Letterhead, now: datetime) -> dict[str, Any]:
    """Return all that the templates of a notice may name: its own context, cleaned, and what every notice gets."""
    base = letterhead.base_url.rstrip("/")
    shown = "" if entry.notice in WITHOUT_REFERENCE else entry.reference_id
    return {
        **{key: _clean(value) for key, value in entry.context.items()},
        "notice": entry.notice.value,
        "today": now.date().isoformat(),
        "to_name": headers.clean_line(entry.to_name, limit=headers.NAME_CHARACTERS),
        "case_number": entry.case_number,
        "case_subject": headers.clean_line(_clean(entry.subject), limit=headers.SUBJECT_CHARACTERS),
        "case_link": f"{base}/cases/{entry.case_number}" if entry.case_number else base,
        "reference_id": shown,
        "organisation": headers.clean_line(letterhead.organisation, limit=headers.NAME_CHARACTERS),
        "care_address": letterhead.care_address,
        "care_phone": letterhead.care_phone,
        "contact_page": letterhead.contact_page,
    }


def _identity(entry: OutboxEntry, letterhead: Letterhead) -> list[tuple[str, str]]:
    if headers.message_ids([entry.message_id]) != (entry.message_id,):
        raise CannotCompose("The entry's Message-ID is not a valid msg-id.")
    thread = headers.message_ids(i for i in entry.thread if i != entry.message_id)
    proof = f"{letterhead.instance} {signature(entry.message_id, letterhead.loop_key)}"
    fields = [("Message-ID", entry.message_id), ("X-Case-Gateway", proof)]
    if thread:
        fields += [("In-Reply-To", thread[-1]), ("References", " ".join(headers.references(thread)))]
    return fields


def _automatic(notice: Notice) -> list[tuple[str, str]]:
    if notice in AGENT_NOTICES:
        return []
    return [("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "All")]


def _render(entry: OutboxEntry, letterhead: Letterhead, env: Environment, now: datetime) -> list[str]:
    """Return subject, text, HTML, and the content of the attached file where the notice has one."""
    missing = [key for key in NOTICE_CONTEXT[entry.notice] if key not in entry.context]
    if missing:
        raise CannotCompose(f"The notice {entry.notice} lacks the value {', '.join(missing)}.")
    values = template_values(entry, letterhead, now)
    folders = _folders(entry)
    try:
        parts = [
            env.select_template([f"{folder}/{part}" for folder in folders]).render(values)
            for part in PARTS + (("attachment.html",) if entry.notice in ATTACHMENTS else ())
        ]
    except (TemplateError, TypeError, ValueError, OSError) as error:
        raise CannotCompose(f"The notice {entry.notice} cannot be rendered: {error}.") from error
    return [_subject(entry, parts[0]), *parts[1:]]


def _file_name(entry: OutboxEntry) -> str:
    # The name is ours and a case number is digits, so nothing has to be encoded or quoted.
    return ATTACHMENTS[entry.notice].format(case_number=entry.case_number)


def _folders(entry: OutboxEntry) -> list[str]:
    # A language is part of a path, so it is matched, not trusted.  `pt-br` falls back to `pt`, then to English.
    language = entry.language.lower().replace("_", "-")
    if not _LANGUAGE.fullmatch(language) or language == "en":
        return [entry.notice.value]
    wanted = dict.fromkeys((language, language.split("-")[0]))
    return [*(f"{name}/{entry.notice.value}" for name in wanted), entry.notice.value]


def _clean(value: Any) -> Any:
    match value:
        case str():
            return redact(headers.clean_text(value))
        case Mapping():
            return {str(key): _clean(item) for key, item in value.items()}
        case list() | tuple():
            return [_clean(item) for item in value]
        case _:
            return value


def _subject(entry: OutboxEntry, rendered: str) -> str:
    line = headers.unstructured(headers.clean_line(redact(rendered), limit=headers.SUBJECT_CHARACTERS))
    return f"[Case {entry.case_number}] {line}" if entry.case_number else line


def _assemble(
    fields: list[tuple[str, str]], message_id: str, text: str, html: str, file: tuple[str, str] | None = None
) -> bytes:
    """Put head and parts together: text and HTML as alternatives and, beside them, the attached file (name, content).

    Source: RFC 2046 5.1.3-5.1.4, RFC 2183.
    """
    alternatives = _multipart("alternative", message_id, [_part("plain", text), _part("html", html)])
    body = alternatives
    if file is not None:
        name, content = file
        disposition = f'Content-Disposition: attachment;\r\n filename="{name}"\r\n'
        body = _multipart("mixed", message_id, [alternatives, _part("html", content, disposition)])
    head = "".join(headers.field(name, value) for name, value in fields) + "MIME-Version: 1.0\r\n"
    return head.encode("ascii") + body


def _multipart(subtype: str, message_id: str, parts: list[bytes]) -> bytes:
    # Derived, not random: the same entry gives the same bytes.  Quoted-printable cannot produce `=_`, so no part
    # can hold it (RFC 2045 section 6.7).
    boundary = "=_" + hashlib.sha256(f"{subtype} {message_id}".encode("ascii", "replace")).hexdigest()[:32]
    head = f'Content-Type: multipart/{subtype};\r\n boundary="{boundary}"\r\n\r\n'
    delimiter = f"--{boundary}".encode("ascii")
    inside = b"".join(delimiter + b"\r\n" + part for part in parts)
    return head.encode("ascii") + inside + delimiter + b"--\r\n"


def _part(subtype: str, content: str, disposition: str = "") -> bytes:
    head = (
        f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n{disposition}"
    )
    wire = headers.clean_text(content).strip("\n").replace("\n", "\r\n") + "\r\n"
    return head.encode("ascii") + b"\r\n" + binascii.b2a_qp(wire.encode("utf-8"))


def _check(raw: bytes, names: list[str]) -> None:
    # The last gate before the relay: it reads the serialised bytes, not the values that they were made from.
    expected = sorted([*names, "MIME-Version", "Content-Type"])
    found = sorted(name.decode("ascii") for name in _FIELD_NAME.findall(raw[: raw.index(b"\r\n\r\n") + 2]))
    line_ends = raw.count(b"\r\n")
    if found != expected or len(set(found)) != len(found):
        raise CannotCompose("The finished mail would have other headers than the expected ones.")
    if raw.count(b"\r") != line_ends or raw.count(b"\n") != line_ends or b"\0" in raw or not raw.isascii():
        raise CannotCompose("The finished mail would hold a bare line end, a NUL or 8-bit data.")
    if max(map(len, raw.split(b"\r\n"))) > LINE_OCTETS:
        raise CannotCompose("The finished mail would have a line longer than 998 octets.")
