"""Builders of small mails for the unit tests of reading.  Bytes in, bytes out; nothing here knows the product."""

from gateway.inbound import parse, reading
from gateway.model import Envelope, InboundMail, Reading, ReadingRules, Source

REFERENCE = "REF-7K3MQ2XD91FVHT4BNWE5C8GZ0AY"
ENVELOPE = Envelope(mail_from="ann@example.com", rcpt_tos=("care@example.test",), source=Source.SMTP, peer="192.0.2.1")
RULES = ReadingRules(instance="care.example.test", loop_key=b"k" * 32, own_addresses=frozenset({"care@example.test"}))
HEAD = b"From: Ann <ann@example.com>\r\nTo: care@example.test\r\nSubject: Hello\r\nMessage-ID: <m1@example.com>\r\n"


def mail(body: bytes = b"Hello\r\n", *, extra: bytes = b"", head: bytes = HEAD) -> bytes:
    """Return a mail: a head, further header lines, a body."""
    return head + extra + b"\r\n" + body


def multipart(*parts: bytes, kind: bytes = b"mixed", boundary: bytes = b"b1") -> bytes:
    """Return a multipart mail; each part brings its own header block."""
    body = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts) + b"--" + boundary + b"--\r\n"
    extra = b"MIME-Version: 1.0\r\nContent-Type: multipart/" + kind + b'; boundary="' + boundary + b'"\r\n'
    return mail(body, extra=extra)


def text(body: bytes, content_type: bytes = b"text/plain; charset=utf-8", *, extra: bytes = b"") -> bytes:
    """Return a part of text."""
    return b"Content-Type: " + content_type + b"\r\n" + extra + b"\r\n" + body


def attached(name: bytes, body: bytes = b"x", content_type: bytes = b"application/octet-stream") -> bytes:
    """Return an attached file; name stands in quotes."""
    disposition = b'Content-Disposition: attachment; filename="' + name + b'"\r\n'
    return text(body, content_type, extra=disposition)


def parsed(raw: bytes) -> InboundMail:
    """Return the parsed form of a mail."""
    return parse.parse(raw, ENVELOPE, RULES).mail


def read(raw: bytes, *, envelope: Envelope = ENVELOPE, rules: ReadingRules = RULES) -> Reading:
    """Return the whole reading of a mail."""
    return reading.read(raw, envelope, rules)
