"""Header values and addresses for mails that leave: every value is hostile until it went through here.

The law: a name, a subject or a Message-ID of a customer may hold anything (line ends, NUL, encoded words, 5,000
characters), and the mail still leaves, with a cleaned value.  Nothing here raises on input of that kind.
Written by hand because the header classes of Python 3.11's `email` let an encoded word inject a header.
Pure.
"""

import re
import unicodedata
from base64 import b64encode
from collections.abc import Iterable

FOLD_AT = 76
# Read by programs, some of which do not unfold; their values are short enough for one line.
UNFOLDED = frozenset({"X-Case-Gateway", "Message-ID", "Date"})
SUBJECT_CHARACTERS = 200
NAME_CHARACTERS = 100
# RFC 2047 section 2: an encoded word has 75 characters at most; 45 bytes become 60 of base64.
WORD_BYTES = 45
# RFC 5322 section 2.1.1, counted for the whole folded References field.
REFERENCES_OCTETS = 998
REFERENCES_EACH_END = 8

_LINE_ENDS = re.compile("\r\n|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")
# C0 and C1 without tab and newline, lone surrogates, the bidirectional overrides and the two non-characters.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_MESSAGE_ID = re.compile(
    r"<[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*|\[[A-Za-z0-9.:]+\])>"
)
_LOCAL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*|\"[ !#-+\--;=?A-Z\[\]-~]+\""
)
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


def clean_text(value: str) -> str:
    r"""Return running text with `\n` as its only line end and without a character that no reader could see."""
    return _UNPRINTABLE.sub("", _LINE_ENDS.sub("\n", value))


def clean_line(value: str, *, limit: int) -> str:
    """Return one line of at most `limit` characters; every run of white space became one space."""
    line = " ".join(clean_text(value[: limit * 10]).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def unstructured(value: str) -> str:
    """Encode a subject-like value: plain ASCII as it is, anything else (also a fake encoded word) as RFC 2047."""
    return value if value.isascii() and "=?" not in value else _encoded_words(value)


def field(name: str, value: str) -> str:
    r"""Return one header field with its CRLF, folded at white space into lines of about 76 octets.

    `value` must be clean and ASCII: it comes from `unstructured`, `mailbox` or `references`.
    """
    if name in UNFOLDED:
        return f"{name}: {value}\r\n"
    lines, current = [], f"{name}:"
    for word in value.split(" "):
        if len(current) + 1 + len(word) > FOLD_AT and current != f"{name}:":
            lines.append(current)
            current = ""
        current += f" {word}"
    return "\r\n".join([*lines, current]) + "\r\n"


def mailbox(name: str, address: str) -> str:
    """Return `name <address>` as one mailbox, whatever the name holds.  address: from `wire_address`."""
    name = clean_line(name, limit=NAME_CHARACTERS)
    if not name:
        return f"<{address}>"
    if not name.isascii() or "=?" in name:
        return f"{_encoded_words(name)} <{address}>"
    if _ATOMS.fullmatch(name):
        return f"{name} <{address}>"
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{address}>'


def wire_address(address: str) -> str | None:
    """Return the ASCII form of exactly one mailbox address, or None when it is none.

    Local part: dot-atom, or a quoted string without `<>@,` and backslash; ASCII only, since not every relay on the way
    has SMTPUTF8.  Domain: host name, one label or more; an internationalised one becomes A-labels.
    Refused: lists, groups, routes, domain literals, control characters.  Source: RFC 5321 section 4.1.2, OB-02.
    """
    local, at, domain = address.rpartition("@")
    if not at or len(local) > 64 or not _LOCAL.fullmatch(local):
        return None
    labels = [_label(label) for label in domain.split(".")]
    if not all(labels):
        return None
    wired = f"{local}@{'.'.join(label or '' for label in labels)}"
    return wired if len(wired) <= 254 else None


def message_ids(candidates: Iterable[str]) -> tuple[str, ...]:
    """Return the strict msg-ids among the candidates, each once, in order; whatever else is left out (OB-04)."""
    return tuple(dict.fromkeys(c for c in candidates if len(c) <= 250 and _MESSAGE_ID.fullmatch(c)))


def references(thread: tuple[str, ...]) -> tuple[str, ...]:
    """Return the first and the last eight msg-ids of a thread; the older in between give way to the 998 octets."""
    first, last = thread[:REFERENCES_EACH_END], thread[REFERENCES_EACH_END:][-REFERENCES_EACH_END:]
    ids = first + last
    while len(ids) > 2 and len("References: ") + sum(len(i) + 3 for i in ids) > REFERENCES_OCTETS:
        # The root and the newest ids matter most to whoever shows threads.
        ids = ids[:1] + ids[2:]
    return ids


def _encoded_words(value: str) -> str:
    words, chunk = [], b""
    for character in value:
        encoded = character.encode("utf-8", "replace")
        if len(chunk) + len(encoded) > WORD_BYTES:
            words.append(chunk)
            chunk = b""
        chunk += encoded
    words.append(chunk)
    return " ".join(f"=?utf-8?b?{b64encode(word).decode('ascii')}?=" for word in words)


def _label(label: str) -> str | None:
    # Not the stdlib's "idna" codec: it turns straße.example into strasse.example, another owner's domain.
    if label.isascii():
        return label.lower() if _LABEL.fullmatch(label) else None
    label = unicodedata.normalize("NFC", label).lower()
    if not all(c == "-" or unicodedata.category(c)[0] in "LMN" for c in label):
        return None
    wired = "xn--" + label.encode("punycode").decode("ascii")
    return wired if len(wired) <= 63 and _LABEL.fullmatch(wired) else None
