"""A mail going out, and what the relay said."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.model.words import Notice


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterhead:
    """Who writes: what every outgoing mail says about this installation.

    care_phone, contact_page: "" where there is none.  instance, loop_key: by these we know our own mail again.
    """

    organisation: str
    care_address: str
    mail_domain: str
    base_url: str
    care_phone: str = ""
    contact_page: str = ""
    instance: str = "gateway"
    loop_key: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEntry:
    """One outgoing mail that is leased to us for sending.

    subject: the case's subject, "" for a mail about no case.  context: values of the template, JSON types only.
    attempts: leases taken so far, this one included.  rendered: exact bytes of an earlier try, b"" before the first.
    uncertain: an earlier try ended without the relay's answer to the final dot.
    episode_id: the wait while which it is wanted (a reminder); None for a mail that is wanted in any case.
    request_id: the call that caused it, "" for all that no call caused.
    """

    id: int
    notice: Notice
    to: str
    to_name: str
    case_number: str
    subject: str
    reference_id: str
    language: str
    context: Mapping[str, Any]
    message_id: str
    thread: tuple[str, ...]
    verp_key: str
    created_at: datetime
    attempts: int
    fence: int
    first_tried_at: datetime | None = None
    rendered: bytes = b""
    uncertain: bool = False
    episode_id: int | None = None
    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a person would read of a mail that has not been written: its subject and both parts."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The relay took responsibility (its 250, or the file is on disk).  reply: its exact words."""

    reply: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferred:
    """Not now: a 4xx, a refused connection, a timeout before the final dot."""

    reply: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """Never: a 5xx for this recipient or this content, or an address that is none.

    recipient: it was the recipient that the relay refused (at RCPT), not the sender or the content.
    """

    reply: str
    recipient: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """The connection ended after the final dot and before the answer; the mail may have been sent."""

    reply: str


RelayOutcome = Accepted | Deferred | Rejected | Unknown
