"""`gateway worker`: processes that do the work which others ring for through Redis; one that dies is replaced.

Each child is `gateway serve --roles worker`: the same code as in the one-process form.  The supervisor does no work of
its own, so it has nothing to lose: leases give the work of a dead child to the others.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.call import Call, command
from gateway.clock import monotonic_seconds
from gateway.errors import ConfigError

if TYPE_CHECKING:
    from types import FrameType

FAILED = 1
LOOK_SECONDS = 0.2
# A child stops within the 30 seconds that running jobs get; who takes longer is killed, which loses nothing.
STOP_SECONDS = 45.0
# A child that died sooner than this did not get going; the next start waits, up to half a minute.
YOUNG_SECONDS = 10.0
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.5, 30.0
# Without one thread for received mail and one for the relay a child could not do its work.
LEAST_THREADS = 2
# Linux prctl(2): the signal that a child gets when its parent has died.
PR_SET_PDEATHSIG = 1


def register(tree: typer.Typer) -> None:
    """Add the command to the tree."""
    command(
        tree,
        "worker",
        example=("gateway worker --config gateway.toml", "gateway worker --processes 4 --threads 8"),
        json=False,
    )(worker)


def worker(
    call: Call,
    processes: Annotated[int, typer.Option(min=1, max=64, help="How many processes; each reads and delivers.")] = 1,
    threads: Annotated[
        int, typer.Option(min=LEAST_THREADS, max=64, help="Threads of each: one for received mail, the others deliver.")
    ] = 5,
) -> int:
    """Run workers that answer wake-ups from Redis, until SIGTERM or Ctrl-C; a worker that dies is replaced."""
    from gateway import maillog

    config = call.settings()
    if not config.broker.url:
        raise ConfigError(
            "gateway worker needs Redis to be woken by: set broker.url (redis://...),"
            " or run `gateway serve`, which has its workers inside."
        )
    maillog.configure()
    orders = Supervisor(processes=processes, start=lambda: _start(call, threads))
    for asked in (signal.SIGTERM, signal.SIGINT):
        signal.signal(asked, orders.stop)
    print(f"Ready: {processes} worker processes of {threads} threads; Ctrl-C stops.", flush=True)
    return orders.run()


@dataclass(slots=True)
class Place:
    """One child and the waiting between its deaths.  wait: seconds until the next start, doubled by early deaths."""

    child: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0
    start_again_at: float = 0.0
    wait: float = FIRST_WAIT_SECONDS


@dataclass(slots=True)
class Supervisor:
    """Keep `processes` children running until `stop`.  start: starts one."""

    processes: int
    start: "Callable[[], subprocess.Popen[bytes]]"
    clock: Callable[[], float] = monotonic_seconds
    pause: Callable[[float], None] = time.sleep
    _stopping: bool = False
    _places: list[Place] = field(default_factory=list)

    def run(self) -> int:
        """Start and replace children until `stop` is called; return 0, or 1 when one had to be killed."""
        self._places = [Place() for _ in range(self.processes)]
        while not self._stopping:
            for place in self._places:
                self._look_after(place)
            self.pause(LOOK_SECONDS)
        return self._end()

    def stop(self, _number: int = 0, _frame: "FrameType | None" = None) -> None:
        """Ask `run` to stop all children and return; calling twice is nothing."""
        self._stopping = True

    def _look_after(self, place: Place) -> None:
        from gateway import maillog

        now = self.clock()
        if place.child is not None and (code := place.child.poll()) is not None:
            early = now - place.started_at < YOUNG_SECONDS
            place.wait = min(place.wait * 2, LONGEST_WAIT_SECONDS) if early else FIRST_WAIT_SECONDS
            maillog.worker_died(pid=place.child.pid, code=code, again_in_seconds=place.wait)
            place.child, place.start_again_at = None, now + place.wait
        if place.child is None and now >= place.start_again_at and not self._stopping:
            place.child, place.started_at = self.start(), now

    def _end(self) -> int:
        children = [place.child for place in self._places if place.child is not None]
        for child in children:
            child.terminate()
        until, killed = self.clock() + STOP_SECONDS, 0
        for child in children:
            try:
                child.wait(max(0.1, until - self.clock()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
                killed += 1
        return FAILED if killed else 0


def _start(call: Call, threads: int) -> "subprocess.Popen[bytes]":
    """Start one child with the same settings; its pool of relay connections follows from its threads."""
    command = [sys.executable, "-m", "gateway", "serve", "--roles", "worker"]
    if call.config_file is not None:
        command += ["--config", str(call.config_file)]
    environment = {**os.environ, "GATEWAY_RELAY__CONNECTIONS": str(threads - 1)}
    parent = os.getpid()
    return subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        # A session of its own: Ctrl-C on a terminal reaches the supervisor alone, which then asks each child.
        start_new_session=True,
        # Safe here: this process has one thread.
        preexec_fn=lambda: _die_with(parent),
    )


def _die_with(parent: int) -> None:
    """Let the kernel ask this child to stop when its supervisor was killed, so that no worker is left unwatched."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(FAILED)
