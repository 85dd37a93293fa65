"""The children that read mail: killed when they must be, and nobody else's mail suffers."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from gateway.errors import ParserDied, Unavailable
from gateway.inbound import reading
from gateway.inbound.parse_pool import Item, ParsePool
from gateway.model import Envelope, MailKind, Reading, ReadingRules, Source

ENVELOPE = Envelope(mail_from="ann@example.com", rcpt_tos=("care@example.test",), source=Source.SMTP)
GOOD: Item = (b"From: ann@example.com\r\nSubject: good\r\n\r\nHello\r\n", ENVELOPE)
MEMORY_BYTES = 512 * 1024 * 1024


def misbehave(raw: bytes, envelope: Envelope, rules: ReadingRules) -> Reading:
    """Read a mail as the product does, but do to the child what the subject says."""
    if b"Subject: exit" in raw:
        os._exit(3)
    if b"Subject: segfault" in raw:
        os.kill(os.getpid(), signal.SIGSEGV)
    if b"Subject: hang" in raw:
        time.sleep(60)
    if b"Subject: spin" in raw:
        while True:
            pass
    if b"Subject: memory" in raw:
        _ = [bytearray(64 * 1024 * 1024) for _ in range(64)]
    if b"Subject: raise" in raw:
        raise RuntimeError("a bug in the reader")
    return reading.read(raw, envelope, rules)


def _mail(subject: str) -> Item:
    return (f"From: ann@example.com\r\nSubject: {subject}\r\n\r\nHello\r\n".encode(), ENVELOPE)


@pytest.fixture(scope="module")
def pool() -> Iterator[ParsePool]:
    pool = ParsePool(children=2, mail_seconds=1, memory_bytes=MEMORY_BYTES, rules=ReadingRules(), reader=misbehave)
    yield pool
    pool.close()


def test_mails_are_read_in_order_by_other_processes(pool: ParsePool) -> None:
    items = [_mail(f"number {n}") for n in range(120)]
    outcomes = pool.read_many(items)
    assert [o.mail.subject for o in outcomes if isinstance(o, Reading)] == [f"number {n}" for n in range(120)]


def test_no_mails_are_no_work(pool: ParsePool) -> None:
    assert pool.read_many([]) == []


@pytest.mark.parametrize("deed", ["exit", "segfault", "hang", "spin", "memory", "raise"])
def test_only_the_guilty_mail_is_answered_with_its_death(pool: ParsePool, deed: str) -> None:
    """MI-20: the mails of its batch are read all the same, and the pool goes on."""
    outcomes = pool.read_many([GOOD] * 4 + [_mail(deed)] + [GOOD] * 4)
    assert [type(o) for o in outcomes] == [Reading] * 4 + [ParserDied] + [Reading] * 4
    assert pool.read_many([_mail(deed)])[0].__class__ is ParserDied
    assert isinstance(pool.read_many([GOOD])[0], Reading)


def test_a_hundred_mails_pass_beside_hostile_ones(pool: ParsePool) -> None:
    """MI-20: three hostile mails among a hundred cost less than a minute and none of the others."""
    items = [GOOD] * 100
    for place, deed in ((10, "exit"), (50, "hang"), (90, "memory")):
        items.insert(place, _mail(deed))
    start = time.monotonic()
    outcomes = pool.read_many(items)
    assert time.monotonic() - start < 60
    assert sum(isinstance(o, ParserDied) for o in outcomes) == 3
    assert sum(isinstance(o, Reading) and o.kind is MailKind.PERSON for o in outcomes) == 100


def test_a_child_holds_no_more_memory_than_it_may() -> None:
    """MI-20: the limit of the settings is the child's own limit; each child is small."""
    pool = ParsePool(children=1, mail_seconds=10, memory_bytes=MEMORY_BYTES, rules=ReadingRules())
    try:
        pool.read_many([GOOD])
        children = [p for p in psutil.Process().children(recursive=True) if _limit(p) == MEMORY_BYTES]
        assert children
        assert all(child.memory_info().rss < 80 * 1024 * 1024 for child in children)
    finally:
        pool.close()


def _limit(process: psutil.Process) -> int:
    try:
        return int(process.rlimit(psutil.RLIMIT_AS)[0])
    except psutil.Error:
        return 0


def test_a_closed_pool_says_so() -> None:
    pool = ParsePool(children=1, mail_seconds=10, memory_bytes=MEMORY_BYTES, rules=ReadingRules())
    pool.close()
    pool.close()
    with pytest.raises(Unavailable):
        pool.read_many([GOOD])


def test_children_end_with_a_parent_that_is_killed() -> None:
    """A killed gateway leaves no reader behind."""
    code = (
        "import sys\nfrom gateway.inbound.parse_pool import ParsePool\n"
        "from gateway.model import Envelope, ReadingRules, Source\n"
        "if __name__ == '__main__':\n"
        "    pool = ParsePool(children=2, mail_seconds=10, memory_bytes=2**29, rules=ReadingRules())\n"
        "    envelope = Envelope(mail_from='', rcpt_tos=(), source=Source.INGEST)\n"
        "    pool.read_many([(b'From: a@example.com\\r\\n\\r\\nx', envelope)] * 4)\n"
        "    print('ready', flush=True)\n    sys.stdin.read()\n"
    )
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"
        children = psutil.Process(parent.pid).children(recursive=True)
        assert children
        parent.kill()
        _, alive = psutil.wait_procs(children, timeout=10)
        assert not alive
