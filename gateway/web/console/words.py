"""How values are written on a page: times, ages, sizes, and text of strangers with all that hides in it made visible.

Every function that returns Markup has escaped what came from outside.  Source: HAZARDS HT-06.
"""

import re
import unicodedata
from collections.abc import Collection
from datetime import UTC, datetime

from markupsafe import Markup, escape

from gateway.reasons import Reason

# Turn text around, or cannot be seen at all: shown as what they are.
_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)
_REDACTED = re.compile(r"REF-\*{4}")
_NUMBER = re.compile(r"(?<!\d)\d{10}(?!\d)")


def when(moment: datetime | None, empty: str = "") -> Markup | str:
    """Write a moment: UTC, which the page turns into the reader's zone; the exact UTC is shown on hover."""
    if moment is None:
        return empty
    utc = moment.astimezone(UTC)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        utc.isoformat().replace("+00:00", "Z"), f"{utc:%Y-%m-%d %H:%M:%S} UTC", f"{utc:%Y-%m-%d %H:%M}"
    )


def ago(seconds: float | None) -> str:
    """Say a stretch of time in its largest unit, for example `3 h`."""
    if seconds is None:
        return ""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if abs(seconds) >= length:
            return f"{int(seconds // length)} {unit}"
    return f"{int(seconds)} s"


def size(count: int) -> str:
    """Say a number of bytes in its largest unit, for example `3.5 kB`."""
    for unit, length in (("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000)):
        if count >= length:
            return f"{count / length:.1f} {unit}"
    return f"{count} B"


def count(number: int) -> str:
    """Write a number with thin groups of three."""
    return f"{number:,}".replace(",", "\u202f")


def foreign(text: str | None) -> Markup:
    """Write text of a stranger on one line: isolated, with hidden characters made visible."""
    return Markup(f"<bdi>{_shown(text or '')}</bdi>")  # noqa: S704 - what stands inside is escaped


def body(text: str, marked: Collection[str] = ()) -> Markup:
    """Write lines of a stranger's text: hidden characters, Reference IDs and case numbers stand out.

    marked: case numbers that mean something here.
    """
    pieces: list[Markup] = []
    done = 0
    for match in re.finditer(f"{_REDACTED.pattern}|{_NUMBER.pattern}", text):
        known = match[0].startswith("REF-")
        if not known and match[0] not in marked:
            continue
        pieces.append(_shown(text[done : match.start()]))
        title = "a Reference ID, or what looks like one; never shown in full" if known else "a case number"
        pieces.append(Markup('<mark title="{}">{}</mark>').format(title, match[0]))
        done = match.end()
    return Markup("").join((*pieces, _shown(text[done:])))


def sentence(word: str) -> str:
    """Return the sentence of a reason, "" for a word that is none."""
    try:
        return Reason(word).sentence
    except ValueError:
        return ""


def spoken(word: str | None) -> str:
    """Write a word of an enum as people say it, for example `awaiting info`."""
    return (word or "").replace("-", " ")


def short(address: str | None) -> str:
    """Return what stands before the @ of an address of our own people."""
    return (address or "").partition("@")[0]


def _shown(text: str) -> Markup:
    if text.isascii():
        return escape(text)
    pieces: list[Markup] = []
    done = 0
    for match in _HIDDEN.finditer(text):
        name = unicodedata.name(match[0], "unnamed character")
        label = Markup('<span class="hidden-char" title="hidden character: {}">U+{}</span>')
        pieces += (escape(text[done : match.start()]), label.format(name, f"{ord(match[0]):04X}"))
        done = match.end()
    return Markup("").join((*pieces, escape(text[done:])))


FILTERS = {
    "when": when,
    "ago": ago,
    "size": size,
    "count": count,
    "foreign": foreign,
    "body": body,
    "sentence": sentence,
    "spoken": spoken,
    "short": short,
}
