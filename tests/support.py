"""Small things that several test folders need.  Nothing here knows the product."""

import contextlib
import os
import secrets
import socket
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

FIRST_PORT, WORKERS, PORTS_OF_A_WORKER = 16_000, 8, 2_000
_handed_out: set[int] = set()


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on now, and that this process has not returned before.

    It lies below the ports that the kernel hands out itself, and each xdist worker draws from a range of its own, so
    that nobody takes it before the program under test does.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = FIRST_PORT + (worker % WORKERS) * PORTS_OF_A_WORKER
    while True:
        port = first + secrets.randbelow(PORTS_OF_A_WORKER)
        with socket.socket() as probe, contextlib.suppress(OSError):
            if port not in _handed_out:
                probe.bind(("127.0.0.1", port))
                _handed_out.add(port)
                return port


def answers(port: int, *, host: str = "127.0.0.1", seconds: float = 0.5) -> bool:
    """Say whether something accepts connections at that port."""
    try:
        with socket.create_connection((host, port), timeout=seconds):
            return True
    except OSError:
        return False


def wait_until(condition: Callable[[], T], *, seconds: float = 60, every: float = 0.02, what: str = "") -> T:
    """Return the first true value of `condition`; fail the test with `what` when there is none in time."""
    # Patience costs only a test that fails anyway; a busy machine must not fail one that is right.
    deadline = time.monotonic() + max(seconds, 30)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"Waited {seconds:g} s in vain for {what or getattr(condition, '__name__', 'it')}.")
        time.sleep(every)
