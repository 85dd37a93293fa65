"""A database of an earlier version is brought up to date with what is in it."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import bindparam, select, text

from gateway.store import db, tables
from gateway.store.tables import Instant

ASKED = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)
FIRST_DUE = datetime(2026, 3, 11, 9, 0, tzinfo=UTC)
ROWS = (
    "INSERT INTO account (id, name) VALUES (1, 'Reed')",
    "INSERT INTO contact (id, account_id, email, access) VALUES (1, 1, 'dana@example.com', 'read-write')",
    "INSERT INTO support_case (id, number, subject, description, status, substatus, priority, type, profile,"
    " contact_id, opened_at, modified_at) VALUES (1, '0000000001', 's', 'd', 'awaiting-info',"
    " 'information-required-from-customer', 'medium', 'support', 'cloud', 1, :asked, :asked)",
    "INSERT INTO episode (id, case_id, number, status, started_at) VALUES (1, 1, 1, 'awaiting-info', :asked)",
    "INSERT INTO follow_up_step (episode_id, step, due_at) VALUES (1, 1, :due)",
    "INSERT INTO mail (id, source, mail_from, rcpt_tos, received_at, size, sha256, raw_sha256, content_key, state,"
    " run_at, disposition) VALUES (1, 'smtp', '', '[]', :asked, 1, 'x', 'x', 'x', 'done', :asked, 'queued')",
    "INSERT INTO queue_item (id, mail_id, reason, recipient, hints, state, created_at) VALUES (1, 1, 'no-reference',"
    ' \'\', \'[{"case": "0000000001", "score": 60}, {"case": "0000000002", "score": 20}]\', \'open\', :asked)',
)


def upgrade_to(database: db.Database, revision: str) -> None:
    settings = Config()
    settings.set_main_option("script_location", str(Path(db.__file__).parent / "migrations"))
    with database.write() as conn:
        settings.attributes["connection"] = conn
        command.upgrade(settings, revision)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_wait_that_ran_before_the_upgrade_is_due_after_it(
    empty_database_url: Callable[[str], str], kind: str
) -> None:
    """FA-10: the timer of a running wait, and the queued mails that name a case."""
    database = db.Database(empty_database_url(kind))
    try:
        upgrade_to(database, "0001")
        with database.write() as conn:
            for row in ROWS:
                times = {"asked": ASKED, "due": FIRST_DUE}
                named = [bindparam(key, value, type_=Instant) for key, value in times.items() if f":{key}" in row]
                conn.exec_driver_sql(row) if not named else conn.execute(_literal(row, named))
        db.ensure_schema(database)
        with database.read() as conn:
            assert conn.execute(select(tables.episode.c.next_at)).scalar_one() == FIRST_DUE
            assert conn.execute(select(tables.mail_mention.c.case_number)).scalars().all() == ["0000000001"]
    finally:
        database.close()


def _literal(row: str, named: list[object]) -> object:
    """Return a statement whose JSON colons are no parameters."""
    return text(row.replace('": ', '"\\: ')).bindparams(*named)  # type: ignore[arg-type]
