"""When are two mails the same mail?  When their content keys are equal.

The key leaves out what each way in adds on top (the trace block) and how line ends are stored, so a mail that comes
by SMTP, again after a lost 250, and once more out of a mailbox, has one key.  Pure and linear in the size of the mail.
Source: CONTRACT 5 (content key), RFC 5321 section 4.4.
"""

import re
from datetime import datetime
from hashlib import sha256

from gateway.model import Envelope, NewMail

# Possessive (`*+`), so a mail that is nothing but trace lines costs one pass and no backtracking memory.
_TRACE_BLOCK = re.compile(
    rb"(?:(?:Return-Path|Delivered-To|X-Original-To|Received|Authentication-Results|ARC-[A-Za-z-]++)[ \t]*+:"
    rb"[^\n]*+\n(?:[ \t][^\n]*+\n)*+)*+",
    re.IGNORECASE,
)


def content_key(raw: bytes) -> str:
    """Return the hex SHA-256 of a mail with CRLF line ends and without its leading trace block.

    Only LF and CRLF end a line here; a bare CR is content.  Trace fields below the first other header count.
    """
    block = _TRACE_BLOCK.match(raw)
    content = raw[block.end() :] if block else raw
    if content.count(b"\n") != content.count(b"\r\n"):
        content = content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return sha256(content).hexdigest()


def new_mail(raw: bytes, envelope: Envelope, *, received_at: datetime, oversized: bool = False) -> NewMail:
    """Make the value that the spool takes, with both of its digests."""
    return NewMail(
        raw=raw,
        envelope=envelope,
        received_at=received_at,
        content_key=content_key(raw),
        sha256=sha256(raw).hexdigest(),
        oversized=oversized,
    )
