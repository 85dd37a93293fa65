"""What crash tests start from: an installation on each kind of database, and a smart host."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import needed
from tests.crash.house import House
from tests.crash.sink import Sink
from tests.servers import ServiceMissing
from tests.services import program


@pytest.fixture
def sink() -> Iterator[Sink]:
    """Return a running smart host."""
    with Sink() as running:
        yield running


@pytest.fixture
def open_house(tmp_path: Path, sink: Sink) -> Iterator[Callable[[str], House]]:
    """Return a function that makes an installation on the database with a URL."""
    houses: list[House] = []

    def make(url: str) -> House:
        houses.append(House(tmp_path, url, sink))
        return houses[-1]

    yield make
    for house in houses:
        house.close()


@pytest.fixture
def house(open_house: Callable[[str], House], sqlite_url: str) -> House:
    """Return an installation on SQLite."""
    return open_house(sqlite_url)


@pytest.fixture
def postgres_house(open_house: Callable[[str], House], postgres_url: str) -> House:
    """Return an installation on PostgreSQL."""
    return open_house(postgres_url)


@pytest.fixture
def strace() -> str:
    """Return the path of strace, which plays the faults of the system."""
    with needed():
        if found := program("strace"):
            return found
        raise ServiceMissing("strace")
    raise AssertionError("unreachable")
