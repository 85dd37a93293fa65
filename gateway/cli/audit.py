"""`gateway audit` and `gateway verify-audit`: who did what, and whether anybody touched the record of it."""

from collections.abc import Sequence
from typing import Annotated

import typer

from gateway.cli import console
from gateway.cli.call import Call, command, noun
from gateway.model.audit_views import AuditReportView, AuditView

FAILED = 1

commands = noun("audit", "Look at who did what.", example="gateway audit list --about case:0000000041")


def register(tree: typer.Typer) -> None:
    """Add the commands to the tree."""
    tree.add_typer(commands)
    command(tree, "verify-audit", example="gateway verify-audit")(verify)


@command(commands, "list", example=("gateway audit list", "gateway audit list --about case:0000000041 --limit 20"))
def list_(
    call: Call,
    about: Annotated[str, typer.Option(metavar="OBJECT", help="Only acts on this, like case:0000000041.")] = "",
    actor: Annotated[str, typer.Option(metavar="ACTOR", help="Only acts of this one, like key:3.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 100,
) -> None:
    """List acts, newest first."""
    from gateway.desk import audit

    about = _padded(about)
    call.show_all(call.look(lambda services: audit.find(services, about=about, actor=actor, limit=limit)), _draw)


def _padded(about: str) -> str:
    """Give a case number the zeros that people leave out."""
    kind, colon, number = about.partition(":")
    return f"{kind}:{number.zfill(10)}" if colon and kind == "case" else about


def verify(
    call: Call,
    sign_anew: Annotated[
        bool, typer.Option("--sign-anew", help="The earlier key is lost: sign an intact trail with this machine's.")
    ] = False,
) -> int:
    """Follow the audit trail from its beginning to its signed end; exit 1 and name the first bad entry if it is not
    the one that was written.
    """
    from gateway.desk import audit

    if sign_anew:
        call.look(audit.sign_anew)
    report = call.look(audit.verify)
    call.show(report, _draw_report)
    return 0 if report.intact else FAILED


def _draw(entries: Sequence[AuditView]) -> None:
    console.table(
        ("NO.", "AT", "ACTOR", "FROM", "ACT", "OBJECT", "FACTS"),
        [(e.position or "", e.at, e.actor, e.source or "", e.act, e.object, _facts(e)) for e in entries],
        cut=("FACTS",),
        empty="Nothing of that kind was done.",
    )


def _facts(entry: AuditView) -> str:
    return " ".join(f"{name}={console.shown(value)}" for name, value in entry.facts.items())


def _draw_report(report: AuditReportView) -> None:
    if report.intact:
        console.line(f"The audit trail is intact: {report.entries} entries, signed at {report.head or 'none'}.")
    else:
        console.line(f"The audit trail is NOT intact.  {report.why}")
