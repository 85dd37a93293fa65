"""Redraw the documents that are drawn from tables: `make docs`.

docs/states.md comes from the transition table and the profiles, docs/reasons.md from the closed list of reasons. In
docs/judging-mail.md only what stands between the `drawn` marks comes from tables. A test compares all of it.
"""

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from gateway.inbound import classify, dialects, signs
from gateway.model import Status, Substatus
from gateway.reasons import SENTENCES, Reason
from gateway.rules import profiles, transitions
from scripts import draw_replies

DOCS = Path(__file__).parents[1] / "docs"


def states(moves: Mapping[Status, Sequence[Status]], words: Mapping[str, Mapping[Status, Sequence[Substatus]]]) -> str:
    """Draw the statuses of a case as a Markdown page.

    moves: where each status leads.  words: the substatuses that each profile has under each status.
    """
    lines = [
        "# Statuses of a case",
        "",
        "Drawn by `make docs` from `gateway/rules/transitions.py` and `gateway/rules/profiles.py`; change it there.",
        "What the words mean: [the process](process.md), 2.7.",
        "",
        "```mermaid",
        "stateDiagram-v2",
        f"    [*] --> {_name(Status.OPEN)}",
        *(f"    {_name(start)} --> {_name(end)}" for start in Status for end in moves[start] if end is not start),
        f"    {_name(Status.CLOSED)} --> {_name(Status.OPEN)}: reopened",
        "```",
        "",
        "A reopening has rules of its own (5.3) and is never a plain change of status. Inside a status, substatuses",
        "change freely; `new` exists only at creation, and `customer-responded` is set only by an answer.",
        "",
        f"| from | {' | '.join(f'to {end}' for end in Status)} |",
        f"|---|{'---|' * len(Status)}",
        *(_row(start, moves[start]) for start in Status),
        "",
        "## Substatuses of each profile",
        "",
        f"| status | {' | '.join(words)} |",
        f"|---|{'---|' * len(words)}",
        *(f"| {status} | {' | '.join(_words(p.get(status, ())) for p in words.values())} |" for status in Status),
    ]
    return "\n".join(lines) + "\n"


def _row(start: Status, ends: Sequence[Status]) -> str:
    return f"| **{start}** | {' | '.join('yes' if end in ends else 'no' for end in Status)} |"


def _words(substatuses: Sequence[Substatus]) -> str:
    return ", ".join(substatuses) or "(the profile lacks this status)"


def _name(status: Status) -> str:
    return status.value.replace("-", "_")


def reasons(sentences: Mapping[Reason, str]) -> str:
    """Draw the closed list of reasons as a Markdown page."""
    lines = [
        "# Reasons",
        "",
        "Drawn by `make docs` from `gateway/reasons.py`; change it there. One word says why something was",
        "decided; it is the same in log, metric, API, console, trace and test. Words are added, never renamed.",
        "When a mail gets which one: [flow.md](flow.md).",
        "",
        "| reason | what it says |",
        "|---|---|",
        *(f"| `{reason}` | {sentence} |" for reason, sentence in sentences.items()),
    ]
    return "\n".join(lines) + "\n"


def judging(page: str) -> str:
    """Return the page about judging mail with its tables drawn anew; the words around them stay."""
    for name, table in _tables_of_judging().items():
        marked = re.compile(rf"(<!-- drawn: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        page = marked.sub(lambda match, table=table: f"{match[1]}\n{table}\n\n{match[2]}", page)  # type: ignore[misc]
    return page


def _tables_of_judging() -> dict[str, str]:
    kinds = [
        f"| {at} | {kind} | `{row}` | {signs.SENTENCES[row]} |" for at, (kind, row, _) in enumerate(classify.ROWS, 1)
    ]
    fields = {
        "only bounces": signs.BOUNCE_FIELDS,
        "automatic mail": signs.AUTOMATIC_FIELDS,
        "lists": signs.LIST_FIELDS,
        "challenges": signs.CHALLENGE_FIELDS,
        "silence wished (a second sign)": signs.SILENCE_FIELDS,
        "programs of persons": signs.PERSONAL_FIELDS,
    }
    phrases = {
        "subjects of bounces begin with": dialects.words_of(signs.FAILURE_SUBJECTS),
        "subjects of automatic replies": dialects.words_of(signs.AUTOMATIC_SUBJECTS),
        "notes of absence open with": dialects.words_of(signs.ABSENCE),
        "before the lines that name failed recipients": dialects.ANNOUNCEMENTS,
        "straight before a failed recipient": dialects.BEFORE,
        "straight behind a failed recipient": dialects.AFTER,
    }
    named = [f"| {name} | {_fields(found)} |" for name, found in fields.items()]
    return {
        "kinds": "\n".join(["| | kind | row | looks at |", "|---|---|---|---|", *kinds]),
        "fields": "\n".join(["| sign of | fields |", "|---|---|", *named]),
        "replies": draw_replies.section().strip(),
        "phrases": "\n\n".join(f"**{name}** ({len(words)}): {'; '.join(words)}" for name, words in phrases.items()),
    }


def _fields(fields: Mapping[str, Sequence[str]]) -> str:
    return ", ".join(f"`{name}{': ' + '/'.join(values) if any(values) else ''}`" for name, values in fields.items())


def drawn() -> dict[str, str]:
    """Return every drawn page, by its file name in docs/."""
    words = {name: profile.substatuses for name, profile in profiles.BUILT_IN.items()}
    return {
        "states.md": states(transitions.MOVES, words),
        "reasons.md": reasons(SENTENCES),
        "judging-mail.md": judging((DOCS / "judging-mail.md").read_text(encoding="utf-8")),
    }


def main() -> int:
    """Write the drawn pages.  Calling twice is nothing."""
    for name, page in drawn().items():
        (DOCS / name).write_text(page, encoding="utf-8")
        print(f"Drawn: docs/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
