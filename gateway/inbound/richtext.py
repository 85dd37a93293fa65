r"""The text of a body in RTF, which winmail.dat may hold and nothing else of.  The only importer of striprtf.

striprtf looks for links and for fonts with patterns that backtrack over a whole text, so those never see what came:
`\field` is spelled so that the first finds nothing (the text of the link is kept), and the font table is written anew
from what a bounded pattern finds in it.  The rest of it is one pass.  Loaded at the first such body.
Source: MS-OXRTFCP 1.3.1, Rich Text Format 1.9.1; MI-15, MI-18.
"""

import re

CHARACTERS_LIMIT = 500_000
_FONTS_READ = 20_000
_FONTS_LIMIT = 200

_HEAD = re.compile(r"\{\\rtf\d{0,2}")
_FIELD = re.compile(r"\\field\{", re.IGNORECASE)
_FONT_TABLE = "\\fonttbl"
# Another group whose text is not shown.
_HIDDEN = "\\stylesheet"
_FONT = re.compile(r"\\f(\d{1,5})(?!\d)[^;{}]{0,100}?\\fcharset(\d{1,3})(?!\d)")


def text_of(data: bytes) -> str:
    """Return what an RTF document says, "" for one that is none, is too long or cannot be read.  Never raises."""
    if len(data) > CHARACTERS_LIMIT:
        return ""
    text = data.decode("cp1252", "replace")
    head = _HEAD.match(text)
    if head is None:
        return ""
    from striprtf.striprtf import rtf_to_text

    try:
        said: str = rtf_to_text(  # type: ignore[no-untyped-call]
            head[0] + _fonts(text) + _without_traps(text[head.end() :]), errors="replace"
        )
    except Exception:  # numbers that are none, codecs that are not for text: the wrapper stays an attachment
        return ""
    # Characters beyond the first plane come as two halves.
    return said.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _fonts(text: str) -> str:
    """Return a font table with the character set of each font, which is all that matters of it."""
    start = text.find(_FONT_TABLE)
    if start < 0:
        return ""
    found = _FONT.findall(text[start : start + _FONTS_READ])[:_FONTS_LIMIT]
    return "{\\fonttbl" + "".join(f"\\f{number}\\fcharset{charset} x;" for number, charset in found) + "}"


def _without_traps(text: str) -> str:
    return _FIELD.sub(r"\\field {", text).replace(_FONT_TABLE, _HIDDEN)
