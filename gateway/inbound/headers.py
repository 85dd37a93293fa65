"""The header block: raw bytes to fields, once, in linear time.

Everything about headers is read here and nowhere else: where the block ends, what a broken line means (one
documented reading), encoded words, parameters.  `policy.default` of the standard library needs 20 s for a hostile
100 KB header and raises on others, so it is not used.
Source: RFC 5322 2.2, RFC 7103 7 (malformed headers), RFC 2047, RFC 2231.
"""

import binascii
import re
from dataclasses import dataclass

from gateway.cleaning import HEADER_LIMIT, clean_header
from gateway.inbound import charset

BLOCK_LIMIT_BYTES = 262_144
FIELD_LIMIT = 1_000
VALUE_LIMIT = 65_536
PARAMETER_LIMIT = 50
PARAMETERS_LIMIT_CHARACTERS = 8_192

TOO_LARGE = "header:too-large"
TOO_MANY = "header:too-many"
BROKEN_LINE = "header:broken-line"
LEADING_SPACE = "header:leading-space"
LEADING_BLANK = "header:leading-blank-line"
SPACE_BEFORE_COLON = "header:space-before-colon"

_FIELD = re.compile(rb"([!-9;-~]+)([ \t]*):([^\n]*(?:\n[ \t][^\n]*)*)(?:\n|\Z)")
_MBOX_LINE = re.compile(rb">?From [ \t]*[^ \t:]")
_LEADING_BLANK_LINES = re.compile(rb"(?:\r?\n){1,10}")
_LINE = re.compile(rb"[^\n]*(?:\n|\Z)")
_BLANK_LINE = re.compile(rb"\n\r?\n")
_LOOKS_LIKE_FIELD = re.compile(
    rb"(?:x-[!-9;-~]+|content-[a-z-]+|from|to|cc|bcc|subject|date|message-id|reply-to|sender|received|return-path"
    rb"|references|in-reply-to|mime-version|dkim-signature|delivered-to|list-[a-z-]+)[ \t]*:",
    re.IGNORECASE,
)
_FOLD = re.compile("\r?\n[ \t]*")
_ENCODED_WORD = re.compile(r"=\?([^?\s]{1,80})\?([bBqQ])\?([^?]*)\?=")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_QUOTED_ESCAPE = re.compile(rb"=([0-9A-Fa-f]{2})")
_PARAMETER = re.compile(r';\s*([^\s=;"]{1,200})\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)', re.DOTALL)
_SECTION = re.compile(r"([^*]+)(?:\*(\d{1,3}))?(\*)?\Z")
_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One header field.  name: lower case.  value: unfolded, not yet decoded or cleaned.  raw: as it came."""

    name: str
    value: str
    raw: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The header block in order.  body_at: where the body starts, in bytes.  defects: what was wrong, each once."""

    fields: tuple[Field, ...]
    body_at: int
    defects: tuple[str, ...] = ()

    def first(self, name: str) -> str:
        """Return the value of the first field of this lower-case name, "" when there is none."""
        return next((field.value for field in self.fields if field.name == name), "")

    def all(self, name: str) -> list[str]:
        """Return the values of all fields of this lower-case name, topmost first."""
        return [field.value for field in self.fields if field.name == name]


def scan(raw: bytes) -> Head:
    """Read the header block of a mail.  Never raises, whatever the bytes are.

    A line that is no field is skipped when another well-known field follows it, else the body starts there
    (RFC 7103 7.2); a block that starts with white space loses that line; a space before the colon is dropped
    (RFC 7103 7.4); blank lines above a well-known field are skipped.  Each leaves a defect.
    """
    blank = _LEADING_BLANK_LINES.match(raw)
    if blank and _LOOKS_LIKE_FIELD.match(raw, blank.end()):
        head = scan(raw[blank.end() :])
        defects = [LEADING_BLANK, *head.defects]
        return Head(fields=head.fields, body_at=head.body_at + blank.end(), defects=tuple(defects))
    block, body_at, defects = _block(raw)
    fields: list[Field] = []
    position = _end_of_line(block, 0) if _MBOX_LINE.match(block) else 0
    while position < len(block):
        match = _FIELD.match(block, position)
        if match:
            if len(fields) >= FIELD_LIMIT:
                defects.append(TOO_MANY)
                break
            if match[2]:
                defects.append(SPACE_BEFORE_COLON)
            fields.append(_field(match[1], match[3]))
            position = match.end()
            continue
        end = _end_of_line(block, position)
        if block[position : position + 1] in b" \t":
            defects.append(LEADING_SPACE)
        elif (fields and _LOOKS_LIKE_FIELD.match(block, end)) or block[end : end + 1] in (b" ", b"\t"):
            defects.append(BROKEN_LINE)
        else:
            if block[position:end].strip():
                defects.append(BROKEN_LINE)
            body_at = min(body_at, position)
            break
        position = end
    return Head(fields=tuple(fields), body_at=body_at, defects=tuple(dict.fromkeys(defects)))


def decode_words(value: str, *, limit: int = HEADER_LIMIT) -> str:
    """Return a header value with its encoded words decoded once, clean and on one line.

    White space between adjacent words vanishes, and their bytes are joined before decoding, because senders split
    multi-byte characters.  Source: RFC 2047 6.2.  Not for finding an address: RFC 2047 5 forbids words there.
    """
    if "=?" not in value:
        return clean_header(value, limit=limit)
    parts: list[str] = []
    pending, label, position = b"", "", 0
    for match in _ENCODED_WORD.finditer(value):
        between = value[position : match.start()]
        declared = match[1].partition("*")[0]
        if pending and (between.strip() or declared.lower() != label.lower()):
            parts.append(charset.decode(pending, label)[0])
            pending = b""
        if between.strip() or position == 0:
            parts.append(between)
        pending, label, position = pending + _word_bytes(match[2], match[3]), declared, match.end()
    parts.append(charset.decode(pending, label)[0])
    parts.append(value[position:])
    return clean_header("".join(parts), limit=limit)


def parameters(value: str) -> tuple[str, dict[str, str]]:
    """Return the main value in lower case and the parameters with names in lower case.

    RFC 2231 continuations and charsets are put together (`name*` is kept under its own name, so that a caller can
    see both when they differ); of equal names the first wins; at most 50 parameters are read.
    """
    main, semicolon, _ = value.partition(";")
    found: dict[str, str] = {}
    sections: dict[str, list[tuple[int, bool, str]]] = {}
    if semicolon:
        for count, match in enumerate(_PARAMETER.finditer(value[:PARAMETERS_LIMIT_CHARACTERS], len(main))):
            if count >= PARAMETER_LIMIT:
                break
            section = _SECTION.match(match[1].lower())
            text = _unquote(match[2].strip())
            if section and (section[2] is not None or section[3]):
                sections.setdefault(section[1], []).append((int(section[2] or 0), bool(section[3]), text))
            else:
                found.setdefault(match[1].lower(), text)
    for name, pieces in sections.items():
        found.setdefault(f"{name}*", _join_sections(pieces))
        found.setdefault(name, found[f"{name}*"])
    return main.strip().lower(), found


def _block(raw: bytes) -> tuple[bytes, int, list[str]]:
    if raw[:2] == b"\r\n" or raw[:1] == b"\n":
        return b"", 2 if raw[:1] == b"\r" else 1, []
    match = _BLANK_LINE.search(raw)
    if match is None and b"\n" not in raw[:BLOCK_LIMIT_BYTES] and b"\r" in raw[:BLOCK_LIMIT_BYTES]:
        return _bare_cr_block(raw)
    body_at = match.end() if match else len(raw)
    block = raw[: match.start() + 1] if match else raw
    if len(block) <= BLOCK_LIMIT_BYTES:
        return block, body_at, []
    cut = block.rfind(b"\n", 0, BLOCK_LIMIT_BYTES) + 1 or BLOCK_LIMIT_BYTES
    return block[:cut], body_at, [TOO_LARGE]


def _bare_cr_block(raw: bytes) -> tuple[bytes, int, list[str]]:
    end = raw.find(b"\r\r")
    body_at = end + 2 if end >= 0 else len(raw)
    return raw[: max(end, 0) or len(raw)][:BLOCK_LIMIT_BYTES].replace(b"\r", b"\n"), body_at, ["header:bare-cr"]


def _end_of_line(block: bytes, position: int) -> int:
    match = _LINE.match(block, position)
    return match.end() if match and match.end() > position else len(block)


def _field(name: bytes, value: bytes) -> Field:
    raw = value[:VALUE_LIMIT]
    text = charset.decode_unmarked(raw)
    if "\n" in text:
        text = _FOLD.sub(" ", text)
    return Field(name=name.decode("ascii").lower(), value=text.strip(), raw=raw)


def _word_bytes(encoding: str, text: str) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    if encoding in "bB":
        return base64_bytes(data)
    return _QUOTED_ESCAPE.sub(lambda m: bytes((int(m[1], 16),)), data.replace(b"_", b" "))


def base64_bytes(data: bytes) -> bytes:
    """Decode base64 as far as it goes: foreign characters are skipped, padding is made up (RFC 2045 6.8)."""
    try:
        return binascii.a2b_base64(data)
    except binascii.Error:
        data = _NOT_BASE64.sub(b"", data)
        data = data[: len(data) - 1] if len(data) % 4 == 1 else data
        return binascii.a2b_base64(data + b"=" * (-len(data) % 4))


def _unquote(text: str) -> str:
    if not text.startswith('"'):
        return text
    text = text[1:-1] if len(text) > 1 and text.endswith('"') else text[1:]
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL) if "\\" in text else text


def _join_sections(pieces: list[tuple[int, bool, str]]) -> str:
    data, declared = b"", ""
    for index, (_, encoded, text) in enumerate(sorted(pieces, key=lambda piece: piece[0])):
        if encoded and index == 0 and text.count("'") >= 2:
            declared, _, text = text.split("'", 2)
        raw = text.encode("utf-8", "surrogatepass")
        data += _PERCENT.sub(lambda m: bytes((int(m[1], 16),)), raw) if encoded else raw
    return charset.decode(data, declared)[0]
