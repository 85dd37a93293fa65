"""`gateway purge`, `gateway case hold` and `release-hold`: what goes when its time is over, and what is kept."""

from collections.abc import Sequence
from typing import Annotated

import typer

from gateway.cli import console
from gateway.cli.admin import moment
from gateway.cli.call import Call, command
from gateway.cli.case import Author, Number, draw, our_side
from gateway.cli.case import commands as case_commands
from gateway.errors import Refused
from gateway.model.views import DueView, PurgeView
from gateway.reasons import Reason


def register(tree: typer.Typer) -> None:
    """Add the commands to the tree."""
    command(
        tree,
        "purge",
        example=("gateway purge --dry-run", "gateway purge", "gateway purge --now 2027-01-01 --dry-run"),
    )(purge)


def purge(
    call: Call,
    now: Annotated[str, typer.Option(metavar="TIME", help="Take this as the present, like 2026-11-25T10:00:00Z.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing; list what would go, and why.")] = False,
) -> None:
    """Delete what was kept long enough: uploads, cases, mails of no case; stubs and tombstones stay."""
    from gateway import app
    from gateway.clock import FixedClock, SystemClock
    from gateway.desk import retention

    call.quiet()
    clock = FixedClock(moment(now)) if now else SystemClock()
    with app.build(call.settings(), clock=clock) as running:
        if dry_run:
            call.show_all(retention.plan(running.services), _draw_due)
            return
        if not now and not retention.is_time_believed(running.services):
            raise Refused(
                Reason.CLOCK_DOUBTED,
                "The clock jumped or the scheduler was away; see that the time is right, then "
                "`gateway tick --confirm-clock`, and purge again.",
            )
        call.show(retention.purge(running.services), _draw_done)


@command(case_commands, "hold", example="gateway case hold 3256109 --why 'Dispute about the invoice'")
def hold(
    call: Call,
    number: Number,
    why: Annotated[str, typer.Option(metavar="TEXT", help="Why it has to be kept.")],
    author: Author = "",
) -> None:
    """Put a case under a legal hold: nothing of it is purged or erased until it is released."""
    from gateway.desk import retention

    by = author or our_side(call.settings())
    call.show(call.change(lambda services: retention.hold(services, number, by=by, why=why)), draw)


@command(case_commands, "release-hold", example="gateway case release-hold 3256109")
def release_hold(call: Call, number: Number, author: Author = "") -> None:
    """End a legal hold; what is due goes with the next purge."""
    from gateway.desk import retention

    by = author or our_side(call.settings())
    call.show(call.change(lambda services: retention.release_hold(services, number, by=by)), draw)


def _draw_due(found: Sequence[DueView]) -> None:
    console.table(
        ("WHAT", "ID", "GOES", "DUE", "MAILS", "FILES", "NOTICES", "WHY"),
        [
            (
                *(one.what, one.case or one.mail or one.notice, one.goes, one.due_at),
                *(one.mails, one.files, one.notices, one.why),
            )
            for one in found
        ],
        cut=("WHY",),
        empty="Nothing is due.",
    )


def _draw_done(done: PurgeView) -> None:
    console.line(
        f"{done.cases} cases, {done.contacts} contacts, the files of {done.uploads} mails, {done.mails} mails and "
        f"{done.notices} notices of no case are purged."
    )
    for waiting in done.waiting:
        console.line(f"  case {waiting.case} stays: {Reason(waiting.reason).sentence}")
    if not done.log_emptied:
        console.note("Somebody is reading, so the database's log is not emptied yet; purge once more later.")
