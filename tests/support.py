"""Small things that several test folders need.  Nothing here knows the product."""

import socket
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on now.

    Somebody else may take it before you do: let the program bind port 0 itself where it can say which one it got.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int, *, host: str = "127.0.0.1", seconds: float = 0.5) -> bool:
    """Say whether something accepts connections at that port."""
    try:
        with socket.create_connection((host, port), timeout=seconds):
            return True
    except OSError:
        return False


def wait_until(condition: Callable[[], T], *, seconds: float = 10, every: float = 0.02, what: str = "") -> T:
    """Return the first true value of `condition`; fail the test with `what` when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"Waited {seconds:g} s in vain for {what or getattr(condition, '__name__', 'it')}.")
        time.sleep(every)
