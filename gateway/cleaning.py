"""Text from outside, made safe to keep: the one cleaning function at every border.

What comes out can be stored on SQLite and PostgreSQL, written as JSON and printed: no NUL, no lone surrogate, no
control character but tab and line feed (in headers not even those), a bounded length, a date that every database
can read back.  Nothing here escapes for HTML or SQL; that belongs to whoever writes there.
"""

import re
import unicodedata
from datetime import UTC, datetime, timedelta

TEXT_LIMIT = 4_194_304
HEADER_LIMIT = 998  # RFC 5322 2.1.1: the longest line that a header may be written on
FILENAME_LIMIT = 150
REPLACEMENT = "\ufffd"

_LINE_ENDS = re.compile("\r\n?|[\x85\u2028\u2029]")
_FORBIDDEN_IN_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_FORBIDDEN_IN_HEADER = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_SURROGATES = re.compile("[\ud800-\udfff]")
# Direction overrides and isolates: they make `exe.jpg` out of `gpj.exe`.
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def clean_text(text: str, *, limit: int = TEXT_LIMIT) -> str:
    """Return text of several lines with LF line ends and without what no database or terminal should see.

    limit: characters kept.  Lone surrogates become U+FFFD; other forbidden characters vanish, form feeds become LF.
    """
    text = text[: limit + 1]
    if not text.isascii() or "\r" in text:
        text = _LINE_ENDS.sub("\n", text)
    if _FORBIDDEN_IN_TEXT.search(text):
        text = _SURROGATES.sub(REPLACEMENT, text.replace("\x0c", "\n"))
        text = _FORBIDDEN_IN_TEXT.sub("", text)
    return text[:limit]


def clean_header(value: str, *, limit: int = HEADER_LIMIT) -> str:
    """Return one line: each run of control characters and line separators is a space, ends are stripped.

    limit: characters kept.
    """
    value = _FORBIDDEN_IN_HEADER.sub(" ", value[: limit * 2])
    return _SURROGATES.sub(REPLACEMENT, value).strip()[:limit]


def clean_filename(name: str) -> str:
    """Return a file name fit to be shown and offered: its last path part, NFC, at most 150 characters, extension kept.

    Never a path: what only walks (`..`, empty, spaces) becomes `attachment`.  Source: RFC 2183 2.3.
    """
    name = unicodedata.normalize("NFC", _BIDI.sub("", clean_header(name, limit=4 * HEADER_LIMIT)))
    name = name.replace("\\", "/").rstrip("/").rpartition("/")[2].strip(" .") if name.strip("./\\ ") else ""
    if len(name) > FILENAME_LIMIT:
        stem, dot, extension = name.rpartition(".")
        keep = f".{extension}" if dot and len(extension) <= 16 else ""
        name = (stem if keep else name)[: FILENAME_LIMIT - len(keep)] + keep
    return name or "attachment"


def clamp_date(moment: datetime | None, *, now: datetime | None = None) -> datetime | None:
    """Return the moment in UTC, or None when it is not between 1970 and a day from now (2200 when now is not given).

    A naive moment is read as UTC.  Never raises: year 9999 with an offset overflows in Python and in PostgreSQL.
    """
    if moment is None:
        return None
    try:
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        latest = _LATEST if now is None else now + timedelta(days=1)
    except (OverflowError, ValueError):
        return None
    return moment if _EARLIEST <= moment <= latest else None
