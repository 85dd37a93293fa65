"""`gateway user`: our own people who use the console."""

from collections.abc import Sequence
from typing import Annotated

import typer

from gateway.cli import console
from gateway.cli.call import Call, command, noun
from gateway.model.desk_views import UserView
from gateway.model.views import to_json

commands = noun("user", "Let people into the console.", example="gateway user add ada@example.com --role admin")


@command(commands, "add", example="gateway user add ada@example.com --role admin --name 'Ada Poe'")
def add(
    call: Call,
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Address by which the person signs in.")],
    role: Annotated[str, typer.Option(metavar="admin|agent|queue|viewer", help="What the person may do.")] = "admin",
    name: Annotated[str, typer.Option(metavar="NAME", help="How the person is called.")] = "",
) -> None:
    """Let somebody in: prints a link, alone on stdout, that works once and for a day; run it again for a new link."""
    from gateway.desk import users

    with call.gateway() as running:
        user, path = users.add(running.services, email=email, role=role, name=name)
        ours = running.config
        link = (ours.web.public_origin or ours.gateway.base_url).rstrip("/") + path
    if call.json:
        console.json({**to_json(user), "link": link})
        return
    console.line(link)
    console.note(f"{user.email} opens this link within 24 hours and chooses a password; it works once.")


@command(commands, "list", example="gateway user list")
def list_(call: Call) -> None:
    """List who may use the console."""
    from gateway.desk import users

    call.show_all(call.look(users.find), _draw)


@command(commands, "disable", example="gateway user disable ada@example.com")
def disable(
    call: Call,
    who: Annotated[str, typer.Argument(metavar="EMAIL|ID", help="Who.")],
) -> None:
    """Let somebody in no more; all sessions end at once."""
    from gateway.desk import users

    call.show(call.look(lambda services: users.disable(services, who)), lambda user: _draw([user]))


def _draw(people: Sequence[UserView]) -> None:
    console.table(
        ("ID", "EMAIL", "NAME", "ROLE", "LAST SEEN", "STATE"),
        [(u.id, u.email, u.name, u.role, u.last_seen_at, _state(u)) for u in people],
        cut=("NAME", "EMAIL"),
        empty="There is nobody yet; `gateway user add you@example.com` makes the first administrator.",
    )


def _state(user: UserView) -> str:
    if user.disabled_at is not None:
        return "disabled"
    return "" if user.has_password else "has not chosen a password"
