"""Words that nobody else writes, put through every path there is, and the search for what is left of them."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import MetaData, select

from gateway.desk import cases, contacts, escalations, incidents, queue
from gateway.model import Accepted, CaseDetails, Channel, EscalationReason, RelayOutcome
from gateway.rules import incident
from gateway.store.db import Database
from tests.story.stage import AGENT, Stage

WORDS = (
    *("name", "address", "alternate", "account", "subject", "description", "reference", "question", "reply", "html"),
    *(
        "filename",
        "filecontent",
        "messageid",
        "portal",
        "internal",
        "escalation",
        "importance",
        "measures",
        "diagnostic",
    ),
    *("relay", "answer", "late", "discarded", "hint", "claimer", "autoreply", "duplicate", "colleague", "closing"),
    *("deployment", "component", "stage", "impact"),
)
# Each is found in no dictionary, needs no escaping anywhere, and survives being lower-cased.
CANARY = {word: f"zq{word}zq{number:02}xj" for number, word in enumerate(WORDS)}
EMAIL = f"{CANARY['address']}@example.com"
ALTERNATE = f"{CANARY['alternate']}@example.org"
COLLEAGUE = f"{CANARY['colleague']}@example.com"
PIN = "8642097531"
SHORTEST = 8


class Postman:
    """A relay that takes everything and says a word of its own."""

    def send(self, entry_id: int, envelope_from: str, to: str, raw: bytes) -> RelayOutcome:
        """Take a mail."""
        return Accepted(reply=f"250 {CANARY['relay']} took it")

    def close(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True)
class Scene:
    """What became of it: the case, and the Reference ID that its contact was sent."""

    number: str
    reference: str


def play(stage: Stage) -> Scene:
    """Put every canary through the paths of one case and of mails without one, and close the case."""
    number = _open(stage)
    stage.app.deliver_due()  # into files, in place of a relay
    stage.app.relay = Postman()
    reference = stage.reference(number)
    _mails(stage, number, reference)
    _people(stage, number)
    _escalate(stage, number)
    _queue(stage, number)
    stage.later(minutes=1)
    cases.close(stage.services, number, text=CANARY["closing"], author=AGENT)
    stage.app.deliver_due()
    stage.receive(stage.write(f"{CANARY['late']}\n\n> Reference ID: {reference}", sender=EMAIL), mail_from=EMAIL)
    item = stage.items()[-1]
    queue.discard(stage.services, item.id, by=CANARY["claimer"], why=CANARY["discarded"])
    stage.app.deliver_due()
    return Scene(number, reference)


def left_in_rows(database: Database, words: tuple[str, ...]) -> set[tuple[str, str]]:
    """Return (table.column, word) wherever one of these words stands, in whatever tables the database has."""
    found = set()
    everything = MetaData()
    everything.reflect(database.engine)
    with database.read() as conn:
        for table in everything.sorted_tables:
            for row in conn.execute(select(table)):
                for column, value in row._mapping.items():
                    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
                    found |= {(f"{table.name}.{column}", word) for word in words if _holds(text.encode(), word)}
    return found


def left_in_files(folder: Path, words: tuple[str, ...]) -> set[tuple[str, str]]:
    """Return (file, word) wherever one of these words stands in the bytes of a file."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {(path.name, word) for path in files for word in words if _holds(path.read_bytes(), word)}


def _holds(content: bytes, word: str) -> bool:
    return any(form in content for form in _forms(word)) or word.encode() in content.lower()


def _forms(word: str) -> Iterator[bytes]:
    """Yield a word as it is and as it stands inside of base64, at each of the three places where it may begin."""
    yield word.encode()
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + word.encode())
        # Without the characters that its neighbours have a part in.
        inner = coded[4 if before else 0 : len(coded) - 4]
        assert len(inner) >= SHORTEST, f"{word} is too short to be told from chance"
        yield inner


def _open(stage: Stage) -> str:
    opened = cases.open_case(
        stage.services,
        contact_email=EMAIL,
        contact_name=f"Dana {CANARY['name']}",
        subject=f"Export {CANARY['subject']}",
        description=CANARY["description"],
        external_ref=CANARY["reference"],
        details=CaseDetails(
            deployment=CANARY["deployment"],
            component=CANARY["component"],
            implementation_stage=CANARY["stage"],
            business_impact=CANARY["impact"],
        ),
        owner=AGENT,
    )
    number = opened.number
    contacts.put(stage.services, EMAIL, alternates=[ALTERNATE], pin=PIN, account=CANARY["account"])
    stage.later(minutes=1)
    cases.request_info(stage.services, number, text=f"Which one? {CANARY['question']}", author=AGENT)
    stage.later(minutes=1)
    return number


def _mails(stage: Stage, number: str, reference: str) -> None:
    letter = _letter(stage, reference)
    stage.receive(letter, mail_from=EMAIL)
    stage.receive(letter, mail_from=f"{CANARY['duplicate']}@example.net")
    away = f"{CANARY['autoreply']}\n\n> Reference ID: {reference}"
    stage.receive(stage.write(away, sender=EMAIL, headers=["Auto-Submitted: auto-replied"]), mail_from="")
    stage.later(minutes=1)
    stage.receive(_report(stage), mail_from="", to=(_bounce_address(stage),))


def _letter(stage: Stage, reference: str) -> bytes:
    content = base64.b64encode(f"log line {CANARY['filecontent']} end".encode()).decode()
    head = stage.write("", sender=f"Dana {CANARY['name']} <{EMAIL}>", message_id=f"<{CANARY['messageid']}@mua.example>")
    lines = head.decode().split("\r\n")[:-4]
    body = [
        'Content-Type: multipart/mixed; boundary="b"',
        "",
        "--b",
        "Content-Type: text/html; charset=utf-8",
        "",
        f"<p>{CANARY['reply']}</p><p hidden>{CANARY['html']}</p><blockquote>Reference ID: {reference}</blockquote>",
        "--b",
        "Content-Type: text/plain",
        f'Content-Disposition: attachment; filename="{CANARY["filename"]}.log"',
        "Content-Transfer-Encoding: base64",
        "",
        content,
        "--b--",
        "",
    ]
    return "\r\n".join([*lines, *body]).encode()


def _bounce_address(stage: Stage) -> str:
    from gateway.store.tables import outbox

    with stage.services.database.read() as conn:
        key = conn.execute(select(outbox.c.verp_key).where(outbox.c.notice == "info-requested")).scalar_one()
    return f"bounce+{key}@{stage.services.config.mail_domain}"


def _report(stage: Stage) -> bytes:
    plain = stage.write("", sender="mailer-daemon@example.com", subject="Undelivered Mail").decode()
    head = plain.split("\r\n")[:-4]
    body = [
        'Content-Type: multipart/report; report-type=delivery-status; boundary="r"',
        "",
        "--r",
        "",
        f"It could not be delivered: {CANARY['diagnostic']}",
        "--r",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mx.example.com",
        "",
        f"Final-Recipient: rfc822; {EMAIL}",
        "Action: failed",
        "Status: 5.1.1",
        f"Diagnostic-Code: smtp; 550 {CANARY['diagnostic']}",
        "",
        "--r--",
        "",
    ]
    return "\r\n".join([*head, *body]).encode()


def _people(stage: Stage, number: str) -> None:
    cases.post(stage.services, number, text=CANARY["portal"], author=EMAIL, channel=Channel.PORTAL)
    cases.post(stage.services, number, text=CANARY["internal"], author=AGENT)
    stage.later(minutes=1)
    contacts.of_case(stage.services, number, email=COLLEAGUE, name="Erin", author=AGENT)
    cases.request_info(stage.services, number, text=CANARY["answer"], author=AGENT)
    stage.later(minutes=1)
    contacts.of_case(stage.services, number, email=EMAIL, author=AGENT)


def _escalate(stage: Stage, number: str) -> None:
    asked = escalations.request(
        stage.services,
        number,
        reason=EscalationReason.BUSINESS_IMPACT,
        details=CANARY["escalation"],
        requester=COLLEAGUE,
        author=COLLEAGUE,
    )
    weight = {"importance": CANARY["importance"], "urgency": "today"}
    escalations.accept(stage.services, asked.id, owner=AGENT, text=CANARY["answer"], author=AGENT, **weight)
    given = incident.Given(measures=CANARY["measures"])
    incidents.send(stage.services, number, given, author=AGENT)


def _queue(stage: Stage, number: str) -> None:
    lost = stage.receive(
        stage.write(f"{CANARY['hint']} about case {number}", sender=EMAIL, subject=f"Export {CANARY['subject']}"),
        mail_from=EMAIL,
    )
    item = stage.item_of(lost)
    queue.claim(stage.services, item.id, by=CANARY["claimer"])
    queue.link(stage.services, item.id, number, by=CANARY["claimer"])
