"""A calendar part as a sentence: what a person who only pressed a button wants to say.

Reads the few properties that the sentence needs out of the first event; everything else stays in the file.
Source: RFC 5545 3.1 (folding), 3.3.11 (text), 3.8 (properties); RFC 5546 1.4 (methods).
"""

import re
from datetime import UTC, datetime

LINES_READ = 2_000
_LONGEST = 500
_COMMENT_LONGEST = 10_000
_LONGEST_PARAMETERS = 2_000
_FOLD = re.compile(r"\r?\n[ \t]")
_NAME = re.compile(r"[A-Za-z-]{1,40}(?=[;:])")
_COMMON_NAME = re.compile(r";CN=(?:\"([^\"]*)\"|([^;:\"]*))", re.I)
_ANSWER = re.compile(r";PARTSTAT=([A-Z-]+)", re.I)
_ESCAPED = re.compile(r"\\([\\,;nN])")
_ANSWERS = {
    "ACCEPTED": "accepted",
    "DECLINED": "declined",
    "TENTATIVE": "tentatively accepted",
    "DELEGATED": "delegated",
    "NEEDS-ACTION": "has not decided on",
}
_METHODS = {
    "REQUEST": "invites to",
    "CANCEL": "cancelled",
    "COUNTER": "proposes another time for",
    "PUBLISH": "announces",
}


def sentence(text: str) -> str:
    """Return who does what with which event, and the comment; "" when the part does not say.  Never raises."""
    found = _properties(text)
    method = found.get("METHOD", ("", ""))[1].strip().upper()
    who = "ORGANIZER" if method in ("REQUEST", "CANCEL", "PUBLISH") else "ATTENDEE"
    parameters, address = found.get(who, ("", ""))
    answer = _ANSWER.search(parameters)
    verb = _ANSWERS.get(answer[1].upper() if answer else "") if method == "REPLY" else _METHODS.get(method)
    if verb is None:
        return ""
    name = _COMMON_NAME.search(parameters)
    person = (name and (name[1] or name[2])) or re.sub("(?i)^mailto:", "", address.strip()) or "Somebody"
    event = _plain(found.get("SUMMARY", ("", ""))[1])[:_LONGEST] or "the event"
    comment = _plain(found.get("COMMENT", ("", ""))[1])[:_COMMENT_LONGEST].strip()
    said = f"{person} {verb}: {event}{_when(found.get('DTSTART', ('', '')))}"
    return f"{comment}\n\n{said}" if comment else said


def _properties(text: str) -> dict[str, tuple[str, str]]:
    """Return parameters and value of the first of each property that stands in no alarm or time zone."""
    found: dict[str, tuple[str, str]] = {}
    outside = 0
    for line in _FOLD.sub("", text[: LINES_READ * 80]).splitlines()[:LINES_READ]:
        name, parameters, value = _property(line)
        if name in ("BEGIN", "END") and value.strip().upper() not in ("VCALENDAR", "VEVENT"):
            outside += 1 if name == "BEGIN" else -1
        elif outside <= 0:
            found.setdefault(name, (parameters, value))
    return found


def _property(line: str) -> tuple[str, str, str]:
    """Return name, parameters and value of a line; the value begins at the first colon outside quotation marks."""
    match = _NAME.match(line)
    if match is None:
        return "", "", ""
    at = match.end()
    for index, piece in enumerate(line[at : at + _LONGEST_PARAMETERS].split('"')):
        if index % 2 == 0 and ":" in piece:
            end = at + piece.index(":")
            return match[0].upper(), line[match.end() : end], line[end + 1 :]
        at += len(piece) + 1
    return "", "", ""


def _plain(value: str) -> str:
    return _ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], value)


def _when(start: tuple[str, str]) -> str:
    """Return ", on <date>" as the part writes it; times are shown in UTC or in the zone that it names."""
    parameters, value = start
    for form, shown in (
        ("%Y%m%dT%H%M%SZ", "%Y-%m-%d %H:%M UTC"),
        ("%Y%m%dT%H%M%S", "%Y-%m-%d %H:%M"),
        ("%Y%m%d", "%Y-%m-%d"),
    ):
        try:
            moment = datetime.strptime(value.strip(), form).replace(tzinfo=UTC)
        except ValueError:
            continue
        zone = re.search(r";TZID=\"?([^;:\"]{1,60})", parameters)
        return f", {moment.strftime(shown)}" + (f" ({zone[1]})" if zone else "")
    return ""
