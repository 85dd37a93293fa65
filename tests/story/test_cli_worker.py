"""`gateway worker` as an operator runs it: real processes, PostgreSQL and Redis."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from gateway import cli
from tests.story.terminal import Terminal
from tests.support import wait_until

ROOT = Path(cli.__file__).parents[2]


@pytest.fixture
def production(tmp_path: Path, postgres_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Return an installation on PostgreSQL and Redis that nobody works for yet."""
    terminal = Terminal(tmp_path, postgres_url, monkeypatch)
    with terminal.settings.open("a") as settings:
        settings.write(f"[broker]\nurl = '{redis_url}'\n")
    return terminal


@pytest.fixture
def workers(production: Terminal) -> Iterator["subprocess.Popen[str]"]:
    """Run one worker process under its supervisor."""
    command = [sys.executable, "-m", "gateway", "worker", "--threads", "3", "--config", str(production.settings)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def test_without_redis_the_worker_says_what_to_set(terminal: Terminal) -> None:
    done = terminal.run("worker")
    assert done.code == 2
    assert "broker.url" in done.err
    assert done.err.count("\n") == 1


def test_a_killed_worker_is_replaced_its_work_is_done_and_sigterm_ends_all(
    production: Terminal, workers: "subprocess.Popen[str]"
) -> None:
    assert workers.stdout is not None
    assert workers.stdout.readline().startswith("Ready: 1 worker processes")
    supervisor = psutil.Process(workers.pid)
    first = wait_until(supervisor.children, what="the first worker")[0]
    first.kill()
    number = production.asked_case()
    wait_until(lambda: _left(production, number), what="the notices of the case to leave")
    assert first.pid not in [child.pid for child in supervisor.children()]
    children = supervisor.children(recursive=True)
    workers.terminate()
    assert workers.wait(60) == 0
    _, alive = psutil.wait_procs(children, timeout=60)
    assert not alive


def _left(terminal: Terminal, number: str) -> bool:
    entries = [entry for entry in terminal.ok("outbox", "list", "--state", "all") if entry["case"] == number]
    return len(entries) > 1 and all(entry["state"] == "done" for entry in entries)
