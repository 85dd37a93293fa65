"""What the command line prints: tables and sections for people, one JSON object a line for programs.

On a terminal tables fit its width; anywhere else nothing is cut, coloured or drawn, so that `grep` and `cut` work.
Text from outside can hold no control characters here: a mail must not steer the terminal of who reads it.
"""

import json as jsonlib
import re
import shutil
import sys
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

GAP = "  "
# Of a column that may be cut at least so many characters stay.
NARROWEST = 10

# C0 and C1 controls without tab and newline, and the characters that reverse the direction of text.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

BEGINNING_LINES = 40
BEGINNING_LENGTH = 4000


def json(value: Any) -> None:
    """Print a view, or anything made of JSON types, as one line."""
    from gateway.model.views import to_json

    print(jsonlib.dumps(to_json(value), ensure_ascii=False), flush=True)


def line(text: str = "") -> None:
    """Print one or more lines of text."""
    print(printable(text))


def beginning(text: str, whole: str) -> str:
    """Return the first lines of a text, and where the whole of it is when there is more.

    whole: the command that shows it.  Nobody wants 64 KB of a broken mail on a terminal.
    """
    shown = "\n".join(text.strip()[:BEGINNING_LENGTH].split("\n")[:BEGINNING_LINES])
    return shown if len(shown) == len(text.strip()) else f"{shown}\n... (more: {whole} --json)"


def note(text: str) -> None:
    """Say something beside the data: what to do next, a warning.  Goes to stderr."""
    print(printable(text), file=sys.stderr, flush=True)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str, cut: Collection[str] = ()) -> None:
    """Print an aligned table; `empty` is said, on stderr, when there is nothing to show.

    cut: headings of the columns that a narrow terminal may cut; all others stay whole.  On a terminal, columns without
    anything in them are left out.
    """
    kept = [[one_line(shown(cell)) for cell in row] for row in rows]
    if not kept:
        note(empty)
        return
    from rich.cells import cell_len

    columns = [[name, *cells] for name, *cells in zip(headings, *kept, strict=True)]
    if sys.stdout.isatty():
        columns = [column for column in columns if any(column[1:])]
    widths = [max(map(cell_len, column)) for column in columns]
    if sys.stdout.isatty():
        _narrow(widths, [place for place, column in enumerate(columns) if column[0] in cut], _terminal_width())
    for row in zip(*columns, strict=True):
        print(GAP.join(_fitted(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip())


def fields(pairs: Iterable[tuple[str, object]]) -> None:
    """Print named values below each other; those that are empty are left out."""
    kept = [(name, shown(value)) for name, value in pairs]
    kept = [(name, value) for name, value in kept if value]
    width = max((len(name) for name, _ in kept), default=0)
    for name, value in kept:
        first, *more = printable(value).split("\n")
        line(f"{name:<{width}}  {first}")
        for further in more:
            line(f"{'':<{width}}  {further}")


def heading(text: str) -> None:
    """Begin a section."""
    line()
    line(text)
    line("-" * len(text))


def shown(value: object) -> str:
    """Turn a value into the words that a person reads; nothing becomes an empty string."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"
    if isinstance(value, list | tuple):
        return ", ".join(shown(part) for part in value)
    return str(value)


def age(seconds: float) -> str:
    """Say a stretch of time in its largest unit, for example `3 h`."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return f"{int(seconds)} s"


def size(count: int) -> str:
    """Say a number of bytes in its largest unit, for example `3.5 kB`."""
    for unit, length in (("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000)):
        if count >= length:
            return f"{count / length:.1f} {unit}"
    return f"{count} B"


def printable(text: str) -> str:
    """Make text safe for a terminal; lines stay."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    """Make text safe for a terminal and fit for one line."""
    return printable(" ".join(text.split()))


def _terminal_width() -> int:
    return shutil.get_terminal_size().columns


def _narrow(widths: list[int], cut: Sequence[int], available: int) -> None:
    """Make the widest of the columns that may be cut narrower, until all fit or none can give more."""
    excess = sum(widths) + len(GAP) * (len(widths) - 1) - available
    while excess > 0 and any(widths[place] > NARROWEST for place in cut):
        widths[max(cut, key=lambda place: widths[place])] -= 1
        excess -= 1


def _fitted(cell: str, width: int) -> str:
    """Return a cell that takes exactly `width` columns of the screen, cut with an ellipsis when it has to be."""
    from rich.cells import cell_len, set_cell_size

    return set_cell_size(cell, width) if cell_len(cell) <= width else set_cell_size(cell, width - 1) + "\u2026"
