"""The command line: `main` runs one command and turns every error into one sentence and an exit code.

Exit codes: 0 ok; 1 refused or failed; 2 usage; 130 interrupted; `ingest` follows sysexits.  Heavy modules are imported
inside commands, so that `--help` answers at once.
"""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated

import typer

from gateway import __version__
from gateway.cli import (
    admin,
    audit,
    backup,
    call,
    case,
    console,
    contact,
    demo,
    doctor,
    errors,
    escalation,
    events,
    explain,
    incident,
    ingest,
    mail,
    notice,
    outbox,
    queue,
    retention,
    serve,
    token,
    user,
    webhook,
    worker,
)
from gateway.cli.groups import Group

OK, FAILED, INTERRUPTED = 0, 1, 130
GROUPS = (
    *(mail.commands, case.commands, escalation.commands, contact.commands, contact.account_commands),
    *(queue.commands, outbox.commands, notice.commands, webhook.commands),
)
HELP_WIDTH = 110


def main() -> None:
    """Run the command line and exit."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code.  Nothing but an exit code ever comes out."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError):
            stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    try:
        code = tree()(args=list(arguments), prog_name="gateway", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        # Who read our output has enough.  Python would complain again when it closes stdout: let that go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # the one broad catch: whatever happened becomes a sentence
        return errors.explain(error, debug="--debug" in arguments)
    return code if isinstance(code, int) else OK


def tree() -> typer.Typer:
    """Put all commands together."""
    root = typer.Typer(
        name="gateway",
        cls=Group,
        help="The case gateway: links customers' mail to its support case, loses none, sends the notices.",
        epilog="\b\nExamples:\n  gateway demo\n  gateway serve\n  gateway case list --status open",
        no_args_is_help=True,
        add_completion=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": HELP_WIDTH},
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    root.callback()(_before)
    for part in (demo, serve, worker, ingest, explain):
        part.register(root)
    incident.register(case.commands)
    for group in GROUPS:
        root.add_typer(group)
    admin.register(root)
    events.register(root)
    root.add_typer(user.commands)
    retention.register(root)
    audit.register(root)
    root.add_typer(token.commands)
    backup.register(admin.db_commands)
    root.add_typer(admin.db_commands)
    doctor.register(root)
    return root


def _before(
    context: typer.Context,
    config: call.ConfigFile = None,
    json: call.AsJson = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an unexpected error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=lambda asked: _version(asked), help="Say the version.")
    ] = False,
) -> None:
    context.obj = call.Call(config_file=config, json=json, debug=debug)


def _version(asked: bool) -> None:
    if asked:
        console.line(f"gateway {__version__}")
        raise typer.Exit


__all__ = ["main", "run", "tree"]
