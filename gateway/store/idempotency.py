"""Answers that a call with an `Idempotency-Key` got, so that its repetition gets the same one.

The row is written in the transaction of the call's effect: whoever repeats a call finds it, or there was no effect.
The answer itself follows in a transaction of its own; where it was lost, the row still says that the call was carried
out.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, select, update

from gateway.errors import Conflict
from gateway.reasons import Reason
from gateway.store.call_tables import idempotency
from gateway.store.columns import Instant
from gateway.store.db import Database
from gateway.store.sql import insert_new

KEPT = timedelta(hours=24)
# Old rows that one call takes away at most.
SWEPT = 100

_OF = (idempotency.c.key_id == bindparam("of_key"), idempotency.c.word == bindparam("of_word"))
_FIND = select(idempotency).where(*_OF)
_KEEP = update(idempotency).where(*_OF)
_FORGET = idempotency.delete().where(*_OF, idempotency.c.at < bindparam("before", type_=Instant))


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is known of a call.  fingerprint: of what was asked.  status: 0 when its answer was lost."""

    fingerprint: str
    status: int
    headers: dict[str, str]
    body: str


class CarriedOut(Conflict):
    """The call with this Idempotency-Key was carried out already, and its answer is not at hand."""

    def __init__(self) -> None:
        super().__init__(
            Reason.CHANGED_MEANWHILE,
            "A call with this Idempotency-Key is being served, or its answer was lost; look at what it did.",
        )


class Once(Database):
    """A database whose first commit carries a claim; it raises CarriedOut when the claim was made before."""

    def __init__(self, inner: Database, claim: Callable[[Connection], bool]) -> None:
        self.engine = inner.engine
        self.read = inner.read  # type: ignore[method-assign]
        self._inner = inner
        self._claim = claim
        self._claimed = False

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction; the first one that commits says that the call was carried out."""
        with self._inner.write() as conn:
            if not self._claimed and not self._claim(conn):
                raise CarriedOut
            yield conn
        self._claimed = True


def find(conn: Connection, key_id: int, word: str, *, now: datetime) -> Kept | None:
    """Return what is known of a call, None when it was never carried out or that was too long ago."""
    row = conn.execute(_FIND, {"of_key": key_id, "of_word": word}).first()
    if row is None or row.at < now - KEPT:
        return None
    return Kept(fingerprint=row.fingerprint, status=row.status, headers=dict(row.headers), body=row.body)


def claim(conn: Connection, key_id: int, word: str, fingerprint: str, *, now: datetime) -> bool:
    """Note that a call is carried out in this transaction; False when another one did that already."""
    sweep(conn, now=now)
    conn.execute(_FORGET, {"of_key": key_id, "of_word": word, "before": now - KEPT})
    row = {"key_id": key_id, "word": word, "fingerprint": fingerprint, "at": now}
    return conn.execute(insert_new(conn, idempotency).values(row)).rowcount == 1


def keep(conn: Connection, key_id: int, word: str, *, status: int, headers: dict[str, str], body: str) -> None:
    """Keep the answer of a call that was carried out."""
    conn.execute(_KEEP, {"of_key": key_id, "of_word": word, "status": status, "headers": headers, "body": body})


def sweep(conn: Connection, *, now: datetime) -> int:
    """Forget calls of more than a day ago, SWEPT at most; return how many."""
    old = select(idempotency.c.key_id, idempotency.c.word).where(idempotency.c.at < now - KEPT)
    rows = conn.execute(old.order_by(idempotency.c.at).limit(SWEPT)).all()
    for row in rows:
        conn.execute(_FORGET, {"of_key": row.key_id, "of_word": row.word, "before": now - KEPT})
    return len(rows)
