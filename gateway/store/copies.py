"""Copies of the embedded database: a consistent one of a file in use, and its way back.

PostgreSQL has programs of its own for both (`pg_dump`, `pg_restore`, or a base backup).
"""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from gateway.errors import Unavailable

SIDE_FILES = ("-wal", "-shm")


def copy(source: Path, target: Path) -> None:
    """Write a consistent copy of a database that may be in use.  Raises Unavailable when either cannot be used.

    The copy appears under its name only when it is whole, so that a backup that was cut short is not taken for one.
    """
    part = target.with_name(f"{target.name}.part")
    part.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=60)) as conn:
            conn.execute("VACUUM INTO ?", (str(part),))
        check(part)
        part.replace(target)
    except (sqlite3.Error, OSError) as error:
        part.unlink(missing_ok=True)
        raise Unavailable(f"The copy could not be made ({error}); free some room or choose another place.") from error


def check(file: Path) -> None:
    """Raise sqlite3.DatabaseError unless this file is a whole SQLite database."""
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as conn:
        verdict = conn.execute("PRAGMA integrity_check").fetchone()[0]
    if verdict != "ok":
        raise sqlite3.DatabaseError(str(verdict))


def put_back(source: Path, target: Path) -> None:
    """Make a copy the database, where there is none yet.  Raises Unavailable when the copy is not whole."""
    try:
        check(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f"{target.name}.part")
        shutil.copyfile(source, part)
        part.replace(target)
    except (sqlite3.Error, OSError) as error:
        raise Unavailable(f"{source} cannot be restored ({error}); take another backup.") from error


def leftovers(target: Path) -> list[Path]:
    """Return what stands where the database would be, its side files too: SQLite would mix them with the copy."""
    places = (target, *(target.with_name(target.name + side) for side in SIDE_FILES))
    return [place for place in places if place.exists()]
