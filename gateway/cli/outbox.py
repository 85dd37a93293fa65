"""`gateway outbox`: what leaves the gateway, and what the relay said to it."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import console
from gateway.cli.call import Call, command, noun
from gateway.model import EntryState
from gateway.model.views import OutboxView

if TYPE_CHECKING:
    from gateway.services import Services

commands = noun("outbox", "Look after mail that leaves.", example="gateway outbox list")

EntryId = Annotated[str, typer.Argument(metavar="ID", help="Id of the mail, as `gateway outbox list` shows it.")]
OneOrAll = Annotated[str, typer.Argument(metavar="[ID]", help="Id of the mail; none with --all.", show_default=False)]
STATES = (*(state.value for state in EntryState), "open", "all")


@command(commands, "list", example=("gateway outbox list", "gateway outbox list --state dead --limit 20"))
def list_(
    call: Call,
    state: Annotated[str, typer.Option(metavar="|".join(STATES), help="Which mails; open: has not left.")] = "open",
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 100,
) -> None:
    """List outgoing mails, oldest first; those that have left are shown by `--state all`."""
    from gateway.desk import outbox

    if state not in STATES:
        raise typer.BadParameter(f"choose one of {', '.join(STATES)}", param_hint="--state")
    call.show_all(call.look(lambda services: outbox.find(services, state=state, limit=limit)), _draw_list)


@command(commands, "show", example="gateway outbox show 5")
def show(call: Call, entry_id: EntryId) -> None:
    """Show one outgoing mail and the relay's last answer."""
    from gateway.desk import outbox

    call.show(call.look(lambda services: outbox.show(services, entry_id)), _draw)


@command(commands, "retry", example="gateway outbox retry 5")
def retry(call: Call, entry_id: EntryId) -> None:
    """Try a waiting, held or dead mail again, now."""
    from gateway.desk import outbox

    _act(call, entry_id, outbox.retry)


@command(commands, "cancel", example="gateway outbox cancel 5")
def cancel(call: Call, entry_id: EntryId) -> None:
    """Never send a mail."""
    from gateway.desk import outbox

    _act(call, entry_id, outbox.cancel)


@command(commands, "hold", example=("gateway outbox hold 5", "gateway outbox hold --all"))
def hold(
    call: Call,
    entry_id: OneOrAll = "",
    everything: Annotated[bool, typer.Option("--all", help="Every mail that has not left.")] = False,
) -> None:
    """Keep a mail back until it is released, or all that have not left."""
    from gateway.desk import outbox

    if not _all_or_one(entry_id, everything):
        _act(call, entry_id, outbox.hold)
        return
    held = call.look(outbox.hold_all)
    call.show({"held": held}, lambda _: console.line(f"{held} mails are held; `gateway outbox release --all` ends it."))


@command(commands, "release", example=("gateway outbox release 5", "gateway outbox release --all"))
def release(
    call: Call,
    entry_id: OneOrAll = "",
    everything: Annotated[bool, typer.Option("--all", help="Every mail that was held by --all or a restore.")] = False,
) -> None:
    """Let a held mail leave, now, or all that were held together."""
    from gateway.desk import outbox

    if not _all_or_one(entry_id, everything):
        _act(call, entry_id, outbox.release)
        return
    released = call.change(outbox.release_all)
    call.show({"released": released}, lambda _: console.line(f"{released} mails may leave."))


def _all_or_one(entry_id: str, everything: bool) -> bool:
    if everything == bool(entry_id):
        raise typer.BadParameter("name one mail, or say --all", param_hint="ID")
    return everything


def _act(call: Call, entry_id: str, do: "Callable[[Services, str], OutboxView]") -> None:
    """Do it, deliver what may leave now, and show the mail as it is then."""
    from gateway.desk import outbox

    with call.gateway() as running:
        do(running.services, entry_id)
        call.deliver(running)
        call.show(outbox.show(running.services, entry_id), _draw)


def _draw(entry: OutboxView) -> None:
    console.line(f"Outgoing mail {entry.id}: {entry.notice}")
    console.fields(
        [
            ("to", entry.to),
            ("case", entry.case),
            ("state", entry.state),
            ("attempts", entry.attempts),
            ("next try", entry.run_at if entry.state == EntryState.READY else None),
            ("last reply", entry.last_reply),
            ("uncertain", "an earlier try may have arrived" if entry.uncertain else ""),
            ("message id", entry.message_id),
            ("written", entry.created_at),
            ("sent", entry.sent_at),
            ("bounced", entry.bounced_at),
        ]
    )


def _draw_list(entries: Sequence[OutboxView]) -> None:
    console.table(
        ("ID", "NOTICE", "CASE", "TO", "STATE", "TRIES", "NEXT TRY", "SENT", "LAST REPLY"),
        [
            (
                entry.id,
                entry.notice,
                entry.case,
                entry.to,
                "bounced" if entry.bounced_at else entry.state,
                entry.attempts,
                entry.run_at if entry.state == EntryState.READY else None,
                entry.sent_at,
                entry.last_reply,
            )
            for entry in entries
        ],
        cut=("NOTICE", "TO", "LAST REPLY"),
        empty="Nothing here; `gateway outbox list --state all` shows what has left, too.",
    )
