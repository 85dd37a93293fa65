"""PR-02: no column that holds words can be forgotten, whoever adds it: it is emptied, or kept for a reason."""

import importlib
import pkgutil

import pytest
from sqlalchemy import JSON, LargeBinary, String, Table

from gateway import store
from gateway.store import personal, tables

WORDS = (String, LargeBinary, JSON)  # Text is a String

# A table may stand in any file of the store.
for module in pkgutil.iter_modules(store.__path__):
    importlib.import_module(f"gateway.store.{module.name}")


def columns_with_words(table: Table) -> list[str]:
    return [column.name for column in table.columns if isinstance(column.type, WORDS)]


@pytest.mark.parametrize("table", tables.metadata.sorted_tables, ids=lambda table: table.name)
def test_every_column_with_words_is_emptied_or_kept_for_a_reason(table: Table) -> None:
    if table in personal.DELETED:
        return
    emptied = personal.EMPTIED.get(table, {})
    homeless = [
        name
        for name in columns_with_words(table)
        if name not in emptied and not personal.KEPT.get(f"{table.name}.{name}")
    ]
    assert homeless == [], (
        "say in gateway/store/personal.py what becomes of them in a purge, let gateway/store/retention.py do it, "
        "and put a canary through them in tests/story/canaries.py"
    )


def test_nothing_is_declared_that_does_not_exist_or_declared_twice() -> None:
    there = {f"{t.name}.{c}" for t in tables.metadata.sorted_tables for c in columns_with_words(t)}
    deleted = {f"{t.name}.{c}" for t in personal.DELETED for c in columns_with_words(t)}
    emptied = {f"{t.name}.{c}" for t, values in personal.EMPTIED.items() for c in values}
    assert (set(personal.KEPT) | emptied) - there == set()
    assert set(personal.KEPT) & (emptied | deleted) == set()


def test_every_column_that_names_stored_bytes_is_known_to_their_keeper() -> None:
    """PR-03: bytes that are shared go with their last user; a user that is unknown would lose them."""
    named = {f"{t.name}.{c.name}" for t in tables.metadata.sorted_tables for c in t.columns if "sha256" in c.name}
    digests_of_other_things = {"api_key.key_sha256", "blob.sha256", "mail.sha256"}
    digests_of_other_things |= {"console_link.token_sha256", "console_session.token_sha256"}
    assert named - digests_of_other_things == set(personal.BLOB_USERS)
