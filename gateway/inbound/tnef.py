"""What a winmail.dat holds: Exchange and Outlook wrap body and files so for peers that they take for their own kind.

Only reads; nothing embedded is opened further.  Each byte is copied a bounded number of times, everything counted has
a limit, and the first oddity gives up: the wrapper then stays the attachment that it is.  Ours and not a library's,
because those on the package index cut bytes off files or loop as often as a number in the mail says (decision 0004).
Source: MS-OXTNEF 2.1 (attributes, MAPI properties), MS-OXRTFCP 2.1-2.2 (compressed RTF).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

CONTENT_TYPES = ("application/ms-tnef", "application/vnd.ms-tnef")
FILE_NAME = "winmail.dat"

_SIGNATURE = 0x223E9F78
_ATTRIBUTES_LIMIT = 2_000
_PROPERTIES_LIMIT = 2_000
_VALUES_LIMIT = 1_000
_FILES_LIMIT = 200
_RTF_LIMIT = 4_194_304

_BODY, _OEM_CODEPAGE, _PROPERTIES = 0x800C, 0x9007, 0x9003
_FILE_BEGINS, _FILE_TITLE, _FILE_DATA, _FILE_PROPERTIES = 0x9002, 0x8010, 0x800F, 0x9005
_P_BODY, _P_RTF, _P_HTML, _P_CODEPAGE = 0x1000, 0x1009, 0x1013, 0x3FDE
_P_DATA, _P_NAME, _P_LONG_NAME, _P_MIME = 0x3701, 0x3704, 0x3707, 0x370E
_T_STRING, _T_UNICODE = 0x1E, 0x1F
_VARIABLE = frozenset((0x00, 0x0D, _T_STRING, _T_UNICODE, 0x102))
_WIDTHS = {0x01: 4, 0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
_MANY_VALUES, _NAMED = 0x1000, 0x8000
_INTERFACE_ID = bytes.fromhex("0703020000000000c000000000000046")
# Codepages that Windows numbers otherwise than Python names them.
_CODEPAGES = {65001: "utf-8", 20127: "ascii", 20866: "koi8-r", 21866: "koi8-u", 50220: "iso-2022-jp", 51932: "euc-jp"}
_LATIN = range(28591, 28606)
# MS-OXRTFCP 2.2.2.1: what the dictionary of the decompressor holds before the first byte.
_RTF_DICTIONARY = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans Serif"
    rb"SymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    + b"\r\n"
    + rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
_RTF_WINDOW = 4_096
_COMPRESSED, _UNCOMPRESSED = 0x75465A4C, 0x414C454D


@dataclass(slots=True)
class File:
    """A file inside the wrapper.  content_type: "" when it does not say."""

    name: str = ""
    content_type: str = ""
    data: bytes = b""


@dataclass(slots=True)
class Unpacked:
    """What was wrapped.  text, html: the body; charset: of both.  rtf: the body when it has no other form."""

    text: bytes = b""
    html: bytes = b""
    charset: str = "cp1252"
    rtf: bytes = b""
    files: list[File] = field(default_factory=list)


def unpack(data: bytes) -> Unpacked | None:
    """Return what the wrapper holds, or None when anything about it is odd.  Never raises."""
    try:
        found = _unpack(data)
    except (ValueError, IndexError, struct.error):
        return None
    return found if found.text or found.html or found.rtf or found.files else None


def _unpack(data: bytes) -> Unpacked:
    found = Unpacked()
    for name, start, end in _attributes(data):
        value = data[start:end]
        if name == _OEM_CODEPAGE:
            found.charset = _charset(value)
        elif name == _BODY:
            found.text = value.rstrip(b"\0")
        elif name == _PROPERTIES:
            _read_body(value, found)
        elif name == _FILE_BEGINS:
            if len(found.files) >= _FILES_LIMIT:
                raise ValueError("too many files")
            found.files.append(File())
        elif name == _FILE_TITLE and not found.files[-1].name:
            found.files[-1].name = _text(value, _T_STRING, found.charset)
        elif name == _FILE_DATA:
            found.files[-1].data = value
        elif name == _FILE_PROPERTIES:
            _read_file(value, found.files[-1], found.charset)
    return found


def _attributes(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield the name of each attribute and where its value lies."""
    if struct.unpack_from("<I", data)[0] != _SIGNATURE:
        raise ValueError("no TNEF")
    at = 6
    for _ in range(_ATTRIBUTES_LIMIT):
        if at + 9 > len(data):
            if data[at:].strip(b"\0"):
                raise ValueError("cut off")
            return
        _, name, _, length = struct.unpack_from("<BHHI", data, at)
        at += 9
        if at + length > len(data):
            raise ValueError("longer than the file")
        yield name, at, at + length
        at += length + 2  # the checksum, which programs write wrongly
    raise ValueError("too many attributes")


def _read_body(data: bytes, found: Unpacked) -> None:
    for name, kind, value in _properties(data):
        if name == _P_CODEPAGE:
            found.charset = _charset(value)
        elif name == _P_BODY and value:
            found.text = _text(value, kind, found.charset).encode(found.charset, "replace")
        elif name == _P_HTML and value:
            found.html = (
                value.rstrip(b"\0") if kind != _T_UNICODE else _text(value, kind, "").encode(found.charset, "replace")
            )
        elif name == _P_RTF:
            found.rtf = _decompressed(value)


def _read_file(data: bytes, file: File, charset: str) -> None:
    for name, kind, value in _properties(data):
        if name == _P_LONG_NAME or (name == _P_NAME and not file.name):
            file.name = _text(value, kind, charset) or file.name
        elif name == _P_MIME:
            file.content_type = _text(value, kind, "ascii").lower()
        elif name == _P_DATA and not file.data:
            file.data = value.removeprefix(_INTERFACE_ID)


def _properties(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield number, type and first value of each MAPI property."""
    (count,) = struct.unpack_from("<I", data)
    if count > _PROPERTIES_LIMIT:
        raise ValueError("too many properties")
    at = 4
    for _ in range(count):
        kind, name = struct.unpack_from("<HH", data, at)
        at += 4
        if name >= _NAMED:
            (by_string,) = struct.unpack_from("<I", data, at + 16)
            at += 24
            if by_string:
                at += _padded(struct.unpack_from("<I", data, at - 4)[0])
        many = bool(kind & _MANY_VALUES)
        kind &= ~_MANY_VALUES
        values = 1
        if many or kind in _VARIABLE:
            (values,) = struct.unpack_from("<I", data, at)
            at += 4
        if values > _VALUES_LIMIT:
            raise ValueError("too many values")
        first = b""
        for index in range(values):
            length = _WIDTHS.get(kind, 0)
            if kind in _VARIABLE:
                (length,) = struct.unpack_from("<I", data, at)
                at += 4
            elif not length:
                raise ValueError("a type that MAPI does not have")
            if at + length > len(data):
                raise ValueError("longer than its attribute")
            first = first if index else data[at : at + length]
            at += _padded(length)
        yield name, kind, first


def _padded(length: int) -> int:
    return (length + 3) // 4 * 4


def _text(value: bytes, kind: int, charset: str) -> str:
    return value.decode("utf-16-le" if kind == _T_UNICODE else charset, "replace").split("\0")[0]


def _charset(value: bytes) -> str:
    """Return Python's name of a Windows codepage; what is unknown is read as Windows-1252."""
    (number,) = struct.unpack_from("<I", value)
    if number in _LATIN:
        return f"iso8859-{number - _LATIN.start + 1}" if number not in (28591, 28602) else "cp1252"
    name = _CODEPAGES.get(number, f"cp{number}")
    try:
        "".encode(name)
    except LookupError:
        return "cp1252"
    return name


def _decompressed(data: bytes) -> bytes:
    """Return RTF out of its compressed form."""
    _, raw_size, magic, _ = struct.unpack_from("<IIII", data)
    if magic == _UNCOMPRESSED:
        return data[16 : 16 + raw_size]
    if magic != _COMPRESSED or raw_size > _RTF_LIMIT:
        raise ValueError("no compressed RTF, or too much of it")
    window = _Window()
    at = 16
    while at < len(data) and len(window.out) < raw_size:
        flags = data[at]
        at += 1
        for bit in range(8):
            if not flags >> bit & 1:
                window.put(data[at])
                at += 1
            elif window.copy(*divmod(data[at] << 8 | data[at + 1], 16)):
                at += 2
            else:
                return bytes(window.out)
            if at >= len(data):
                break
    return bytes(window.out)


class _Window:
    """The last 4 KB of what was decompressed, which tokens point into."""

    def __init__(self) -> None:
        self.ring = bytearray(_RTF_DICTIONARY.ljust(_RTF_WINDOW, b"\0"))
        self.at = len(_RTF_DICTIONARY)
        self.out = bytearray()

    def put(self, byte: int) -> None:
        self.ring[self.at] = byte
        self.at = (self.at + 1) % _RTF_WINDOW
        self.out.append(byte)

    def copy(self, start: int, length: int) -> bool:
        """Repeat two bytes more than `length`; False when the token marks the end."""
        if start == self.at:
            return False
        for step in range(length + 2):
            self.put(self.ring[(start + step) % _RTF_WINDOW])
        return True
