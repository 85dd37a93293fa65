"""`gateway token`: keys for programs that use the HTTP API."""

from collections.abc import Sequence
from typing import Annotated

import typer

from gateway.cli import console
from gateway.cli.call import Call, command, noun
from gateway.model.views import KeyView, to_json

commands = noun("token", "Make and revoke API keys.", example="gateway token create --role agent --name crm")


@command(commands, "create", example="gateway token create --role agent --name crm")
def create(
    call: Call,
    role: Annotated[str, typer.Option(metavar="admin|agent|queue|viewer|system", help="What the key may do.")],
    name: Annotated[str, typer.Option(metavar="NAME", help="Who uses it, for your own record.")] = "",
    days: Annotated[
        int | None, typer.Option(metavar="N", help="How many days it is good; always when left out.")
    ] = None,
) -> None:
    """Make a key and print it, alone on stdout; it is never shown again."""
    from gateway.desk import access

    view, key = call.look(lambda services: access.create_key(services, role=role, name=name, days=days))
    if call.json:
        console.json({**to_json(view), "key": key})
        return
    console.line(key)
    console.note(f"This is key {view.id} with role {view.role}; keep it safe, it is not shown again.")


@command(commands, "list", example="gateway token list")
def list_(call: Call) -> None:
    """List all keys, without their secrets."""
    from gateway.desk import access

    call.show_all(call.look(access.all_keys), _draw)


@command(commands, "revoke", example="gateway token revoke 2")
def revoke(
    call: Call,
    key_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the key, as `gateway token list` shows it.")],
) -> None:
    """End a key at once."""
    from gateway.desk import access

    call.show(call.look(lambda services: access.revoke(services, key_id)), lambda key: _draw([key]))


@command(commands, "grant", example="gateway token grant 3 0003256109")
def grant(
    call: Call,
    key_id: Annotated[str, typer.Argument(metavar="ID", help="Id of a key of the role system.")],
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="The case that it may see from now on.")],
) -> None:
    """Let a key of the role system see a case that it did not open."""
    from gateway.desk import access

    call.show(call.look(lambda services: access.grant(services, key_id, number)), lambda key: _draw([key]))


def _draw(keys: Sequence[KeyView]) -> None:
    console.table(
        ("ID", "NAME", "ROLE", "BEGINS WITH", "CREATED", "EXPIRES", "LAST USED", "REVOKED"),
        [(k.id, k.name, k.role, k.prefix, k.created_at, k.expires_at, k.last_used_at, k.revoked_at) for k in keys],
        cut=("NAME",),
        empty="There is no key; `gateway token create --role agent` makes one.",
    )
