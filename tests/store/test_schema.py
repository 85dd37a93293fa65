"""The schema: migrations make exactly the tables; what is newer or no database at all is refused in a sentence."""

from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from gateway.errors import ConfigError, Unavailable
from gateway.store import call_tables, db, instance  # noqa: F401 - the first declares tables
from gateway.store.tables import metadata
from tests.store.support import together

kinds = pytest.mark.parametrize("kind", ["sqlite", "postgresql"])


@kinds
def test_migrations_make_exactly_the_tables(kind: str, empty_database_url: Callable[[str], str]) -> None:
    database = db.Database(empty_database_url(kind))
    db.ensure_schema(database)
    with database.read() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True, "compare_server_default": False})
        assert compare_metadata(context, metadata) == []
    assert db.current(database) == db.HEAD
    db.ensure_schema(database)
    database.close()


@kinds
def test_many_processes_that_start_at_once_agree_on_one_schema_and_one_instance(
    kind: str, empty_database_url: Callable[[str], str]
) -> None:
    url = empty_database_url(kind)

    def start(_number: int) -> instance.Instance:
        database = db.Database(url)
        try:
            db.ensure_schema(database)
            return instance.load(database)
        finally:
            database.close()

    assert len(set(together(4, start))) == 1


@kinds
def test_a_database_of_a_newer_gateway_is_refused(kind: str, empty_database_url: Callable[[str], str]) -> None:
    """FA-10."""
    url = empty_database_url(kind)
    db.upgrade(url)
    database = db.Database(url)
    with database.write() as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigError, match="newer gateway"):
        db.ensure_schema(database)
    assert db.current(database) == "9999"
    database.close()


def test_a_file_that_is_no_database_is_told_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "secret-folder" / "gateway.db"
    path.parent.mkdir()
    path.write_bytes(b"This is no database at all. " * 100)
    with pytest.raises((Unavailable, ConfigError)) as refused:
        db.upgrade(f"sqlite:///{path}")
    assert "secret-folder" not in str(refused.value)
    assert "PRAGMA" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "mysql://localhost/x",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:////proc/none/x.db",
        "oracle+nothing://x",
    ],
)
def test_an_unusable_url_is_a_config_error(url: str) -> None:
    with pytest.raises(ConfigError) as refused:
        db.Database(url)
    assert "\n" not in str(refused.value)


def test_looking_whether_a_database_exists_makes_none(tmp_path: Path) -> None:
    path = tmp_path / "gateway.db"
    assert not db.exists(f"sqlite:///{path}")
    assert not path.exists()


def test_the_log_of_an_embedded_database_is_emptied_unless_somebody_reads(sqlite_url: str) -> None:
    """PR-02: deleted pages would stay readable in it."""
    database = db.Database(sqlite_url)
    instance.load(database)
    log = Path(f"{db.sqlite_path(sqlite_url)}-wal")
    with database.read() as conn:
        conn.exec_driver_sql("SELECT count(*) FROM instance").all()
        with database.write() as writer:
            writer.exec_driver_sql("DELETE FROM instance")
        assert not database.empty_log()
    assert database.empty_log()
    assert log.stat().st_size == 0
    database.close()
