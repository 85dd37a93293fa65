"""`gateway case escalate` and `gateway escalation`: asking for an escalation, and its review."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import console
from gateway.cli.call import Call, command, noun
from gateway.cli.case import Author, Number, Text, given_text, our_side
from gateway.cli.case import commands as case_commands
from gateway.model import Channel, EscalationReason
from gateway.model.views import CaseView, EscalationView
from gateway.reasons import Reason

if TYPE_CHECKING:
    from gateway.services import Services

commands = noun("escalation", "Review escalations.", example="gateway escalation list --state active")

Id = Annotated[str, typer.Argument(metavar="ID", help="Id of the escalation, as `gateway escalation list` shows it.")]
STATES = ("requested", "accepted", "declined", "closed", "active", "all")


@command(
    case_commands,
    "escalate",
    example=(
        "gateway case escalate 3256109 --reason no-update --details 'Silent since Monday' --requester dana@example.com"
    ),
)
def escalate(
    call: Call,
    number: Number,
    reason: Annotated[EscalationReason, typer.Option(help="Why it is escalated.")],
    details: Annotated[str, typer.Option(metavar="TEXT", help="What is wrong; - reads it from stdin.")],
    requester: Annotated[
        str, typer.Option(metavar="EMAIL", help="Who of the customer asks; the case contact when left out.")
    ] = "",
    channel: Annotated[Channel, typer.Option(help="How the request reached us.")] = Channel.AGENT,
    author: Author = "",
) -> None:
    """Escalate a case; neither its status nor its follow-ups change."""
    from gateway.desk import escalations

    by = author or (our_side(call.settings()) if channel is Channel.AGENT else requester)
    asked = call.change(
        lambda services: escalations.request(
            services,
            number,
            reason=reason,
            details=given_text(details),
            requester=requester,
            channel=channel,
            author=by,
        )
    )
    call.show(asked, _draw)


@command(case_commands, "rca-requested", example="gateway case rca-requested 3256109")
def rca_requested(call: Call, number: Number) -> None:
    """Record that the customer asked for a root-cause analysis; its business days count from now."""
    from gateway.desk import escalations

    noted = call.change(lambda services: escalations.note_rca_request(services, number))
    call.show(noted, _draw_noted)


@command(commands, "list", example=("gateway escalation list", "gateway escalation list --state all --case 3256109"))
def list_(
    call: Call,
    state: Annotated[str, typer.Option(metavar="|".join(STATES), help="Which escalations.")] = "active",
    case: Annotated[str, typer.Option(metavar="NUMBER", help="Only those of this case.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 100,
) -> None:
    """List escalations, oldest first."""
    from gateway.desk import escalations

    if state not in STATES:
        raise typer.BadParameter(f"choose {', '.join(STATES)}", param_hint="--state")
    wanted = "" if state == "all" else state
    found = call.look(lambda services: escalations.find(services, state=wanted, case=case, limit=limit))
    call.show_all(found, _draw_list)


@command(commands, "show", example="gateway escalation show 2")
def show(call: Call, escalation: Id) -> None:
    """Show one escalation; its talk is `gateway case show NUMBER --feed escalation`."""
    from gateway.desk import escalations

    call.show(call.look(lambda services: escalations.show(services, escalation)), _draw)


@command(
    commands,
    "accept",
    example=(
        "gateway escalation accept 2 --owner mia@example.org --importance high --urgency high "
        "--text 'Engineering looks at it today; you hear from us by noon.'"
    ),
)
def accept(
    call: Call,
    escalation: Id,
    text: Annotated[str, typer.Option(metavar="TEXT", help="Next steps and what may be expected; - reads stdin.")],
    owner: Annotated[str, typer.Option(metavar="EMAIL", help="Who is responsible; as it is when left out.")] = "",
    importance: Annotated[str, typer.Option(metavar="TEXT", help="How much it weighs, for example high.")] = "",
    urgency: Annotated[str, typer.Option(metavar="TEXT", help="How soon it has to move, for example high.")] = "",
    author: Author = "",
) -> None:
    """Accept an escalation; the requester learns the owner and the next steps."""
    from gateway.desk import escalations

    _review(
        call,
        author,
        lambda services, by: escalations.accept(
            services,
            escalation,
            owner=owner,
            importance=importance,
            urgency=urgency,
            text=given_text(text),
            author=by,
        ),
    )


@command(commands, "decline", example="gateway escalation decline 2 --text 'We wait for your log files.'")
def decline(call: Call, escalation: Id, text: Text, author: Author = "") -> None:
    """Decline an escalation; the requester gets the reasons."""
    from gateway.desk import escalations

    _review(
        call,
        author,
        lambda services, by: escalations.decline(services, escalation, text=given_text(text), author=by),
    )


@command(commands, "update", example="gateway escalation update 2 --text 'The fix is in test; tomorrow it is yours.'")
def update(call: Call, escalation: Id, text: Text, author: Author = "") -> None:
    """Tell the requester how it goes; the escalation feed counts as read."""
    from gateway.desk import escalations

    _review(
        call, author, lambda services, by: escalations.update(services, escalation, text=given_text(text), author=by)
    )


@command(commands, "close", example="gateway escalation close 2 --text 'Solved, thank you.'")
def close(
    call: Call,
    escalation: Id,
    text: Annotated[str, typer.Option(metavar="TEXT", help="Words to the requester; - reads them from stdin.")] = "",
    author: Author = "",
) -> None:
    """End an escalation; the case itself stays as it is."""
    from gateway.desk import escalations

    _review(
        call, author, lambda services, by: escalations.close(services, escalation, text=given_text(text), author=by)
    )


@command(commands, "read", example="gateway escalation read 2")
def read(call: Call, escalation: Id) -> None:
    """Say that the answers in the escalation feed were read; until then they keep the case from closing by itself."""
    from gateway.desk import escalations

    call.show(call.change(lambda services: escalations.read(services, escalation)), _draw)


def _review(call: Call, author: str, do: "Callable[[Services, str], EscalationView]") -> None:
    by = author or our_side(call.settings())
    call.show(call.change(lambda services: do(services, by)), _draw)


def _draw(one: EscalationView) -> None:
    console.line(f"Escalation {one.id} of case {one.case}: {one.state}")
    console.fields(
        [
            ("reason", one.reason),
            ("requester", one.requester),
            ("owner", one.owner or "nobody yet"),
            ("requested", one.requested_at),
            ("reviewed", one.reviewed_at),
            ("closed", one.closed_at),
            ("importance", one.importance),
            ("urgency", one.urgency),
            ("unread", f"{one.unread} answers in the escalation feed" if one.unread else ""),
            ("warnings", "\n".join(Reason(word).sentence for word in one.warnings)),
            ("details", one.details),
            ("answer", one.text),
        ]
    )


def _draw_list(found: Sequence[EscalationView]) -> None:
    console.table(
        ("ID", "CASE", "STATE", "REASON", "REQUESTED", "UNREAD", "OWNER", "REQUESTER"),
        [(e.id, e.case, e.state, e.reason, e.requested_at, e.unread or "", e.owner, e.requester) for e in found],
        cut=("OWNER", "REQUESTER"),
        empty="No escalation fits; `gateway case escalate --help` shows how one is asked for.",
    )


def _draw_noted(case: CaseView) -> None:
    console.line(f"Noted: a root-cause analysis was asked for on case {case.number}.")
