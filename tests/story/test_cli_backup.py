"""Backup and restore as an operator does them: nothing that left is sent again by itself.  Source: FA-11."""

from pathlib import Path

import pytest

from gateway.app import build
from gateway.config import load
from gateway.desk import cases, outbox
from gateway.model import EntryState
from gateway.store import mail_views
from tests.story.terminal import Terminal


@pytest.fixture
def embedded(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Return an installation on SQLite."""
    return Terminal(tmp_path, sqlite_url, monkeypatch)


def written_case(terminal: Terminal) -> str:
    """Open a case in another process's name, so that its notice waits in the outbox."""
    with build(load(terminal.settings)) as gateway:
        return cases.open_case(
            gateway.services, subject="VPN drops", description="", contact_email="dana@example.org"
        ).number


def states(terminal: Terminal) -> list[str]:
    return [entry["state"] for entry in terminal.ok("outbox", "list", "--state", "all")]


def test_a_restored_copy_holds_what_had_not_left_and_lets_it_go_when_told(embedded: Terminal) -> None:
    """FA-11: between copy and restore the notice left; the restored gateway does not send it again by itself."""
    number = written_case(embedded)
    copy, live = embedded.folder / "monday.db", embedded.folder / "gateway.db"
    assert embedded.ok("db", "backup", str(copy))[0]["bytes"] > 0
    embedded.ok("tick")
    assert states(embedded) == [EntryState.DONE]
    for file in embedded.folder.glob("gateway.db*"):
        file.unlink()

    assert embedded.ok("db", "restore", str(copy))[0] == {"held": 1}
    embedded.ok("tick")

    assert live.exists()
    assert embedded.ok("case", "show", number)[0]["number"] == number
    assert states(embedded) == [EntryState.HELD]
    assert embedded.ok("verify-audit")[0]["intact"]
    assert embedded.ok("outbox", "release", "--all")[0] == {"released": 1}
    embedded.ok("tick")
    assert states(embedded) == [EntryState.DONE]


def test_a_copy_taken_while_mail_comes_in_balances(embedded: Terminal) -> None:
    """FA-11: the copy is one moment of the database, with what is committed and without what is not."""
    with build(load(embedded.settings)) as gateway, gateway.database.write() as conn:
        conn.exec_driver_sql("UPDATE counter SET value = value")
        copy = embedded.folder / "under-load.db"
        done = embedded.run("db", "backup", str(copy))
    assert done.code == 0, done.err
    with build(load(database={"url": f"sqlite:///{copy}"}, gateway={"data_dir": str(embedded.folder)})) as copied:
        with copied.database.read() as conn:
            assert mail_views.ledger(conn).balanced


def test_restoring_over_a_database_that_is_there_is_refused(embedded: Terminal) -> None:
    copy = embedded.folder / "copy.db"
    embedded.ok("db", "backup", str(copy))
    done = embedded.run("db", "restore", str(copy))
    assert done.code == 2
    assert "move it away first" in done.err
    assert embedded.run("db", "backup", str(copy)).code == 2


def test_a_damaged_copy_is_not_restored(embedded: Terminal) -> None:
    copy = embedded.folder / "copy.db"
    copy.write_bytes(b"SQLite format 3\0" + bytes(5000))
    for file in embedded.folder.glob("gateway.db*"):
        file.unlink()
    done = embedded.run("db", "restore", str(copy))
    assert done.code == 1
    assert "take another backup" in done.err
    assert not (embedded.folder / "gateway.db").exists()


def test_all_that_has_not_left_is_held_and_released_together(terminal: Terminal) -> None:
    """On both databases; what a person held by itself stays held."""
    for _ in range(3):
        written_case(terminal)
    with build(load(terminal.settings)) as gateway:
        first = outbox.find(gateway.services)[0].id
        outbox.hold(gateway.services, first)
    assert terminal.ok("outbox", "hold", "--all")[0] == {"held": 2}
    assert terminal.ok("outbox", "hold", "--all")[0] == {"held": 0}
    assert terminal.ok("outbox", "release", "--all")[0] == {"released": 2}
    terminal.ok("tick")
    assert sorted(states(terminal)) == [EntryState.DONE, EntryState.DONE, EntryState.HELD]


@pytest.mark.parametrize("words", [("outbox", "hold"), ("outbox", "release", "4", "--all")])
def test_holding_names_one_mail_or_all(terminal: Terminal, words: tuple[str, ...]) -> None:
    done = terminal.run(*words)
    assert done.code == 2
    assert "--all" in done.err


def test_a_postgresql_is_pointed_to_its_own_programs(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal(tmp_path, postgres_url, monkeypatch)
    written_case(terminal)
    assert "pg_dump" in terminal.run("db", "backup", str(tmp_path / "copy.db")).err
    assert "pg_restore" in terminal.run("db", "restore", str(tmp_path / "copy.db")).err
    assert terminal.ok("db", "restore")[0] == {"held": 1}
