"""Mail that is handed over as bytes or files: where each mail begins, and what its envelope must have been.

A file holds one mail, a folder one mail a file (a Maildir too), an mbox many.  Nothing here looks into a mail further
than its first headers.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from gateway.config import Config
from gateway.errors import GatewayError
from gateway.model import Envelope, Source

HEAD_BYTES = 65_536
MAILDIR_PARTS = ("cur", "new")

_FROM_LINE = b"From "
# `From : eve@example.net` is a header field with blanks before its colon (RFC 5322 4.5), not the line of a mail system;
# without it a mail of two senders would look like one of a single sender.
_FROM_FIELD = re.compile(rb"From[ \t]+:")
# mboxrd: a line of a mail that began with `From ` got one `>` more on its way into the mbox.
_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)
_ADDRESS = re.compile(rb"<([^<>\s]*)>|([^<>\s,;:\"()]+@[^<>\s,;:\"()]+)")


class Unreadable(GatewayError):
    """A file or folder cannot be read, or is no mbox; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """One mail as it was handed over.  path: the file that it comes from.  sha256: hex, of what stood there."""

    path: str
    raw: bytes
    sha256: str


def files(path: Path) -> list[Path]:
    """Return the file itself, or all files of a folder in order, without hidden ones.  Raises Unreadable."""
    if not path.is_dir():
        if not path.exists():
            raise Unreadable(f"There is no file or folder {path}; check the name.")
        return [path]
    if all((path / part).is_dir() for part in MAILDIR_PARTS):
        return sorted(found for part in MAILDIR_PARTS for found in (path / part).iterdir() if found.is_file())
    inside = (found for found in path.rglob("*") if found.is_file())
    return sorted(found for found in inside if not any(p.startswith(".") for p in found.relative_to(path).parts))


def one(path: Path) -> Handed:
    """Read the mail of a file.  Raises Unreadable."""
    try:
        return handed(str(path), path.read_bytes())
    except OSError as error:
        raise Unreadable(f"{path} cannot be read ({error.strerror or type(error).__name__}).") from None


def from_mbox(path: Path) -> Iterator[Handed]:
    """Read the mails of an mbox one by one.  Raises Unreadable, at once when the file is no mbox."""
    try:
        with path.open("rb") as lines:
            for raw in split_mbox(lines, name=str(path)):
                yield handed(str(path), raw)
    except OSError as error:
        raise Unreadable(f"{path} cannot be read ({error.strerror or type(error).__name__}).") from None


def split_mbox(lines: Iterable[bytes], *, name: str) -> Iterator[bytes]:
    """Take an mbox apart: a mail begins at a line `From ...` at the start or after an empty line."""
    mail: list[bytes] | None = None
    after_empty = True
    for line in lines:
        empty = line in (b"\n", b"\r\n")
        if after_empty and line.startswith(_FROM_LINE):
            if mail is not None:
                yield _joined(mail)
            mail = []
        elif mail is not None:
            mail.append(line)
        elif not empty:
            raise Unreadable(f"{name} is no mbox: it does not begin with a line `From ...`; leave out --mbox.")
        after_empty = empty
    if mail is not None:
        yield _joined(mail)


def handed(path: str, content: bytes) -> Handed:
    """Return one mail, without the line `From ...` that some mail systems put above it for a program."""
    marked = content.startswith(_FROM_LINE) and not _FROM_FIELD.match(content)
    raw = content.partition(b"\n")[2] if marked else content
    return Handed(path=path, raw=raw, sha256=sha256(content).hexdigest())


def envelope(raw: bytes, config: Config, *, sender: str = "", recipient: str = "") -> Envelope:
    """Return the envelope of a mail that came without one: as given, else as its headers tell.

    sender: "<>" is the null sender, "" none given.  From stands in for a missing Return-Path: the null sender would say
    that nobody may be answered.  A recipient in To counts when
    it is of our domain, so that a report about a mail of ours finds that mail.
    """
    head = raw[:HEAD_BYTES].replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    if not sender:
        trace = _header(head, b"return-path")
        sender = _address(_header(head, b"from") or b"") if trace is None else _address(trace)
    if not recipient:
        delivered = _header(head, b"x-original-to") or _header(head, b"delivered-to") or b""
        recipient = _address(delivered) or _ours(_header(head, b"to") or b"", config) or config.gateway.care_address
    return Envelope(mail_from=sender.strip("<> "), rcpt_tos=(recipient.strip("<> "),), source=Source.INGEST)


def _joined(mail: list[bytes]) -> bytes:
    """Join the lines of one mail, without the empty line that parts it from the next."""
    if mail and mail[-1] in (b"\n", b"\r\n"):
        mail = mail[:-1]
    return _QUOTED_FROM.sub(rb"\1", b"".join(mail))


def _header(head: bytes, name: bytes) -> bytes | None:
    found = re.search(rb"^" + name + rb"[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)", head, re.MULTILINE | re.IGNORECASE)
    return found[1] if found else None


def _ours(value: bytes, config: Config) -> str:
    """Return the first address of a header that is of our domain, "" when none is."""
    domains = (config.mail_domain, config.gateway.care_address.rpartition("@")[2].lower())
    found = (_address(part) for part in value.split(b","))
    return next((address for address in found if address.lower().endswith(tuple(f"@{d}" for d in domains))), "")


def _address(value: bytes) -> str:
    found = _ADDRESS.search(value)
    return (found[1] or found[2] or b"").decode("utf-8", "replace")[:320] if found else ""
