"""What the story tests share."""

from pathlib import Path

import pytest

from tests.story.terminal import Terminal


@pytest.fixture
def terminal(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Return the command line of an installation of this test's own."""
    return Terminal(tmp_path, sqlite_url, monkeypatch)
