"""Where what was done about kept data announces itself: purges, holds, erasures, exports.

Each is an entry of the audit trail, in the transaction that does it where there is one, and a line of the log.
"""

from sqlalchemy import Connection

from gateway import maillog
from gateway.desk import audit
from gateway.services import Services


def note(services: Services, act: str, *, case: str = "", by: str = "", **facts: int | str) -> None:
    """Say what was done, in a transaction of its own.  facts: counts, ids and words; never an address or a text."""
    with services.database.write() as conn:
        note_along(conn, services, act, case=case, by=by, **facts)


def note_along(
    conn: Connection, services: Services, act: str, *, case: str = "", by: str = "", **facts: int | str
) -> None:
    """Say what is done in this transaction.  by: who asked for it, for the log; the trail has its actor."""
    contact = facts.get("contact_id")
    about = f"case:{case}" if case else f"contact:{contact}" if contact else "retention"
    audit.note_along(conn, services, f"retention.{act}", about, **facts)
    maillog.retention(act, case=case, by=by, **facts)
