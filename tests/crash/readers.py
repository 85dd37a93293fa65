"""What a reading child does in the crash tests: its work, but the first time something dies.

Imported by the children, so only what reading needs is imported here.
"""

import os
import signal
from pathlib import Path

from gateway.inbound import reading
from gateway.model import Envelope, Reading, ReadingRules

GATEWAY_PID = "CRASH_GATEWAY_PID"
MARK = "CRASH_MARK"  # a file that exists when somebody died already


def die_once(raw: bytes, envelope: Envelope, rules: ReadingRules) -> Reading:
    """Kill this child in the middle of its first mail."""
    if _first_time():
        os.kill(os.getpid(), signal.SIGKILL)
    return reading.read(raw, envelope, rules)


def kill_the_gateway_once(raw: bytes, envelope: Envelope, rules: ReadingRules) -> Reading:
    """Kill the gateway while this child reads the first mail; the child itself goes on."""
    if _first_time():
        os.kill(int(os.environ[GATEWAY_PID]), signal.SIGKILL)
    return reading.read(raw, envelope, rules)


def _first_time() -> bool:
    try:
        Path(os.environ[MARK]).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
