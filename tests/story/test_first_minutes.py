"""The README's first minutes: what it tells a new user to type works as it stands there."""

import runpy
from pathlib import Path

from tests.story.terminal import Terminal

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_mail_in_the_folder_is_answered_by_the_example_and_moves_the_case(terminal: Terminal) -> None:
    number = terminal.open_case()
    terminal.ok("case", "request-info", number, "--text", "Which version is it, please?")
    asked = max(terminal.folder.rglob("sent/*.eml"), key=lambda path: int(path.stem))
    assert "examples/answer.py var/sent/2.eml" in README
    reply = runpy.run_path(str(ROOT / "examples" / "answer.py"))["answer"](asked.read_bytes(), "It is 7.2.")
    (terminal.folder / "answer.eml").write_bytes(reply.as_bytes())
    terminal.ok("ingest", str(terminal.folder / "answer.eml"))
    (case,) = terminal.ok("case", "show", number)
    assert (case["status"], case["substatus"]) == ("open", "customer-responded")
