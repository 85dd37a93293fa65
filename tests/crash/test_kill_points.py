"""kill -9 at every named point, then a new start: nothing is lost, nothing counts twice.

The customer's MTA tries again when, and only when, it had no 250.  Inbound is exactly once.  Outbound is at least once
with the same bytes, and twice only where the relay may have had the mail: between the final dot and the settling.
Source: DD-01, FA-01, FA-06, HAZARDS facts 2, 19 and 24, DESIGN 1.8.
"""

import pytest

from tests.crash.driver import POINTS, READERS
from tests.crash.house import House
from tests.support import wait_until

AMBIGUOUS = ("after the dot before the relay's 250", "after the relay's 250 before settle")
BEFORE_250 = ("before the spool's commit", "after the commit before 250")
# Here the bytes of a notice are kept and it is not settled (at the last point: the second of its batch), so nobody can
# know whether it left: the next copy says so.
UNCERTAIN = ("before the relay is called", "after MAIL", "inside DATA", *AMBIGUOUS, "after a notice is settled")
# Of these, what leaves is no part: the notices that the case began with have left before.
INBOUND = (
    *BEFORE_250,
    *("inside the claim of a mail", "after the claim of a mail", "after reading a mail", "mid-transaction"),
    *("before a mail is settled", "before the settling is committed", "after a mail is settled"),
    *READERS,
)
ALL_POINTS = [*POINTS, "all die while a child reads"]
ON_BOTH = (
    *BEFORE_250,
    "mid-transaction",
    "before the settling is committed",
    "after the claim of a notice",
    "after the relay's 250 before settle",
)


@pytest.mark.parametrize("point", ALL_POINTS)
def test_kill_9_loses_nothing_and_doubles_nothing(house: House, point: str) -> None:
    """FA-06, DD-01."""
    _die_and_recover(house, point)


@pytest.mark.parametrize("point", ON_BOTH)
def test_kill_9_loses_nothing_and_doubles_nothing_on_postgresql(postgres_house: House, point: str) -> None:
    """FA-06, DD-01."""
    _die_and_recover(postgres_house, point)


def _die_and_recover(house: House, point: str) -> None:
    raw = house.reply()
    if point in INBOUND:
        house.deliver()
    roles = ["smtp"] if point in BEFORE_250 else ["smtp", "worker", "scheduler"]
    with house.running(kill=point, roles=roles) as gateway:
        answered = house.offer(gateway, raw) == 250 if gateway.port else False
        gateway.wait_for_death()
    assert not (answered and point in BEFORE_250)
    house.let_leases_end()
    copies = 1 if answered else 0
    with house.running() as gateway:
        copies += 0 if answered else house.offer(gateway, raw, attempt=2) == 250
        house.wait_until_quiet()
        assert gateway.stop() == 0
    kept_before = point == "after the commit before 250"
    house.check_inbound(answers=1, copies=None if point not in BEFORE_250 else copies + kept_before)
    house.check_outbound(copies_at_most=2 if point in AMBIGUOUS else 1)
    assert (house.uncertain() > 0) == (point in UNCERTAIN)


def test_the_two_ambiguous_points_are_the_ones_where_the_relay_has_the_mail(house: House) -> None:
    """FA-06: had the gateway known better it would not have sent again, so the second copy must say `uncertain`."""
    with house.running(kill=AMBIGUOUS[1], roles=["worker", "scheduler"]) as gateway:
        gateway.wait_for_death()
    wait_until(lambda: house.sink.mails, what="the mail whose 250 was lost")
    house.let_leases_end()
    with house.running(roles=["worker", "scheduler"]):
        house.wait_until_quiet()
    first = house.sink.mails[0]
    assert [sunk for sunk in house.sink.mails if sunk.message_id == first.message_id] == [first, first]


@pytest.mark.parametrize("point", READERS)
def test_no_process_is_left_behind_by_a_death(house: House, point: str) -> None:
    """FA-01: a killed gateway leaves no reading children that would hold memory until the machine is restarted."""
    with house.running(kill=point) as gateway:
        house.offer(gateway, house.reply())
        if point == "the reading child dies":
            house.wait_until_quiet()
            assert house.somebody_died()
            gateway.kill()
        gateway.wait_for_death()
    wait_until(lambda: not house.living(), seconds=20, what="the end of all children")


def test_a_dead_reading_child_costs_its_mail_one_try_and_nobody_else_anything(house: House) -> None:
    """SM-18: parsing is later than 250; HAZARDS 4: only the third death sets a mail aside."""
    with house.running(kill="the reading child dies") as gateway:
        assert house.offer(gateway, house.reply()) == 250
        house.wait_until_quiet()
        assert gateway.stop() == 0
    assert house.somebody_died()
    house.check_inbound(answers=1, copies=1)
    house.check_outbound()
    assert house.log().count("mail.processed") == 1
