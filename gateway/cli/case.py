"""`gateway case`: what agents do with a case, with the same effects as through the API."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import console
from gateway.cli.call import Call, command, noun
from gateway.model import CaseDetails, CaseType, Channel, Feed, Priority, Status, Substatus, Visibility
from gateway.model.views import CaseView, UpdateView, to_json
from gateway.reasons import Reason

if TYPE_CHECKING:
    from gateway.config import Config

commands = noun("case", "Work with cases.", example="gateway case list --status awaiting-info")

Number = Annotated[str, typer.Argument(metavar="NUMBER", help="Case number; leading zeros may be left out.")]
Author = Annotated[
    str, typer.Option(metavar="EMAIL", help="Who writes; the admin address, or the care address, when left out.")
]
Text = Annotated[str, typer.Option(metavar="TEXT", help="The text; - reads it from stdin.")]
STDIN = "-"


@command(
    commands,
    "open",
    example=(
        "gateway case open --subject 'Printer on fire' --description 'It burns since 9:00' --contact dana@example.com"
    ),
)
def open_(
    call: Call,
    subject: Annotated[str, typer.Option(metavar="TEXT", help="At most 100 characters.")],
    description: Annotated[str, typer.Option(metavar="TEXT", help="What happened; - reads it from stdin.")],
    contact: Annotated[str, typer.Option(metavar="EMAIL", help="Whose case it is; an unknown address is taken in.")],
    name: Annotated[str, typer.Option(metavar="NAME", help="The contact's name.")] = "",
    priority: Annotated[Priority, typer.Option(help="How urgent it is.")] = Priority.MEDIUM,
    type: Annotated[CaseType, typer.Option(help="What sort of case it is.")] = CaseType.SUPPORT,
    profile: Annotated[
        str, typer.Option(metavar="NAME", help="Policy profile; the configured one when left out.")
    ] = "",
    owner: Annotated[str, typer.Option(metavar="EMAIL", help="The agent who owns it.")] = "",
    external_ref: Annotated[str, typer.Option(metavar="TEXT", help="Number in another system.")] = "",
    previous: Annotated[str, typer.Option(metavar="NUMBER", help="The closed case that this one continues.")] = "",
    deployment: Annotated[str, typer.Option(metavar="TEXT", help="Which of the customer's deployments.")] = "",
    product_line: Annotated[
        str, typer.Option(metavar="NAME", help="One of [product_lines]; it chooses the profile.")
    ] = "",
    component: Annotated[str, typer.Option(metavar="TEXT", help="Which part of the product.")] = "",
    implementation_stage: Annotated[str, typer.Option(metavar="TEXT", help="How far its introduction is.")] = "",
    business_impact: Annotated[str, typer.Option(metavar="TEXT", help="What it does to the business.")] = "",
) -> None:
    """Open a case; the contact is told by mail."""
    from gateway.desk import cases

    details = CaseDetails(
        deployment=deployment,
        product_line=product_line,
        component=component,
        implementation_stage=implementation_stage,
        business_impact=business_impact,
    )
    opened = call.change(
        lambda services: cases.open_case(
            services,
            subject=subject,
            description=given_text(description),
            contact_email=contact,
            contact_name=name,
            priority=priority,
            type=type,
            profile=profile,
            owner=owner,
            external_ref=external_ref,
            previous=previous,
            details=details,
        )
    )
    call.show(opened, draw)


@command(commands, "split", example="gateway case split 17 --subject 'The printer, too'")
def split(
    call: Call,
    mail_id: Annotated[str, typer.Argument(metavar="MAIL_ID", help="A mail that is linked to a case.")],
    subject: Annotated[
        str, typer.Option(metavar="TEXT", help="At most 100 characters; the mail's when left out.")
    ] = "",
    author: Author = "",
) -> None:
    """Open a case of its own for another issue in a linked mail; both cases name each other."""
    from gateway.desk import splitting

    by = author or our_side(call.settings())
    call.show(call.change(lambda services: splitting.split(services, mail_id, subject=subject, by=by)), draw)


@command(commands, "show", example="gateway case show 3256109")
def show(
    call: Call,
    number: Number,
    feed: Annotated[Feed, typer.Option(help="Which of the two feeds to show.")] = Feed.CASE,
) -> None:
    """Show a case with its feed."""
    from gateway.desk import cases

    with call.gateway() as running:
        shown = cases.show(running.services, number)
        updates = cases.updates(running.services, number, feed=feed)
    if call.json:
        console.json({**to_json(shown), "updates": to_json(updates)})
        return
    draw(shown)
    for update in updates:
        _draw_update(update)


@command(commands, "list", example=("gateway case list --status open", "gateway case list --turn ours --limit 20"))
def list_(
    call: Call,
    status: Annotated[Status | None, typer.Option(help="Only cases of this status.")] = None,
    priority: Annotated[Priority | None, typer.Option(help="Only cases of this priority.")] = None,
    contact: Annotated[str, typer.Option(metavar="EMAIL", help="Only cases of this contact.")] = "",
    account: Annotated[str, typer.Option(metavar="TEXT", help="Only cases of this account.")] = "",
    owner: Annotated[str, typer.Option(metavar="EMAIL", help="Only cases of this owner.")] = "",
    turn: Annotated[str, typer.Option(metavar="ours|customer", help="Only cases where this side has to act.")] = "",
    q: Annotated[str, typer.Option(metavar="TEXT", help="Only cases with these words in the subject.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
) -> None:
    """List cases, latest change first."""
    from gateway.desk import cases
    from gateway.store.case_views import CaseQuery

    if turn not in ("", "ours", "customer"):
        raise typer.BadParameter("choose ours or customer", param_hint="--turn")
    query = CaseQuery(
        status=status or "",
        priority=priority or "",
        contact=contact,
        account=account,
        owner=owner,
        turn=turn,
        text=q,
        limit=limit,
    )
    call.show_all(call.look(lambda services: cases.find(services, query)), _draw_list)


@command(
    commands,
    "post",
    example=(
        "gateway case post 3256109 --text 'Called the site, the fuse is gone'",
        "gateway case post 3256109 --visibility public --text 'The part is on its way' --author ben@example.org",
    ),
)
def post(
    call: Call,
    number: Number,
    text: Text,
    channel: Annotated[Channel, typer.Option(help="How the update reached us.")] = Channel.AGENT,
    visibility: Annotated[Visibility, typer.Option(help="Whether the customer sees it.")] = Visibility.INTERNAL,
    author: Author = "",
    pin: Annotated[str, typer.Option(metavar="DIGITS", help="Phone PIN that the caller told.")] = "",
) -> None:
    """Post an update; an agent's public one is mailed to the contact."""
    from gateway.desk import cases

    by = author or our_side(call.settings())
    posted = call.change(
        lambda services: cases.post(
            services, number, text=given_text(text), author=by, channel=channel, visibility=visibility, pin=pin
        )
    )
    call.show(posted, _draw_update)


@command(
    commands, "request-info", example="gateway case request-info 3256109 --text 'Which firmware version do you run?'"
)
def request_info(call: Call, number: Number, text: Text, author: Author = "") -> None:
    """Ask the contact for information: awaiting-info, a mail, and a new wait."""
    from gateway.desk import cases

    by = author or our_side(call.settings())
    asked = call.change(lambda services: cases.request_info(services, number, text=given_text(text), author=by))
    call.show(asked, draw)


@command(
    commands, "propose-solution", example="gateway case propose-solution 3256109 --text 'Update to 4.2, then restart'"
)
def propose_solution(
    call: Call,
    number: Number,
    text: Text,
    author: Author = "",
    substatus: Annotated[Substatus | None, typer.Option(help="The profile's first one when left out.")] = None,
) -> None:
    """Give a solution and ask for confirmation: solution-proposed, a mail, and a new wait."""
    from gateway.desk import cases

    by = author or our_side(call.settings())
    proposed = call.change(
        lambda services: cases.propose_solution(services, number, text=given_text(text), author=by, substatus=substatus)
    )
    call.show(proposed, draw)


@command(
    commands,
    "set-status",
    example="gateway case set-status 3256109 --status open --substatus engineering-request",
)
def set_status(
    call: Call,
    number: Number,
    status: Annotated[
        Status, typer.Option(help="The new status; those that mail the contact have calls of their own.")
    ],
    substatus: Annotated[Substatus | None, typer.Option(help="The profile's first one when left out.")] = None,
) -> None:
    """Move a case by hand; leaving a wait for the customer ends it."""
    from gateway.desk import cases

    call.show(call.change(lambda services: cases.set_status(services, number, status, substatus)), draw)


@command(commands, "close", example="gateway case close 3256109 --substatus resolved --text 'Thank you, we are done.'")
def close(
    call: Call,
    number: Number,
    substatus: Annotated[Substatus | None, typer.Option(help="How it ended; resolved when left out.")] = None,
    text: Annotated[str, typer.Option(metavar="TEXT", help="Words to the contact; - reads them from stdin.")] = "",
    author: Author = "",
) -> None:
    """Close a case and tell the contact."""
    from gateway.desk import cases

    by = author or our_side(call.settings())
    closed = call.change(
        lambda services: cases.close(services, number, substatus=substatus, text=given_text(text), author=by)
    )
    call.show(closed, draw)


@command(commands, "priority", example="gateway case priority 3256109 --priority critical")
def priority(call: Call, number: Number, priority: Annotated[Priority, typer.Option(help="The new one.")]) -> None:
    """Give a case another priority; follow-ups pause while it is one without them."""
    from gateway.desk import cases

    call.show(call.change(lambda services: cases.set_priority(services, number, priority)), draw)


@command(commands, "acknowledge", example="gateway case acknowledge 3256109")
def acknowledge(call: Call, number: Number, author: Author = "") -> None:
    """Note that what came in was read and is no answer, so that the case may be closed when its time comes."""
    from gateway.desk import cases

    by = author or our_side(call.settings())
    call.show(call.change(lambda services: cases.acknowledge(services, number, author=by)), draw)


@command(
    commands,
    "reopen",
    example=(
        "gateway case reopen 3256109 --text 'It dropped again' --author dana@example.com",
        "gateway case reopen 3256109 --channel agent --text 'Closed by accident'",
    ),
)
def reopen(
    call: Call,
    number: Number,
    text: Text,
    channel: Annotated[Channel, typer.Option(help="How the wish reached us.")] = Channel.PHONE,
    author: Annotated[
        str, typer.Option(metavar="EMAIL", help="Who of the customer asks; our side when left out.")
    ] = "",
    pin: Annotated[str, typer.Option(metavar="DIGITS", help="Phone PIN that the caller told.")] = "",
) -> None:
    """Open a closed case again, within the days that the profile gives; the contact is told."""
    from gateway.desk import cases

    ours = our_side(call.settings())
    opened = call.change(
        lambda services: cases.reopen(
            services, number, text=given_text(text), channel=channel, author=author, recorded_by=ours, pin=pin
        )
    )
    call.show(opened, draw)


Customer = Annotated[str, typer.Option("--author", metavar="EMAIL", help="Who of the customer asks.")]


@command(
    commands, "close-request", example="gateway case close-request 3256109 --author dana@example.com --text 'All fine'"
)
def close_request(call: Call, number: Number, text: Text, author: Customer) -> None:
    """Record that the customer wants the case closed; the owner is told and nothing changes."""
    from gateway.desk import cases

    asked = call.change(lambda services: cases.close_request(services, number, text=given_text(text), author=author))
    call.show(asked, draw)


@command(
    commands,
    "reopen-request",
    example="gateway case reopen-request 3256109 --author dana@example.com --text 'It dropped again'",
)
def reopen_request(call: Call, number: Number, text: Text, author: Customer) -> None:
    """Record that the customer wants a closed case back; they are told how to call."""
    from gateway.desk import cases

    asked = call.change(lambda services: cases.reopen_request(services, number, text=given_text(text), author=author))
    call.show(asked, draw)


def our_side(config: "Config") -> str:
    """Return the address under which the command line acts."""
    return config.gateway.admin_address or config.gateway.care_address


def given_text(text: str) -> str:
    """Return a text that was given, or what stands on stdin for `-`."""
    return sys.stdin.read() if text == STDIN else text


def draw(case: CaseView) -> None:
    """Print a case for people."""
    console.line(f"Case {case.number}: {case.subject}")
    console.fields(
        [
            ("status", f"{case.status} / {case.substatus}"),
            ("priority", case.priority),
            ("type", f"{case.type}, profile {case.profile}"),
            ("contact", _person(case.contact.name, case.contact.email)),
            ("account", case.account),
            ("owner", case.owner or "nobody yet"),
            ("external ref", case.external_ref),
            ("deployment", case.deployment),
            ("product line", case.product_line),
            ("component", case.component),
            ("stage", case.implementation_stage),
            ("impact", case.business_impact),
            ("previous", case.previous),
            ("opened", case.opened_at),
            ("modified", case.modified_at),
            ("closed", case.closed_at),
            ("legal hold", case.held_at),
            ("purged", case.purged_at),
            ("waits since", case.follow_up.started_at if case.follow_up else None),
            ("follow-ups", _steps(case)),
            ("escalation", f"{case.escalation.id} is {case.escalation.state}" if case.escalation else ""),
            ("hints", "\n".join(case.hints or ())),
        ]
    )
    if case.description.strip():
        console.line()
        console.line(case.description.strip())


def _steps(case: CaseView) -> str:
    if case.follow_up is None or not case.follow_up.steps:
        return ""
    if case.follow_up.paused:
        return "paused"
    lines = [_step(s.step, s.due_at, s.sent_at, skipped=s.skipped) for s in case.follow_up.steps]
    return "\n".join([*lines, *([Reason(case.follow_up.held).sentence] if case.follow_up.held else [])])


def _step(number: int, due_at: object, sent_at: object, *, skipped: bool) -> str:
    state = "skipped" if skipped else f"sent {console.shown(sent_at)}" if sent_at else f"due {console.shown(due_at)}"
    return f"#{number} {state}"


def _draw_update(update: UpdateView) -> None:
    console.heading(f"{console.shown(update.at)}  {update.author} by {update.channel} ({update.visibility})")
    console.fields(
        [
            ("flags", update.flags),
            ("mail", f"{update.mail_id} (gateway mail show {update.mail_id})" if update.mail_id else ""),
            ("files", ", ".join(f"{a.name} ({console.size(a.size)})" for a in update.attachments)),
        ]
    )
    console.line(update.text.strip())


def _draw_list(cases: Sequence[CaseView]) -> None:
    console.table(
        ("NUMBER", "STATUS", "PRIORITY", "MODIFIED", "CONTACT", "SUBJECT"),
        [
            (c.number, f"{c.status} / {c.substatus}", c.priority, c.modified_at, c.contact.email, c.subject)
            for c in cases
        ],
        cut=("STATUS", "CONTACT", "SUBJECT"),
        empty="No case fits; `gateway case open --help` shows how one is opened.",
    )


def _person(name: str, email: str) -> str:
    return f"{name} <{email}>" if name else email
