"""What every command owes its user: help with an example, errors in one sentence, `--config` on either side."""

import sys
from pathlib import Path

import pytest
import typer

from gateway import __version__, cli
from gateway.cli import tree
from tests.story.terminal import Terminal

ROOT = Path(__file__).parents[2]


def paths() -> list[tuple[str, ...]]:
    """Return the words of every command and group."""
    found: list[tuple[str, ...]] = []

    def walk(group: object, words: tuple[str, ...]) -> None:
        found.append(words)
        for name, below in getattr(group, "commands", {}).items():
            walk(below, (*words, name))

    walk(typer.main.get_command(tree()), ())
    return found


COMMANDS = [words for words in paths() if words and words not in {w[:-1] for w in paths()}]


@pytest.mark.parametrize("words", paths(), ids=" ".join)
def test_help_has_an_example(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([*words, "--help"]) == 0
    _, example, shown = capsys.readouterr().out.partition("Example")
    assert example
    assert f"gateway {words[0] if words else 'demo'}" in shown


@pytest.mark.parametrize("words", [words for words in paths() if words not in COMMANDS], ids=" ".join)
def test_a_list_of_commands_cuts_no_sentence_off(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([*words, "--help"]) == 0
    listed = capsys.readouterr().out.partition("Commands:")[2].partition("Example")[0]
    assert listed
    assert "..." not in listed


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_takes_the_settings_and_most_print_json(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    cli.run([*words, "--help"])
    shown = capsys.readouterr().out
    assert "--config FILE" in shown
    assert ("--json" in shown) == (words not in {("demo",), ("serve",), ("worker",), ("mail", "raw")})


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_stands_in_the_table_of_commands(words: tuple[str, ...]) -> None:
    assert f"| `gateway {' '.join(words)}" in (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")


def test_settings_and_json_may_stand_before_the_command(terminal: Terminal) -> None:
    terminal.open_case()
    after = terminal.program("case", "list", "--config", str(terminal.settings), "--json")
    before = terminal.program("--config", str(terminal.settings), "--json", "case", "list")
    assert after == before
    assert after.json[0]["number"] == "0000000041"


def test_settings_of_the_working_folder_are_the_default(terminal: Terminal) -> None:
    terminal.settings.rename(terminal.folder / "gateway.toml")
    assert terminal.program("config", "--json").json[0]["gateway"]["care_address"] == "care@example.com"


def test_version_is_said_by_either_spelling_of_the_program(terminal: Terminal) -> None:
    assert terminal.program("--version").out == f"gateway {__version__}\n"


def test_help_loads_nothing_heavy() -> None:
    """The help of a tool that is used all day answers at once."""
    import subprocess

    heavy = "sqlalchemy pydantic dramatiq jinja2 aiosmtpd rich structlog"
    code = (
        f"import sys\nfrom gateway import cli\nassert cli.run(['--help']) == 0\n"
        f"loaded = [m for m in {heavy!r}.split() if m in sys.modules]\nassert not loaded, loaded\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("cases",), "No such command"),
        (("case", "opne"), "Did you mean 'open'"),
        (("case", "show"), "NUMBER"),
        (("case", "list", "--colour", "red"), "--colour"),
        (("case", "list", "--status", "lost"), "awaiting-info"),
        (("case", "list", "--config", "nothing.toml"), "nothing.toml"),
        (("serve", "--roles", "smtp,pop3"), "pop3"),
        (("tick", "--now", "yesterday"), "2026-11-25T10:00:00Z"),
        (("demo", "--once", "--data-dir", "/"), "--data-dir"),
    ],
)
def test_a_usage_error_is_one_sentence_and_exit_2(
    arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(arguments) == 2
    said = capsys.readouterr()
    assert (said.out, len(said.err.splitlines())) == ("", 1)
    assert words in said.err


def test_a_group_without_a_command_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["case"]) == 2
    assert "propose-solution" in capsys.readouterr().err


@pytest.mark.parametrize("error", [RuntimeError("secret /path"), PermissionError(13, "Permission denied", "/x")])
def test_an_unexpected_error_is_a_sentence_and_a_traceback_only_on_demand(
    error: Exception, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("gateway.app.build", fail)
    quiet = terminal.run("ledger")
    assert (quiet.code, len(quiet.err.splitlines())) == (1, 1)
    assert "secret" not in quiet.err
    assert "Traceback" in terminal.run("--debug", "ledger").err


def test_an_interrupted_command_exits_130_without_a_word(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("gateway.app.build", interrupt)
    done = terminal.run("ledger")
    assert (done.code, done.out, done.err) == (130, "", "")
