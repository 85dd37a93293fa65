"""HTML bodies to plain text, in linear time.

nh3 (an HTML5 parser) makes the markup well formed and drops scripts, styles and comments; what it leaves is cut into
tags and text by one regular expression.  The standard library's HTMLParser is quadratic below Python 3.11.14, and nh3
itself is on deep nesting, so a body that nests deeper than any mail does is stripped of its tags more crudely.
Quoted parts get `> ` before each line, so that one reader of quotes serves both kinds of body; what else mail programs
say by class, id or style becomes a mark (`marks.Mark`), which is never shown.
"""

import html
import re
from dataclasses import dataclass

import nh3

from gateway.inbound import marks
from gateway.inbound.marks import Mark

LIMIT_CHARACTERS = 1_048_576
# Stands for a no-break space in nh3, which is slow at writing many of them.
_SPACE_INSIDE = "\ufdd5"
_SOFT_HYPHEN = "\u00ad"
_TAGS_COUNTED_FROM = 1_000
_DEEPEST = 500
_LONGEST_STYLE = 400

_BLOCKS = frozenset(
    re.findall(
        r"\w+",
        "address article aside blockquote center dd div dl dt fieldset figure footer form h1 h2 h3 h4 h5 h6 header hr"
        " li main nav ol p pre section table tbody td tfoot th thead tr ul",
    )
)
_PARAGRAPHS = frozenset(("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "pre"))
_CELLS = frozenset(("td", "th"))
_KEPT = (_BLOCKS | {"br", "span", "a", "b", "i"}) - {"fieldset", "form", "main", "address"}
_TELLING = {"class", "id", "name", "style"}
_ATTRIBUTES = dict.fromkeys(("div", "span", "blockquote", "p", "table", "td", "a", "hr"), _TELLING)
_DROPPED = {"script", "style", "title", "head", "template"}
# Made once: making it costs more than cleaning a short mail.
_CLEANER = nh3.Cleaner(tags=set(_KEPT), attributes=_ATTRIBUTES, clean_content_tags=_DROPPED, link_rel=None)
_TOKEN = re.compile(r'<(/?)([a-z][a-z0-9]*)((?:\s[a-z-]+="[^"]*")*)\s*/?>|([^<]+)')
_NAMED = re.compile(r'(?:class|id|name)="([^"]*)"')
_STYLED = re.compile(r'style="([^"]*)"')
# Word writes it above the header that Outlook copies, and along the side of what it quotes.
_BORDER_ABOVE = re.compile(
    r"border:none;border-top:(?:solid ?#(?:b5c4df|e1e1e1)|1pt solid (?:#|rgb\()(?:b5c4df|e1e1e1|181|225))"
)
_BORDER_BESIDE = re.compile(r"border:none;border-left:solid ?(?:blue|#0000ff|#1010ff)")
# The button that indents makes one of these; nobody is quoted.
_INDENTED = re.compile(
    r"border(?:-width)?:(?:none|0|medium none)|margin:0 ?(?:0px )?(?:0 )?(?:0px )?(?:0 )?40px|margin-left:40px"
)
_OPEN_OR_CLOSE = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_VOID = frozenset(re.findall(r"\w+", "area base br col embed hr img input link meta param source track wbr"))
_CRUDE = re.compile(
    r"<!--.*?(?:-->|\Z)|<(?:script|style)\b.*?(?:</(?:script|style)\s*>|\Z)|<[^>]*(?:>|\Z)", re.S | re.I
)
_SPACES = re.compile(r"[ \t\n\r\f]+")
# All that nh3 writes; the ampersand last, so that nothing is unescaped twice.
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&nbsp;": "\u00a0", "&amp;": "&"}

# Class, id or name by which a mail program marks a part: what the part is.  The mark BEHIND concerns all that follows.
STRUCTURE: dict[str, Mark] = {
    **dict.fromkeys(
        (
            "divrplyfwdmsg",
            "appendonsend",
            "outlookmessageheader",
            "ms-outlook-mobile-reference-message",
            "stopspelling",
            "ec_stopspelling",
            "replysplit",
            "zwchr",
            "reply-intro",
        ),
        Mark.BEHIND,
    ),
    **dict.fromkeys(
        (
            "yahoo_quoted",
            "yahoo-quoted-begin",
            "mail-editor-reference-message-container",
            "protonmail_quote",
            "zmail_extra",
            "moz-forward-container",
            "messagereplysection",
            "cm_quote",
            "wps_quotion",
            "front-blockquote",
            "gmail_forward",
        ),
        Mark.QUOTE,
    ),
    **dict.fromkeys(
        ("gmail_quote", "gmail_attr", "moz-cite-prefix", "airmail_ext_on", "airmail_on", "hm_attr"), Mark.ATTRIBUTION
    ),
    **dict.fromkeys(("messagesignaturesection", "bloop_sign", "mb_sig", "sig_post"), Mark.SIGNATURE),
}
# The many classes of signatures have this word in common: gmail_signature, moz-signature, AppleMailSignature ...
_SIGNATURE_WORD = "signature"


def to_text(markup: str) -> str:
    """Return the readable text of an HTML body, at most LIMIT_CHARACTERS.  Never raises."""
    return marks.unmarked(to_marked_text(markup))


def to_marked_text(markup: str) -> str:
    """Return the readable text with the marks of its structure.

    An ID that tags, entities, `<wbr>`, comments or soft hyphens split is whole again.
    """
    markup = markup[:LIMIT_CHARACTERS]
    if nesting_is_hostile(markup):
        return _strip_crudely(markup)
    clean = _CLEANER.clean(markup.replace("&nbsp;", _SPACE_INSIDE)).replace(_SPACE_INSIDE, "\u00a0")
    return _Writer().write(marks.without(clean).replace(_SOFT_HYPHEN, ""))[:LIMIT_CHARACTERS]


def nesting_is_hostile(markup: str) -> bool:
    """Say whether tags are nested deeper than any mail program writes them; such markup must not reach nh3."""
    if markup.count("<") < _TAGS_COUNTED_FROM:
        return False
    depth = 0
    for match in _OPEN_OR_CLOSE.finditer(markup):
        if match[2].lower() not in _VOID:
            depth += -1 if match[1] and depth else 1
            if depth > _DEEPEST:
                return True
    return False


@dataclass(slots=True)
class _Element:
    """An open element.  quotes: whether its lines get a quote mark.  spans: whether a mark ends with it."""

    tag: str
    quotes: bool = False
    spans: bool = False


class _Writer:
    """Write the tokens of clean markup as lines; holds the open line and how deep in quotes it stands."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.gap = False
        self.preformatted = 0
        self.quotes = 0
        self.opened: list[_Element] = []
        self.attribution: _Element | None = None

    def write(self, markup: str) -> str:
        for slash, tag, attributes, text in _TOKEN.findall(markup):
            if text:
                self.text(_unescaped(text) if "&" in text else text)
            elif slash:
                self.close(tag)
            else:
                self.open(tag, attributes)
        self.end_line()
        return "\n".join(_unquoted(self.lines)).strip("\n")

    def text(self, text: str) -> None:
        if not self.preformatted:
            self.line.append(_SPACES.sub(" ", text))
            return
        first, *rest = text.split("\n")
        self.line.append(first)
        for line in rest:
            self.end_line(keep_empty=True)
            self.line.append(line)

    def open(self, tag: str, attributes: str) -> None:
        if tag == "br":
            self.end_line(keep_empty=True)
        elif tag in _BLOCKS:
            self.break_block(tag)
        element = _Element(tag)
        if tag == "blockquote":
            self.end_attribution()
            element.quotes = not _is_indented(attributes)
        if attributes:
            self.mark(_structure(attributes), element)
        if tag == "hr" and self.lines[-1:] != [marks.SEPARATOR_LINE]:
            self.line.append(marks.SEPARATOR_LINE)
            self.end_line()
        if tag not in ("br", "hr"):
            self.opened.append(element)
        self.preformatted += tag == "pre"
        self.quotes += element.quotes
        if tag == "li":
            self.line.append("* ")

    def close(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.break_block(tag)
        # What nh3 writes is well formed: the tag closes the element that was opened last.
        element = self.opened.pop() if self.opened else _Element(tag)
        self.preformatted -= tag == "pre" and self.preformatted > 0
        self.quotes -= element.quotes
        if element is self.attribution:
            self.end_attribution()
        elif element.spans:
            self.write_mark(Mark.END)

    def mark(self, mark: Mark | None, element: _Element) -> None:
        """Begin what a class or id says; inside quotes nothing more needs to be said."""
        if mark is None or self.quotes or element.quotes or self.attribution:
            return
        self.write_mark(mark)
        if mark is Mark.ATTRIBUTION:
            self.attribution = element
        element.spans = mark in (Mark.SIGNATURE, Mark.QUOTE)

    def end_attribution(self) -> None:
        """End what stands above a quote; the element itself may hold answers between its quotes."""
        if self.attribution:
            self.attribution = None
            self.write_mark(Mark.END)

    def write_mark(self, mark: Mark) -> None:
        self.end_line()
        self.lines.append(mark.value)

    def break_block(self, tag: str) -> None:
        if tag in _CELLS:
            self.line.append(" ")
            return
        self.end_line()
        self.gap = self.gap or tag in _PARAGRAPHS

    def end_line(self, keep_empty: bool = False) -> None:
        line = "".join(self.line)
        line = line if self.preformatted or line == marks.SIGNATURE_LINE else line.strip(" ")
        self.line.clear()
        if not line.strip() and not keep_empty:
            return
        prefix = ">" * min(self.quotes, 20) + " " if self.quotes else ""
        if self.gap and self.lines and self.lines[-1].strip("> "):
            self.lines.append(prefix.rstrip() if self.lines[-1].startswith(">") else "")
        self.gap = False
        self.lines.append((prefix + line).rstrip() if prefix else line)


def _unescaped(text: str) -> str:
    for entity, character in _ENTITIES.items():
        text = text.replace(entity, character)
    return text


def _structure(attributes: str) -> Mark | None:
    for value in _NAMED.findall(attributes):
        for word in value.lower().split():
            # Outlook and Yahoo put something before the names of what they quote.
            word = word.removeprefix("x_")
            mark = STRUCTURE.get(word)
            if mark is not None:
                return mark
            if _SIGNATURE_WORD in word and len(word) <= 60:
                return Mark.SIGNATURE
            if word.endswith("yahoo_quoted"):
                return Mark.QUOTE
    style = _STYLED.search(attributes)
    if style is None or "border" not in style[1]:
        return None
    words = _plain_style(style[1])
    if _BORDER_ABOVE.search(words):
        return Mark.BEHIND
    return Mark.QUOTE if _BORDER_BESIDE.search(words) else None


def _is_indented(attributes: str) -> bool:
    """Say whether a blockquote only indents: its style draws no line and no name says that it quotes."""
    style = _STYLED.search(attributes)
    return style is not None and "class=" not in attributes and _INDENTED.search(_plain_style(style[1])) is not None


def _plain_style(style: str) -> str:
    return re.sub(r"\s*([:;])\s*", r"\1", style[:_LONGEST_STYLE].lower())


def _unquoted(lines: list[str]) -> list[str]:
    """Take one level of quotes off where all of the body is quoted: nobody is left who could have quoted it."""
    if not any(line.startswith(">") for line in lines) or any(line.strip() and line[0] != ">" for line in lines):
        return lines
    return [line[1:].removeprefix(" ") for line in lines]


def _strip_crudely(markup: str) -> str:
    text = _SPACES.sub(" ", _CRUDE.sub(" ", markup))
    try:
        return html.unescape(text).strip()
    except ValueError:
        # A character reference of more than 4,300 digits.
        return text.strip()
