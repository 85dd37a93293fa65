"""The visible reply: what the writer added, without what was quoted and without the signature.

Law: each line is looked at a bounded number of times and no pattern can backtrack over a body, so the time is linear.
The reader marks every line once (quote, attribution, separator, signature, text) and then keeps the text lines; what
it would leave empty it leaves whole, because a person's words may be hidden by a wrong guess but never lost.
It only serves display; Reference IDs are looked for in the whole body.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from gateway.inbound import phrases

SEPARATOR_LINE = "_" * 32
SIGNATURE_LINE = "-- "

_LINES_READ = 20_000
_LONGEST_MARK = 400
_ATTRIBUTION_LINES = 4
_HEADER_LINES = 7


class _Line(Enum):
    TEXT = "text"
    BLANK = "blank"
    QUOTE = "quote"
    ATTRIBUTION = "attribution"
    BEHIND = "behind"
    SIGNATURE = "signature"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visible:
    """The four views of a body: whole or reply only, each with and without the writer's signature."""

    reply: str
    reply_without_signature: str
    text_without_signature: str


def _any_of(phrases: tuple[str, ...]) -> str:
    return "|".join(re.escape(word) for line in phrases for word in line.split("|"))


_ENDS_ATTRIBUTION = re.compile(rf"(?:{_any_of(phrases.WROTE)})\s?[:：]?[\s*_]{{0,3}}$", re.I)
_STARTS_ATTRIBUTION = re.compile(
    rf"[\s*_-]{{0,4}}(?:(?:{_any_of(phrases.ATTRIBUTION_STARTS)})\b|\d{{1,4}}[-./年 ]|\w{{2,4}}[.,]? \d)", re.I
)
_NAMES_SOMEONE = re.compile(r"[@<\d]")
# "2026-11-20 10:00 GMT+01:00 Ann <ann@example.com>:", the attribution that needs no verb.
_DATE_AND_ADDRESS = re.compile(r"\s?\D{0,12}\d.{4,150}<[^<>\s]{3,80}>\s?[:：]\s*$")
_SEPARATOR = re.compile(
    rf"\s{{0,12}}[-_=*]{{2,40}}\s?(?:{_any_of(phrases.ORIGINAL_MESSAGE)})|\s?(?:{_any_of(phrases.FORWARD_STARTS)})\s?:",
    re.I,
)
_REPLY_ABOVE = re.compile(rf"[\s#*=_-]{{0,40}}(?:{_any_of(phrases.REPLY_ABOVE)})", re.I)
_RULE = re.compile(r"\s{0,3}(?:_{20,200}|-{10,200}|={10,200})\s*$")
# "---- Ann wrote ----", as some services on the web write it.
_DASHED_ATTRIBUTION = re.compile(rf"\s?-{{2,10}} ?.{{1,200}}(?:{_any_of(phrases.WROTE)}) ?-{{2,10}}\s*$", re.I)
_DATE_THEN_ADDRESS = re.compile(r"\s?\d[\d/. :-]{5,30}.{0,100}<[^<>\s]{3,80}>\s*$")
_FROM_HEADER = re.compile(rf"[\s*>|]{{0,4}}(?:{_any_of(phrases.FROM_NAMES)})[*\s]{{0,3}}[:：][*\s]{{0,3}}\S", re.I)
_OTHER_HEADER = re.compile(rf"[\s*>|]{{0,4}}(?:{_any_of(phrases.OTHER_HEADER_NAMES)})[*\s]{{0,3}}[:：]", re.I)
_SIGNATURE_DASHES = re.compile(r"(?:--|__)[ \t\u00a0]?\s*$")
_MOBILE = re.compile(rf"[\s*_(\[]{{0,3}}(?:{_any_of(phrases.MOBILE_SIGNATURES)})", re.I)
_LONGEST_MOBILE_LINE = 80
_FIRST_SIGNS = frozenset("-_=*#—([")
_FIRST_WORDS = re.compile(f"(?:{_STARTS_ATTRIBUTION.pattern})|(?:{_MOBILE.pattern})|.*：|.*<", re.I)


def split(text: str) -> Visible:
    """Cut a body into its views.  text: LF line ends.  None of the views is empty unless the text is.

    A signature counts as the writer's own only outside quotes.  Never raises.
    """
    lines = text.split("\n")
    kinds = _mark(lines)
    whole = text.strip("\n")
    visible = _keep(lines, kinds, _Line.TEXT, _Line.BLANK, _Line.SIGNATURE) or whole
    bare = _keep(lines, kinds, _Line.TEXT, _Line.BLANK) or visible
    unsigned = _join(line for line, kind in zip(lines, kinds, strict=True) if kind is not _Line.SIGNATURE)
    return Visible(reply=visible, reply_without_signature=bare, text_without_signature=unsigned or whole)


def _keep(lines: list[str], kinds: list[_Line], *wanted: _Line) -> str:
    kept = _join(line for line, kind in zip(lines, kinds, strict=True) if kind in wanted)
    return kept if kept.strip() else ""


def _join(lines: Iterable[str]) -> str:
    return "\n".join(lines).strip("\n \t")


def _mark(lines: list[str]) -> list[_Line]:
    """Give every line its kind; each line is looked at by a bounded number of patterns on a bounded prefix."""
    kinds: list[_Line] = []
    while len(kinds) < min(len(lines), _LINES_READ):
        at = len(kinds)
        line = lines[at]
        if not line.strip():
            kinds.append(_Line.BLANK)
        elif line.lstrip().startswith((">", "&gt;")):
            kinds.append(_Line.QUOTE)
        elif len(line) > _LONGEST_MARK or not _may_be_mark(line):
            kinds.append(_Line.TEXT)
        elif _begins_quoted_message(lines, at):
            kinds += [_Line.BEHIND] * (len(lines) - at)
        elif attribution := _attribution_length(lines, at):
            kinds += [_Line.ATTRIBUTION] * attribution
            if not _quote_follows(lines, len(kinds)):
                kinds += [_Line.BEHIND] * (len(lines) - len(kinds))
        elif _SIGNATURE_DASHES.match(line) or _is_list_footer(lines, at):
            kinds += [_Line.SIGNATURE] * _signature_length(lines, at)
        elif len(line) <= _LONGEST_MOBILE_LINE and "," not in line and _MOBILE.match(line):
            kinds.append(_Line.SIGNATURE)
        else:
            kinds.append(_Line.TEXT)
    return kinds + [_Line.TEXT] * (len(lines) - len(kinds))


def _may_be_mark(line: str) -> bool:
    """Sort out most lines of prose cheaply: what marks something has a colon, odd first signs or a known first word."""
    return ":" in line or line.lstrip()[0] in _FIRST_SIGNS or _FIRST_WORDS.match(line) is not None


def _begins_quoted_message(lines: list[str], at: int) -> bool:
    """Say whether all from here is another message: a titled line of dashes, or a copied header block."""
    line = lines[at]
    if _SEPARATOR.match(line) or _REPLY_ABOVE.match(line) or _DASHED_ATTRIBUTION.match(line):
        return True
    if _RULE.match(line):
        following = next((at + n for n in range(1, 4) if at + n < len(lines) and lines[at + n].strip()), None)
        return following is not None and _is_header_block(lines, following)
    return _is_header_block(lines, at)


def _is_header_block(lines: list[str], at: int) -> bool:
    """Say whether a copied header begins here: its first field and two more, or one more and an address."""
    if not _FROM_HEADER.match(lines[at][:_LONGEST_MARK]):
        return False
    near = [line[:_LONGEST_MARK] for line in lines[at : at + _HEADER_LINES]]
    fields = [line for line in near if _OTHER_HEADER.match(line) or _FROM_HEADER.match(line)]
    return len(fields) >= 3 or (len(fields) == 2 and any("@" in line for line in fields))


def _is_list_footer(lines: list[str], at: int) -> bool:
    """Say whether the line is the rule above what a mailing list adds; it is cut like a signature."""
    return _RULE.match(lines[at]) is not None and any("mailing list" in line.lower() for line in lines[at + 1 : at + 3])


def _attribution_length(lines: list[str], at: int) -> int:
    """Return how many lines an attribution takes that begins here; 0 when none does."""
    line = lines[at]
    if _DATE_AND_ADDRESS.match(line) or (_DATE_THEN_ADDRESS.match(line) and _quote_follows(lines, at + 1)):
        return 1
    if (
        line.rstrip().endswith("<")
        and at + 1 < len(lines)
        and _DATE_AND_ADDRESS.match(line.rstrip() + lines[at + 1][:100])
    ):
        return 2
    if _ENDS_ATTRIBUTION.search(line[-40:]) and (
        "@" in line or "<" in line or (_STARTS_ATTRIBUTION.match(line) and _NAMES_SOMEONE.search(line))
    ):
        return 1
    if not _STARTS_ATTRIBUTION.match(line):
        return 0
    for count in range(2, _ATTRIBUTION_LINES + 1):
        index = at + count - 1
        if index >= len(lines) or not lines[index].strip() or len(lines[index]) > _LONGEST_MARK:
            return 0
        if _ENDS_ATTRIBUTION.search(lines[index][-40:].rstrip()):
            return count if _NAMES_SOMEONE.search("".join(lines[at : index + 1])) else 0
    return 0


def _quote_follows(lines: list[str], at: int) -> bool:
    following = next((line for line in lines[at : at + 4] if line.strip()), "")
    return following.lstrip().startswith((">", "&gt;"))


def _signature_length(lines: list[str], at: int) -> int:
    """Return how many lines the signature takes: up to a quote, an attribution, another message or the end."""
    end = at + 1
    while end < min(len(lines), _LINES_READ):
        line = lines[end]
        short = len(line) <= _LONGEST_MARK
        if line.startswith(">") or (
            short
            and line.strip()
            and _may_be_mark(line)
            and (_begins_quoted_message(lines, end) or _attribution_length(lines, end))
        ):
            break
        end += 1
    return end - at
