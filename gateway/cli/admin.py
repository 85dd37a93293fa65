"""`gateway ledger`, `config`, `db` and `tick`: what an operator asks of the installation itself."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli import console
from gateway.cli.call import Call, command, noun, whoever_types
from gateway.model.views import LedgerView, PlannedView, TurnView, to_json
from gateway.reasons import Reason

FAILED = 1

db_commands = noun("db", "Look after the schema of the database.", example="gateway db upgrade")


def register(tree: typer.Typer) -> None:
    """Add the commands to the tree."""
    command(tree, "ledger", example="gateway ledger")(ledger)
    command(
        tree,
        "tick",
        example=("gateway tick", "gateway tick --now 2026-11-25T10:00:00Z", "gateway tick --now 2026-12-01 --dry-run"),
    )(tick)
    command(tree, "config", example="gateway config --config gateway.toml")(config)


def ledger(call: Call) -> int:
    """Show the balance of all mail ever accepted; exit 1 if it does not balance."""
    from gateway.desk import mails

    balance = call.look(mails.ledger)
    call.show(balance, _draw_ledger)
    return 0 if balance.balanced else FAILED


def tick(
    call: Call,
    now: Annotated[str, typer.Option(metavar="TIME", help="Take this as the present, like 2026-11-25T10:00:00Z.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Change nothing; list every mail that would leave up to TIME.")
    ] = False,
    confirm_clock: Annotated[
        bool, typer.Option("--confirm-clock", help="The time is right: let closures go on that a doubt held up.")
    ] = False,
) -> None:
    """Take one turn of the scheduler: all mail that waits, one step of each due case, every mail that is due."""
    from gateway import app, timers
    from gateway.clock import FixedClock, SystemClock

    call.quiet()
    if dry_run:
        planned = call.look(lambda s: timers.forecast(s, moment(now) if now else s.clock.now()))
        call.show_all(planned, _draw_planned)
        return
    clock = FixedClock(moment(now)) if now else SystemClock()
    with app.build(call.settings(), clock=clock, actor=whoever_types()) as running:
        if confirm_clock:
            timers.confirm_clock(running.services)
        done = running.tick()
    call.show(done, _draw_turn)


def config(call: Call) -> None:
    """Show the effective settings, with secrets masked."""
    from gateway.config import effective

    call.show(effective(call.settings()), _draw_settings)


@command(db_commands, "upgrade", example="gateway db upgrade")
def upgrade(call: Call) -> None:
    """Bring the schema of the database up to date; calling twice is nothing."""
    from gateway.store import db

    url = call.settings().database.url
    before = _current(url)
    db.upgrade(url)
    after = _current(url)
    call.show(
        {"before": before, "current": after, "newest": db.HEAD},
        lambda _: console.line(
            f"The schema is {after}" + (f", it was {before or 'empty'}." if before != after else " already.")
        ),
    )


@command(db_commands, "current", example="gateway db current")
def current(call: Call) -> None:
    """Show the schema version of the database and the newest one."""
    from gateway.store import db

    version = _current(call.settings().database.url)
    advice = "up to date" if version == db.HEAD else "run `gateway db upgrade`"
    call.show(
        {"current": version, "newest": db.HEAD},
        lambda _: console.line(f"{version or 'empty'} (newest: {db.HEAD}; {advice})"),
    )


def moment(text: str) -> datetime:
    """Read a time as RFC 3339 writes it; without a zone it is UTC.  Raises BadParameter."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("write it like 2026-11-25T10:00:00Z", param_hint="--now") from None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def _current(url: str) -> str:
    """Return the schema version, "" for a database that is empty or not there; none is made."""
    from gateway.store import db

    if not db.exists(url):
        return ""
    database = db.Database(url)
    try:
        return db.current(database)
    finally:
        database.close()


def _draw_turn(done: TurnView) -> None:
    console.line(f"{done.mails_processed} mails processed, {done.mails_sent} mails sent.")
    console.line(
        f"{done.reminders} reminders written, {done.closed} cases closed, {len(done.waiting)} follow-ups wait."
    )
    for waiting in done.waiting:
        console.line(f"  case {waiting.case}: {Reason(waiting.reason).sentence}")
    if done.clock_doubted:
        console.line(f"{done.clock_doubted}  If the time is right now: gateway tick --confirm-clock")


def _draw_planned(planned: Sequence[PlannedView]) -> None:
    console.table(
        ("AT", "CASE", "NOTICE", "TO", "WHY"),
        [(p.at, p.case or "", p.notice, p.to, p.why) for p in planned],
        cut=("TO", "WHY"),
        empty="No mail would leave; `--now TIME` looks further ahead.",
    )


def _draw_ledger(balance: LedgerView) -> None:
    counts = {name: count for name, count in to_json(balance).items() if name not in ("accepted", "balanced")}
    width = max(len(str(balance.accepted)), 6)
    console.line(f"{'accepted':<13}{balance.accepted:>{width}}")
    for name, count in counts.items():
        console.line(f"  {name.replace('_', ' '):<11}{count:>{width}}")
    console.line("The ledger balances." if balance.balanced else _unbalanced(balance, sum(counts.values())))


def _unbalanced(balance: LedgerView, total: int) -> str:
    return (
        f"The ledger does NOT balance: {balance.accepted} accepted, {total} accounted for.  Stop, keep a copy of the "
        "database, and report it: this is an error of the gateway."
    )


def _draw_settings(settings: dict[str, Any]) -> None:
    for section, values in settings.items():
        if isinstance(values, dict) and values:
            console.line(f"[{section}]")
            _draw_section(section, values)
            console.line()


def _draw_section(section: str, values: dict[str, Any]) -> None:
    for name, value in values.items():
        if isinstance(value, dict):
            console.line(f"[{section}.{name}]")
            _draw_section(f"{section}.{name}", value)
        elif value is not None:
            console.line(f"{name} = {_toml(value)}")


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | Path):
        return f'"{value}"'
    if isinstance(value, list | tuple):
        return f"[{', '.join(_toml(part) for part in value)}]"
    return str(value)
