"""How many cases a list would show, counted up to a limit: tabs need no more, however many cases there are."""

from collections.abc import Collection

from sqlalchemy import Connection, func, select

from gateway.store.tables import support_case

COUNTED = 1000


def counts(conn: Connection, statuses: Collection[str]) -> dict[str, int]:
    """Return the cases of each status, at most COUNTED + 1."""
    found = {}
    for status in statuses:
        some = select(support_case.c.id).where(support_case.c.status == status).limit(COUNTED + 1).subquery()
        found[status] = int(conn.execute(select(func.count()).select_from(some)).scalar_one())
    return found
