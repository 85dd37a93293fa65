"""One call of the command line: its settings, its form of output, and the gateway that it works on.

`command` is how every command is declared: it adds `--config` and `--json`, shows the example in `--help`, and hands
the function a `Call`.  Both options may also stand before the command.
"""

import getpass
import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from gateway.cli import console
from gateway.cli.groups import Group

if TYPE_CHECKING:
    from gateway.app import App
    from gateway.config import Config
    from gateway.services import Services

DELIVERY_SECONDS = 30

ConfigFile = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="Settings file.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")]

Body = TypeVar("Body", bound=Callable[..., Any])
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What was asked for beside the command's own arguments.  debug: show the log and the traceback of an error."""

    config_file: Path | None = None
    json: bool = False
    debug: bool = False

    def settings(self) -> "Config":
        """Return the effective settings.  Raises ConfigError."""
        from gateway import config

        return config.load(self.config_file)

    @contextmanager
    def gateway(self) -> Iterator["App"]:
        """Open the gateway of these settings; its database is brought up to date first."""
        from gateway import app

        self.quiet()
        with app.build(self.settings(), actor=whoever_types()) as running:
            yield running

    def quiet(self) -> None:
        """Keep the log out of a command's output; what matters is said by the command itself."""
        from gateway import maillog

        maillog.configure(level="INFO" if self.debug else "CRITICAL")

    def look(self, ask: Callable[["Services"], T]) -> T:
        """Ask for something that changes nothing."""
        with self.gateway() as running:
            return ask(running.services)

    def change(self, do: Callable[["Services"], T]) -> T:
        """Change something, then deliver what it caused; a relay that fails is a warning (CONTRACT 2)."""
        with self.gateway() as running:
            done = do(running.services)
            self.deliver(running)
            return done

    def deliver(self, running: "App") -> None:
        """Deliver what was caused; what the relay does not take now stays in the outbox and is tried again."""
        for warning in running.deliver_caused(DELIVERY_SECONDS):
            console.note(f"Warning: {warning}")

    def show(self, view: T, draw: Callable[[T], None]) -> None:
        """Print one view."""
        if self.json:
            console.json(view)
        else:
            draw(view)

    def show_all(self, views: Sequence[T], draw: Callable[[Sequence[T]], None]) -> None:
        """Print many views, in JSON one a line."""
        if not self.json:
            draw(views)
            return
        for view in views:
            console.json(view)


def whoever_types() -> str:
    """Return who acts, for the audit trail: the account of the machine under which the command runs."""
    try:
        return f"command-line:{getpass.getuser()}"
    except (OSError, KeyError):
        return "command-line"


def noun(name: str, help: str, *, example: str | Sequence[str]) -> typer.Typer:
    """Make a group of commands, for example `gateway case`."""
    return typer.Typer(
        name=name,
        cls=Group,
        help=help,
        epilog=_examples(example),
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
    )


def command(
    group: typer.Typer, name: str, *, example: str | Sequence[str], json: bool = True
) -> Callable[[Body], Body]:
    """Declare a command; its function gets a Call first, then its own arguments.  json: it prints data."""

    def declare(body: Body) -> Body:
        def run(context: typer.Context, **given: Any) -> Any:
            outer: Call = context.obj if isinstance(context.obj, Call) else Call()
            call = Call(
                config_file=given.pop("config") or outer.config_file,
                json=given.pop("json", False) or outer.json,
                debug=outer.debug,
            )
            return body(call, **given)

        run.__doc__ = inspect.getdoc(body)
        _, *own = inspect.signature(body, eval_str=True).parameters.values()
        parameters = [_parameter("context", typer.Context), *own, _parameter("config", ConfigFile, None)]
        if json:
            parameters.append(_parameter("json", AsJson, False))
        run.__signature__ = inspect.Signature([p.replace(kind=p.KEYWORD_ONLY) for p in parameters])  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in parameters}
        group.command(name, epilog=_examples(example))(run)
        return body

    return declare


def _parameter(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _examples(example: str | Sequence[str]) -> str:
    lines = [example] if isinstance(example, str) else list(example)
    # \b keeps the help formatter from joining the lines.
    return "\b\n" + "\n".join([f"Example{'s' if len(lines) > 1 else ''}:", *(f"  {one}" for one in lines)])
