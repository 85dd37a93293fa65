"""An open database for each test, on SQLite and on PostgreSQL."""

from collections.abc import Iterator

import pytest

from gateway.store.db import Database


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Return an empty, migrated database."""
    opened = Database(database_url)
    yield opened
    opened.close()
