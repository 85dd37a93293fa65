"""The stage, once for each story and on both databases; the parse children once for all of them."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.clock import FixedClock
from gateway.inbound.parse_pool import ParsePool
from tests.story import stage as stages
from tests.story.terminal import Terminal

MONDAY = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def reader() -> Iterator[ParsePool]:
    """Return real parse children that all stories of this worker share."""
    pool = stages.start_reader()
    yield pool
    pool.close()


@pytest.fixture
def staged(database_url: str, tmp_path: Path, reader: ParsePool) -> Iterator[Callable[..., stages.Stage]]:
    """Return a function that builds the stage with settings of the story's own."""
    made: list[stages.Stage] = []

    def make(**overrides: Any) -> stages.Stage:
        clock = FixedClock(MONDAY)
        made.append(stages.Stage(stages.build(database_url, tmp_path, reader, clock, **overrides), clock))
        return made[-1]

    yield make
    for stage in made:
        stage.app.close()


@pytest.fixture
def stage(staged: Callable[..., stages.Stage]) -> stages.Stage:
    """Return the stage with usual settings."""
    return staged()


@pytest.fixture
def terminal(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Return the command line of an installation of this test's own."""
    return Terminal(tmp_path, sqlite_url, monkeypatch)
