"""Build the Jinja environment of the mails, and the filters that their templates use.

Only files are templates (OB-06): no text of a customer or of an administrator ever becomes one.
A missing value is an error (StrictUndefined), so a mail is held rather than sent half-empty.
"""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
FIRST_LINES = 12
FIRST_CHARACTERS = 1000


def environment(folder: Path) -> Environment:
    """Return the environment for `folder/mail`.  folder: the templates folder, the one that has `mail/` in it."""
    env = Environment(
        loader=FileSystemLoader(folder / "mail"),
        undefined=StrictUndefined,
        autoescape=select_autoescape(["html"]),
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    env.filters |= {
        "day": day,
        "first_lines": first_lines,
        "in_utc": in_utc,
        "moment": moment,
        "one_line": one_line,
        "paragraphs": paragraphs,
        "quoted": quoted,
    }
    return env


def day(value: str) -> str:
    """Return `2026-11-25` or `2026-11-25T10:00:00Z` as `25 November 2026`; text that is no date stays as it is."""
    try:
        moment = date.fromisoformat(value[:10])
    except ValueError:
        return value
    return f"{moment.day} {MONTHS[moment.month - 1]} {moment.year}"


def moment(value: str, timezone: str) -> str:
    """Return a time as `Wednesday, 25 November 2026, 10:00 (Europe/Berlin)`; an unknown zone is shown in UTC."""
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        zone, timezone = ZoneInfo("UTC"), "UTC"
    local = datetime.fromisoformat(value).astimezone(zone)
    return f"{WEEKDAYS[local.weekday()]}, {day(local.date().isoformat())}, {local:%H:%M} ({timezone})"


def first_lines(text: str) -> str:
    """Return the beginning of a text, at most 12 lines and 1,000 characters, with `…` where more follows."""
    beginning = "\n".join(text.strip().split("\n", FIRST_LINES)[:FIRST_LINES])[:FIRST_CHARACTERS].rstrip()
    return beginning if len(beginning) == len(text.strip()) else beginning + " …"


def in_utc(value: str) -> str:
    """Return `2026-11-25T10:00:00Z` as `25 November 2026, 10:00 UTC`; text that is no moment stays as it is."""
    try:
        at = datetime.fromisoformat(value).astimezone(UTC)
    except ValueError:
        return value
    return f"{day(at.date().isoformat())}, {at:%H:%M} UTC"


def one_line(text: str) -> str:
    """Return a value that belongs inside a sentence without its line ends."""
    return " ".join(text.split())


def paragraphs(text: str) -> Markup:
    """Return text as escaped HTML paragraphs, its single line ends kept."""
    blocks = [b for b in re.split(r"\n[ \t]*(?:\n[ \t]*)+", text.strip()) if b.strip()]
    inner = Markup('</p>\n<p style="margin:0 0 14px">').join(
        Markup("<br>\n").join(escape(line) for line in block.split("\n")) for block in blocks
    )
    return Markup('<p style="margin:0 0 14px">{}</p>').format(inner)


def quoted(text: str) -> str:
    """Return text with a mail quote mark before each line."""
    return "\n".join(f"> {line}".rstrip() for line in text.strip().split("\n"))
