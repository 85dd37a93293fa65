"""A newer gateway has brought the schema up to date while this one still runs."""

from sqlalchemy import text

from tests.crash.house import House
from tests.support import wait_until


def test_an_old_process_goes_on_under_a_newer_schema_and_a_restart_says_what_to_do(postgres_house: House) -> None:
    """A migration only adds, so processes that know nothing of it take mail, link it and deliver until they end."""
    house = postgres_house
    with house.running() as old:
        with house.database.write() as conn:
            for table in ("mail", "outbox", "support_case", "case_update", "event", "contact"):
                conn.execute(text(f"ALTER TABLE {table} ADD COLUMN of_tomorrow text NOT NULL DEFAULT ''"))
            known = conn.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
            conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        try:
            assert house.offer(old, house.reply()) == 250
            house.wait_until_quiet()
            house.check_inbound(answers=1, copies=1)
            house.check_outbound()
            # The same old version does not start any more: that would be a downgrade by mistake.
            assert house.start().port == 0
            wait_until(lambda: "newer gateway" in house.log(), what="the sentence of the refused start")
            assert old.stop() == 0
        finally:
            with house.database.write() as conn:
                for table in ("mail", "outbox", "support_case", "case_update", "event", "contact"):
                    conn.execute(text(f"ALTER TABLE {table} DROP COLUMN of_tomorrow"))
                conn.execute(text("UPDATE alembic_version SET version_num = :known"), {"known": known})
