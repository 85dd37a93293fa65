"""`gateway db backup` and `gateway db restore`: a copy of the database, and coming back without sending twice."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import console
from gateway.cli.call import Call, command
from gateway.errors import ConfigError

if TYPE_CHECKING:
    from gateway.config import Config


def register(db_commands: typer.Typer) -> None:
    """Add the commands to `gateway db`."""
    command(db_commands, "backup", example="gateway db backup /backup/gateway-monday.db")(backup)
    command(
        db_commands,
        "restore",
        example=("gateway db restore /backup/gateway-monday.db", "pg_restore ... && gateway db restore"),
    )(restore)


def backup(call: Call, file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the copy goes.")]) -> None:
    """Copy the embedded database while it is in use; on PostgreSQL use pg_dump."""
    from gateway.store import copies

    source = _sqlite_file(call.settings())
    if source is None:
        raise ConfigError("This database is PostgreSQL; back it up with pg_dump, which needs no stop either.")
    if not source.exists():
        raise ConfigError(f"There is no database at {source} to copy yet.")
    if file.exists():
        raise ConfigError(f"{file} is there already; choose a name that is free.")
    copies.copy(source, file)
    size = file.stat().st_size
    call.show({"file": str(file), "bytes": size}, lambda _: console.line(f"{file}: {console.size(size)}, whole."))


def restore(
    call: Call,
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="The copy; none after pg_restore.")] = None,
    hold_outbox: Annotated[
        bool,
        typer.Option(
            "--hold-outbox/--send-outbox", help="Hold what had not left when the copy was made: it may have left since."
        ),
    ] = True,
) -> None:
    """Come back from a backup.  Mail that waited to leave is held, because it may have left after the copy was made."""
    from gateway.desk import outbox

    config = call.settings()
    if file is not None:
        _put_back(config, file)
    elif _sqlite_file(config) is not None:
        raise ConfigError("Name the copy: gateway db restore FILE.")
    held = call.look(outbox.hold_all) if hold_outbox else 0
    _go_on_with_the_trail(call)
    call.show({"held": held}, lambda _: _draw(held, hold_outbox))


def _go_on_with_the_trail(call: Call) -> None:
    """Sign the end that the audit trail had in the copy: it is older than the one that this machine signed last."""
    from gateway.desk import audit
    from gateway.errors import Conflict

    try:
        call.look(audit.sign_anew)
    except Conflict as refused:
        console.note(f"Warning: {refused}")


def _put_back(config: "Config", file: Path) -> None:
    from gateway.store import copies

    target = _sqlite_file(config)
    if target is None:
        raise ConfigError("This database is PostgreSQL; restore it with pg_restore, then run `gateway db restore`.")
    if there := copies.leftovers(target):
        raise ConfigError(f"{there[0]} is there; stop the gateway and move it away first, so that nothing is lost.")
    copies.put_back(file, target)


def _sqlite_file(config: "Config") -> Path | None:
    from gateway.store import db

    return db.sqlite_path(config.database.url)


def _draw(held: int, asked: bool) -> None:
    console.line("The database is in place.")
    if asked:
        console.line(
            f"{held} mails had not left when the copy was made, and are held: `gateway outbox list --state held`."
        )
        console.line("Cancel those that the relay's log shows as sent, then: gateway outbox release --all")
