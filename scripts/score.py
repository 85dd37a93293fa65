"""Judge `gateway explain` on a labelled corpus: `make score CORPUS=DIR`.

DIR holds `labels.jsonl` and the files it names.  A label is one JSON object a line; what is used of it:
    path            file, relative to DIR
    input           eml (a whole mail), or text or html (a body, which gets a minimal header first)
    kind            human, auto_reply, bounce, challenge, list; others are not judged
    not_kind        a kind that would be wrong
    expected_reply  the reply without what it quotes; white space does not count
    expected_bounce_recipients   addresses that a delivery report complains about
Prints one table.  Exit code 1 when a file could not be explained or a person's mail was taken for something else.
"""

import json
import subprocess
import sys
import tempfile
from collections import Counter
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

BATCH = 50
SECONDS_OF_A_MAIL = 15
KINDS = {
    "human": {"person"},
    "auto_reply": {"auto-reply"},
    "bounce": {"bounce"},
    "challenge": {"challenge", "auto-reply"},
    "list": {"list"},
}
JUDGED_ON_PRECISION = ("human", "auto_reply", "bounce")


class Tally:
    """Right answers out of all, for each thing that is judged."""

    def __init__(self) -> None:
        self.right: Counter[str] = Counter()
        self.total: Counter[str] = Counter()

    def count(self, what: str, right: bool) -> None:
        """Count one answer."""
        self.total[what] += 1
        self.right[what] += right


def main(arguments: list[str]) -> int:
    """Judge the corpus in the folder that is named."""
    folder = Path(arguments[0] if arguments and arguments[0] else ".")
    if not (folder / "labels.jsonl").is_file():
        print("Say where the corpus is: make score CORPUS=DIR, where DIR holds labels.jsonl.", file=sys.stderr)
        return 2
    labels = [json.loads(line) for line in (folder / "labels.jsonl").read_text(encoding="utf-8").splitlines()]
    tally = Tally()
    with tempfile.TemporaryDirectory() as scratch:
        for start in range(0, len(labels), BATCH):
            batch = labels[start : start + BATCH]
            paths = [_whole_mail(folder, label, Path(scratch)) for label in batch]
            for label, answer in zip(batch, explain(paths), strict=True):
                judge(label, answer, tally)
    _print_table(tally)
    mistaken = [what for what in ("explained", "recall of human") if tally.right[what] < tally.total[what]]
    return 1 if mistaken else 0


def explain(paths: list[Path]) -> list[dict[str, Any]]:
    """Explain files; a batch that breaks is halved until the file that breaks it stands alone, as {}."""
    command = [sys.executable, "-m", "gateway", "explain", "--json", *map(str, paths)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=60 + SECONDS_OF_A_MAIL * len(paths), check=True)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
    except (subprocess.SubprocessError, ValueError):
        answers = []
    if len(answers) == len(paths):
        return answers
    if len(paths) == 1:
        return [{}]
    half = len(paths) // 2
    return explain(paths[:half]) + explain(paths[half:])


def judge(label: dict[str, Any], answer: dict[str, Any], tally: Tally) -> None:
    """Count what one answer got right."""
    tally.count("explained", bool(answer))
    if label["input"] == "eml":
        _judge_kind(label, str(answer.get("kind")), tally)
    if label.get("expected_reply") is not None:
        wanted = label["expected_reply"].split()
        given = (answer.get("reply"), answer.get("reply_without_signature"), answer.get("text_without_signature"))
        tally.count("reply", any((text or "").split() == wanted for text in given))
    if label.get("expected_bounce_recipients"):
        recipients = (answer.get("bounce") or {}).get("recipients", [])
        found = {recipient["address"].lower() for recipient in recipients}
        tally.count("bounced addresses", found == {a.lower() for a in label["expected_bounce_recipients"]})


def _judge_kind(label: dict[str, Any], given: str, tally: Tally) -> None:
    kind = label.get("kind")
    if kind in KINDS:
        tally.count(f"recall of {kind}", given in KINDS[kind])
        for name in JUDGED_ON_PRECISION:
            if given in KINDS[name]:
                tally.count(f"precision of {name}", given in KINDS[kind])
    elif label.get("not_kind"):
        tally.count(f"not taken for {label['not_kind']}", given not in KINDS.get(label["not_kind"], set()))


def _whole_mail(folder: Path, label: dict[str, Any], scratch: Path) -> Path:
    path = folder / str(label["path"])
    if label["input"] == "eml":
        return path
    mail = EmailMessage(policy=SMTP.clone(max_line_length=998))
    mail["From"], mail["To"], mail["Subject"] = "someone@example.org", "care@example.com", "Re: your question"
    body = path.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")
    mail.set_content(body, subtype="html" if label["input"] == "html" else "plain", cte="base64")
    whole = scratch / f"{label['id']}.eml"
    whole.write_bytes(mail.as_bytes())
    return whole


def _print_table(tally: Tally) -> None:
    table = Table(title="What gateway explain got right")
    table.add_column("judged")
    for heading in ("right", "of", "share"):
        table.add_column(heading, justify="right")
    for what in sorted(tally.total):
        right, total = tally.right[what], tally.total[what]
        table.add_row(what, str(right), str(total), f"{right / total:.3f}")
    Console(width=100).print(table)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
