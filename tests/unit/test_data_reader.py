"""The reader of DATA gives one answer, however the bytes were cut.  Source: SM-01, SM-03, SM-06."""

import re
import time
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gateway.inbound.smtp_data import DataReader

PIECES = [b"\r\n", b".", b"\n", b"\r", b"a", b"\0", b"\r\n.", b"..", b"\r\n.\r\n"]
texts = st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join)


def _read(wire: bytes, cuts: list[int], limit_bytes: int) -> tuple[object, bytes, bytes]:
    """Return (refusal, content, what came after the end)."""
    reader = DataReader(limit_bytes)
    bounds = [0, *sorted({cut % len(wire) for cut in cuts}), len(wire)]
    for start, stop in pairwise(bounds):
        rest = reader.feed(wire[start:stop]) if stop > start else None
        if rest is not None:
            return reader.refusal, b"" if reader.refusal else reader.message(prefix=b""), rest + wire[stop:]
    raise AssertionError("no end was found")


def _expected(wire: bytes, limit_bytes: int) -> tuple[str, bytes, bytes]:
    """Say the same in the plain words of RFC 5321: look at the whole at once."""
    content, _, rest = (b"\r\n" + wire).partition(b"\r\n.\r\n")
    content += b"\r\n"
    unstuffed = content.replace(b"\r\n.", b"\r\n")[2:]
    if re.search(rb"[\r\n]\.[\r\n]", content):
        return "5.5.2", b"", rest
    return ("5.3.4", b"", rest) if len(unstuffed) > limit_bytes else ("", unstuffed, rest)


@given(text=texts, after=texts, cuts=st.lists(st.integers(0, 200), max_size=20), limit_bytes=st.integers(0, 40))
def test_one_answer_for_all_cuts(text: bytes, after: bytes, cuts: list[int], limit_bytes: int) -> None:
    wire = text + b"\r\n.\r\n" + after
    code, content, rest = _expected(wire, limit_bytes)
    refusal, found, remaining = _read(wire, cuts, limit_bytes)
    assert remaining == rest
    # A mail that is both too large and bad may be refused for either.
    said = getattr(refusal, "enhanced", "")
    assert said == code or {said, code} == {"5.5.2", "5.3.4"}
    assert found == content


def test_reading_takes_linear_time_in_small_chunks() -> None:
    def seconds(lines: int) -> float:
        reader = DataReader(100_000_000)
        start = time.process_time()
        for _ in range(lines):
            reader.feed(b"\r\n..x" * 20)
        return time.process_time() - start

    seconds(1000)
    small, large = (min(seconds(lines) for _ in range(5)) for lines in (5_000, 10_000))
    assert large / small < 3
