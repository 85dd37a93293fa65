"""`gateway purge`, `case hold` and `release-hold` as a person uses them, and a purge that is really killed."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway import cli
from tests.story import canaries
from tests.story.terminal import Terminal

WORDS = ("the vpn of our office", "dana@example.org", "which version?", "it is version seven")


def later(days: int = 31) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


def closed_case(terminal: Terminal) -> str:
    """Open a case, ask, take the answer in, close it: all by commands, into files in place of a relay."""
    number = terminal.asked_case()
    answer = terminal.mail("answer", f"It is version seven.\n\n> Reference ID: {terminal.reference()}")
    terminal.ok("ingest", str(answer))
    answer.unlink()
    terminal.ok("case", "close", number)
    return number


def test_a_purge_says_what_would_go_and_then_nothing_of_it_is_left(terminal: Terminal) -> None:
    """PROCESS 7.1, PR-02, CONTRACT 2: through the command line, in every byte of the data folder."""
    number = closed_case(terminal)
    assert {word for _, word in canaries.left_in_files(terminal.folder, WORDS)} == set(WORDS)
    assert terminal.run("purge", "--dry-run").err == "Nothing is due.\n"
    (due,) = terminal.ok("purge", "--now", later(), "--dry-run")
    assert (due["what"], due["case"], due["goes"], due["mails"]) == ("case", number, True, 1)
    assert due["why"]
    assert number in terminal.run("purge", "--now", later(), "--dry-run").out
    assert terminal.ok("purge", "--now", later())[0]["cases"] == 1
    assert canaries.left_in_files(terminal.folder, WORDS) == set()
    assert list((terminal.folder / "sent").glob("*")) == []
    assert "0 cases" in terminal.run("purge", "--now", later()).out
    assert terminal.run("case", "show", number).code == 0
    assert terminal.run("ledger").code == 0


def test_a_held_case_stays_and_the_purge_says_so(terminal: Terminal) -> None:
    number = closed_case(terminal)
    assert terminal.ok("case", "hold", number, "--why", "Dispute")[0]["held_at"]
    assert "legal hold" in terminal.run("case", "show", number).out
    said = terminal.run("purge", "--now", later())
    assert (said.code, "legal hold" in said.out) == (0, True)
    assert terminal.ok("case", "release-hold", number)[0]["held_at"] is None
    assert terminal.ok("purge", "--now", later())[0]["cases"] == 1


def test_a_purge_that_is_killed_with_kill_9_goes_on(terminal: Terminal) -> None:
    """PR-03."""
    number = closed_case(terminal)
    code = (
        "import os, signal, sys\nfrom gateway import cli\nfrom gateway.store import retention\n"
        "retention.empty_notices = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)\n"
        "cli.run(sys.argv[1:])\n"
    )
    command = [sys.executable, "-c", code, "purge", "--now", later(), "--config", str(terminal.settings)]
    root = Path(cli.__file__).parents[2]
    killed = subprocess.run(
        command, cwd=terminal.folder, env=os.environ | {"PYTHONPATH": str(root)}, check=False, timeout=120
    )
    assert killed.returncode == -signal.SIGKILL
    assert terminal.ok("case", "show", number)[0]["purged_at"]
    (unfinished,) = terminal.ok("purge", "--now", later(), "--dry-run")
    assert unfinished["case"] == number
    terminal.ok("purge", "--now", later())
    assert canaries.left_in_files(terminal.folder, WORDS) == set()
    assert terminal.ok("purge", "--now", later(), "--dry-run") == []


def test_a_person_is_exported_and_erased_by_commands(terminal: Terminal) -> None:
    """PROCESS 7.2, PR-04, CONTRACT 2."""
    number = closed_case(terminal)
    (known,) = terminal.ok("contact", "export", "dana@example.org")
    assert (known["contact"]["email"], known["cases"][0]["number"]) == ("dana@example.org", number)
    assert "It is version seven." in terminal.run("contact", "export", "dana@example.org").out
    zipped = terminal.folder.parent / f"{terminal.folder.name}.zip"
    assert terminal.ok("contact", "export", "dana@example.org", "--zip", str(zipped))[0]["entries"] >= 4
    zipped.unlink()
    assert terminal.ok("contact", "erase", "dana@example.org", "--dry-run")[0]["cases"] == [number]
    assert number in terminal.run("contact", "erase", "dana@example.org", "--dry-run").out
    assert "erased" in terminal.run("contact", "erase", "dana@example.org").out
    assert canaries.left_in_files(terminal.folder, WORDS) == set()
    assert terminal.run("contact", "erase", "dana@example.org").code == 1
    assert terminal.run("ledger").code == 0


def test_one_update_is_erased_by_a_command(terminal: Terminal) -> None:
    number = closed_case(terminal)
    update = next(one for one in terminal.ok("case", "show", number)[0]["updates"] if one["mail_id"])
    terminal.ok("case", "erase-update", number, update["id"])
    assert canaries.left_in_files(terminal.folder, WORDS[3:]) == set()
    assert "erased" in terminal.run("case", "show", number).out
