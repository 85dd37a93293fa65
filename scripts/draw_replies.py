"""Draw how the visible reply is found, from the tables in `gateway/inbound/`: reply, marks, phrases, htmltext."""

from collections.abc import Mapping

from gateway.inbound import htmltext, phrases
from gateway.inbound.marks import Mark
from gateway.inbound.reply import LineKind

TABLES: Mapping[str, Mapping[str, str]] = {
    "attribution (verb)": phrases.WROTE,
    "attribution (first word)": phrases.ATTRIBUTION_STARTS,
    "title above an original or forwarded mail": phrases.ORIGINAL_MESSAGE,
    "first line of a forward": phrases.FORWARD_STARTS,
    "line of a help desk": phrases.REPLY_ABOVE,
    "first copied header": phrases.FROM_NAMES,
    "other copied headers": phrases.OTHER_HEADER_NAMES,
    "line of a telephone": phrases.MOBILE_SIGNATURES,
    "closing phrase": phrases.VALEDICTIONS,
    "disclaimer": phrases.DISCLAIMERS,
}
MEANINGS = {
    Mark.BEHIND: "all that follows is another message",
    Mark.QUOTE: "what it holds is quoted",
    Mark.ATTRIBUTION: "what it holds, up to the first quote in it, says who is quoted",
    Mark.SIGNATURE: "what it holds is the signature",
}
SHOWN = {
    LineKind.TEXT: ("yes", "yes", "yes"),
    LineKind.BLANK: ("yes", "yes", "yes"),
    LineKind.QUOTE: ("no", "no", "yes"),
    LineKind.ATTRIBUTION: ("no", "no", "yes"),
    LineKind.BEHIND: ("no", "no", "yes"),
    LineKind.SIGNATURE: ("yes", "no", "no"),
    LineKind.MARK: ("no", "no", "no"),
}


def section() -> str:
    """Return the part of the page about the visible reply, beginning with its heading."""
    lines = [
        "## What is new in it: the visible reply",
        "",
        "Every line of the body gets one kind; a view is the lines of some kinds. A view that would be empty is the",
        "whole text instead, the whole text is always kept, and Reference IDs are looked for in all of it.",
        "",
        "| kind of a line | what it is | in `reply` | in `reply_without_signature` | in `text_without_signature` |",
        "|---|---|---|---|---|",
        *(f"| {kind.name.lower()} | {kind.value} | {' | '.join(SHOWN[kind])} |" for kind in LineKind),
        "",
        "Answers between and below quotes are lines of text like any other. An attribution, or a copied header, is",
        "known by its words in the languages below, and in other languages by its shape: a date and an address before",
        "a colon; four fields in a row of which the first has an address and another a time.",
        "",
        "| what is known by words | languages | which (ISO 639-1) |",
        "|---|---|---|",
        *(f"| {name} | {len(table)} | {' '.join(sorted(table))} |" for name, table in TABLES.items()),
        "",
        "A signature that nothing announces is sought only at the end of the writer's last words, and needs two signs:",
        "a closing phrase with a name below or behind it, a name with two ways to reach it, `-Ann` or `/Ann` alone on",
        "the last line. What thanks and has no name below it stays.",
        "",
        "In HTML, quoted elements (`blockquote`, unless it only indents) become lines with a quote mark. What a mail",
        "program says by class, id or name counts in every language, also behind `x_`; so do any class",
        "with the word `signature`, and the lines that Word draws above a copied header or beside a quote.",
        "",
        "| class, id or name | what it says |",
        "|---|---|",
        *(f"| {_names(mark)} | {meaning} |" for mark, meaning in MEANINGS.items()),
        "",
        "Measured on 199 bodies of 10 public test suites: exact, white space aside, in 154 of 166 texts (0.93) and 28",
        "of 33 HTML bodies (0.85); `make score CORPUS=DIR` repeats it for a folder with labels. A mail takes about",
        "twice the time of mail-parser alone, a hostile megabyte less than half a second: `make bench ONLY=explain`.",
        "",
        "## Its text",
        "",
        "Charsets by declaration, alias and guess; soft line breaks joined; a `winmail.dat` opened into its body and",
        "files, unless anything about it is odd; an opaque signature opened, not verified; encrypted",
        "mail says so; an answer to an invitation that says nothing else is a sentence.",
    ]
    return "\n".join(lines) + "\n"


def _names(wanted: Mark) -> str:
    return ", ".join(f"`{name}`" for name, mark in sorted(htmltext.STRUCTURE.items()) if mark is wanted)
