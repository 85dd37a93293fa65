"""What one line, or a few lines in a row, say about the structure of a body: quote, attribution, another message.

Law: each question looks at a bounded number of lines and at a bounded prefix of each, and no pattern can backtrack
over a body; asking all of them of every line is linear in the body.  Nothing here knows what is done with the answer.

A body that comes from HTML may hold marks: lines of one non-character (`Mark`), written by `htmltext` where the markup
says what the words cannot, in any language.  Unicode keeps these code points for such use; a mail that sends them loses
them on the way in (`without`).
"""

import re
from collections.abc import Mapping
from enum import StrEnum

from gateway.inbound import phrases

LONGEST_MARK = 400
SEPARATOR_LINE = "_" * 32
SIGNATURE_LINE = "-- "

_ATTRIBUTION_LINES = 5
_HEADER_LINES = 7


class Mark(StrEnum):
    """A line that only markup can write.  The last three span all lines up to END."""

    BEHIND = "\ufdd0"
    END = "\ufdd1"
    SIGNATURE = "\ufdd2"
    ATTRIBUTION = "\ufdd3"
    QUOTE = "\ufdd4"


_MARKS = re.compile("[\ufdd0-\ufdd4]")
_MARK_LINES = re.compile("[\ufdd0-\ufdd4]\n?")


def unmarked(text: str) -> str:
    """Return the text of `htmltext` without its marks and without the lines that they stand on."""
    return _MARK_LINES.sub("", text) if _MARKS.search(text) else text


def without(text: str) -> str:
    """Return text from outside without characters that would be read as marks."""
    return _MARKS.sub("", text) if _MARKS.search(text) else text


def any_of(table: Mapping[str, str]) -> str:
    """Return the alternation of all words of a table, the longest first."""
    words = {word for line in table.values() for word in line.split("|") if word}
    return "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))


_VERBS = tuple({word for line in phrases.WROTE.values() for word in line.split("|")})
_VERB = re.compile(
    rf"(?<![^\W_])(?:{any_of(phrases.WROTE)})(?![^\W\d_])|{phrases.WROTE['ja']}|{phrases.WROTE['ko']}", re.I
)
_BEHIND_VERB = " \t:：*_>"
_COLON_AT_END = re.compile(r"[:：][\s*_]{0,3}$")
_FIRST_WORDS = frozenset(start.split()[0] for line in phrases.ATTRIBUTION_STARTS.values() for start in line.split("|"))
_BEFORE_FIRST_WORD = " \t*_-"
_DATE = re.compile(r"\d{1,4}[./年년-] ?\d{1,2}|(?<!\d)(?:19|20)\d\d(?!\d)|\d{1,2}[:.h]\d\d")
_TIME = re.compile(r"\d{1,2}[:.h]\d\d")
_BRACKETED = re.compile(r"[<(\[][^<>\s]{1,80}[@＠][^<>\s]{1,80}[>)\]]|<mailto:")
_ADDRESS_WROTE = re.compile(rf"\s?[^:]{{0,80}}<[^<>\s]{{3,80}}>\s(?:{any_of(phrases.WROTE)})\s?:\s*$", re.I)
_DATE_THEN_ADDRESS = re.compile(r"\s?\d[\d/. :-]{5,30}.{0,100}<[^<>\s]{3,80}>\s*$")
_SHARED_LINE = re.compile(
    r"(?:On (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|\d)|Am (?:Mo|Di|Mi|Do|Fr|Sa|So|\d)|Le (?:lun|mar|mer|jeu|ven|sam|dim|\d)"
    r"|El (?:lun|mar|mié|jue|vie|sáb|dom|\d)|Il giorno|Op (?:ma|di|wo|do|vr|za|zo|\d)"
    r"|Em (?:seg|ter|qua|qui|sex|sáb|dom|\d))"
)

_TITLED = re.compile(rf"[\s*]{{0,12}}[-_=*—]{{2,40}}\s?(?:{any_of(phrases.ORIGINAL_MESSAGE)})", re.I)
_FORWARD = re.compile(rf"\s?(?:{any_of(phrases.FORWARD_STARTS)})\s?[:：]\s*$", re.I)
_REPLY_ABOVE = re.compile(rf"[\s#*=_|~+-]{{0,40}}(?:{any_of(phrases.REPLY_ABOVE)})", re.I)
_REPLY_ABOVE_WORDS = frozenset(
    request.split()[0] for line in phrases.REPLY_ABOVE.values() for request in line.split("|")
)
_RULE = re.compile(r"\s{0,3}(?:_{20,200}|-{10,200}|={10,200}|—{8,100}|\*{20,200})\s*$")
_SHORT_RULE = re.compile(r"\s{0,3}(?:[-_=*~—]\s?){3,200}\s*$")
_ANY_TITLE = re.compile(r"\s{0,3}[-_=*]{2,40}\s?[^\W\d_][^-_=*:]{2,60}[-_=*]{2,40}\s*$")
# "---- Ann wrote ----", as some services on the web write it.
_DASHED_ATTRIBUTION = re.compile(rf"\s?-{{2,10}} ?.{{1,200}}(?:{any_of(phrases.WROTE)}).{{0,40}} ?-{{2,10}}\s*$", re.I)
_FROM_HEADER = re.compile(rf"[\s*>|]{{0,4}}(?:{any_of(phrases.FROM_NAMES)})[*\s]{{0,3}}[:：][*\s]{{0,3}}\S", re.I)
_OTHER_HEADER = re.compile(rf"[\s*>|]{{0,4}}(?:{any_of(phrases.OTHER_HEADER_NAMES)})[*\s]{{0,3}}[:：]", re.I)
_ANY_HEADER = re.compile(r"[\s*]{0,3}[^\W\d_][^:：\n]{0,24}[:：][*\s]{0,3}\S")
_HEADERS_IN_A_LINE = re.compile(
    rf"[\s*]{{0,4}}(?:{any_of(phrases.FROM_NAMES)})[*\s]?[:：].{{1,150}}\s(?:{any_of(phrases.OTHER_HEADER_NAMES)})[*\s]?[:：]",
    re.I,
)
_RULE_SIGNS = frozenset("-_=*~#—|+")
_FIRST_SIGNS = _RULE_SIGNS | frozenset("–([") | frozenset(Mark)
_WRAPPED_FROM = 55
_QUOTE = re.compile(r"\s*(?:>|＞|&gt;|[A-Z]{1,3}>(?: |$))")
_DECORATED = re.compile(r"<<\s*$")


def is_quote(line: str) -> bool:
    """Say whether the line begins with a quote mark; `>> look here <<` is decoration."""
    return _QUOTE.match(line[:60]) is not None and not _DECORATED.search(line[-12:])


def quote_follows(lines: list[str], at: int) -> bool:
    """Say whether the next line with text, of four, is a quote."""
    following = next((line for line in lines[at : at + 4] if line.strip()), "")
    return is_quote(following) or following in (Mark.QUOTE, Mark.BEHIND)


def is_rule(line: str) -> bool:
    """Say whether the line is drawn across the page."""
    return _RULE.match(line) is not None


def begins_message(lines: list[str], at: int) -> bool:
    """Say whether all from here is another message: a titled line of dashes, or a copied header block."""
    line = lines[at]
    if line.lstrip()[:1] in _RULE_SIGNS:
        if _TITLED.match(line) or _REPLY_ABOVE.match(line) or _DASHED_ATTRIBUTION.match(line):
            return True
        if _SHORT_RULE.match(line) or _ANY_TITLE.match(line):
            return _header_follows(lines, at + 1)
    elif _REPLY_ABOVE.match(line):
        return True
    if ":" not in line and "：" not in line:
        return False
    if _FORWARD.match(line) or _is_header_block(lines, at):
        return True
    return (at == 0 or not lines[at - 1].strip()) and _is_any_header_block(lines, at)


def _header_follows(lines: list[str], at: int) -> bool:
    following = next((index for index in range(at, min(at + 3, len(lines))) if lines[index].strip()), None)
    if following is None:
        return False
    if lines[following] == Mark.BEHIND:
        return True
    if not _ANY_HEADER.match(lines[following][:LONGEST_MARK]):
        return False
    return _is_header_block(lines, following) or _HEADERS_IN_A_LINE.match(lines[following][:LONGEST_MARK]) is not None


def _is_header_block(lines: list[str], at: int) -> bool:
    """Say whether a copied header begins here: its first field and two more, or one more and an address."""
    if not _FROM_HEADER.match(lines[at][:LONGEST_MARK]):
        return False
    fields = [line for line in _near(lines, at) if _OTHER_HEADER.match(line) or _FROM_HEADER.match(line)]
    return len(fields) >= 3 or (len(fields) == 2 and any("@" in line for line in fields))


def _is_any_header_block(lines: list[str], at: int) -> bool:
    """Say whether four fields stand in a row, one with an address and one with a time: a header in some language."""
    if not _ANY_HEADER.match(lines[at][:LONGEST_MARK]):
        return False
    near = _near(lines, at)[:4]
    return (
        len(near) == 4
        and all(map(_ANY_HEADER.match, near))
        and any("@" in line and _BRACKETED.search(line) for line in near[:1])
        and any(map(_TIME.search, near[1:]))
    )


def _near(lines: list[str], at: int) -> list[str]:
    return [line[:LONGEST_MARK] for line in lines[at : at + _HEADER_LINES]]


def attribution_length(lines: list[str], at: int) -> int:
    """Return how many lines an attribution takes that begins here ("On <date>, <name> wrote:"); 0 when none does."""
    starts = _starts_attribution(lines[at])
    joined = ""
    for count in range(1, _ATTRIBUTION_LINES + 1):
        index = at + count - 1
        if index >= len(lines) or len(lines[index]) > LONGEST_MARK:
            return 0
        if count > 1 and is_quote(lines[index]) and "<" not in joined[-90:]:
            return 0
        line = lines[index].strip()
        if not line:
            if not (index + 1 < len(lines) and lines[index + 1].startswith("<") and starts):
                return 0
            continue
        joined = f"{joined} {line}" if joined else line
        if _is_attribution(joined, starts, lines, index + 1):
            return count
        if _COLON_AT_END.search(line[-8:]) or not (starts or "@" in joined or "<" in joined):
            return 0
    return 0


def _starts_attribution(line: str) -> bool:
    """Say whether the line begins with a word or a date that attributions begin with."""
    words = line[:60].lstrip(_BEFORE_FIRST_WORD).split(None, 2)
    if not words:
        return False
    first = words[0].strip(".,").lower()
    return first in _FIRST_WORDS or first[:1].isdigit() or (len(first) <= 6 and words[-1][0].isdigit())


def _ends_with_verb(text: str) -> bool:
    return text[-60:].rstrip(_BEHIND_VERB).lower().endswith(_VERBS)


def _is_attribution(text: str, starts: bool, lines: list[str], after: int) -> bool:
    """Say whether these joined lines are an attribution.  after: where the next line stands."""
    colon = _COLON_AT_END.search(text[-8:]) is not None
    if not colon and not _ends_with_verb(text):
        return _DATE_THEN_ADDRESS.match(text) is not None and quote_follows(lines, after)
    has_date, bracketed = _DATE.search(text) is not None, _BRACKETED.search(text) is not None
    if colon and has_date and bracketed:
        return True
    has_verb = _VERB.search(text) is not None
    if has_verb and has_date and (starts or bracketed or (colon and _TIME.search(text) is not None)):
        return True
    if has_verb and (_ADDRESS_WROTE.match(text) or (starts and (bracketed or "@" in text))):
        return True
    return quote_follows(lines, after) and (has_verb or (colon and (has_date or bracketed)))


def split_shared_line(line: str) -> tuple[str, str] | None:
    """Cut a line on which an attribution follows the writer's own words; None when there is none.

    Some programs lose the line break between them when they turn HTML into text.
    """
    if len(line) > LONGEST_MARK or not _ends_with_verb(line):
        return None
    match = _SHARED_LINE.search(line, 1)
    if match is None or not line[match.start() - 1].isspace() or not _DATE.search(line, match.start()):
        return None
    own = line[: match.start()].rstrip(" -")
    return (own, line[match.start() :]) if own else None


def may_be_mark(line: str) -> bool:
    """Sort out most lines of prose cheaply: what marks something has a colon, odd first signs or a known first word."""
    if ":" in line or "<" in line or "：" in line or line.lstrip()[0] in _FIRST_SIGNS:
        return True
    return _starts_attribution(line) or line.split(None, 1)[0].lower() in _REPLY_ABOVE_WORDS


def joins_broken_quote(before: str, line: str) -> bool:
    """Say whether an unmarked line between two quoted lines is the rest of the one before, wrapped anew."""
    first = line.lstrip()[:1]
    if not first or first.isupper():
        return False
    return first in "(<_=/&" or (
        first.islower() and len(before) >= _WRAPPED_FROM and before.rstrip()[-1:] not in "?!:>"
    )
