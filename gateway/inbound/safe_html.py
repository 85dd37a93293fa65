"""The HTML of a mail made safe to be looked at: text, tables and pictures; no script, form, style or frame.

It runs in a killable child (`parse_pool`), because a hostile body may cost any amount of time.  The page shows the
result only inside a sandboxed frame with a policy of its own: this is one of two walls, never the only one.
Remote pictures are left out unless a person asked for those of this mail.  Source: HAZARDS HT-01 to HT-05.
"""

import re
from dataclasses import replace
from urllib.parse import urlsplit

import nh3

from gateway.inbound import htmltext, reading
from gateway.model import Envelope, Reading, ReadingRules

LIMIT_CHARACTERS = 5_242_880
TOO_DEEP = (
    "<p><em>This HTML is nested deeper than any mail program writes it, so it is not shown.  Read the text.</em></p>"
)

_TAGS = frozenset(
    re.findall(
        r"\w+",
        "a abbr address article aside b bdi bdo blockquote br caption center cite code col colgroup dd del details dfn"
        " div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav ol p"
        " pre q s samp section small span strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul"
        " var",
    )
)
_DROPPED = frozenset(
    ("script", "style", "title", "head", "template", "noscript", "iframe", "object", "textarea", "xmp")
)
# No style, class, id or name: nothing of a mail may look like a part of the page, or be found by its name.
_CELL = frozenset(("colspan", "rowspan", "align", "valign", "width", "bgcolor"))
_ATTRIBUTES: dict[str, frozenset[str]] = {
    "a": frozenset(("href", "title")),
    "img": frozenset(("src", "alt", "title", "width", "height")),
    "table": frozenset(("border", "cellpadding", "cellspacing", "width", "align", "bgcolor")),
    **dict.fromkeys(("td", "th", "tr", "col"), _CELL),
    "font": frozenset(("color", "size")),
    "ol": frozenset(("start", "type")),
    **dict.fromkeys(("div", "p", "h1", "h2", "h3", "h4"), frozenset(("align", "dir"))),
    **dict.fromkeys(("bdo", "bdi", "span"), frozenset(("dir",))),
}
_DATA_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]+")
_LINK = re.compile(r'(<a href="([^"]{1,2000})"[^>]{0,500}>)([^<]{1,300})</a>')
_LOOKS_LIKE_ADDRESS = re.compile(r"(?:https?://)?([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+)", re.IGNORECASE)
_HOST = re.compile(r"[a-z0-9.-]{1,253}")


def read(raw: bytes, envelope: Envelope, rules: ReadingRules) -> Reading:
    """Read a mail for its HTML, made safe and without remote pictures."""
    return _read(raw, envelope, rules, pictures=False)


def read_with_pictures(raw: bytes, envelope: Envelope, rules: ReadingRules) -> Reading:
    """Read a mail for its HTML, made safe, with remote pictures."""
    return _read(raw, envelope, rules, pictures=True)


def _read(raw: bytes, envelope: Envelope, rules: ReadingRules, *, pictures: bool) -> Reading:
    found = reading.read(raw, envelope, rules)
    # Only the HTML travels back; the rest may be large and nobody looks at it.
    only = replace(
        found.mail,
        html=sanitise(found.mail.html, pictures=pictures),
        text="",
        text_without_signature="",
        reply="",
        reply_without_signature="",
        searched=(),
        elsewhere=(),
        attachments=(),
    )
    return replace(found, mail=only)


def sanitise(markup: str, *, pictures: bool = False) -> str:
    """Return safe HTML.  pictures: keep remote ones.  Never raises."""
    markup = markup[:LIMIT_CHARACTERS]
    if htmltext.nesting_is_hostile(markup):
        return TOO_DEEP

    def kept(tag: str, attribute: str, value: str) -> str | None:
        if (tag, attribute) == ("img", "src"):
            return _picture(value, pictures)
        return _target(value) if (tag, attribute) == ("a", "href") else value

    clean = nh3.clean(
        markup,
        tags=set(_TAGS),
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        clean_content_tags=set(_DROPPED),
        attribute_filter=kept,
        url_schemes={"http", "https", "mailto", "data"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        strip_comments=True,
    )
    return _LINK.sub(_warned, clean)


def _picture(source: str, pictures: bool) -> str | None:
    source = source.strip()
    if _DATA_PICTURE.fullmatch(source):
        return source
    return source if pictures and source.lower().startswith(("https://", "http://")) else None


def _target(link: str) -> str | None:
    """Return a link that leads where it says, None for one that does not (`https://bank@evil`, `\\\\host`, data:)."""
    link = "".join(link.split())
    try:
        parts = urlsplit(link)
        honest = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc and "\\" not in link
    except ValueError:
        return None
    return link if honest or parts.scheme == "mailto" else None


def _warned(match: re.Match[str]) -> str:
    """Say behind a link where it really leads, when its text names another host."""
    whole, link, text = match[0], match[2], match[3]
    named = _LOOKS_LIKE_ADDRESS.match(text.strip())
    try:
        host = (urlsplit(link.replace("&amp;", "&")).hostname or "").encode("idna").decode("ascii")
    except (ValueError, UnicodeError):
        return whole
    # The words hold no quote and no bracket: inside of an attribute's value they would change nothing.
    if named is None or not _HOST.fullmatch(host) or _same_site(named[1].lower(), host):
        return whole
    return f"{whole}<strong> (leads to {host})</strong>"


def _same_site(named: str, host: str) -> bool:
    return named == host or host.endswith(f".{named}") or named.endswith(f".{host}")
