"""What all tables are made of: the one metadata, moments in UTC, ids, and the columns of a durable queue."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Dialect, Float, Index, Integer, MetaData, String, text
from sqlalchemy.types import TypeDecorator

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMES)


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime on both databases (SQLite stores it naive, in UTC)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive values, which would be read as another moment elsewhere."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the moment its zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def id_column() -> Column[int]:
    """Return the column by which rows are numbered."""
    # BIGINT on PostgreSQL; SQLite numbers rows by itself only for INTEGER.
    return Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)


def lease_columns() -> list[Column[Any]]:
    """Return what `lease.py` needs of a table."""
    return [
        Column("state", String(16), nullable=False),
        Column("run_at", Instant, nullable=False),
        Column("attempts", Integer, nullable=False, server_default="0"),
        Column("lease_owner", String(128), nullable=False, server_default=""),
        # Seconds since 1970 by the database's own clock: the only time that all owners share.
        Column("lease_until", Float, nullable=False, server_default="0"),
        Column("fence", Integer, nullable=False, server_default="0"),
    ]


def queue_indexes(table: str) -> list[Index]:
    """Return the indexes by which `lease.py` finds what is due and what is lost."""
    ready, leased = text("state = 'ready'"), text("state = 'leased'")
    return [
        Index(f"ix_{table}_ready", "run_at", "id", sqlite_where=ready, postgresql_where=ready),
        Index(f"ix_{table}_leased", "lease_until", sqlite_where=leased, postgresql_where=leased),
    ]
