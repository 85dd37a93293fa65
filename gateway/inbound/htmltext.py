"""HTML bodies to plain text, in linear time.

nh3 (an HTML5 parser) makes the markup well formed and drops scripts, styles and comments; what it leaves is cut into
tags and text by one regular expression.  The standard library's HTMLParser is quadratic below Python 3.11.14, and nh3
itself is on deep nesting, so a body that nests deeper than any mail does is stripped of its tags more crudely.
Quoted parts get `> ` before each line, so that one reader of quotes serves both kinds of body.
"""

import html
import re

import nh3

from gateway.inbound import marks

LIMIT_CHARACTERS = 1_048_576
_SOFT_HYPHEN = "\u00ad"
_TAGS_COUNTED_FROM = 1_000
_DEEPEST = 500

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
_ATTRIBUTES = {tag: {"class", "id"} for tag in ("div", "span", "blockquote", "p", "table", "a", "hr")}
_DROPPED = {"script", "style", "title", "head", "template"}
_TOKEN = re.compile(r'<(/?)([a-z][a-z0-9]*)((?:\s[a-z-]+="[^"]*")*)\s*/?>|([^<]+)')
_MARK = re.compile(r'(?:class|id)="([^"]*)"')
_OPEN_OR_CLOSE = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_VOID = frozenset(re.findall(r"\w+", "area base br col embed hr img input link meta param source track wbr"))
_CRUDE = re.compile(
    r"<!--.*?(?:-->|\Z)|<(?:script|style)\b.*?(?:</(?:script|style)\s*>|\Z)|<[^>]*(?:>|\Z)", re.S | re.I
)
_SPACES = re.compile(r"[ \t\n\r\f]+")
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&nbsp;": "\u00a0", "&amp;": "&"}
_ENTITY = re.compile("|".join(_ENTITIES))

# Class or id of a mail program's editor: the line that means the same in plain text.
MARKS: dict[str, str] = {
    **dict.fromkeys(
        (
            "divrplyfwdmsg",
            "x_divrplyfwdmsg",
            "outlookmessageheader",
            "ms-outlook-mobile-reference-message",
            "mail-editor-reference-message-container",
            "yahoo_quoted",
        ),
        marks.SEPARATOR_LINE,
    ),
    **dict.fromkeys(
        ("gmail_signature", "moz-signature", "applemailsignature", "signature", "protonmail_signature_block"),
        marks.SIGNATURE_LINE,
    ),
}


def to_text(markup: str) -> str:
    """Return the readable text of an HTML body, at most LIMIT_CHARACTERS.  Never raises.

    An ID that tags, entities, `<wbr>`, comments or soft hyphens split is whole again.
    """
    markup = markup[:LIMIT_CHARACTERS]
    if nesting_is_hostile(markup):
        return _strip_crudely(markup)
    clean = nh3.clean(markup, tags=set(_KEPT), attributes=_ATTRIBUTES, clean_content_tags=_DROPPED, link_rel=None)
    return _Writer().write(clean.replace(_SOFT_HYPHEN, ""))[:LIMIT_CHARACTERS]


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


class _Writer:
    """Write the tokens of clean markup as lines; holds the open line and how deep in quotes it stands."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.gap = False
        self.preformatted = 0
        self.quotes = 0

    def write(self, markup: str) -> str:
        for slash, tag, attributes, text in _TOKEN.findall(markup):
            if text:
                self.text(_ENTITY.sub(lambda m: _ENTITIES[m[0]], text) if "&" in text else text)
            elif slash:
                self.close(tag)
            else:
                self.open(tag, attributes)
        self.end_line()
        return "\n".join(self.lines).strip("\n")

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
        if attributes:
            self.mark(attributes)
        self.preformatted += tag == "pre"
        self.quotes += tag == "blockquote"
        if tag == "li":
            self.line.append("* ")

    def close(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.break_block(tag)
        self.preformatted -= tag == "pre" and self.preformatted > 0
        self.quotes -= tag == "blockquote" and self.quotes > 0

    def mark(self, attributes: str) -> None:
        """Write the line by which plain text marks what a class or id marks here."""
        for value in _MARK.findall(attributes):
            for word in value.lower().split():
                line = MARKS.get(word)
                if line and line not in self.lines[-2:]:
                    self.end_line()
                    self.line.append(line)
                    self.end_line()

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


def _strip_crudely(markup: str) -> str:
    text = _SPACES.sub(" ", _CRUDE.sub(" ", markup))
    try:
        return html.unescape(text).strip()
    except ValueError:
        # A character reference of more than 4,300 digits.
        return text.strip()
