"""The other programs that tests talk to: which there are, how they are got, how tests start their own.

`python -m tests.services` provides them: what answers or is installed is used; what is missing is installed from
Debian packages where that is allowed (root, apt-get), and nothing is left running by that.  What stays missing skips
its tests, loudly; with CI=true it fails them.  A new service is one row of SERVICES.
"""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support import answers

POLICY = Path("/usr/sbin/policy-rc.d")
INSTALL_SECONDS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A program that tests need.  probe: says whether it is there.  packages: the Debian packages that bring it."""

    name: str
    probe: Callable[[], bool]
    packages: tuple[str, ...]


def program(name: str) -> str | None:
    """Return the path of a program, also of one that Debian keeps out of PATH; None when it is not installed."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    places = [*map(str, versions), os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"]
    return shutil.which(name, path=os.pathsep.join(places))


SERVICES = (
    Service(name="PostgreSQL", probe=lambda: bool(program("initdb")) or answers(5432), packages=("postgresql",)),
    Service(name="Redis", probe=lambda: bool(program("redis-server")) or answers(6379), packages=("redis-server",)),
    Service(name="Postfix tools", probe=lambda: bool(program("smtp-sink")), packages=("postfix",)),
    Service(name="Chromium", probe=lambda: bool(program("chromium")), packages=("chromium", "fonts-dejavu-core")),
    Service(name="Dovecot", probe=lambda: bool(program("dovecot")), packages=("dovecot-imapd",)),
    Service(name="strace", probe=lambda: bool(program("strace")), packages=("strace",)),
)


def missing() -> list[Service]:
    """Return the services that are not there."""
    return [service for service in SERVICES if not service.probe()]


def main() -> int:
    """Provide what is missing and say what could not be had.  Returns 0 always: the tests say what it means."""
    wanted = missing()
    if wanted and may_install():
        print("Installing", ", ".join(service.name for service in wanted), "from Debian packages ...", flush=True)
        _install(wanted)
    for service in missing():
        print(f"{service.name} is missing (Debian: {' '.join(service.packages)}).", file=sys.stderr)
    return 0


def may_install() -> bool:
    """Say whether we can install Debian packages here: as root, with apt-get."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def _install(wanted: list[Service]) -> None:
    with _nothing_gets_started():
        if not _quiet("apt-get", "update"):
            return
        if any("postfix" in service.packages for service in wanted):
            # Without an answer the package would configure a mail server; we want its two test programs only.
            _quiet("debconf-set-selections", feed="postfix postfix/main_mailer_type select No configuration\n")
        for service in wanted:
            _quiet("apt-get", "install", "-y", "--no-install-recommends", *service.packages)


@contextlib.contextmanager
def _nothing_gets_started() -> Iterator[None]:
    # Debian starts a daemon as it is installed, some on all interfaces.  policy-rc.d with exit 101 forbids that.
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def _quiet(*command: str, feed: str = "") -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            command, input=feed, text=True, capture_output=True, timeout=INSTALL_SECONDS, env=environment, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"{command[0]} did not work: {error}", file=sys.stderr)
        return False
    if done.returncode:
        print(f"{' '.join(command)} failed: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
