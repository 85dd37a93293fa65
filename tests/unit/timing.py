"""Measure that a function is linear, and that it does not hang."""

import time
from collections.abc import Callable

import pytest


def seconds(run: Callable[[], object], *, times: int = 1) -> float:
    """Return the best of some timings, in seconds of CPU: other processes may be busy."""
    best = 1e9
    for _ in range(times):
        start = time.process_time()
        run()
        best = min(best, time.process_time() - start)
    return best


def assert_linear(run: Callable[[int], object], size: int, *, at_most: float) -> None:
    """Fail when twice the size takes three times as long, or `size` takes ten times `at_most` seconds.

    Times under 5 ms are noise and count as 5 ms.
    """
    # A busy machine slows single timings, also in CPU time; one quiet comparison out of five is proof enough.
    for _ in range(5):
        once, twice = seconds(lambda: run(size)), seconds(lambda: run(2 * size))
        assert once < 10 * at_most
        if twice / max(once, 0.005) < 3:
            return
    pytest.fail(f"{size} takes {once:.3f} s and twice as much {twice:.3f} s, five times over")
