"""Who does what only one may do at a time: held until the transaction ends, never waited for.

On PostgreSQL an advisory lock of the transaction; on SQLite whoever writes is alone anyway.
"""

from sqlalchemy import Connection, func, select, text

SEQUENCER = 4_927_302
FAN_OUT = 4_927_303
# A leader that stopped in the middle of its transaction is cut off by the server, so that another one takes over.
_CUT_OFF = text("SET LOCAL idle_in_transaction_session_timeout = '30s'")


def take(conn: Connection, task: int) -> bool:
    """Become the leader of a task for the rest of this transaction; False when another one leads just now."""
    if conn.dialect.name == "sqlite":
        return True
    conn.execute(_CUT_OFF)
    return bool(conn.execute(select(func.pg_try_advisory_xact_lock(task))).scalar())
