"""`gateway purge`, `contact erase|export`, `case hold|release-hold|erase-update`: what goes and what is told."""

import json as jsonlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import console
from gateway.cli.admin import moment
from gateway.cli.call import Call, command
from gateway.cli.case import Author, Number, draw, our_side
from gateway.cli.case import commands as case_commands
from gateway.cli.contact import Email
from gateway.cli.contact import commands as contact_commands
from gateway.errors import Refused
from gateway.model.views import DueView, ErasureView, PurgeView
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
    no_rewrite: Annotated[
        bool,
        typer.Option(
            "--no-rewrite",
            help="Leave an embedded database of more than 256 MiB as it is (writing it anew takes long).",
        ),
    ] = False,
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
        call.show(retention.purge(running.services, large=not no_rewrite), _draw_done)


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


@command(
    contact_commands,
    "erase",
    example=("gateway contact erase dana@example.com --dry-run", "gateway contact erase dana@example.com"),
)
def erase(
    call: Call,
    email: Email,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing; say what would go.")] = False,
    author: Author = "",
) -> None:
    """Erase a person for good: their cases end and go, and what they wrote elsewhere is emptied.  No way back."""
    from gateway.desk import erasure

    by = author or our_side(call.settings())
    if dry_run:
        call.show(call.look(lambda services: erasure.preview_contact(services, email)), _draw_erasure)
        return
    call.show(call.change(lambda services: erasure.erase_contact(services, email, by=by)), _draw_erased)


@command(
    contact_commands,
    "export",
    example=("gateway contact export dana@example.com", "gateway contact export dana@example.com --zip dana.zip"),
)
def export(
    call: Call,
    email: Email,
    zip: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a zip with every mail and file beside it.")
    ] = None,
) -> None:
    """Export all that is known of a person, as JSON on stdout, or as a zip with the mails and files themselves."""
    from gateway.desk import export as exports

    by = our_side(call.settings())
    if zip is None:
        known = call.look(lambda services: exports.document(services, email, by=by))
        call.show(known, lambda one: console.line(jsonlib.dumps(one, ensure_ascii=False, indent=2)))
        return
    written = call.look(lambda services: exports.write_zip(services, email, zip, by=by))
    call.show({"file": str(zip), "entries": written}, lambda _: console.line(f"{zip}: {written} entries."))


@command(
    case_commands,
    "erase-update",
    example=("gateway case erase-update 3256109 17", "gateway case erase-update 3256109 17 --file password.txt"),
)
def erase_update(
    call: Call,
    number: Number,
    update: Annotated[str, typer.Argument(metavar="UPDATE", help="Id of the update (`gateway case show --json`).")],
    file: Annotated[str, typer.Option(metavar="NAME", help="Only the attached file of this name or sha256.")] = "",
    author: Author = "",
) -> None:
    """Erase one update of a case with the mail that it came from, or one attached file.  There is no way back."""
    from gateway.desk import erasure

    by = author or our_side(call.settings())
    call.show(
        call.change(lambda services: erasure.erase_update(services, number, update, by=by, file=file)),
        draw,
    )


def _draw_erasure(would: ErasureView) -> None:
    listed = ", ".join(would.cases) or "none"
    console.line(f"Cases that would end and go: {listed}; in them {would.mails} mails and {would.notices} notices.")
    console.line("What the person wrote in other people's cases would be emptied too.")


def _draw_erased(done: ErasureView) -> None:
    listed = ", ".join(done.cases) or "none"
    console.line(
        f"Contact {done.contact} is erased. Cases that went: {listed}. Elsewhere {done.mails} mails, {done.updates} "
        f"updates and {done.notices} notices are emptied."
    )
    if not done.swept:
        console.note("What was deleted can still be read in the database's file; run `gateway purge` later.")


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
    if not done.swept:
        console.note("What was deleted can still be read in the database's file; `gateway purge` once more, later.")
