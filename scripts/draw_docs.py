"""Redraw the documents that are drawn from tables: `make docs`.

docs/states.md comes from the transition table and the profiles, docs/reasons.md from the closed list of reasons,
docs/judging-mail.md from the tables by which mail is read; a test compares them with what this script would draw.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

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


def judging_mail() -> str:
    """Draw how mail is judged as a Markdown page."""
    lines = [
        "# Judging mail",
        "",
        "Drawn by `make docs` from the tables in `gateway/inbound/`; change it there. `gateway explain FILE` shows the",
        "judgement of one mail.",
        "",
        draw_replies.section(),
    ]
    return "\n".join(lines)


def drawn() -> dict[str, str]:
    """Return every drawn page, by its file name in docs/."""
    words = {name: profile.substatuses for name, profile in profiles.BUILT_IN.items()}
    return {
        "states.md": states(transitions.MOVES, words),
        "reasons.md": reasons(SENTENCES),
        "judging-mail.md": judging_mail(),
    }


def main() -> int:
    """Write the drawn pages.  Calling twice is nothing."""
    for name, page in drawn().items():
        (DOCS / name).write_text(page, encoding="utf-8")
        print(f"Drawn: docs/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
