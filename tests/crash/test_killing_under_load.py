"""kill -9 again and again while customers write.  Source: FA-01; the long form is the ten minutes of the hazard."""

import itertools
import threading
import time
from dataclasses import dataclass, field

import pytest

from tests.crash.house import Gateway, House

CUSTOMERS = 2
LIFE_SECONDS = 1.0


@dataclass
class Customers:
    """MTAs that offer one answer after the other, each until it has its 250."""

    house: House
    gateway: Gateway | None = None
    over: threading.Event = field(default_factory=threading.Event)
    taken: int = 0
    offers: int = 0
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def write(self) -> None:
        """Write until it is over; an answer that was begun is offered to the end."""
        while not self.over.is_set():
            with self._lock:
                raw = self.house.reply(next(self._numbers))
            for attempt in itertools.count(1):
                gateway = self.gateway
                if gateway and self.house.offer(gateway, raw, attempt=attempt) == 250:
                    break
                time.sleep(0.05)
            with self._lock:
                self.taken += 1
                self.offers += attempt


@pytest.mark.parametrize("seconds", [8, pytest.param(600, marks=pytest.mark.long)])
@pytest.mark.timeout(1500)
def test_a_gateway_that_dies_every_second_loses_and_doubles_nothing(house: House, seconds: float) -> None:
    """FA-01."""
    customers = Customers(house)
    threads = [threading.Thread(target=customers.write) for _ in range(CUSTOMERS)]
    for thread in threads:
        thread.start()
    deaths = 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with house.running() as customers.gateway:
            time.sleep(LIFE_SECONDS)
        house.let_leases_end()
        deaths += 1
    customers.over.set()
    with house.running() as customers.gateway:
        for thread in threads:
            thread.join()
        house.wait_until_quiet()
    print(f"{deaths} deaths, {customers.taken} answers in {customers.offers} offers")
    assert deaths > 1
    house.check_inbound(answers=customers.taken)
    house.check_outbound(copies_at_most=1 + deaths)
