"""`gateway events`: the event feed, as other systems read it."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import console
from gateway.cli.call import Call, command
from gateway.model.views import EventView

if TYPE_CHECKING:
    from gateway.services import Services

FOLLOW_SECONDS = 1.0


def register(tree: typer.Typer) -> None:
    """Add the command to the tree."""
    command(
        tree, "events", example=("gateway events", "gateway events --after 120 --limit 50", "gateway events --follow")
    )(events)


def events(
    call: Call,
    after: Annotated[str, typer.Option(metavar="CURSOR", help="Only what comes behind this one.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many at most; ignored with --follow.")] = 100,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with what happens, until Ctrl-C.")] = False,
) -> None:
    """Show what happened, in the order of the feed: ids and facts, never what anybody wrote."""
    if not follow:
        call.show_all(call.look(lambda services: _some(services, after, limit)), _draw)
        return
    with call.gateway() as running:
        for page in _all(running.services, after):
            call.show_all(page, _draw_lines)


def _some(services: "Services", after: str, limit: int) -> list[EventView]:
    from gateway import sequencer
    from gateway.desk import events

    # Without a running `gateway serve` nobody else gives them their places.
    sequencer.turn(services)
    found: list[EventView] = []
    while len(found) < limit:
        page = events.read(services, after=after, limit=limit - len(found))
        if not page.items:
            break
        found, after = [*found, *page.items], page.next
    return found


def _all(services: "Services", after: str) -> Iterator[Sequence[EventView]]:
    from gateway import sequencer
    from gateway.desk import events

    while True:
        sequencer.turn(services)
        page = events.read(services, after=after, limit=events.MOST, wait=FOLLOW_SECONDS)
        after = page.next
        yield page.items


def _draw(found: Sequence[EventView]) -> None:
    console.table(
        ("CURSOR", "AT", "TYPE", "CASE", "NO.", "FACTS"),
        [(e.cursor, e.at, e.type, e.case or "", e.sequence or "", _facts(e)) for e in found],
        cut=("FACTS",),
        empty="Nothing has happened behind this cursor.",
    )


def _draw_lines(found: Sequence[EventView]) -> None:
    for e in found:
        about = f"  case {e.case} no. {e.sequence}" if e.case else ""
        console.line(f"{e.cursor}  {console.shown(e.at)}  {e.type}{about}  {_facts(e)}".rstrip())


def _facts(event: EventView) -> str:
    return " ".join(f"{name}={console.shown(value)}" for name, value in event.data.items())
