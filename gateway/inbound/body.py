"""The body of a mail: which leaves are text to read, which are files, and the text of each.

A leaf is a part without parts.  Every text alternative is searched for Reference IDs; what is shown is one of them.
Attached mails and files are never body.  Source: RFC 2046 5.1.4 (alternative), RFC 3676 (format=flowed),
RFC 2183 (disposition), RFC 1847 and 8551 (encrypted and opaque mail).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.cleaning import clean_text
from gateway.inbound import charset, htmltext, invitation, marks

# What is searched and shown of one alternative; more is kept in the raw mail only.
TEXT_LIMIT = 1_048_576
_STUB_CHARACTERS = 300
_STUB_SHARE = 10

# The container of what stood in a winmail.dat.
WRAPPED = "application/ms-tnef"
_WRAPPED_PLACE = 0

_META_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_PGP_MESSAGE = "-----BEGIN PGP MESSAGE-----"
# DER object identifiers of CMS content types (RFC 5652 4 and 6.1).
_ENVELOPED_DATA = bytes.fromhex("06092a864886f70d010703")
_BODY_TYPES = frozenset(("text/plain", "text/html", "text/enriched", "text/richtext", "text/markdown", "text"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One part that holds no parts, decoded.

    name: the file name as it was given, "" when none.  group: number of the multipart/alternative it belongs to,
    0 outside.  container: content type of the multipart it stands in.
    """

    content_type: str
    parameters: dict[str, str]
    data: bytes
    disposition: str = ""
    name: str = ""
    group: int = 0
    container: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What is read of the leaves.

    marked: the text with the marks of its structure (`marks.py`).  files: the leaves that are no body, in order.
    """

    text: str = ""
    marked: str = ""
    html: str = ""
    searched: tuple[str, ...] = ()
    files: tuple[Leaf, ...] = ()
    encrypted: bool = False
    defects: tuple[str, ...] = ()


@dataclass(slots=True)
class _Chosen:
    """The texts of one place in the body: alternatives of each other, or a single one."""

    plain: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)


def read(leaves: Sequence[Leaf]) -> Body:
    """Read the body out of the leaves of the outer mail.  Never raises.

    A named text part is a file, unless the mail has no other text at all.  What a winmail.dat says in its body is
    shown when nothing else is, and an answer to an invitation when that says nothing either.
    """
    bodies = [leaf for leaf in leaves if _is_body(leaf)] or [leaf for leaf in leaves if _could_be_body(leaf)][:1]
    places: dict[int, _Chosen] = {}
    searched: list[str] = []
    markup: list[str] = []
    defects: list[str] = []
    for number, leaf in enumerate(bodies, 1):
        text, defect = decode(leaf)
        place = places.setdefault(_WRAPPED_PLACE if leaf.container == WRAPPED else leaf.group or -number, _Chosen())
        if leaf.content_type == "text/html":
            markup.append(text)
            marked = clean_text(htmltext.to_marked_text(text), limit=TEXT_LIMIT)
            place.html.append(marked)
            text = marks.unmarked(marked)
        else:
            place.plain.append(text)
        searched.append(text)
        defects += [defect] if defect else []
    # By identity: two leaves may be equal, and comparing a thousand of them with each other takes its time.
    read_already = set(map(id, bodies))
    files = tuple(leaf for leaf in leaves if id(leaf) not in read_already)
    wrapped = _choose(places.pop(_WRAPPED_PLACE, _Chosen())).strip("\n")
    text = "\n\n".join(chosen for place in places.values() if (chosen := _choose(place).strip("\n")))
    if not text.strip():
        text = wrapped if wrapped.strip() else _answer_to_an_invitation(leaves)
    return Body(
        text=marks.unmarked(text[:TEXT_LIMIT]),
        marked=text[:TEXT_LIMIT],
        html="\n".join(markup)[:TEXT_LIMIT],
        searched=tuple(dict.fromkeys(searched)),
        files=files,
        encrypted=any(map(_is_encrypted, leaves)) or text.lstrip().startswith(_PGP_MESSAGE),
        defects=tuple(defects),
    )


def _answer_to_an_invitation(leaves: Sequence[Leaf]) -> str:
    """Return the sentence that a calendar part stands for, or ""."""
    for leaf in leaves:
        if leaf.content_type == "text/calendar":
            return invitation.sentence(decode(leaf)[0])
    return ""


def decode(leaf: Leaf) -> tuple[str, str]:
    """Return the clean text of a leaf, soft line breaks joined, and a defect word or ""."""
    declared = leaf.parameters.get("charset", "")
    data = leaf.data[: TEXT_LIMIT * 2]
    if leaf.content_type == "text/html" and not declared:
        match = _META_CHARSET.search(data, 0, 2048)
        declared = match[1].decode("ascii", "replace") if match else ""
    text, defect = charset.decode(data, declared)
    text = marks.without(clean_text(text.removeprefix("\ufeff"), limit=TEXT_LIMIT))
    if leaf.content_type == "text/plain" and leaf.parameters.get("format", "").lower() == "flowed":
        text = unflow(text, delete_space=leaf.parameters.get("delsp", "").lower() == "yes")
    return text, defect


def unflow(text: str, *, delete_space: bool = False) -> str:
    """Join the soft line breaks of format=flowed.  delete_space: the space before the break goes too (DelSp=yes).

    Lines join only within one quote depth; the signature line `-- ` never does.  Source: RFC 3676 4.1-4.5.
    """
    paragraphs: list[list[str]] = []
    open_depth = -1
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        content = line[depth:].removeprefix(" ")
        if depth == open_depth and content != "-- ":
            paragraphs[-1].append(content)
        else:
            paragraphs.append([">" * depth + (" " if depth else ""), content])
        soft = content.endswith(" ") and content != "-- "
        if soft and delete_space:
            paragraphs[-1][-1] = content[:-1]
        open_depth = depth if soft else -1
    return "\n".join("".join(pieces) for pieces in paragraphs)


def _choose(place: _Chosen) -> str:
    """Choose the plain text, unless it only says that the mail is in HTML."""
    plain = "\n\n".join(place.plain)
    if not place.html:
        return plain
    html = "\n\n".join(place.html)
    stub = len(plain) < _STUB_CHARACTERS and len(plain.strip()) * _STUB_SHARE < len(html)
    return html if stub or not plain.strip() else plain


def _could_be_body(leaf: Leaf) -> bool:
    return leaf.content_type in _BODY_TYPES and leaf.disposition != "attachment"


def _is_body(leaf: Leaf) -> bool:
    return _could_be_body(leaf) and not leaf.name


def _is_encrypted(leaf: Leaf) -> bool:
    if leaf.container == "multipart/encrypted":
        return True
    if leaf.content_type in ("application/pkcs7-mime", "application/x-pkcs7-mime"):
        kind = leaf.parameters.get("smime-type", "").lower()
        return "enveloped" in kind or (not kind and _ENVELOPED_DATA in leaf.data[:64])
    return False
