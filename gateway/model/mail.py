"""A mail coming in, and what was read out of it.  Sizes are bytes."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gateway.model.words import MailKind, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What the transport said about a mail, beside its bytes.

    mail_from: reverse path; "" is the null sender.  peer: IP address of the client, "" when there was none.
    """

    mail_from: str
    rcpt_tos: tuple[str, ...]
    source: Source
    peer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMail:
    """One mail on its way into the spool; build it with `inbound.content_key.new_mail`.

    raw: the bytes as received (over SMTP with our own `Received:` on top).  sha256: hex, of raw.
    content_key: hex; equal for two copies of one mail, whatever way they took.
    oversized: above the configured size, so it is kept but never read.
    """

    raw: bytes
    envelope: Envelope
    received_at: datetime
    content_key: str
    sha256: str
    oversized: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SpooledMail:
    """What the spool made of a NewMail.  duplicate_of: the first row with the same content key, None for the first."""

    id: int
    duplicate_of: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolEntry:
    """One accepted mail that is leased to us for processing.

    attempts: leases taken so far, this one included.  fence: token of this lease; a later lease has a higher one.
    failures: times that reading or deciding failed on this mail alone.
    alone: an earlier lease expired, so it is taken outside a batch.
    """

    id: int
    envelope: Envelope
    received_at: datetime
    size_bytes: int
    attempts: int
    failures: int
    fence: int
    raw: bytes
    oversized: bool = False
    alone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One attached file.  content is b"" where only its description travels."""

    name: str
    content_type: str
    size_bytes: int
    sha256: str
    content: bytes = b""


class Verdict(StrEnum):
    """What sender authentication says.  NONE: nothing trustworthy was said."""

    PASS = "pass"  # noqa: S105 - the word of RFC 8601
    FAIL = "fail"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who a mail says it is from.

    address: the one addr-spec of From, domain in lower case; "" when there is none or it cannot be read.
    ambiguous: parsers disagree, or From is missing, doubled or broken; such a sender is nobody's contact.
    """

    address: str
    name: str = ""
    ambiguous: bool = False
    authentication: Verdict = Verdict.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMail:
    """The parsed form of a mail: cleaned text without NUL, lone surrogates or (in headers) control characters.

    text: the readable body, whole.  reply: text without quoted parts, signature kept.
    searched: every alternative of the body in which Reference IDs are looked for (never attached mails, never files).
    elsewhere: text of places that only give hints, as (place, text): subject, headers, text files, attached mails.
    message_ids: In-Reply-To and References, at most 100.
    defects: what was wrong with it, as `area:word` (`mime:boundary`).
    fallback_only: True when no MIME structure could be read and `text` is the raw bytes made readable.
    """

    subject: str
    sender: Sender
    to: tuple[str, ...] = ()
    message_id: str = ""
    message_ids: tuple[str, ...] = ()
    sent_at: datetime | None = None
    text: str = ""
    text_without_signature: str = ""
    reply: str = ""
    reply_without_signature: str = ""
    html: str = ""
    searched: tuple[str, ...] = ()
    elsewhere: tuple[tuple[str, str], ...] = ()
    attachments: tuple[Attachment, ...] = ()
    defects: tuple[str, ...] = ()
    encrypted: bool = False
    fallback_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceStep:
    """One check of the decision trace: what ran, what it saw, and the reason when it decided something."""

    step: str
    result: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundReference:
    """A well-formed Reference ID, canonical (`REF-` and 27 upper-case characters).  quoted: only in quoted text."""

    id: str
    quoted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundReferences:
    """All that looks like a Reference ID in a body, in order of appearance, unquoted text first, each once.

    damaged: what follows DESIGN 4's length rule but is not well formed.
    elsewhere: well-formed IDs outside the body, as (ID, place); they are hints and never link.
    """

    ids: tuple[FoundReference, ...] = ()
    damaged: tuple[str, ...] = ()
    elsewhere: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BounceRecipient:
    """One recipient of a delivery report.  action: failed, delayed, delivered, relayed, expanded (RFC 3464 2.3.3)."""

    address: str
    action: str = ""
    status: str = ""
    diagnostic: str = ""
    original_address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BounceReport:
    """What a bounce says: its recipients and the Message-ID of the mail that came back ("" when it does not say)."""

    recipients: tuple[BounceRecipient, ...] = ()
    original_message_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """All that can be known of one mail without a database.

    kind_reason: name of the table row that decided the kind.
    like_a_person: an automatic mark, but the body reads like a person's answer (CONTRACT 5, `needs-a-look`).
    """

    mail: InboundMail
    kind: MailKind
    kind_reason: str
    found: FoundReferences = field(default_factory=FoundReferences)
    bounce: BounceReport | None = None
    like_a_person: bool = False
    trace: tuple[TraceStep, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingRules:
    """What reading needs to know of this installation (small: it travels to the parse children once).

    own_addresses: addresses and `@domains` that are ours.  trusted_peer: this mail's SMTP client is a trusted relay.
    """

    instance: str = ""
    loop_key: bytes = b""
    own_addresses: frozenset[str] = frozenset()
    human_senders: frozenset[str] = frozenset()
    trusted_authserv_ids: frozenset[str] = frozenset()
    trusted_relays: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MailFacts:
    """What the rules and the effects need to know of one received mail, now or long after it was read.

    text: whole readable body.  reply: what is new in it.  recipient: the address of ours that it was sent to.
    defects: words of reading (`sender:own-address` is one of them).  null_sender: its envelope asks for no answer.
    """

    id: int
    kind: MailKind
    kind_reason: str
    sender: Sender
    received_at: datetime
    recipient: str
    subject: str = ""
    text: str = ""
    reply: str = ""
    like_a_person: bool = False
    defects: tuple[str, ...] = ()
    null_sender: bool = False
    bounce: BounceReport | None = None
