"""What a case recorded, in one line of time: its events and its public updates."""

from sqlalchemy import Connection, select

from gateway.linking import sighting
from gateway.model import Case, Channel, Feed, Visibility
from gateway.rules.incident import Happening
from gateway.store.tables import case_update, event


def of_case(conn: Connection, case: Case) -> list[Happening]:
    """Return events and public updates of the case feed, each oldest first."""
    events = select(event.c.at, event.c.type, event.c.data).where(event.c.case_number == case.number)
    public = (case_update.c.feed == Feed.CASE, case_update.c.visibility == Visibility.PUBLIC)
    updates = select(case_update).where(case_update.c.case_id == case.id, *public)
    happened = [
        Happening(at=row.at, event=row.type, data=row.data) for row in conn.execute(events.order_by(event.c.id))
    ]
    said = [
        Happening(at=row.at, channel=Channel(row.channel), text=sighting.redact(row.text), data={})
        for row in conn.execute(updates.order_by(case_update.c.id))
    ]
    return [*happened, *said]
