"""Who was not reached, read from the words of a delivery report.

Four ways, from the surest to the loosest; the first that finds anybody decides: report fields inside the text, lines
that begin with an address behind an announcement, an address inside a sentence of failure, an address near words of
failure.  The phrases stand in `dialects.py`.  Linear: at most 400 lines of 600 characters are read.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from gateway.cleaning import clean_header
from gateway.inbound import dialects
from gateway.model import BounceRecipient

LINES_LIMIT = 400
LINE_CHARACTERS = 600
SECTION_LINES = 120

_PATTERN = r"[^\s<>\"'(),;:\[\]{}\\|]{1,64}@[^\s<>\"'(),;:\[\]{}\\|]{1,253}"
_ADDRESS = re.compile(rf"<?({_PATTERN})>?")
# Behind quote marks, bullets, list numbers, labels such as `SMTP:`; X.400 names hide the address behind `SMTP=`.
_BEGINS = re.compile(
    rf"[\s>*\"'•·-]{{0,12}}(?:\d{{1,3}}[.)]\s{{1,3}})?(?:(?:smtp|rfc822|mailto|e-?mail|user)\s{{0,3}}[:;=]\s{{0,3}})?"
    rf"[<\"'(]{{0,2}}({_PATTERN})[>\"')]{{0,2}}(?=[\s:;,.(\[<]|$)",
    re.IGNORECASE,
)
_X400 = re.compile(rf"\bsmtp=({_PATTERN})", re.IGNORECASE)
_NAMED = re.compile(rf"(?!\s*\d{{3}}[ -])[^@<(:]{{1,60}}[<(](?:mailto:)?({_PATTERN})[>)]")
_LOCAL_PART = re.compile(r"[\s>*]{0,12}<?([a-z0-9][\w.+=-]{0,63})>?\s*\Z", re.IGNORECASE)
_SEPARATOR = re.compile(r"\s*[-=_*#~]{3,}")
_ALIAS = re.compile(rf"\s*\((?:expanded|generated) from:? <?({_PATTERN})>?\)", re.IGNORECASE)
# A line that holds nothing but an address, with a label or a mark around it.
_ALONE = re.compile(
    r"[\s>*\"'-]{0,8}"
    r"(?:(?:(?:failed |intended )?recipient(?: address)?|to|address|user|mailbox|e-?mail|rcpt to)\s*[:=]\s*)?"
    rf"[<\"']?{_PATTERN}[>\"']?\s*[:;.]?\s*$",
    re.IGNORECASE,
)
_OTHER_FIELD = re.compile(
    r"[\s>]{0,8}(?:from|sender|reply-to|message-id|received|return-path|errors-to|cc|date|subject|by|x-\S+)\s*:",
    re.IGNORECASE,
)
_COPIED_FIELD = re.compile(r"(?:received: (?:from|by) |return-path: ?<|x-received:)", re.IGNORECASE)
_FAILURE_WORDS = re.compile(
    r"unknown|unrouteable|no such|not exist|undeliver|rejected|refused|failed|failure|invalid|full|quota|disabled|"
    r"not found|unavailable|could not|permanent|5\d\d|denied|inactive|expired|timed? ?out|not recogni[sz]ed",
    re.IGNORECASE,
)
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b(?!\.\d)")
_REPLY_CODE = re.compile(r"(?:^|[\s:#(])([45])[0-5]\d[ -](?!bytes|kb|mb)", re.IGNORECASE)
_BEFORE_TRIMMED = " \t<\"'([:=>*-"
_NEAR_CHARACTERS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a report says in words: its lines above the copy of the mail, the same in lower case, and the outer mail.

    not_failed: addresses that such a text names for other reasons (sender and receiver of the bounce).
    """

    lines: list[str]
    low: list[str]
    domain: str
    not_failed: frozenset[str]


def recipients(text: str, subject: str, domain: str, not_failed: frozenset[str]) -> list[BounceRecipient]:
    """Return the recipients that the words of a report name.  domain: of its sender, for bare local parts."""
    lines = _above_the_copy([line[:LINE_CHARACTERS] for line in text.split("\n")[:LINES_LIMIT]])
    told = Told(lines=lines, low=[line.lower() for line in lines], domain=domain, not_failed=not_failed)
    for way in WAYS:
        found = list(dict.fromkeys(way(told)))
        if found:
            action = "delayed" if is_delay(subject, told.low) else "failed"
            return [_recipient(told, number, address, action) for number, address in found]
    return []


def is_delay(subject: str, lines: Iterable[str]) -> bool:
    """Say whether a report in words (lower case) tells that the server keeps trying.  Source: RFC 3464 2.3.3."""
    words = " ".join(" ".join(lines).split())
    given_up = any(phrase in words for phrase in dialects.GIVEN_UP)
    late = any(phrase in subject.lower() for phrase in dialects.DELAYED_SUBJECTS)
    return not given_up and (late or any(phrase in words for phrase in dialects.DELAYED_BODY))


def status_in(words: str) -> str:
    """Return the status that words speak of: an enhanced code, else the class of a reply code, else by the reason."""
    if enhanced := _STATUS.search(words):
        return enhanced[1]
    low = words.lower()
    for phrase, status in dialects.STATUS_WORDS:
        if phrase in low:
            return status
    reply = _REPLY_CODE.search(words)
    return f"{reply[1]}.0.0" if reply else ""


def clean_address(address: str) -> str:
    """Return an address as it is stored: cleaned, the domain in lower case without a final dot."""
    local, at, domain = clean_header(address, limit=320).rpartition("@")
    return f"{local}{at}{domain.lower().rstrip('.')}"


def _above_the_copy(lines: list[str]) -> list[str]:
    """Cut the copy of the mail that came back, which names people who were reached or wrote it."""
    seen = False
    for number, line in enumerate(lines):
        marked = line.lstrip()[:2] in ("--", "==", "__", "**", "##", "~~")
        if (seen or marked) and dialects.COPY_BEGINS.match(line):
            return lines[:number]
        if seen and _COPIED_FIELD.match(line):
            return lines[:number]
        seen = seen or "@" in line
    return lines


def _announced(told: Told) -> Iterator[tuple[int, str]]:
    """Yield line number and address of lines that begin with an address, behind an announcement."""
    for number, low in enumerate(told.low):
        following = told.low[number + 1].strip() if number + 1 < len(told.low) else ""
        if _mentions(low, dialects.ANNOUNCEMENTS):
            found = list(_section(told, number + 1))
        elif _mentions(f"{low[-40:].strip()} {following[:40]}", dialects.ANNOUNCEMENTS):
            found = list(_section(told, number + 2))
        else:
            continue
        if found:
            yield from found
            return
    yield from _bare_names(told)


def _section(told: Told, start: int) -> Iterator[tuple[int, str]]:
    for number in range(start, min(start + SECTION_LINES, len(told.lines))):
        line = told.lines[number]
        if _SEPARATOR.match(line) and number > start:
            return
        if "@" in line and not _OTHER_FIELD.match(line):
            match = _X400.search(line) or _BEGINS.match(line) or _ALIAS.match(line) or _NAMED.match(line)
            leads = match is not None and match.re is not _NAMED
            if match and _is_address(match[1]) and (leads or _is_reachable(told, match[1])):
                yield number, clean_address(match[1].rstrip("."))


def _bare_names(told: Told) -> Iterator[tuple[int, str]]:
    """Yield the user name that stands alone behind an announcement: a server that speaks of its own domain."""
    for number, low in enumerate(told.low):
        if not told.domain or not low.rstrip().endswith((":", "-----")) or not _mentions(low, dialects.ANNOUNCEMENTS):
            continue
        for after in range(number + 1, min(number + 3, len(told.lines))):
            match = _LOCAL_PART.match(told.lines[after]) if told.lines[after].startswith((" ", "\t", "<")) else None
            if match:
                yield after, clean_address(f"{match[1]}@{told.domain}")
                return


def _in_sentences(told: Told) -> Iterator[tuple[int, str]]:
    """Yield addresses that stand straight behind or before words of failure, across line ends."""
    for number, line in enumerate(told.lines):
        if "@" not in line or _OTHER_FIELD.match(line):
            continue
        before = told.low[number - 1].strip()[-_NEAR_CHARACTERS:] if number else ""
        after = told.low[number + 1].strip()[:_NEAR_CHARACTERS] if number + 1 < len(told.lines) else ""
        for match in _ADDRESS.finditer(line):
            ahead = f"{before} {told.low[number][: match.start()].strip()}".rstrip(_BEFORE_TRIMMED)
            behind = f"{told.low[number][match.end() :].strip()} {after}".lstrip(" >\"')].,")
            spoken = ahead.endswith(dialects.BEFORE) or behind.startswith(dialects.AFTER)
            if spoken and _is_reachable(told, match[1]):
                yield number, clean_address(match[1].rstrip("."))
                break


def _near_failure(told: Told) -> Iterator[tuple[int, str]]:
    """Yield addresses alone on their line, or on or next to a line that speaks of failure."""
    for number, line in enumerate(told.lines):
        if "@" not in line or _OTHER_FIELD.match(line):
            continue
        near = " ".join(told.lines[max(0, number - 2) : number + 4])
        if _ALONE.match(line) or _FAILURE_WORDS.search(near):
            for match in _ADDRESS.finditer(line):
                if _is_reachable(told, match[1]):
                    yield number, clean_address(match[1].rstrip("."))
                    break


def _is_address(text: str) -> bool:
    local, _, domain = text.rstrip(".").rpartition("@")
    return bool(local) and "/" not in local[:1] and "." in domain.strip(".")


def _is_reachable(told: Told, text: str) -> bool:
    """Say whether a loosely found address can be a failed one: neither of the bounce's own, nor a help desk."""
    address = clean_address(text.rstrip(".")).lower()
    named = address.rpartition("@")[0] not in dialects.CONTACTS
    return _is_address(text) and named and address not in told.not_failed


def _recipient(told: Told, number: int, address: str, action: str) -> BounceRecipient:
    words = " ".join(line.strip() for line in told.lines[number : number + 6])
    around = " ".join(line.strip() for line in told.lines[max(0, number - 3) : number])
    return BounceRecipient(
        address=address,
        action=action,
        status=status_in(words) or status_in(around),
        diagnostic=clean_header(words[:500], limit=500),
    )


def _mentions(text: str, phrases: tuple[str, ...]) -> bool:
    return any(phrase in text for phrase in phrases)


WAYS: tuple[Callable[[Told], Iterator[tuple[int, str]]], ...] = (_announced, _in_sentences, _near_failure)
