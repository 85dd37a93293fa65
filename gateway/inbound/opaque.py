"""What an opaque S/MIME signature holds: some clients sign so that the whole mail is one binary part.

Only the wrapping is taken off; nothing is verified and nothing is decrypted.  The reader knows as much of BER as
that needs, reads each byte a bounded number of times and gives up on the first oddity (decision 0004: no library does).
Source: RFC 5652 3, 5.1, 5.2; RFC 8551 3.5.2; X.690 8.1.
"""

from collections.abc import Iterator
from dataclasses import dataclass

CONTENT_TYPES = ("application/pkcs7-mime", "application/x-pkcs7-mime")

_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_SEQUENCE, _EXPLICIT_0, _OCTETS, _OCTETS_IN_PIECES = 0x30, 0xA0, 0x04, 0x24
_DEPTH_LIMIT = 8
_PIECES_LIMIT = 100_000


@dataclass(frozen=True, slots=True)
class _Element:
    """One element: its tag, where its content lies, and where the next element begins."""

    tag: int
    start: int
    end: int
    next: int


def signed_content(data: bytes) -> bytes | None:
    """Return the signed bytes inside a CMS SignedData, or None when `data` holds none.  Never raises."""
    if _SIGNED_DATA not in data[:64]:
        return None
    try:
        return _signed_content(data)
    except (ValueError, IndexError):
        return None


def _signed_content(data: bytes) -> bytes:
    content_info = _element(data, 0)
    signed_data = _child(data, _child(data, content_info, _EXPLICIT_0), _SEQUENCE)
    content = _child(data, _child(data, signed_data, _SEQUENCE), _EXPLICIT_0)
    octets = _element(data, content.start)
    if octets.tag == _OCTETS:
        return data[octets.start : octets.end]
    if octets.tag != _OCTETS_IN_PIECES:
        raise ValueError("the content is no octet string")
    return b"".join(data[piece.start : piece.end] for piece in _children(data, octets) if piece.tag == _OCTETS)


def _child(data: bytes, parent: _Element, tag: int) -> _Element:
    """Return the first child with this tag."""
    for child in _children(data, parent):
        if child.tag == tag:
            return child
    raise ValueError("an expected element is missing")


def _children(data: bytes, parent: _Element, depth: int = 0) -> Iterator[_Element]:
    at = parent.start
    for _ in range(_PIECES_LIMIT):
        if at >= parent.end:
            return
        child = _element(data, at, depth)
        yield child
        at = child.next


def _element(data: bytes, at: int, depth: int = 0) -> _Element:
    """Read one element.  Raises ValueError or IndexError where it is broken, too deep or has a long tag."""
    tag, length = data[at], data[at + 1]
    start = at + 2
    if depth > _DEPTH_LIMIT or tag & 0x1F == 0x1F:
        raise ValueError("too deep, or a tag that no signature has")
    if length == 0x80:
        end = _end_of_contents(data, start, depth)
        return _Element(tag, start, end, end + 2)
    if length > 0x80:
        start += length & 0x7F
        length = int.from_bytes(data[at + 2 : start], "big")
    if start + length > len(data):
        raise ValueError("longer than the mail")
    return _Element(tag, start, start + length, start + length)


def _end_of_contents(data: bytes, at: int, depth: int) -> int:
    """Return where content of indefinite length ends: at two zero bytes between its elements."""
    for _ in range(_PIECES_LIMIT):
        if data[at : at + 2] == b"\x00\x00":
            return at
        at = _element(data, at, depth + 1).next
    raise ValueError("too many pieces")
