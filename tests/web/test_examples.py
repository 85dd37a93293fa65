"""The example client runs against a real server, as the reader of the documentation would run it."""

import subprocess
import sys
import threading
from pathlib import Path

from gateway import sequencer
from tests.web_server import Web

PORTAL = Path(__file__).parents[2] / "examples" / "portal" / "portal.py"


def test_the_portal_plays_a_case_and_follows_its_events(web: Web, tmp_path: Path) -> None:
    """The events get their places while it waits, as `gateway serve` gives them."""
    (tmp_path / "portal.key").write_text(web.key("system"))
    ended = threading.Event()

    def place_events() -> None:
        while not ended.wait(0.1):
            sequencer.turn(web.services)

    helper = threading.Thread(target=place_events)
    helper.start()
    try:
        command = [sys.executable, str(PORTAL), web.url, str(tmp_path / "portal.key")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    finally:
        ended.set()
        helper.join()
    assert (done.returncode, done.stderr) == (0, "")
    told = [line.split()[:2] for line in done.stdout.splitlines()]
    assert [number for number, _ in told] == [str(n + 1) for n in range(len(told))]
    assert told[0][1] == "case.opened"
    assert told[-1][1] == "case.status_changed"
    assert len(PORTAL.read_text(encoding="utf-8").splitlines()) < 90


def test_the_portal_says_what_is_wrong_with_its_key(web: Web, tmp_path: Path) -> None:
    (tmp_path / "portal.key").write_text("cgk_nonsense")
    command = [sys.executable, str(PORTAL), web.url, str(tmp_path / "portal.key")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr.strip()) == (1, "Sign in, or send a valid API key.")
