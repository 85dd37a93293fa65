"""A whole installation for each paragraph: the command line, an SMTP listener, a relay sink; on both databases."""

from collections.abc import Iterator
from contextlib import ExitStack, nullcontext
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from gateway import app, cli, config
from gateway.clock import FixedClock
from gateway.inbound.parse_pool import ParsePool
from tests.relays import ScriptedRelay
from tests.story import stage
from tests.story.conftest import MONDAY
from tests.story.paragraphs.house import House

SETTINGS = """
[gateway]
data_dir = "{folder}"
care_address = "care@support.example.test"
admin_address = "admins@desk.example.test"
care_phone = "+49 30 5550100"
profile = "on-premises"
first_case_number = 3256109
[product_lines]
router = "cloud-2025"
[types.admin]
statuses = ["open", "awaiting-info", "closed"]
[types.feature-request]
pointer = "Vote for it at https://ideas.example.test."
[database]
url = "{url}"
[smtp]
port = 0
[relay]
host = "127.0.0.1"
port = {relay}
[web]
port = 0
"""


# Compiling the templates takes longer than all that is done with them here.
TEMPLATES = cache(app.environment)


@pytest.fixture(scope="session")
def commands() -> Any:
    """Return the tree of commands, built once: that takes longer than most commands."""
    return typer.main.get_command(cli.tree())


@pytest.fixture
def house(
    database_url: str, tmp_path: Path, reader: ParsePool, commands: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[House]:
    """Return an installation whose clock stands on a Monday; every command sees the same clock."""
    stage.become_the_fixture_world(database_url)
    clock = FixedClock(MONDAY)
    with ExitStack() as stack:
        sink = stack.enter_context(ScriptedRelay().running())
        settings = tmp_path / "settings.toml"
        settings.write_text(SETTINGS.format(folder=tmp_path, url=database_url, relay=sink.port))
        # Commands live in this process, with the parse children of the whole run; time is the house's.
        house = stack.enter_context(app.build(config.load(settings), clock=clock))
        house.reader = stage.SharedReader(reader)  # type: ignore[assignment]
        house.start(["smtp"])
        monkeypatch.setattr(app, "build", lambda _settings, **_how: nullcontext(house))
        monkeypatch.setattr(cli, "tree", lambda: commands)
        monkeypatch.setattr(app, "environment", TEMPLATES)
        yield House(settings=settings, clock=clock, sink=sink, port=house.smtp_port, monkeypatch=monkeypatch)
