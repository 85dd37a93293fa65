"""`gateway queue`: the admin team's work on mail that no Reference ID linked."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import console
from gateway.cli.call import Call, command, noun
from gateway.cli.case import our_side
from gateway.cli.mail import explained
from gateway.model import Priority
from gateway.model.views import QueueItemView
from gateway.reasons import Reason

if TYPE_CHECKING:
    from gateway.desk.queue import QueueResult
    from gateway.services import Services

commands = noun("queue", "Work on mail that could not be linked.", example="gateway queue list")

Item = Annotated[str, typer.Argument(metavar="ITEM", help="Id of the item, as `gateway queue list` shows it.")]
By = Annotated[str, typer.Option(metavar="EMAIL", help="Who does it; the admin or the care address when left out.")]
STATES = ("open", "done", "all")


@command(commands, "list", example=("gateway queue list", "gateway queue list --state all --reason no-reference"))
def list_(
    call: Call,
    state: Annotated[str, typer.Option(metavar="open|done|all", help="Which items.")] = "open",
    reason: Annotated[Reason | None, typer.Option(metavar="REASON", help="Only items with this reason.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 100,
) -> None:
    """List items, oldest first."""
    from gateway.desk import queue

    if state not in STATES:
        raise typer.BadParameter("choose open, done or all", param_hint="--state")
    found = call.look(lambda services: queue.find(services, state=state, reason=reason or "", limit=limit))
    call.show_all(found, _draw_list)


@command(commands, "show", example="gateway queue show 3")
def show(call: Call, item: Item) -> None:
    """Show one item with its hints and the text of its mail."""
    from gateway.desk import mails, queue

    with call.gateway() as running:
        found = queue.show(running.services, item)
        text = mails.show(running.services, found.mail_id).text
    call.show(found, _draw)
    if not call.json and text.strip():
        console.heading("Text of the mail")
        console.line(console.beginning(text, f"gateway mail show {found.mail_id}"))


@command(commands, "claim", example="gateway queue claim 3 --by ben@example.org")
def claim(call: Call, item: Item, by: By = "") -> None:
    """Say that you look at an item; a claim of somebody else is taken over."""
    from gateway.desk import queue

    _act(call, by, lambda services, who: queue.claim(services, item, by=who))


@command(commands, "release", example="gateway queue release 3")
def release(call: Call, item: Item) -> None:
    """Give a claimed item back."""
    from gateway.desk import queue

    _act(call, "", lambda services, _who: queue.release(services, item))


@command(commands, "link", example=("gateway queue link 3 3256109 --preview", "gateway queue link 3 3256109"))
def link(
    call: Call,
    item: Item,
    case: Annotated[str, typer.Argument(metavar="CASE", help="Number of the case that the mail belongs to.")],
    preview: Annotated[bool, typer.Option("--preview", help="Say what would happen and change nothing.")] = False,
    by: By = "",
) -> None:
    """Link a mail to a case by hand, with the effects it would have had on arrival."""
    from gateway.desk import queue

    _act(call, by, lambda services, who: queue.link(services, item, case, by=who, preview=preview), preview=preview)


@command(commands, "open-case", example="gateway queue open-case 3 --subject 'Printer on fire'")
def open_case(
    call: Call,
    item: Item,
    subject: Annotated[
        str, typer.Option(metavar="TEXT", help="Subject of the case; the mail's, shortened, when left out.")
    ] = "",
    priority: Annotated[Priority | None, typer.Option(help="How urgent it is; medium when left out.")] = None,
    by: By = "",
) -> None:
    """Open a new case from a mail; its sender becomes the contact."""
    from gateway.desk import queue

    _act(
        call,
        by,
        lambda services, who: queue.open_case(
            services, item, by=who, subject=subject, priority=priority or Priority.MEDIUM
        ),
    )


@command(commands, "discard", example="gateway queue discard 3 --why 'advertisement'")
def discard(
    call: Call,
    item: Item,
    why: Annotated[str, typer.Option(metavar="TEXT", help="The reason, for the record.")],
    by: By = "",
) -> None:
    """Set an item aside with a reason; its mail is kept."""
    from gateway.desk import queue

    _act(call, by, lambda services, who: queue.discard(services, item, by=who, why=why))


@command(commands, "undo", example="gateway queue undo 3")
def undo(call: Call, item: Item, by: By = "") -> None:
    """Take a resolution back: status and timer as before, unsent mails cancelled."""
    from gateway.desk import queue

    _act(call, by, lambda services, who: queue.undo(services, item, by=who))


def _act(call: Call, by: str, do: "Callable[[Services, str], QueueResult]", *, preview: bool = False) -> None:
    who = by or our_side(call.settings())
    result = call.look(lambda services: do(services, who)) if preview else call.change(lambda s: do(s, who))
    call.show(result, lambda shown: _draw_result(shown, preview=preview))


def _draw_result(result: "QueueResult", *, preview: bool) -> None:
    console.line(f"Item {result.item.id} would then be as follows; nothing is changed:" if preview else _state(result))
    for effect in result.effects:
        console.line(f"  {effect}")


def _state(result: "QueueResult") -> str:
    item = result.item
    if item.state != "done":
        return f"Item {item.id} is open."
    case = f" (case {item.case})" if item.case else ""
    return f"Item {item.id} is done: {item.resolution}{case}."


def _draw(item: QueueItemView) -> None:
    console.line(f"Item {item.id}: {item.subject or '(no subject)'}")
    console.fields(
        [
            ("from", item.from_ or "(nobody that can be read)"),
            ("sent to", item.recipient),
            ("mail", f"{item.mail_id} (gateway mail show {item.mail_id})"),
            ("reason", explained(item.reason)),
            ("waits for", console.age(item.age_seconds) if item.state == "open" else ""),
            ("claimed by", item.claimed_by),
            ("resolution", item.resolution),
            ("case", item.case),
            ("resolved", item.resolved_at),
            ("resolved by", item.resolved_by),
            ("why", item.why),
        ]
    )
    console.heading("Hints (they never link by themselves)")
    console.table(
        ("CASE", "SCORE", "EVIDENCE"),
        [(hint.case, hint.score, " ".join(hint.evidence)) for hint in item.hints],
        empty="None; search with `gateway case list --q WORDS`.",
    )


def _draw_list(items: Sequence[QueueItemView]) -> None:
    console.table(
        ("ITEM", "MAIL", "AGE", "REASON", "FROM", "BEST HINT", "CLAIMED BY", "STATE", "SUBJECT"),
        [
            (
                item.id,
                item.mail_id,
                console.age(item.age_seconds),
                item.reason,
                item.from_,
                f"{item.hints[0].case} ({item.hints[0].score})" if item.hints else "",
                item.claimed_by,
                item.resolution or item.state,
                item.subject,
            )
            for item in items
        ],
        empty="The queue is empty.",
        cut=("REASON", "FROM", "CLAIMED BY", "SUBJECT"),
    )
