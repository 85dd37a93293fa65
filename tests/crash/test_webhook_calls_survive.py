"""WH-02, FA-06: a receiver that fails in every way and workers that are killed: every event arrives, in an order that
can be restored.  Real processes, real sockets."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from gateway import app, config
from gateway.desk import cases
from gateway.desk import webhooks as desk
from gateway.model import Channel, EntryState, Visibility
from gateway.store import events
from gateway.store.tables import event, webhook, webhook_delivery
from tests.receiver import Receiver
from tests.support import wait_until

ROOT = Path(__file__).parents[2]
# What the receiver does with one call after the other, until it comes to its senses.
MOODS = (500, "reset", 200, "flood", "close", 503, "hang", "garbage", 200, "reset-in-body", 404)


class Office:
    """An installation whose processes are killed; `gateway` is this process's own view of it."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.settings = folder / "settings.toml"
        self.settings.write_text(
            f"[gateway]\ndata_dir = '{folder}'\ncare_address = 'care@example.com'\n[database]\nurl = '{url}'\n"
            "[webhooks]\nallowed_networks = ['127.0.0.0/8']\n[scheduler]\ntick_seconds = 0.2\n"
        )
        self.gateway = app.build(config.load(self.settings))

    @contextlib.contextmanager
    def worker(self) -> Iterator[subprocess.Popen[bytes]]:
        """Run a process that writes deliveries and makes calls; it is killed at the end of the block."""
        command = [sys.executable, "-m", "gateway", "serve", "--roles", "worker,scheduler", "--config"]
        with (self.folder / "worker.log").open("ab") as log:
            process = subprocess.Popen(
                [*command, str(self.settings)],
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            yield process
        finally:
            process.kill()
            process.wait(60)

    def happen(self, times: int) -> None:
        """Let things happen in a case of its own."""
        services = self.gateway.services
        number = cases.open_case(services, subject="s", description="d", contact_email="dana@example.org").number
        for _time in range(times):
            cases.post(
                services,
                number,
                text="x",
                author="tess@example.com",
                channel=Channel.AGENT,
                visibility=Visibility.INTERNAL,
            )

    def hurry(self) -> bool:
        """Let waits and the leases of the dead be over; say whether every event of the feed was taken."""
        now = self.gateway.clock.now()
        with self.gateway.database.write() as conn:
            soon = webhook_delivery.c.run_at > now + timedelta(seconds=1)
            waits = update(webhook_delivery).where(webhook_delivery.c.state == EntryState.READY, soon)
            conn.execute(waits.values(run_at=now, attempts=0))
            conn.execute(update(webhook).values(rest_until=None))
        with self.gateway.database.read() as conn:
            unseen = events.unseen(conn)
            happened = conn.execute(select(func.count()).select_from(event)).scalar_one()
            done = select(func.count()).select_from(webhook_delivery)
            taken = conn.execute(done.where(webhook_delivery.c.state == EntryState.DONE)).scalar_one()
        return not unseen and taken == happened

    def let_leases_end(self) -> None:
        """Make it late for whoever was killed."""
        with self.gateway.database.write() as conn:
            conn.execute(update(webhook_delivery).values(lease_until=0))


@pytest.mark.serial
def test_every_event_arrives_whatever_the_receiver_does_and_whoever_is_killed(
    postgres_url: str, tmp_path: Path
) -> None:
    office = Office(tmp_path, postgres_url)
    first = Receiver(behaviour=lambda number: MOODS[number % len(MOODS)])
    desk.add(office.gateway.services, url=first.url)
    with office.worker() as doomed, office.worker() as other:
        office.happen(4)
        wait_until(lambda: office.hurry() or len(first.came) >= 5, what="calls")
        doomed.kill()
        office.happen(4)
        wait_until(lambda: office.hurry() or len(first.came) >= 10, what="calls of the other worker")
        other.kill()
        # The receiver is killed as well, while more happens; then it is back at the same port, in a better mood.
        first.close()
        office.happen(4)
    second = Receiver(port=first.port)
    with office.worker():
        office.let_leases_end()
        wait_until(office.hurry, every=0.1, what="all events")
    second.close()
    with office.gateway.database.read() as conn:
        feed = [one.cursor for one in events.feed(conn, after=0, limit=1000)]
    taken = {one["cursor"]: one for receiver in (first, second) for one in receiver.events()}
    office.gateway.close()
    in_order = [one for _cursor, one in sorted(taken.items(), key=lambda item: int(item[0]))]
    assert [one["cursor"] for one in in_order] == feed
    assert len(feed) > 12
    for number in {one["case"] for one in in_order} - {None}:
        numbers = [one["sequence"] for one in in_order if one["case"] == number]
        assert numbers == list(range(1, len(numbers) + 1))
    assert len(first.came) >= 10, "the receiver was not tried in its moods"
