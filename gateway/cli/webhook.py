"""`gateway webhook`: other systems that are called when something happens."""

from collections.abc import Sequence
from typing import Annotated

import typer

from gateway.cli import console
from gateway.cli.call import Call, command, noun
from gateway.model.call_views import DeliveryView, NewSecretView, RedeliveredView, WebhookView

commands = noun("webhook", "Call other systems when something happens.", example="gateway webhook list")

WebhookId = Annotated[str, typer.Argument(metavar="ID", help="Id of the webhook, as `gateway webhook list` shows it.")]


@command(
    commands,
    "add",
    example=(
        "gateway webhook add https://crm.example.com/hook",
        "gateway webhook add https://crm.example.com/hook --type case.opened --type case.closed",
    ),
)
def add(
    call: Call,
    url: Annotated[str, typer.Argument(metavar="URL", help="Where to post: https://, outside of private networks.")],
    types: Annotated[
        list[str] | None, typer.Option("--type", metavar="TYPE", help="Which events; all when left out.")
    ] = None,
) -> None:
    """Call an address for all that happens from now on; its secret is printed once, alone on stdout."""
    from gateway.desk import webhooks

    _show_secret(call, call.look(lambda services: webhooks.add(services, url=url, types=types or ())))


@command(commands, "list", example="gateway webhook list")
def list_(call: Call) -> None:
    """List the webhooks, without their secrets."""
    from gateway.desk import webhooks

    call.show_all(call.look(webhooks.find), _draw)


@command(commands, "remove", example="gateway webhook remove 2")
def remove(call: Call, webhook_id: WebhookId) -> None:
    """Call a webhook no more; its log is deleted."""
    from gateway.desk import webhooks

    call.look(lambda services: webhooks.remove(services, webhook_id))
    if not call.json:
        console.line(f"Webhook {webhook_id} is removed.")


@command(commands, "enable", example="gateway webhook enable 2")
def enable(call: Call, webhook_id: WebhookId) -> None:
    """Call a disabled webhook again, with all that happened meanwhile."""
    from gateway.desk import webhooks

    call.show(call.look(lambda services: webhooks.enable(services, webhook_id)), lambda hook: _draw([hook]))


@command(commands, "rotate", example="gateway webhook rotate 2 --hours 48")
def rotate(
    call: Call,
    webhook_id: WebhookId,
    hours: Annotated[float, typer.Option(min=0, help="How long the old secret signs as well.")] = 24,
) -> None:
    """Give a webhook a new secret and print it once, alone on stdout; both sign for a while."""
    from gateway.desk import webhooks

    _show_secret(call, call.look(lambda services: webhooks.rotate(services, webhook_id, hours=hours)))


@command(
    commands,
    "deliveries",
    example=("gateway webhook deliveries 2", "gateway webhook deliveries 2 --state dead --limit 20"),
)
def deliveries(
    call: Call,
    webhook_id: WebhookId,
    state: Annotated[str, typer.Option(metavar="STATE", help="Only those in this state.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 100,
) -> None:
    """List what went to a webhook and what goes to it, newest first, with the last answer."""
    from gateway.desk import webhooks

    found = call.look(lambda services: webhooks.deliveries(services, webhook_id, state=state, limit=limit))
    call.show_all(found, _draw_deliveries)


@command(commands, "redeliver", example=("gateway webhook redeliver 2", "gateway webhook redeliver 2 --delivery 17"))
def redeliver(
    call: Call,
    webhook_id: WebhookId,
    delivery: Annotated[str, typer.Option(metavar="ID", help="This one; all dead ones when left out.")] = "",
) -> None:
    """Call again with what was given up, or with one event; `gateway serve` or `gateway tick` makes the calls."""
    from gateway.desk import webhooks

    if delivery:
        one = call.look(lambda services: webhooks.redeliver(services, webhook_id, delivery))
        call.show(one, lambda view: _draw_deliveries([view]))
        return
    moved = call.look(lambda services: webhooks.redeliver_dead(services, webhook_id))
    again = RedeliveredView(redelivered=moved)
    call.show(again, lambda shown: console.line(f"{shown.redelivered} deliveries are ready again."))


def _show_secret(call: Call, made: NewSecretView) -> None:
    if call.json:
        console.json(made)
        return
    console.line(made.secret)
    console.note(f"This is the secret of webhook {made.id}; keep it safe, it is not shown again.")


def _draw(hooks: Sequence[WebhookView]) -> None:
    console.table(
        ("ID", "URL", "TYPES", "STATE", "WAITING", "FAILURES", "CREATED", "WHY"),
        [
            (h.id, h.url, ", ".join(h.types) or "all", h.state, h.waiting, h.failures, h.created_at, h.why)
            for h in hooks
        ],
        cut=("URL", "TYPES"),
        empty="There is no webhook; `gateway webhook add https://...` makes one.",
    )


def _draw_deliveries(found: Sequence[DeliveryView]) -> None:
    console.table(
        ("ID", "CURSOR", "TYPE", "CASE", "STATE", "TRIES", "NEXT", "ANSWER"),
        [(d.id, d.cursor, d.type, d.case, d.state, d.attempts, d.run_at, d.last_reply) for d in found],
        cut=("ANSWER",),
        empty="Nothing has gone to this webhook yet.",
    )
