"""`gateway demo`: it tells the truth, and it says so when it does not."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gateway import cli
from tests.story.terminal import Terminal

ROOT = Path(cli.__file__).parents[2]


def test_the_demo_tells_the_whole_story_and_exits_0(terminal: Terminal) -> None:
    """Source: CONTRACT 2, `gateway demo --once`."""
    folder = terminal.folder / "demo"
    done = terminal.program("demo", "--once", "--data-dir", str(folder), seconds=120)
    assert (done.code, done.err) == (0, "")
    assert [int(number) for number in re.findall(r"^(\d+)\. ", done.out, re.MULTILINE)] == list(range(1, 10))
    assert done.out.count("\n   ok ") >= 20
    assert "\x1b" not in done.out
    for command in re.findall(r"(?:gateway|-m gateway) (.*--config \S+)$", done.out, re.MULTILINE):
        assert terminal.program(*command.split()).code == 0, command
    assert list((folder / "customer-mail").glob("*.eml"))


def test_the_demo_stays_up_until_it_is_asked_to_stop(terminal: Terminal) -> None:
    folder = terminal.folder / "demo"
    command = [sys.executable, "-m", "gateway", "demo", "--speed", "100", "--data-dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        assert any("Ctrl-C ends it." in line for line in process.stdout)
        settings = str(folder / "gateway.toml")
        described = ("--subject", "Hello", "--description", "A first try", "--contact", "you@example.org")
        opened = terminal.program("case", "open", *described, "--config", settings)
        assert (opened.code, opened.err) == (0, "")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=40)
    assert (process.returncode, err) == (0, "")


def test_a_step_that_does_not_turn_out_as_told_ends_the_demo_with_1(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from gateway.rules import mail

    monkeypatch.setattr(mail, "_may_answer", lambda *_: True)
    assert cli.run(["demo", "--once", "--data-dir", str(terminal.folder / "demo")]) == 1
    assert "Not as told: it is linked by its Reference ID, but only the case contact" in capsys.readouterr().err


def test_the_demo_never_plays_on_data_that_is_not_its_own(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["demo", "--once", "--data-dir", str(terminal.folder)]) == 2
    monkeypatch.setenv("GATEWAY_DATABASE__URL", terminal.database_url)
    assert cli.run(["demo", "--once", "--data-dir", str(terminal.folder / "new")]) == 2
    assert "unset them" in capsys.readouterr().err
    assert terminal.run("case", "list", "--json").json == []
