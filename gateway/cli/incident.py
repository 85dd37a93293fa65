"""`gateway case incident-report`: look at the report of an incident, then send it."""

from datetime import datetime
from typing import Annotated

import typer

from gateway.cli import console
from gateway.cli.admin import moment
from gateway.cli.call import Call, command
from gateway.cli.case import Author, Number, given_text, our_side
from gateway.model.views import IncidentReportView, OutboxView

EXAMPLES = (
    "gateway case incident-report 3256109 --preview",
    "gateway case incident-report 3256109 --measures 'Replaced the disk' --actions '2026-12-01 Add an alarm'",
)


def register(case_commands: typer.Typer) -> None:
    """Add the command to those of `gateway case`."""
    command(case_commands, "incident-report", example=EXAMPLES)(incident_report)


def incident_report(
    call: Call,
    number: Number,
    measures: Annotated[str, typer.Option(metavar="TEXT", help="Corrective measures; - reads them from stdin.")] = "",
    actions: Annotated[
        str, typer.Option(metavar="TEXT", help="Action items, one a line, each with its date first: 2026-12-01 Do it.")
    ] = "",
    to: Annotated[str, typer.Option(metavar="EMAIL", help="Who asked; the case contact when left out.")] = "",
    started: Annotated[str, typer.Option(metavar="TIME", help="When it began; the opening when left out.")] = "",
    ended: Annotated[str, typer.Option(metavar="TIME", help="When it ended; the restored service else.")] = "",
    preview: Annotated[bool, typer.Option("--preview", help="Show the report and send nothing.")] = False,
    author: Author = "",
) -> None:
    """Send the report of an incident as a mail with a file: start, end, timeline, measures, action items."""
    from gateway.desk import incidents
    from gateway.rules.incident import Given

    given = Given(measures=given_text(measures), actions=actions, started_at=_time(started), ended_at=_time(ended))
    if preview:
        call.show(call.look(lambda services: incidents.preview(services, number, given)), _draw)
        return
    by = author or our_side(call.settings())
    call.show(call.change(lambda services: incidents.send(services, number, given, to=to, author=by)), _draw_sent)


def _time(given: str) -> datetime | None:
    return moment(given) if given else None


def _draw(report: IncidentReportView) -> None:
    console.line(f"Incident report of case {report.case}")
    console.fields(
        [
            ("began", report.started_at),
            ("ended", report.ended_at or "not ended yet"),
            ("priority", report.priority),
            ("description", report.description),
            ("measures", report.measures),
            ("actions", "\n".join(f"{a.due or 'no date'}  {a.text}" for a in report.actions)),
        ]
    )
    console.heading("Timeline")
    for entry in report.timeline:
        console.line(f"{console.shown(entry.at)}  {entry.what}")


def _draw_sent(mail: OutboxView) -> None:
    console.line(f"The report goes to {mail.to} as mail {mail.id}; `gateway outbox show {mail.id}` follows it.")
