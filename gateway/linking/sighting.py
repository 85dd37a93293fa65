"""Where something like a Reference ID stands in a text, whatever mail clients did to it.  Linear time.

An ID is seen through case, typographic hyphens, full-width letters, invisible characters, no-break spaces and line
breaks with the quote marks of the next line.  All of these are *gaps*: they may stand inside an ID or end it.
An ID that ends at a gap is taken before a longer one is tried, so a wrap never glues an ID to the next line's words.

The text is folded one character to one character, so a place in the folded text is the same place in the text.
The pattern cannot backtrack (possessive), and what it reads ahead stops at the next hyphen: no character is read
more than a few times.  Source: DESIGN 4, MI-16, MI-19.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.linking.reference_id import DAMAGED_MAX, DAMAGED_MIN, PREFIX, TOKEN_LENGTH, normalise

REDACTED = "REF-****"

_INVISIBLE = (
    *(0x00AD, 0x034F, 0x061C, 0x180E, 0xFEFF),  # soft hyphen, joiners, Arabic and Mongolian marks, byte order mark
    *range(0x200B, 0x2010),  # zero-width space and joiners, direction marks
    *range(0x202A, 0x202F),  # direction embeddings
    *range(0x2060, 0x2070),  # word joiner, invisible operators, direction isolates
    *range(0xFE00, 0xFE10),  # variation selectors
)
_NO_BREAK = (0x00A0, 0x2007, 0x202F)
_HYPHENS = (*range(0x2010, 0x2016), 0x2043, 0x2212, 0xFE58, 0xFE63)
_LINE_ENDS = (0x0085, 0x2028, 0x2029)
_FULL_WIDTH = range(0xFF01, 0xFF5F)

# Later entries win.  `REF-` holds none of O, I and L, so they can be folded everywhere.
_SOFT = "\u200b"
_FOLDED: dict[int, str] = {
    **{code: chr(code).upper() for code in range(ord("a"), ord("z") + 1)},
    **{ord(alike): digit for alike, digit in zip("OoIiLl", "001111", strict=True)},
    **dict.fromkeys((*_INVISIBLE, *_NO_BREAK), _SOFT),
    **dict.fromkeys(_HYPHENS, "-"),
    **dict.fromkeys(_LINE_ENDS, "\n"),
}
_FOLDED |= {code: _FOLDED.get(code - 0xFEE0, chr(code - 0xFEE0)) for code in _FULL_WIDTH}

# A gap: invisible characters, then perhaps one line end (with what soft wraps and quoting leave around it).
_GAP = rf"{_SOFT}*+(?:[ \t{_SOFT}]*+=?+(?:\r\n?+|\n)[ \t>|{_SOFT}]*+)?+"
_PREFIX = f"{_SOFT}*+".join("REF-")
# One character more than a damaged ID may have tells a longer run of text from it.
_RUN = rf"(?:{_GAP}[0-9A-Z]){{{DAMAGED_MIN},{DAMAGED_MAX + 1}}}+"
_PATTERN = re.compile(rf"{_PREFIX}(?=({_RUN}))")
_PIECE = re.compile(r"[0-9A-Z]+")
_WORD = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")

# How far to look back for the scheme of an address that a damaged ID would be part of.
_URL_REACH = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One thing that looks like an ID, from `start` to `end` in the text.

    id: canonical when it is well formed, else "".  damaged: the folded characters when it follows the length rule.
    inside: it is part of a longer word or run, or (damaged only) of a web address; such a one is text.
    """

    start: int
    end: int
    id: str = ""
    damaged: str = ""
    inside: bool = False


def scan(text: str) -> Iterator[Sighting]:
    """Yield everything in `text` that looks like an ID, in order.  Never raises, whatever the text holds."""
    folded = text.translate(_FOLDED)
    for match in _PATTERN.finditer(folded):
        inside = match.start() > 0 and folded[match.start() - 1] in _WORD
        yield _judge(folded, match, inside)


def redact(text: str) -> str:
    """Replace everything that looks like an ID by `REF-****`, parts of longer words too.  Source: DESIGN 4, ID-12."""
    pieces: list[str] = []
    done = 0
    for seen in scan(text):
        pieces += (text[done : seen.start], REDACTED)
        done = seen.end
    return "".join((*pieces, text[done:]))


def _judge(folded: str, match: re.Match[str], inside: bool) -> Sighting:
    """Say what one run of characters behind `REF-` is: an ID, a damaged one, or text."""
    characters, ends = _read_run(folded, match)
    if TOKEN_LENGTH in ends:
        token = normalise(PREFIX + characters[:TOKEN_LENGTH])
        if token is not None:
            return Sighting(start=match.start(), end=ends[TOKEN_LENGTH], id=token, inside=inside)
    lengths = [length for length in ends if DAMAGED_MIN <= length <= DAMAGED_MAX]
    if not lengths:
        return Sighting(start=match.start(), end=match.end(1), inside=True)
    length = min(lengths, key=lambda length: abs(length - TOKEN_LENGTH))
    return Sighting(
        start=match.start(),
        end=ends[length],
        damaged=PREFIX + characters[:length],
        inside=inside or _in_web_address(folded, match.start()),
    )


def _read_run(folded: str, match: re.Match[str]) -> tuple[str, dict[int, int]]:
    """Return the run's characters without gaps, and where it may end: {number of characters: place in the text}."""
    pieces: list[str] = []
    ends: dict[int, int] = {}
    length = 0
    for piece in _PIECE.finditer(folded, match.start(1), match.end(1)):
        pieces.append(piece[0])
        length += len(piece[0])
        ends[length] = piece.end()
    return "".join(pieces), ends


def _in_web_address(folded: str, start: int) -> bool:
    """Say whether the unbroken characters before `start` hold the `://` of a web address."""
    before = folded[max(0, start - _URL_REACH) : start].split()
    return bool(before) and "://" in before[-1] and not folded[start - 1].isspace()
