"""The long form of the kill points: die at, or fail, each single system call that makes data durable.

strace ends or fails the k-th call of a thread; k grows until a whole scenario passes without reaching it, MOST at the
most.  The house stays the same all the while, so each start is also the recovery of the death before.
Source: FA-02, FA-03.
"""

import itertools

import pytest

from tests.crash.house import House
from tests.support import wait_until

pytestmark = [pytest.mark.long, pytest.mark.timeout(1500)]
MOST = 300
ANSWERS = 20


@pytest.mark.parametrize(("call", "step"), [("fdatasync", 1), ("pwrite64", 3)])
def test_a_death_at_any_call_that_writes_loses_and_doubles_nothing(
    house: House, strace: str, call: str, step: int
) -> None:
    """FA-02: lost 0, doubled 0, the database whole at every k.  step: a commit makes several calls of pwrite64."""
    deaths = 0
    for k in range(1, MOST, step):
        survived = _write_once(house, _injecting(strace, f"{call}:signal=KILL:when={k}"), number=deaths + 1)
        house.let_leases_end()
        assert house.is_sound(), f"{call} {k}"
        if survived:
            break
        deaths += 1
    with house.running() as gateway:
        for number in range(1, deaths + 1):
            assert house.offer(gateway, house.reply(number), attempt=2) == 250
        house.wait_until_quiet()
    answers = deaths + survived
    print(f"{deaths} deaths at {call}")
    assert deaths > 3
    house.check_inbound(answers=answers)
    house.check_outbound(copies_at_most=1 + deaths)


@pytest.mark.parametrize(
    ("fault", "refusals"),
    [
        ("fdatasync:error=EIO:when=4..8", {451}),
        ("fdatasync:error=EIO:when=4+2", {451}),
        ("pwrite64:error=ENOSPC:when=40..90", {451, 452}),
        ("pwrite64:error=EIO:when=40..90", {451}),
    ],
)
def test_what_was_acknowledged_while_the_disk_failed_is_there(
    house: House, strace: str, fault: str, refusals: set[int]
) -> None:
    """FA-03: the sender hears 4xx for what could not be made durable, and 250 for nothing else."""
    with house.running(prefix=_injecting(strace, fault), roles=["smtp"]) as gateway:
        codes = [house.offer(gateway, house.reply(number)) for number in range(ANSWERS)]
    assert set(codes) & refusals
    assert set(codes) <= refusals | {250}
    assert house.is_sound()
    with house.running() as gateway:
        house.wait_until_quiet()
        assert len(house.dispositions()) >= codes.count(250)
        for number, code in enumerate(codes):
            assert code == 250 or house.offer(gateway, house.reply(number), attempt=2) == 250
        house.wait_until_quiet()
    print(f"{codes.count(250)} acknowledged, {len(codes) - codes.count(250)} refused")
    house.check_inbound(answers=ANSWERS)
    house.check_outbound()


def _injecting(strace: str, fault: str) -> tuple[str, ...]:
    return (strace, "-f", "-qq", "-o", "/dev/null", "-e", f"trace={fault.partition(':')[0]}", "-e", f"inject={fault}")


def _write_once(house: House, prefix: tuple[str, ...], *, number: int) -> bool:
    """Let a customer write until the gateway dies or all is quiet; say whether it lived."""
    with house.running(prefix=prefix) as gateway:
        for attempt in itertools.count(1):
            if not gateway.port or house.offer(gateway, house.reply(number), attempt=attempt) == 250:
                break
            if gateway.process.poll() is not None:
                return False
        wait_until(lambda: gateway.process.poll() is not None or house.is_quiet(), seconds=60, what="an end")
        return gateway.process.poll() is None
