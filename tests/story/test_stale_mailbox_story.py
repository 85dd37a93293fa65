"""A mailbox that falls silent: no case is closed, a person is told once, and again when it is over (PROCESS 4.7, 8)."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from gateway import mailboxes
from gateway.reasons import Reason
from gateway.rules import mailboxes as rules
from gateway.store import mailboxes as store
from gateway.store.tables import event
from tests.story.stage import Stage

BOX: dict[str, Any] = {"support": {"host": "imap.example.com", "user": "care@example.com", "password": "x"}}


def looked(stage: Stage) -> None:
    """Look into the mailbox as the role imap does."""
    box = rules.mailbox("support", stage.services.config.imap["support"])
    with stage.services.database.write() as conn:
        store.watch(conn, [box], now=stage.clock.now())
        led = store.lead(conn, box, owner="the test", mark="")
        assert led is not None
        store.checked(conn, led, now=stage.clock.now())
        store.release(conn, led)


def failed(stage: Stage, why: str) -> None:
    """Fail to look into the mailbox as the role imap does."""
    box = rules.mailbox("support", stage.services.config.imap["support"])
    with stage.services.database.write() as conn:
        led = store.lead(conn, box, owner="the test", mark="")
        assert led is not None
        store.failed(conn, led, error=why, pause_seconds=0)


def events(stage: Stage) -> list[bool]:
    with stage.services.database.read() as conn:
        found = conn.execute(select(event.c.data).where(event.c.type == "mailbox.stale").order_by(event.c.id))
        return [data["recovered"] for data in found.scalars()]


def test_a_silent_mailbox_is_told_once_and_its_return_once(staged: Callable[..., Stage]) -> None:
    stage = staged(imap=BOX)
    watch, another = mailboxes.Watch(), mailboxes.Watch()
    looked(stage)
    for one in (watch, another):
        one.turn(stage.services)
    stage.later(minutes=14)
    watch.turn(stage.services)
    assert stage.outbox("mailbox-stale") == []
    failed(stage, "imap.example.com:993 does not answer in time.")
    stage.later(minutes=2)
    for one in (watch, another, watch):
        one.turn(stage.services)
    (alarm,) = stage.outbox("mailbox-stale")
    stage.later(minutes=60)
    looked(stage)
    for one in (another, watch, another):
        one.turn(stage.services)
    assert len(stage.outbox("mailbox-stale")) == 2
    assert events(stage) == [False, True]
    assert alarm.case in (None, "")


def test_no_case_is_closed_while_a_mailbox_is_silent(staged: Callable[..., Stage]) -> None:
    """PROCESS 4.7: the answer may lie in it."""
    stage = staged(imap=BOX)
    number = stage.waiting_case()
    for days in (2, 3, 5):
        stage.later(days=days)
        turn = stage.app.tick()
    assert [waiting.reason for waiting in turn.waiting] == [Reason.MAILBOX_STALE]
    stage.later(hours=2)
    looked(stage)
    stage.app.tick()
    assert stage.case(number).status == "closed"
