"""`gateway notice`: the notices that other systems ask for, by hand: look at one, send one."""

import json as jsonlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli import console
from gateway.cli.call import Call, command, noun
from gateway.model.call_views import DeclaredView, NotificationView
from gateway.model.views import OutboxView

commands = noun(
    "notice",
    "Look at and send the notices that other systems ask for.",
    example="gateway notice preview alarm-raised --context alarm.json",
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Which notice, as `gateway notice list` shows it.")]
ContextFile = Annotated[
    Path, typer.Option("--context", metavar="FILE", help="JSON object with the notice's values; - reads it from stdin.")
]
To = Annotated[str, typer.Option(metavar="EMAIL", help="Who gets it.")]
ToName = Annotated[str, typer.Option("--name", metavar="NAME", help="The name of who gets it.")]
AboutCase = Annotated[str, typer.Option(metavar="NUMBER", help="The case that it is about.")]
NOBODY = "nobody@example.com"


@command(commands, "list", example="gateway notice list")
def list_(call: Call) -> None:
    """List the notices that can be asked for, with their values."""
    from gateway.desk import notifications

    call.show_all(notifications.declared(), _draw_declared)


@command(
    commands,
    "preview",
    example=(
        "gateway notice preview alarm-raised --context alarm.json",
        "gateway notice preview chat-transcript --context chat.json --case 3256109 --html > chat.html",
    ),
)
def preview(
    call: Call,
    name: Name,
    values: ContextFile,
    to: To = NOBODY,
    to_name: ToName = "",
    case: AboutCase = "",
    html: Annotated[bool, typer.Option("--html", help="Print the HTML part alone.")] = False,
) -> None:
    """Show a notice as it would leave; nothing is written."""
    from gateway.desk import notifications

    given = _read(values)
    shown = call.look(
        lambda services: notifications.preview(services, notice=name, context=given, to=to, to_name=to_name, case=case)
    )
    call.show(shown, _draw_html if html else _draw)


@command(
    commands,
    "send",
    example="gateway notice send alarm-raised --context alarm.json --to dana@example.com",
)
def send(call: Call, name: Name, values: ContextFile, to: To = "", to_name: ToName = "", case: AboutCase = "") -> None:
    """Send a notice; the same one a second time is nothing."""
    from gateway.desk import notifications

    given = _read(values)
    sent = call.change(
        lambda services: notifications.send(services, notice=name, context=given, to=to, to_name=to_name, case=case)
    )
    call.show(sent, _draw_sent)


def _read(path: Path) -> Any:
    raw = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8", errors="replace")
    try:
        return jsonlib.loads(raw)
    except (ValueError, RecursionError):
        raise typer.BadParameter("it holds no JSON object", param_hint="--context") from None


def _draw_declared(notices: Sequence[DeclaredView]) -> None:
    console.table(
        ("NOTICE", "CASE", "VALUES"),
        [(n.notice, n.case, ", ".join((*n.values, *(f"[{name}]" for name in n.optional)))) for n in notices],
        empty="There is none.",
    )


def _draw(shown: NotificationView) -> None:
    console.fields([("to", shown.to), ("case", shown.case), ("subject", shown.subject)])
    console.line()
    console.line(shown.text)


def _draw_html(shown: NotificationView) -> None:
    console.line(shown.html)


def _draw_sent(mail: OutboxView) -> None:
    console.line(f"The notice goes to {mail.to} as mail {mail.id}; `gateway outbox show {mail.id}` follows it.")
