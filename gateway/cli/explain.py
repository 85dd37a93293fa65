"""`gateway explain`: what would become of a mail, without taking it in.  The one command that shows Reference IDs."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import console
from gateway.cli.call import Call, command
from gateway.cli.mail import explained
from gateway.errors import ConfigError

if TYPE_CHECKING:
    from gateway import process
    from gateway.config import Config
    from gateway.desk.explain import Asked, Explanation
    from gateway.desk.intake import Handed
    from gateway.model import Policy
    from gateway.services import Services

FAILED = 1
BATCH_MAILS = 50
SHOWN_CHARACTERS = 1000
STDIN = Path("-")


def register(tree: typer.Typer) -> None:
    """Add the command to the tree."""
    command(
        tree,
        "explain",
        example=(
            "gateway explain reply.eml",
            "gateway mail raw 17 | gateway explain -",
            "gateway explain --json *.eml",
        ),
    )(explain)


def explain(
    call: Call,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...|-", help="Mails; - reads one from stdin.")],
) -> int:
    """Say how mails are read and what would become of them; writes nothing.

    With a database they are linked and decided about as if they had just arrived; without one, a well-formed
    Reference ID counts as one of ours.
    """
    from gateway.desk import explain as desk
    from gateway.desk.intake import Unreadable

    call.quiet()
    config, unreadable = call.settings(), 0
    with _rules(config) as (rules, reader):
        batch: list[Asked] = []
        for path in _expanded(files):
            try:
                batch.append(_asked(path, config))
            except Unreadable as error:
                console.note(str(error))
                unreadable += 1
            if len(batch) >= BATCH_MAILS:
                _show(call, desk.explain(batch, reader, rules))
                batch = []
        _show(call, desk.explain(batch, reader, rules))
    return FAILED if unreadable else 0


def _show(call: Call, explanations: "list[Explanation]") -> None:
    for explanation in explanations:
        call.show(explanation, _draw)


def _expanded(paths: list[Path]) -> "Iterator[Path]":
    from gateway.desk import intake

    for path in paths:
        if path != STDIN and path.is_dir():
            yield from intake.files(path)
        else:
            yield path


def _asked(path: Path, config: "Config") -> "Asked":
    """Return a file as a mail that was just accepted.  Raises Unreadable."""
    from gateway.clock import SystemClock
    from gateway.desk import intake
    from gateway.desk.explain import Asked
    from gateway.model import SpoolEntry

    handed = _from_stdin() if path == STDIN else intake.one(path)
    entry = SpoolEntry(
        id=0,
        envelope=intake.envelope(handed.raw, config),
        received_at=SystemClock().now(),
        size_bytes=len(handed.raw),
        attempts=1,
        failures=0,
        fence=0,
        raw=handed.raw,
        oversized=len(handed.raw) > config.smtp.max_message_bytes,
    )
    return Asked(path=handed.path, sha256=handed.sha256, entry=entry)


def _from_stdin() -> "Handed":
    from gateway.desk import intake

    return intake.handed("-", sys.stdin.buffer.read())


@contextmanager
def _rules(config: "Config") -> "Iterator[tuple[Services | Policy, process.Reader]]":
    """Open what answers: the gateway where it has a database, else its rules alone."""
    from gateway import app

    if _has_database(config):
        with app.build(config) as running:
            yield running.services, running.reader
        return
    from gateway.inbound.parse_pool import ParsePool
    from gateway.rules import profiles

    rules = app.reading_rules(config)
    settings = config.parser
    reader = ParsePool(
        children=settings.children,
        mail_seconds=settings.mail_seconds,
        memory_bytes=settings.memory_bytes,
        rules=rules,
    )
    try:
        yield profiles.policy(config, rules.own_addresses), reader
    finally:
        reader.close()


def _has_database(config: "Config") -> bool:
    """Say whether there is a database with our tables; none is made.  Raises ConfigError for one of another version."""
    from gateway.store import db

    path = db.sqlite_path(config.database.url)
    if path is not None and not (path.exists() and path.stat().st_size):
        return False
    database = db.Database(config.database.url)
    try:
        version = db.current(database)
    finally:
        database.close()
    if version not in ("", db.HEAD):
        raise ConfigError("The database has the schema of another version; run `gateway db upgrade` first.")
    return bool(version)


def _draw(explained_mail: "Explanation") -> None:
    mail = explained_mail
    console.heading(mail.path)
    console.fields(
        [
            ("would be", mail.disposition),
            ("because", explained(mail.reason)),
            ("also", "\n".join(explained(flag) for flag in mail.flags if flag != mail.reason)),
            ("kind", f"{mail.kind} ({mail.kind_reason})" if mail.kind_reason else mail.kind),
            ("from", mail.from_ or "(nobody that can be read)"),
            ("subject", mail.subject),
            ("message id", mail.message_id),
            ("references", "\n".join(f"{r.id} {'valid' if r.valid else 'not valid'}" for r in mail.references)),
            ("files", ", ".join(f"{a.name} ({console.size(a.size)})" for a in mail.attachments)),
            ("bounced", "\n".join(_recipient(r) for r in mail.bounce.recipients) if mail.bounce else ""),
            ("defects", mail.defects),
            ("sha256", mail.sha256),
            ("new text", _beginning(mail.reply.strip())),
        ]
    )
    console.line()
    console.table(("STEP", "RESULT", "REASON"), [(t.step, t.result, t.reason) for t in mail.trace], empty="")


def _beginning(text: str) -> str:
    if len(text) <= SHOWN_CHARACTERS:
        return text
    return f"{text[:SHOWN_CHARACTERS]}...\n({len(text)} characters; --json shows all)"


def _recipient(recipient: object) -> str:
    words = (getattr(recipient, name) for name in ("address", "action", "status", "diagnostic"))
    return " ".join(word for word in words if word)
