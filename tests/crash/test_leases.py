"""Work that failed half-way because the database went away comes back, though the process that held it lives on.

Source: DESIGN 1.2-1.4, FA-04, FA-07.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, select, update

from gateway import process, scheduler
from gateway.app import App, build
from gateway.config import load
from gateway.desk import cases
from gateway.errors import ParserDied, Unavailable
from gateway.inbound import reading
from gateway.model import EntryState, Envelope, Reading, ReadingRules, Source
from gateway.outbound import delivery
from gateway.store import db
from gateway.store import outbox as outbox_store
from gateway.store.tables import mail, outbox
from tests.crash.house import CARE, CUSTOMER

RAW = b"From: dana@example.org\r\nSubject: hello\r\n\r\nIt is version 4.2.\r\n"


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Iterator[App]:
    """Return an App on a fresh database; no role runs."""
    gateway = {"data_dir": str(tmp_path), "care_address": CARE}
    with build(load(gateway=gateway, database={"url": database_url}, parser={"children": 1})) as built:
        yield built


def test_a_mail_whose_settling_failed_is_taken_again_by_the_same_process(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FA-04: the lease of failed work is not prolonged for as long as its process lives."""
    app.ingest(RAW, Envelope(mail_from=CUSTOMER, rcpt_tos=(CARE,), source=Source.INGEST))
    with monkeypatch.context() as broken:
        broken.setattr(process, "_settle_all", _away)
        broken.setattr(db, "PATIENCE_SECONDS", 0.0)
        with pytest.raises(Unavailable):
            app.process_mail()
    assert _states(app, mail) == [EntryState.LEASED]
    _a_minute_later(app, mail)
    assert app.process_mail() == 1
    assert _states(app, mail) == [EntryState.DONE]


@pytest.mark.parametrize("broken_step", ["keep_rendered", "settle"])
def test_a_notice_whose_settling_failed_is_taken_again_by_the_same_process(
    app: App, monkeypatch: pytest.MonkeyPatch, broken_step: str
) -> None:
    """FA-04, FA-06: as above; what may have left before says so."""
    cases.open_case(app.services, subject="The export stops", description="", contact_email=CUSTOMER)
    with monkeypatch.context() as broken:
        broken.setattr(outbox_store, broken_step, _away)
        broken.setattr(db, "PATIENCE_SECONDS", 0.0)
        _drain_whatever_happens(app)
    assert _states(app, outbox) == [EntryState.LEASED]
    _a_minute_later(app, outbox)
    assert app.deliver_due() == 1
    assert _states(app, outbox) == [EntryState.DONE]
    with app.database.read() as conn:
        assert conn.execute(select(outbox.c.uncertain)).scalar_one() is (broken_step == "settle")


def test_an_answer_of_the_relay_outlives_a_short_absence_of_the_database(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FA-04, FA-06: what the relay took is recorded when the database is back, so it does not leave twice."""
    cases.open_case(app.services, subject="The export stops", description="", contact_email=CUSTOMER)
    whole, failures = outbox_store.settle, iter([Unavailable("away"), Unavailable("away")])

    def settle(*given: Any, **named: Any) -> bool:
        if (failure := next(failures, None)) is not None:
            raise failure
        return whole(*given, **named)

    monkeypatch.setattr(outbox_store, "settle", settle)
    assert app.deliver_due() == 1
    assert _states(app, outbox) == [EntryState.DONE]
    with app.database.read() as conn:
        assert conn.execute(select(outbox.c.attempts, outbox.c.uncertain)).one() == (1, False)


def test_work_that_is_under_way_is_never_taken_over(app: App) -> None:
    """DESIGN 1.4: while a slow reader is at it, the keeper prolongs the lease again and again."""
    app.ingest(RAW, Envelope(mail_from=CUSTOMER, rcpt_tos=(CARE,), source=Source.INGEST))
    slow = _SlowReader(lambda: _a_minute_later(app, mail))
    assert process.process_mails(app.services, slow) == 1
    assert slow.taken_over == [EntryState.LEASED]
    assert _states(app, mail) == [EntryState.DONE]


def test_a_lease_that_was_lost_is_seen_before_anything_is_decided(app: App) -> None:
    """FA-08: the second worker has finished; the first one's result is dropped without a trace, fence and all."""
    app.ingest(RAW, Envelope(mail_from=CUSTOMER, rcpt_tos=(CARE,), source=Source.INGEST))

    def overtake() -> None:
        _end_leases(app, mail)
        scheduler.sweep(app.services)
        assert process.process_mails(app.services, app.reader) == 1

    assert process.process_mails(app.services, _SlowReader(overtake)) == 1
    with app.database.read() as conn:
        rows = conn.execute(select(mail.c.attempts, mail.c.fence, mail.c.failures, mail.c.last_error)).all()
    assert rows == [(2, 2, 0, "")]


def test_a_notice_whose_lease_was_lost_is_not_settled(app: App) -> None:
    """FA-08: the fence holds for outgoing mail as well."""
    cases.open_case(app.services, subject="The export stops", description="", contact_email=CUSTOMER)
    [late] = outbox_store.claim(app.database, owner="late", limit=1, now=app.clock.now())
    _end_leases(app, outbox)
    scheduler.sweep(app.services)
    now = app.clock.now()
    [timely] = outbox_store.claim(app.database, owner="timely", limit=1, now=now)
    assert not outbox_store.park(app.database, late, why="too late", now=now)
    assert outbox_store.park(app.database, timely, why="in time", now=now)
    with app.database.read() as conn:
        assert conn.execute(select(outbox.c.last_reply)).scalars().all() == ["in time"]


class _SlowReader:
    """Reads mail like its betters, but first something else happens."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        self._meanwhile = meanwhile
        self.taken_over: Any = None

    def read_many(self, items: Sequence[tuple[bytes, Envelope]]) -> list[Reading | ParserDied]:
        self.taken_over = self._meanwhile()
        return [reading.read(raw, envelope, ReadingRules()) for raw, envelope in items]


def _away(*_: Any, **__: Any) -> Any:
    raise Unavailable("The database does not answer now.")


def _drain_whatever_happens(app: App) -> None:
    try:
        delivery.drain(app.post_office())
    except Unavailable:
        return


def _a_minute_later(app: App, table: Table) -> list[str]:
    """Let the leases end, let the keeper and the sweep take their turns, and return the states then."""
    _end_leases(app, table)
    scheduler.renew_leases(app.services)
    scheduler.sweep(app.services)
    return _states(app, table)


def _end_leases(app: App, table: Table) -> None:
    with app.database.write() as conn:
        conn.execute(update(table).where(table.c.state == EntryState.LEASED).values(lease_until=0))


def _states(app: App, table: Table) -> list[str]:
    with app.database.read() as conn:
        return list(conn.execute(select(table.c.state)).scalars())
