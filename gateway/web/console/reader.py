"""What the reader of a mail shows: its text with quotes folded, and its source with what the checks looked at marked.

Nothing is left out: what is folded can be opened, what is cut says how much more there is.
"""

import re
from dataclasses import dataclass
from itertools import groupby

from gateway.inbound import reply
from gateway.inbound.reply import LineKind
from gateway.linking import sighting

TEXT_SHOWN = 200_000
SOURCE_SHOWN = 262_144
# A quote so short is not worth a click.
FOLDED_FROM = 3

_FOLDS = {LineKind.QUOTE: "quoted", LineKind.ATTRIBUTION: "quoted", LineKind.BEHIND: "earlier message"}

# Which header fields each step of the trace looks at (lower case; a trailing - stands for all that begin so).
LOOKED_AT: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("sender", ("from", "sender", "reply-to", "authentication-results", "arc-authentication-results")),
    (
        "kind",
        (
            *("auto-submitted", "precedence", "list-", "x-auto-response-suppress", "return-path", "x-autoreply"),
            *("x-autorespond", "x-loop", "feedback-type", "x-failed-recipients", "x-case-gateway"),
        ),
    ),
    ("references", ("in-reply-to", "references")),
    ("parse", ("content-type", "content-transfer-encoding", "mime-version")),
)
_FIELD = re.compile(r"([!-9;-~]{1,100}):")
_ODD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Lines of a text that belong together.  fold: what a folded one is called, "" for one that is open."""

    text: str
    fold: str = ""
    lines: int = 0
    signature: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLine:
    """One line of a source as pieces of (text, why it is marked or "")."""

    pieces: tuple[tuple[str, str], ...]


def segments(text: str) -> list[Segment]:
    """Cut a text into what its writer wrote, what was quoted, and the signature."""
    lines = text[:TEXT_SHOWN].strip("\n").split("\n")
    # Marking may cut a line, so it gets lines of its own.
    kinds = reply.mark(list(lines))[: len(lines)]
    kinds += [LineKind.TEXT] * (len(lines) - len(kinds))
    made: list[Segment] = []
    for name, group in groupby(zip(lines, kinds, strict=True), key=lambda pair: _name(pair[1])):
        part = [line for line, _ in group]
        joined = "\n".join(part).strip("\n")
        filled = sum(1 for line in part if line.strip())
        if filled:
            fold = name if name in _FOLDS.values() and filled >= FOLDED_FROM else ""
            made.append(Segment(text=joined, fold=fold, lines=filled, signature=name == "signature"))
    if made and all(one.fold for one in made):
        # All of it is a quote: then that is what the sender wanted to be read.
        return [Segment(text=one.text) for one in made]
    return made


def source(raw: bytes) -> list[SourceLine]:
    """Return the beginning of a source, line by line, with marks on what the checks looked at."""
    text = raw[:SOURCE_SHOWN].decode("utf-8", "backslashreplace").replace("\r\n", "\n")
    made: list[SourceLine] = []
    step, in_head = "", True
    # Without bytes there is no line: they were deleted, which the page says in words.
    for line in text.split("\n") if raw else ():
        if in_head and not line.strip():
            in_head, step = False, ""
        elif in_head and line[:1] not in (" ", "\t"):
            step = _step_of(line)
        made.append(SourceLine(pieces=_pieces(line, step if in_head else "")))
    return made


def evidence(raw: bytes, text: str) -> dict[str, list[str]]:
    """Return, for each step of the trace, the lines that it looked at, unfolded and without Reference IDs.

    text: of the mail, as it is shown.
    """
    head = raw[:65_536].partition(b"\r\n\r\n")[0].partition(b"\n\n")[0]
    lines = re.sub(r"\r?\n[ \t]+", " ", head.decode("utf-8", "backslashreplace")).splitlines()
    found: dict[str, list[str]] = {}
    seen = [line.strip()[:400] for line in text.split("\n", 20_000) if sighting.REDACTED in line]
    if seen:
        found["references"] = seen[:5]
    for line in lines[:500]:
        if step := _step_of(line):
            found.setdefault(step, []).append(sighting.redact(line[:400]))
    return {step: of_step[:8] for step, of_step in found.items()}


def _name(kind: LineKind) -> str:
    if kind is LineKind.SIGNATURE:
        return "signature"
    return _FOLDS.get(kind, "text")


def _step_of(line: str) -> str:
    field = _FIELD.match(line)
    if field is None:
        return ""
    name = field[1].lower()
    for step, names in LOOKED_AT:
        if any(name == one or (one.endswith("-") and name.startswith(one)) for one in names):
            return step
    return ""


def _pieces(line: str, step: str) -> tuple[tuple[str, str], ...]:
    """Cut a line at what looks like a Reference ID and at control characters, which are written as what they are."""
    pieces: list[tuple[str, str]] = []
    done = 0
    for seen in sighting.scan(line) if "-" in line else ():
        word = "a Reference ID" if seen.id else "looks like a Reference ID but is damaged or part of something else"
        pieces += [(line[done : seen.start], step), (sighting.REDACTED, word)]
        done = seen.end
    pieces.append((line[done:], step))
    return tuple(_visible(text, why) for text, why in pieces if text)


def _visible(text: str, why: str) -> tuple[str, str]:
    if not _ODD.search(text):
        return text, f"looked at by the step {why}" if why and " " not in why else why
    shown = _ODD.sub(lambda match: f"\\x{ord(match[0]):02x}", text)
    return shown, "holds control characters"
