"""What a transaction tells: its events and its entries of the audit trail, each written with one statement.

On the way of every mail a statement costs more than a row, so a batch collects its own and writes them at its end.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from gateway.model import Act, Actor
from gateway.store import audit, events


@dataclass(slots=True)
class Journal:
    """Rows that are to be written; nothing is until `write`."""

    events: list[tuple[str, str, Mapping[str, Any]]] = field(default_factory=list)
    entries: list[dict[str, Any]] = field(default_factory=list)

    def tell(self, type_: str, case_number: str, data: Mapping[str, Any]) -> None:
        """Publish an event."""
        self.events.append((type_, case_number, data))

    def note(self, act: Act, actor: Actor, *, now: datetime) -> None:
        """Enter an act into the audit trail."""
        self.entries.append(audit.row(act, actor, now=now))

    def take(self, other: "Journal") -> None:
        """Write what another one holds along with this one's."""
        self.events += other.events
        self.entries += other.entries

    def write(self, conn: Connection, *, now: datetime) -> None:
        """Write all, in the order in which it was told."""
        events.append_many(conn, self.events, now=now)
        audit.append(conn, self.entries)
