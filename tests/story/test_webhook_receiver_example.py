"""examples/webhook-receiver, as it stands: verifies, drops what it has, fills holes from the feed, keeps the order."""

import contextlib
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from gateway import sequencer, webhooks
from gateway.desk import access, events
from gateway.desk import webhooks as desk
from tests.story.stage import Stage
from tests.support import free_port, wait_until
from tests.web_server import serving

PROGRAM = Path(__file__).parents[2] / "examples" / "webhook-receiver" / "receiver.py"
SECONDS = 60


@dataclass
class Example:
    """The example as a program of its own; `start` and `stop` it as often as one likes."""

    folder: Path
    environment: dict[str, str]
    process: "subprocess.Popen[str] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.environment['PORT']}/hook"

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM)],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        assert re.match(r"listening on \d+", self.process.stdout.readline())

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate(timeout=SECONDS)
            self.process = None

    def handled(self) -> list[int]:
        """Return the places in the feed that were handled, in the order in which they were."""
        with contextlib.closing(sqlite3.connect(self.folder / "receiver.db", timeout=SECONDS)) as kept:
            return [row[0] for row in kept.execute("SELECT cursor FROM handled ORDER BY rowid")]


@pytest.fixture
def stage(staged: Callable[..., Stage]) -> Stage:
    return staged(webhooks={"allowed_networks": ["127.0.0.0/8"]})


@pytest.fixture
def example(stage: Stage, tmp_path: Path) -> Iterator[Example]:
    with serving(stage.app) as client:
        environment = {
            **os.environ,
            "PORT": str(free_port()),
            "GATEWAY_URL": str(client.base_url),
            "GATEWAY_KEY": access.create_key(stage.services, role="viewer")[1],
            "RECEIVER_DATABASE": str(tmp_path / "receiver.db"),
        }
        running = Example(tmp_path, environment)
        environment["WEBHOOK_SECRET"] = desk.add(stage.services, url=running.url).secret
        yield running
        running.stop()


def feed(stage: Stage) -> list[int]:
    return [int(one.cursor) for one in events.read(stage.services, limit=1000).items]


def turn(stage: Stage) -> None:
    sequencer.turn(stage.services)
    webhooks.turn(stage.services)
    webhooks.deliver(stage.services)


def test_every_event_is_handled_once_and_in_order_whatever_was_missed(stage: Stage, example: Example) -> None:
    """WH-04: duplicates, holes, and a receiver that was away."""
    # The gateway's clock stands still here, and signatures are good for five minutes by the receiver's.
    stage.clock.moment = datetime.now(UTC)
    stage.open_case()
    example.start()
    turn(stage)
    assert example.handled() == feed(stage)
    example.stop()
    for _case in range(3):
        stage.open_case()
        turn(stage)
    stage.later(minutes=1)
    example.start()
    wait_until(lambda: example.handled() == feed(stage), what="what was missed")
    # What was called in vain comes late, and behind what the feed told: nothing is handled twice.
    stage.later(seconds=10)
    turn(stage)
    (hook,) = desk.find(stage.services)
    for one in desk.deliveries(stage.services, hook.id):
        desk.redeliver(stage.services, hook.id, one.id)
    turn(stage)
    assert {one.state for one in desk.deliveries(stage.services, hook.id)} == {"done"}
    # A hole: one event is called out late, behind a newer one.
    stage.open_case()
    sequencer.turn(stage.services)
    webhooks.turn(stage.services)
    stage.open_case()
    turn(stage)
    assert example.handled() == feed(stage)
    assert len(feed(stage)) >= 6


def test_what_is_not_proven_is_refused_and_handled_by_nobody(stage: Stage, example: Example) -> None:
    """WH-03."""
    example.start()
    body = '{"cursor":"1","type":"case.opened","case":null,"data":{}}'
    forged = {"webhook-id": "msg_1", "webhook-timestamp": "1", "webhook-signature": "v1,QUJD"}
    for headers in ({}, forged, {**forged, "webhook-signature": "nonsense"}):
        assert httpx2.post(example.url, content=body, headers=headers, trust_env=False).status_code == 401
    assert httpx2.post(example.url, content=b"x" * 70_000, trust_env=False).status_code == 413
    assert example.handled() == []
