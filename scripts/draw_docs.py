"""Redraw the documents that are drawn from tables: `make docs`.

docs/states.md comes from the transition table and the profiles, docs/images/ladder.svg from the follow-up days of the
profiles, docs/reasons.md from the closed list of reasons. In docs/judging-mail.md only what stands between the `drawn`
marks comes from tables. A test compares all of it.
"""

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from gateway.inbound import classify, dialects, signs
from gateway.model import FollowUpPolicy, Status, Substatus
from gateway.reasons import SENTENCES, Reason
from gateway.rules import profiles, transitions
from scripts import draw_replies

DOCS = Path(__file__).parents[1] / "docs"
LADDER_WIDTH, LADDER_LEFT = 860, 190
STEPS = (("reminder", "#b45f06"), ("last reminder", "#b45f06"), ("closed", "#5b6675"))


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
        "## The ladder of a wait",
        "",
        "While a case waits for the customer, silence climbs this ladder (4.2); an answer ends it at any step.",
        "",
        "![When a reminder leaves and when a case is closed, for each profile](images/ladder.svg)",
        "",
        "## Substatuses of each profile",
        "",
        f"| status | {' | '.join(words)} |",
        f"|---|{'---|' * len(words)}",
        *(f"| {status} | {' | '.join(_words(p.get(status, ())) for p in words.values())} |" for status in Status),
    ]
    return "\n".join(lines) + "\n"


def ladder(policies: Mapping[str, FollowUpPolicy]) -> str:
    """Draw the follow-up days of each profile as a picture."""
    last = max(policy.days[-1] for policy in policies.values()) or 1
    scale = (LADDER_WIDTH - LADDER_LEFT - 60) / last
    height = 56 + 64 * len(policies)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LADDER_WIDTH} {height}" role="img"'
        ' font-family="system-ui, sans-serif" font-size="13">',
        "<title>Follow-ups of each profile</title>",
        f'<rect width="{LADDER_WIDTH}" height="{height}" rx="8" fill="#ffffff"/>',
        f'<text x="{LADDER_LEFT}" y="28" fill="#5b6675">the question</text>',
    ]
    for line, (name, policy) in enumerate(policies.items()):
        parts += _rung(name, policy, y=74 + 64 * line, scale=scale)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _rung(name: str, policy: FollowUpPolicy, *, y: int, scale: float) -> list[str]:
    ends = LADDER_LEFT + policy.days[-1] * scale
    parts = [
        f'<text x="20" y="{y - 3}" fill="#1b2430" font-weight="600">{name}</text>',
        f'<text x="20" y="{y + 14}" fill="#5b6675">{policy.count} days</text>',
        f'<line x1="{LADDER_LEFT}" y1="{y}" x2="{ends:.0f}" y2="{y}" stroke="#b9c2cd" stroke-width="3"/>',
        f'<circle cx="{LADDER_LEFT}" cy="{y}" r="5" fill="#1f5fbf"/>',
    ]
    for days, (word, colour) in zip(policy.days, STEPS, strict=True):
        x = LADDER_LEFT + days * scale
        parts += [
            f'<circle cx="{x:.0f}" cy="{y}" r="7" fill="{colour}"/>',
            f'<text x="{x:.0f}" y="{y - 13}" fill="#1b2430" text-anchor="middle">day {days}</text>',
            f'<text x="{x:.0f}" y="{y + 22}" fill="#5b6675" text-anchor="middle">{word}</text>',
        ]
    return parts


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
    follow_ups = {name: profile.follow_up for name, profile in profiles.BUILT_IN.items()}
    return {
        "states.md": states(transitions.MOVES, words),
        "images/ladder.svg": ladder(follow_ups),
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
