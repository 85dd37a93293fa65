"""`gateway contact`, `gateway account` and `gateway case contact`: the customer's people."""

from collections.abc import Sequence
from typing import Annotated

import typer

from gateway.cli import console
from gateway.cli.call import Call, command, noun
from gateway.cli.case import Author, Number, our_side
from gateway.cli.case import commands as case_commands
from gateway.cli.case import draw as draw_case
from gateway.model import Access
from gateway.model.views import AccountView, ContactView, UndeliverableView

commands = noun("contact", "Look after the customer's people.", example="gateway contact show dana@example.com")
account_commands = noun("account", "Look after customers as accounts.", example="gateway account list")

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="An address of the contact.")]
Limit = Annotated[int, typer.Option(min=1, help="How many at most.")]


@command(
    commands,
    "set",
    example=(
        "gateway contact set dana@example.com --name 'Dana Reed' --account 'Northwind' --access read-write",
        "gateway contact set dana@example.com --alternate dana@home.example.net --timezone Europe/Berlin --pin 2468",
    ),
)
def set_(
    call: Call,
    email: Email,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="The name.")] = None,
    account: Annotated[
        str | None, typer.Option(metavar="NAME", help="The account; made when there is none, #ID for one by its id.")
    ] = None,
    access: Annotated[Access | None, typer.Option(help="read-write makes a Designated Contact.")] = None,
    alternate: Annotated[
        list[str] | None,
        typer.Option(metavar="EMAIL", help="A further address; give all of them. '' for none."),
    ] = None,
    language: Annotated[str | None, typer.Option(metavar="LANG", help="Language of the notices, like de.")] = None,
    timezone: Annotated[str | None, typer.Option(metavar="ZONE", help="Time zone, like Europe/Berlin.")] = None,
    pin: Annotated[
        str | None, typer.Option(metavar="DIGITS", help="Phone PIN, 4 to 12 digits; '' takes it away. Never shown.")
    ] = None,
) -> None:
    """Make or change a contact; what is left out stays as it was."""
    from gateway.desk import contacts

    alternates = None if alternate is None else [one for one in alternate if one]
    kept = call.change(
        lambda services: contacts.put(
            services,
            email,
            name=name,
            account=account,
            access=access,
            alternates=alternates,
            language=language,
            timezone=timezone,
            pin=pin,
        )
    )
    call.show(kept, _draw)


@command(commands, "show", example="gateway contact show dana@example.com")
def show(call: Call, email: Email) -> None:
    """Show a contact, found by any address that counts as this person."""
    from gateway.desk import contacts

    call.show(call.look(lambda services: contacts.show(services, email)), _draw)


@command(
    commands,
    "list",
    example=(
        "gateway contact list",
        "gateway contact list --account Northwind",
        "gateway contact list --undeliverable",
    ),
)
def list_(
    call: Call,
    account: Annotated[str, typer.Option(metavar="NAME", help="Only those of this account.")] = "",
    undeliverable: Annotated[
        bool, typer.Option("--undeliverable", help="The addresses to which nothing is sent, because mail came back.")
    ] = False,
    limit: Limit = 100,
) -> None:
    """List contacts by their addresses."""
    from gateway.desk import contacts, deliverability

    if undeliverable:
        call.show_all(call.look(lambda services: deliverability.find(services, limit=limit)), _draw_undeliverable)
    else:
        call.show_all(call.look(lambda services: contacts.find(services, account=account, limit=limit)), _draw_list)


@command(commands, "deliverable", example="gateway contact deliverable dana@example.com")
def deliverable(call: Call, email: Email, author: Author = "") -> None:
    """Send to a contact again to whom mail had come back; what was held for the address leaves now."""
    from gateway.desk import deliverability

    by = author or our_side(call.settings())
    call.show(call.change(lambda services: deliverability.clear(services, email, by=by)), _draw)


@command(account_commands, "list", example="gateway account list")
def list_accounts(call: Call, limit: Limit = 100) -> None:
    """List accounts by their names."""
    from gateway.desk import contacts

    call.show_all(call.look(lambda services: contacts.accounts(services, limit=limit)), _draw_accounts)


@command(
    account_commands,
    "set",
    example=(
        "gateway account set Northwind --plan gold",
        "gateway account set 'Blue Partners' --acts-for Northwind",
        "gateway account set 'Blue Partners' --acts-for Northwind --no-longer",
    ),
)
def set_account(
    call: Call,
    account: Annotated[str, typer.Argument(metavar="NAME", help="The account, or #ID.")],
    plan: Annotated[
        str | None, typer.Option(metavar="NAME", help="Plan whose service targets hold for new cases.")
    ] = None,
    acts_for: Annotated[str | None, typer.Option(metavar="NAME", help="End user for whom this account acts.")] = None,
    no_longer: Annotated[bool, typer.Option("--no-longer", help="End what --acts-for names.")] = False,
) -> None:
    """Change an account: its plan, and for whom it acts (a partner for its end users)."""
    from gateway.desk import contacts

    changed = call.change(
        lambda services: contacts.set_account(services, account, plan=plan, acts_for=acts_for, no_longer=no_longer)
    )
    call.show(changed, lambda one: _draw_accounts([one]))


@command(
    case_commands,
    "contact",
    example=(
        "gateway case contact 3256109 --email erin@example.com --name 'Erin Vale'",
        "gateway case contact 3256109 --email erin@example.com --revoke",
    ),
)
def case_contact(
    call: Call,
    number: Number,
    email: Annotated[str, typer.Option(metavar="EMAIL", help="The new contact; an unknown address is taken in.")],
    name: Annotated[str, typer.Option(metavar="NAME", help="The name of a new contact.")] = "",
    revoke: Annotated[
        bool, typer.Option("--revoke", help="End the Reference IDs that the old contact was sent.")
    ] = False,
    author: Author = "",
) -> None:
    """Give a case to another contact, who gets an own Reference ID with the next mail."""
    from gateway.desk import contacts

    by = author or our_side(call.settings())
    changed = call.change(
        lambda services: contacts.of_case(services, number, email=email, name=name, revoke=revoke, author=by)
    )
    call.show(changed, draw_case)


def _draw(one: ContactView) -> None:
    console.line(f"{one.name} <{one.email}>" if one.name else one.email)
    console.fields(
        [
            ("account", one.account),
            ("access", one.access),
            ("alternates", one.alternates),
            ("language", one.language),
            ("time zone", one.timezone or "not known"),
            ("phone PIN", "is set" if one.has_pin else "none"),
            ("acts for", one.acts_for),
            ("no mail to", one.undeliverable),
        ]
    )


def _draw_list(found: Sequence[ContactView]) -> None:
    console.table(
        ("EMAIL", "NAME", "ACCOUNT", "ACCESS", "PIN", "ALTERNATES"),
        [(c.email, c.name, c.account, c.access, "yes" if c.has_pin else "", c.alternates) for c in found],
        cut=("NAME", "ACCOUNT", "ALTERNATES"),
        empty="No contact fits; `gateway contact set --help` shows how one is made.",
    )


def _draw_undeliverable(found: Sequence[UndeliverableView]) -> None:
    console.table(
        ("EMAIL", "SINCE", "WHY"),
        [(one.email, one.since, one.why) for one in found],
        cut=("WHY",),
        empty="Mail reaches every contact, as far as is known.",
    )


def _draw_accounts(found: Sequence[AccountView]) -> None:
    console.table(
        ("ID", "NAME", "PLAN", "CONTACTS", "ACTS FOR"),
        [(f"#{a.id}", a.name, a.plan, a.contacts, a.acts_for) for a in found],
        cut=("NAME", "ACTS FOR"),
        empty="There is no account yet; the first case makes one.",
    )
