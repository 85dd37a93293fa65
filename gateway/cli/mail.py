"""`gateway mail`: every mail ever accepted, what became of it and why."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from gateway.cli import console
from gateway.cli.call import Call, command, noun
from gateway.model import Disposition
from gateway.model.views import MailDetailView, MailView
from gateway.reasons import Reason

commands = noun("mail", "Look at received mail.", example="gateway mail list --disposition queued")

MailId = Annotated[str, typer.Argument(metavar="ID", help="Id of the mail, as `gateway mail list` shows it.")]


@command(commands, "list", example=("gateway mail list", "gateway mail list --disposition quarantined --limit 10"))
def list_(
    call: Call,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
    disposition: Annotated[Disposition | None, typer.Option(help="Only mails that ended like this.")] = None,
) -> None:
    """List received mails, newest first."""
    from gateway.desk import mails

    call.show_all(
        call.look(lambda services: mails.find(services, limit=limit, disposition=disposition or "")), draw_list
    )


@command(commands, "show", example="gateway mail show 17")
def show(call: Call, mail_id: MailId) -> None:
    """Show one mail with its text and every check that it went through."""
    from gateway.desk import mails

    call.show(call.look(lambda services: mails.show(services, mail_id)), _draw)


@command(commands, "raw", example="gateway mail raw 17 > mail-17.eml", json=False)
def raw(call: Call, mail_id: MailId) -> None:
    """Write the bytes of a mail to stdout, exactly as they were received."""
    from gateway.desk import mails

    content = call.look(lambda services: mails.raw(services, mail_id))
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


@command(commands, "replay", example="gateway mail replay 17")
def replay(call: Call, mail_id: MailId) -> None:
    """Read a quarantined mail once more, and process it."""
    from gateway.desk import mails

    with call.gateway() as running:
        mails.replay(running.services, mail_id)
        running.process_mail()
        call.deliver(running)
        call.show(mails.show(running.services, mail_id), _draw)


def draw_list(mails: Sequence[MailView]) -> None:
    """Print a table of mails."""
    console.table(
        ("ID", "RECEIVED", "DISPOSITION", "REASON", "CASE", "FROM", "SUBJECT"),
        [
            (m.id, m.received_at, m.disposition or "in progress", m.reason, m.case, m.from_, m.subject or "(none)")
            for m in mails
        ],
        empty="No mail here; `gateway ingest FILE` takes one in.",
        cut=("REASON", "FROM", "SUBJECT"),
    )


def explained(reason: str) -> str:
    """Return a reason with its sentence."""
    return f"{reason}: {Reason(reason).sentence}" if reason in set(Reason) else reason


def _draw(mail: MailDetailView) -> None:
    console.line(f"Mail {mail.id}: {mail.subject or '(no subject)'}")
    console.fields(
        [
            ("from", mail.from_),
            ("to", mail.to),
            ("received", f"{console.shown(mail.received_at)} by {mail.source}"),
            ("size", console.size(mail.size)),
            ("sha256", mail.sha256),
            ("kind", f"{mail.kind} ({mail.kind_reason})" if mail.kind else ""),
            ("disposition", mail.disposition or "in progress"),
            ("reason", explained(mail.reason)),
            ("also", "\n".join(explained(flag) for flag in mail.flags if flag != mail.reason)),
            ("case", mail.case),
            ("duplicate of", mail.duplicate_of),
            ("files", ", ".join(f"{a.name} ({console.size(a.size)})" for a in mail.attachments)),
            ("defects", mail.defects),
            ("last error", mail.last_error),
        ]
    )
    if mail.trace:
        console.heading("Trace")
        console.table(("STEP", "RESULT", "REASON"), [(t.step, t.result, t.reason) for t in mail.trace], empty="")
    if mail.text.strip():
        console.heading("Text")
        console.line(console.beginning(mail.text, f"gateway mail show {mail.id}"))
