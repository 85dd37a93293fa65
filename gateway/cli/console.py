"""What the command line prints: tables and sections for people, one JSON object a line for programs.

On a terminal tables fit its width; anywhere else nothing is cut, coloured or drawn, so that `grep` and `cut` work.
Text from outside can hold no control characters here: a mail must not steer the terminal of who reads it.
"""

import json as jsonlib
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

PLAIN_WIDTH = 100_000
NARROWEST = 60

# C0 and C1 controls without tab and newline, and the characters that reverse the direction of text.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def json(value: Any) -> None:
    """Print a view, or anything made of JSON types, as one line."""
    from gateway.model.views import to_json

    print(jsonlib.dumps(to_json(value), ensure_ascii=False), flush=True)


def line(text: str = "") -> None:
    """Print one or more lines of text."""
    print(printable(text))


def note(text: str) -> None:
    """Say something beside the data: what to do next, a warning.  Goes to stderr."""
    print(printable(text), file=sys.stderr, flush=True)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """Print an aligned table; `empty` is said, on stderr, when there is nothing to show."""
    kept = [[shown(cell) for cell in row] for row in rows]
    if not kept:
        note(empty)
        return
    from rich.table import Table

    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading in headings:
        drawn.add_column(heading, no_wrap=True, overflow="ellipsis")
    for row in kept:
        drawn.add_row(*(one_line(cell) for cell in row))
    _print_rich(drawn)


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


def _print_rich(drawn: Any) -> None:
    from rich.console import Console

    terminal = sys.stdout.isatty()
    console = Console(markup=False, highlight=False, emoji=False, width=None if terminal else PLAIN_WIDTH)
    if terminal:
        console.width = max(console.width, NARROWEST)
        console.print(drawn)
        return
    with console.capture() as captured:
        console.print(drawn)
    for drawn_line in captured.get().splitlines():
        print(drawn_line.rstrip())
