"""How the tests get the programs they talk to: quietly, without leaving a daemon behind, and never silently missing."""

import os
from pathlib import Path

import psutil
import pytest

from tests import conftest, servers, services
from tests.support import free_port

WANTED = services.Service(name="Sink", probe=lambda: False, packages=("sink-tools",))


@pytest.fixture
def apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put an apt-get first in PATH that notes its arguments, and whether daemons may start meanwhile."""
    log = tmp_path / "log"
    policy = tmp_path / "policy-rc.d"
    fake = tmp_path / "apt-get"
    fake.write_text(f'#!/bin/sh\ntest -x {policy} && start=no || start=yes\necho "$@ start=$start" >>{log}\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(services, "POLICY", policy)
    monkeypatch.setattr(services, "SERVICES", (WANTED,))
    return log


def test_missing_service_is_installed_and_no_daemon_starts_by_that(apt: Path) -> None:
    assert services.main() == 0
    assert apt.read_text().splitlines() == [
        "update start=no",
        "install -y --no-install-recommends sink-tools start=no",
    ]
    assert not services.POLICY.exists()


def test_policy_of_the_machine_stays_when_there_is_one(apt: Path) -> None:
    services.POLICY.write_text("#!/bin/sh\nexit 101\n")
    services.main()
    assert services.POLICY.exists()


def test_service_that_cannot_be_had_is_named(
    apt: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert services.main() == 0
    assert not apt.exists(), "without root nothing may be installed"
    assert "Sink is missing (Debian: sink-tools)." in capsys.readouterr().err


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_missing_service_skips_loudly_here_and_fails_in_ci(
    ci: str, outcome: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CONTRACT 1: with `CI=true` a missing service is a failure."""
    monkeypatch.setenv("CI", ci)
    monkeypatch.setenv("TEST_REDIS_URL", f"redis://127.0.0.1:{free_port()}")
    monkeypatch.setattr(servers, "program", lambda name: None)
    with pytest.raises(outcome, match="SERVICE MISSING: Redis"), conftest.needed():
        servers.redis_server(tmp_path)


def test_server_that_a_run_starts_ends_with_it(tmp_path: Path) -> None:
    folder = servers.new_run()
    servers.start(folder, "sleeper", ["/bin/sleep", "60"])
    pid = int((folder / "sleeper.pid").read_text())
    servers.end_run(folder)
    assert not folder.exists()
    assert not _runs(pid)


def _runs(pid: int) -> bool:
    """Say whether a process runs; one that has ended may wait for a moment until init takes note of it."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
