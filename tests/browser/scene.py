"""A gateway with something in it: customers, cases in every status, and a queue worth working on.

Everything goes through doors that the product has.  The same scene is used by tests and by `make screenshots`.
"""

from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from gateway import app, config
from gateway.clock import FixedClock
from gateway.desk import cases, escalations, queue, users
from gateway.model import Envelope, EscalationReason, Feed, Priority, Source, Status, Substatus, Visibility
from gateway.services import Services
from gateway.store.tables import reference

CARE, ADMIN, AGENT = "care@example.com", "ada@example.com", "ben@example.com"
PASSWORD = "correct horse battery staple"
MONDAY = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)

CASES = (
    (
        "VPN drops every hour",
        "dana@example.org",
        "Dana Doe",
        "Since Monday the VPN of our Oslo office drops every hour.",
    ),
    ("Printer prints every page twice", "lee@example.org", "Lee Ray", "Both floors, every program, since the update."),
    ("Export to CSV stops at row 65,536", "kim@example.net", "Kim Poe", "The export ends without an error."),
    ("Login page shows a blank screen", "sam@example.net", "Sam Okafor", "Only in one browser, after the update."),
    ("Nightly backup fails with error 17", "noor@example.org", "Noor Aziz", "Host seven fails each night at 02:10."),
    ("Invoice total differs from order", "iris@example.net", "Iris Lund", "Rounding seems to happen twice."),
    ("Phone system loses calls on transfer", "juan@example.org", "Juan Vega", "About one in ten transfers is cut."),
    ("Request for a second test tenant", "mia@example.net", "Mia Roth", "We would like to test the release there."),
)


def build(url: str, folder: Path, clock: FixedClock, **overrides: Any) -> app.App:
    """Build the app; overrides: sections of the settings."""
    ours = {
        "data_dir": folder,
        "care_address": CARE,
        "organisation": "Example Care",
        "admin_address": "team@example.com",
    }
    sections: dict[str, Any] = {"gateway": {**ours, "first_case_number": 3256109}, "database": {"url": url}}
    sections |= {"web": {"port": 0}, "parser": {"children": 1}}
    for name, section in overrides.items():
        sections[name] = {**sections.get(name, {}), **section}
    return app.build(config.load(None, **sections), clock=clock)


def person(services: Services, email: str, role: str) -> None:
    """Let somebody in, with the password of the scene."""
    _, path = users.add(services, email=email, role=role, name=email.partition("@")[0].title())
    users.enter(services, path.rpartition("/")[2], password=PASSWORD, peer="test")


def furnish(running: app.App, clock: FixedClock) -> None:
    """Open cases, let them move, and let mail come in that a person has to look at."""
    services = running.services
    numbers = _open_cases(services, clock)
    _move_cases(services, numbers, clock)
    for number, mail in enumerate(_mails(services, numbers)):
        clock.moment += timedelta(minutes=17 + number % 5)
        running.ingest(mail.as_bytes(), Envelope(mail_from=str(mail["From"]), rcpt_tos=(CARE,), source=Source.SMTP))
    running.process_mail()
    running.deliver_due()
    _a_few_are_dead(running)
    clock.moment += timedelta(hours=3)
    first, second, *_ = queue.find(services)
    queue.claim(services, second.id, by=AGENT)
    queue.discard(services, first.id, by=AGENT, why="newsletter or advertising")


def written(sender: str, subject: str, text: str, *, html: str = "", **headers: str) -> EmailMessage:
    """Write a mail as a customer's program would."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, CARE, subject
    mail["Date"] = format_datetime(MONDAY)
    mail["Message-ID"] = f"<{abs(hash((sender, subject, text)))}@example.org>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    return mail


def reference_of(services: Services, number: str) -> str:
    """Return the Reference ID of a case's feed."""
    with services.database.read() as conn:
        mine = (reference.c.case_number == number, reference.c.feed == Feed.CASE)
        return str(conn.execute(select(reference.c.id).where(*mine)).scalar_one())


def _open_cases(services: Services, clock: FixedClock) -> list[str]:
    numbers = []
    for subject, email, name, text in CASES:
        made = cases.open_case(
            services, subject=subject, description=text, contact_email=email, contact_name=name, owner=AGENT
        )
        numbers.append(made.number)
        clock.moment += timedelta(minutes=11)
    return numbers


def _move_cases(services: Services, numbers: list[str], clock: FixedClock) -> None:
    vpn, printer, export, login, backup, invoice, phone, _ = numbers
    cases.post(services, vpn, text="Saw it live: the tunnel's timer is reset by the firewall.", author=AGENT)
    cases.request_info(services, vpn, text="Which firmware version does the router run?", author=AGENT)
    cases.request_info(services, printer, text="Which driver version do the computers use?", author=AGENT)
    fix = "Release 7.2.2 writes all rows.  Please install it and tell us."
    cases.propose_solution(services, export, text=fix, author=AGENT)
    clock.moment += timedelta(hours=2)
    cases.set_priority(services, backup, Priority.HIGH)
    why = "The backup has failed for five nights; an audit is due on Friday."
    escalations.request(services, backup, reason=EscalationReason.BUSINESS_IMPACT, details=why)
    cases.post(
        services, login, text="A new build is out; please try again.", author=AGENT, visibility=Visibility.PUBLIC
    )
    cases.close(services, invoice, substatus=Substatus.RESOLVED, text="Corrected in the March run.", author=AGENT)
    cases.set_status(services, phone, Status.OPEN, Substatus.ENGINEERING_REQUEST)


def _mails(services: Services, numbers: list[str]) -> list[EmailMessage]:
    vpn, printer, export, _, _, invoice, *_ = numbers
    damaged = reference_of(services, printer)
    damaged = damaged[:-1] + ("A" if damaged[-1] != "A" else "B")
    asked = "> Which firmware version does the router run?\n> Please answer this mail.\n> Example Care\n"
    quote = f"\n\nOn Monday, Example Care wrote:\n{asked}"
    found = [
        written(
            "Deals <offers@shop.example.net>", "Chairs at half price", "Only this week, every chair at half price."
        ),
        written(
            "Dana Doe <dana@example.org>",
            f"Case {vpn}, firmware",
            f"It is 7.2.1, build 40.{quote}\n-- \nDana Doe\nOslo office",
        ),
        written("Lee Ray <lee@example.org>", "Re: printer", f"Driver 3.1 on all of them.\n\nReference ID: {damaged}\n"),
        written("Lee Ray <lee@example.org>", "printer", "One more thing: the basement printer does it as well."),
        written(
            "Iris Lund <iris@example.net>",
            "Re: Invoice total",
            f"It is wrong again in April.\nReference ID: {reference_of(services, invoice)}",
        ),
        written(
            "Raj Patel <raj@example.net>",
            "Question about licences",
            "How many seats does our plan include, and can we add five?",
        ),
        written(
            "Noor Aziz <noor@example.org>",
            "Backup log",
            "The log of last night is attached.",
            X_Mailer="Example Mail 3",
        ),
        written("Kim Poe <kim@example.net>", "Re: Export", "It works now, thank you!", html=_PRETTY),
        written("Sam Okafor <sam@example.net>", "login", f"See also {numbers[3]}: now the button is missing as well."),
        written(
            "info@partner.example.net",
            "Two cases",
            f"Reference ID: {reference_of(services, vpn)}\nand\nReference ID: {reference_of(services, export)}",
        ),
        written(
            "Dana Doe <dana@example.org>", "Re: VPN", f"7.2.1 as I said.\n\nReference ID: {reference_of(services, vpn)}"
        ),
        written(
            "Kim Poe <kim@example.net>",
            "Away",
            f"I am away until Monday.\nReference ID: {reference_of(services, export)}",
            Auto_Submitted="auto-replied",
        ),
    ]
    found[6].add_attachment(b"02:10 error 17\n" * 400, maintype="text", subtype="plain", filename="backup-host7.log")
    found[6].add_attachment(b"%PDF-1.4 nothing\n", maintype="application", subtype="pdf", filename="rack plan.pdf")
    return found


def _a_few_are_dead(running: app.App) -> None:
    from gateway.store.tables import outbox

    with running.database.write() as conn:
        ids = conn.execute(select(outbox.c.id).order_by(outbox.c.id.desc()).limit(3)).scalars().all()
        states = (
            ("dead", "550 5.1.1 <kim@example.net>: no such mailbox here"),
            ("ready", "451 4.3.0 try later"),
            ("held", ""),
        )
        for id_, (state, reply) in zip(ids, states, strict=True):
            values = {"state": state, "last_reply": reply, "attempts": 2, "sent_at": None}
            conn.execute(outbox.update().where(outbox.c.id == id_).values(values))


_PRETTY = """<html><body><h2>Export</h2><p>It works now, thank you!  The file has <b>65,536</b> rows and
<a href="https://files.example.net/export">all of them</a> are right.</p><table border=1><tr><td>rows</td><td>time</td>
</tr><tr><td>65,536</td><td>14 s</td></tr></table>
<img src="https://pixel.example.net/open.gif" alt="a tracking picture">
</body></html>"""
