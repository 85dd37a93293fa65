"""The visible reply: what the writer added, without what was quoted and without the signature.

Law: each line is looked at a bounded number of times and no pattern can backtrack over a body, so the time is linear.
The reader gives every line one kind (`LineKind`) and then keeps the lines of some kinds; what that would leave empty
it leaves whole, because a person's words may be hidden by a wrong guess but never lost.  What a line says is known to
`marks.py` and `signature.py`, in which words to `phrases.py`.
It only serves display; Reference IDs are looked for in the whole body.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from gateway.inbound import marks, phrases, signature
from gateway.inbound.marks import Mark

# What lies beyond counts as one line of text.
_LINES_READ = 20_000
_LONGEST_MOBILE_LINE = 80
_WEAK_DASHES_LINES = 12


class LineKind(StrEnum):
    """What a line of a body is; the value is the sentence of the documents."""

    TEXT = "the writer's own words"
    BLANK = "an empty line"
    QUOTE = "a line with a quote mark, or inside a quoting element of HTML"
    ATTRIBUTION = "who wrote the quote below, and when; up to five lines"
    BEHIND = "everything behind a separator or a copied header: another message"
    SIGNATURE = "signature, line of a telephone, disclaimer, footer of a mailing list"
    MARK = "written by the reader of HTML, never shown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visible:
    """The four views of a body: whole or reply only, each with and without the writer's signature."""

    reply: str
    reply_without_signature: str
    text_without_signature: str


_SIGNATURE_DASHES = re.compile(r"\s?(?:--|__|—|––)[ \t\u00a0]*$")
_MOBILE = re.compile(rf"[\s*_(\[<-]{{0,3}}(?:{marks.any_of(phrases.MOBILE_SIGNATURES)})", re.I)
_BEFORE_MOBILE = " \t*_([<-"
_MOBILE_HEADS = frozenset(word[:3] for line in phrases.MOBILE_SIGNATURES.values() for word in line.split("|"))
_MARKS = frozenset(Mark)
_SPANS = {Mark.SIGNATURE: LineKind.SIGNATURE, Mark.ATTRIBUTION: LineKind.ATTRIBUTION, Mark.QUOTE: LineKind.QUOTE}


def split(text: str) -> Visible:
    """Cut a body into its views.  text: LF line ends; may hold marks.  None of the views is empty unless the text is.

    A signature counts as the writer's own only outside quotes.  Never raises.
    """
    lines = text.split("\n", _LINES_READ)
    kinds = mark(lines)
    whole = marks.unmarked(text).strip("\n")
    visible = _keep(lines, kinds, LineKind.TEXT, LineKind.BLANK, LineKind.SIGNATURE)
    bare = _keep(lines, kinds, LineKind.TEXT, LineKind.BLANK) or visible
    unsigned = _keep(lines, kinds, *(set(LineKind) - {LineKind.SIGNATURE, LineKind.MARK}))
    if not visible:
        # Nothing of it is the writer's own, so all of it is what the writer wanted to be read.
        visible = whole
        bare = _without_end(whole)
    return Visible(reply=visible, reply_without_signature=bare, text_without_signature=unsigned or whole)


def mark(lines: list[str]) -> list[LineKind]:
    """Give every line its kind.

    A line on which an attribution follows the writer's words is cut to these words, in place.
    """
    kinds = _mark(lines)
    _mark_broken_quotes(lines, kinds)
    _mark_idle_rules(lines, kinds)
    _mark_own_signature(lines, kinds)
    return kinds


def _keep(lines: Sequence[str], kinds: Sequence[LineKind], *wanted: LineKind) -> str:
    kept = _join(line for line, kind in zip(lines, kinds, strict=True) if kind in wanted and line[:1] not in _MARKS)
    return kept if kept.strip() else ""


def _join(lines: Iterable[str]) -> str:
    return "\n".join(lines).strip("\n \t")


def _without_end(text: str) -> str:
    """Return the text without the signature at its end: for a text that as a whole is somebody's message."""
    lines = text.split("\n", _LINES_READ)
    return _join(lines[: signature.start(lines)]) or text


def _mark(lines: list[str]) -> list[LineKind]:
    kinds: list[LineKind] = []
    while len(kinds) < len(lines):
        at = len(kinds)
        line = lines[at]
        if not line.strip():
            kinds.append(LineKind.BLANK)
        elif marks.is_quote(line):
            kinds.append(LineKind.QUOTE)
        elif len(line) > marks.LONGEST_MARK or not marks.may_be_mark(line):
            kinds.append(LineKind.SIGNATURE if _is_mobile(line) else LineKind.TEXT)
        else:
            kinds += _kinds_from(lines, at)
    return kinds


def _kinds_from(lines: list[str], at: int) -> list[LineKind]:
    """Return the kinds of the next lines, one or more, as far as they are certain."""
    line, rest = lines[at], len(lines) - at
    if line[0] in _MARKS:
        return _kinds_of_span(lines, at)
    if marks.begins_message(lines, at):
        return [LineKind.BEHIND] * rest
    if shared := marks.split_shared_line(line):
        lines[at] = shared[0]
        return [LineKind.TEXT, *([] if marks.quote_follows(lines, at + 1) else [LineKind.BEHIND] * (rest - 1))]
    if length := marks.attribution_length(lines, at):
        behind = 0 if marks.quote_follows(lines, at + length) else rest - length
        return [LineKind.ATTRIBUTION] * length + [LineKind.BEHIND] * behind
    if _begins_signature(lines, at):
        return [LineKind.SIGNATURE] * _signature_length(lines, at)
    return [LineKind.SIGNATURE if _is_mobile(line) else LineKind.TEXT]


def _kinds_of_span(lines: list[str], at: int) -> list[LineKind]:
    """Return the kinds of the lines between a mark and its END, or to the end of the text."""
    opening = Mark(lines[at][0])
    if opening not in _SPANS:
        return [LineKind.MARK] + [LineKind.BEHIND] * (len(lines) - at - 1 if opening is Mark.BEHIND else 0)
    kind = _SPANS[opening]
    kinds: list[LineKind] = []
    depth = 0
    for index in range(at, len(lines)):
        line = lines[index]
        depth += 0 if line[:1] not in _MARKS or line == Mark.BEHIND else -1 if line == Mark.END else 1
        if opening is Mark.ATTRIBUTION and line.strip() and marks.begins_message(lines, index):
            return kinds + [LineKind.BEHIND] * (len(lines) - index)
        kinds.append(LineKind.MARK if line[:1] in _MARKS else kind)
        if not depth:
            break
    return kinds


def _is_mobile(line: str) -> bool:
    if len(line) > _LONGEST_MOBILE_LINE or "," in line or line.lstrip(_BEFORE_MOBILE)[:3].lower() not in _MOBILE_HEADS:
        return False
    return _MOBILE.match(line) is not None


def _begins_signature(lines: list[str], at: int) -> bool:
    """Say whether dashes that announce a signature stand here, or the rule above what a mailing list adds."""
    line = lines[at]
    if line.rstrip("\r") == marks.SIGNATURE_LINE:
        return True
    if marks.is_rule(line):
        return any("mailing list" in below.lower() for below in lines[at + 1 : at + 3])
    if not _SIGNATURE_DASHES.match(line):
        return False
    # Without the space of RFC 3676 4.3 it may also be a divider between two parts of a long letter.
    return (
        sum(1 for below in lines[at + 1 : at + 40] if below.strip() and not marks.is_quote(below)) <= _WEAK_DASHES_LINES
    )


def _signature_length(lines: list[str], at: int) -> int:
    """Return how many lines the signature takes: up to a quote, an attribution, another message or the end."""
    end = at + 1
    while end < len(lines):
        line = lines[end]
        if marks.is_quote(line) or line[:1] in _MARKS or (len(line) <= marks.LONGEST_MARK and _goes_on(lines, end)):
            break
        end += 1
    return end - at


def _goes_on(lines: list[str], at: int) -> bool:
    if not lines[at].strip() or not marks.may_be_mark(lines[at]):
        return False
    return marks.begins_message(lines, at) or marks.attribution_length(lines, at) > 0


def _mark_broken_quotes(lines: Sequence[str], kinds: list[LineKind]) -> None:
    """Count lines that a mail program broke out of a quote by wrapping it anew as quoted."""
    for at in range(1, len(kinds) - 1):
        if kinds[at] is not LineKind.TEXT or kinds[at - 1] is not LineKind.QUOTE:
            continue
        if kinds[at + 1] is LineKind.QUOTE and marks.joins_broken_quote(lines[at - 1], lines[at]):
            kinds[at] = LineKind.QUOTE


def _mark_idle_rules(lines: Sequence[str], kinds: list[LineKind]) -> None:
    """Count a line across the page above what is quoted as part of that."""
    quoted = False
    for at in range(len(kinds) - 1, -1, -1):
        if kinds[at] is LineKind.TEXT:
            quoted = quoted and marks.is_rule(lines[at])
            kinds[at] = LineKind.ATTRIBUTION if quoted else LineKind.TEXT
        elif kinds[at] is not LineKind.BLANK:
            quoted = kinds[at] in (LineKind.QUOTE, LineKind.ATTRIBUTION, LineKind.BEHIND, LineKind.MARK)


def _mark_own_signature(lines: Sequence[str], kinds: list[LineKind]) -> None:
    """Look for a signature that nothing announces at the end of the writer's last words."""
    own = (LineKind.TEXT, LineKind.BLANK)
    last = next((at for at in range(len(kinds) - 1, -1, -1) if kinds[at] is LineKind.TEXT), -1)
    first = last
    while first > 0 and kinds[first - 1] in own:
        first -= 1
    begin = first + signature.start(lines[first : last + 1])
    if begin > last:
        while last + 1 < len(kinds) and kinds[last + 1] in (LineKind.SIGNATURE, LineKind.BLANK):
            last += 1
        begin = first + signature.start(lines[first : last + 1])
    if begin > last or LineKind.TEXT not in kinds[:begin]:
        return
    for at in range(begin, last + 1):
        kinds[at] = LineKind.SIGNATURE if kinds[at] is LineKind.TEXT else kinds[at]
