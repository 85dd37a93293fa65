"""The process that crash tests kill: the real App with its roles, told by one JSON argument where it is to die.

The product has no test hooks.  This program replaces one named function, in its own process only, by one that sends
the process a signal at that point: `kill` SIGKILL (no handler runs, no file is closed, no lock is released by hand),
`freeze` SIGSTOP.
It prints the port of its listener when all roles run, and stops as the product does on SIGTERM.
"""

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import event

from gateway import app, config, effects, maillog, process
from gateway.inbound import imap_session, imap_taking
from gateway.inbound.parse_pool import ParsePool
from gateway.outbound import relay
from gateway.store import mails, outbox
from gateway.store.db import Database
from tests.crash import readers


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Where to die: before or after a function of `owner`; `holding`: after it returned something."""

    owner: Any
    function: str
    when: Literal["before", "after", "holding"]


POINTS = {
    # taking a mail in
    "before the spool's commit": Point(owner=mails, function="spool_many", when="after"),
    "after the commit before 250": Point(owner=app.App, function="_write_batch", when="after"),
    # processing it
    "inside the claim of a mail": Point(owner=mails, function="claim", when="holding"),
    "after the claim of a mail": Point(owner=ParsePool, function="read_many", when="before"),
    "after reading a mail": Point(owner=ParsePool, function="read_many", when="after"),
    "mid-transaction": Point(owner=effects, function="apply", when="after"),
    "before a mail is settled": Point(owner=mails, function="finish", when="before"),
    "before the settling is committed": Point(owner=mails, function="finish", when="after"),
    "after a mail is settled": Point(owner=process, function="_settle_all", when="after"),
    # delivering what follows from it
    "after the claim of a notice": Point(owner=outbox, function="claim", when="holding"),
    "before the bytes of a notice are kept": Point(owner=outbox, function="keep_rendered", when="before"),
    "before the relay is called": Point(owner=outbox, function="keep_rendered", when="after"),
    "after MAIL": Point(owner=relay._Session, function="_rest", when="before"),
    "inside DATA": Point(owner=relay, function="stuffed", when="before"),
    "after the dot before the relay's 250": Point(owner=relay._Session, function="_last_reply", when="before"),
    "after the relay's 250 before settle": Point(owner=outbox, function="settle", when="before"),
    "after a notice is settled": Point(owner=outbox, function="settle", when="after"),
}
# fetching a mailbox
MAILBOX_POINTS = {
    "after FETCH": Point(owner=imap_session.Session, function="bodies", when="after"),
    "after the commit of a fetched mail": Point(owner=imap_taking.Taker, function="_commit", when="after"),
    "after STORE": Point(owner=imap_session.Session, function="mark", when="after"),
    "after MOVE": Point(owner=imap_session.Session, function="move", when="after"),
}
# These two happen in the children that read mail.
READERS = {"the reading child dies": readers.die_once, "all die while a child reads": readers.kill_the_gateway_once}


def main(order: dict[str, Any]) -> None:
    """Run the roles of an order until SIGTERM, or die where it says."""
    maillog.configure(json=True)
    _arm(order.get("kill", ""), signal.SIGKILL)
    _arm(order.get("freeze", ""), signal.SIGSTOP)
    if "busy_seconds" in order:
        _defaults(Database)["busy_seconds"] = order["busy_seconds"]
    with app.build(config.load(**order["settings"])) as gateway:
        if order.get("max_pages"):
            _limit_pages(gateway.database, order["max_pages"])
        signal.signal(signal.SIGTERM, lambda *_: gateway.stop())
        roles = order.get("roles", app.ROLES)
        gateway.start(roles)
        print(gateway.smtp_port if "smtp" in roles else 0, flush=True)
        gateway.wait()


def _arm(name: str, number: signal.Signals) -> None:
    if name in READERS:
        os.environ[readers.GATEWAY_PID] = str(os.getpid())
        make = app.App._readers
        app.App._readers = lambda self, children, _reader: make(self, children, READERS[name])  # type: ignore[method-assign]
    elif name:
        point = (POINTS | MAILBOX_POINTS)[name]
        setattr(point.owner, point.function, _deadly(getattr(point.owner, point.function), point.when, number))


def _deadly(function: Callable[..., Any], when: str, number: signal.Signals) -> Callable[..., Any]:
    """Return a function that does the same, but the first time it sends this process a signal."""
    shots = iter([number])

    def replaced(*positional: Any, **named: Any) -> Any:
        if when == "before":
            _shoot(shots)
        result = function(*positional, **named)
        if when == "after" or (when == "holding" and result):
            _shoot(shots)
        return result

    return replaced


def _shoot(shots: Iterator[signal.Signals]) -> None:
    for number in shots:
        os.kill(os.getpid(), number)


def _defaults(built: type) -> dict[str, Any]:
    defaults: dict[str, Any] = built.__init__.__kwdefaults__  # type: ignore[misc]
    return defaults


def _limit_pages(database: Database, pages: int) -> None:
    """Make SQLite say that the disk is full above so many pages (of 4 KiB)."""

    def limit(connection: Any, _record: Any) -> None:
        connection.execute(f"PRAGMA max_page_count={pages}")

    database.engine.dispose()
    event.listen(database.engine, "connect", limit)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
