"""`gateway demo`: plays the story of a case for real and tells it line by line.  Exit 1 if it lies."""

import io
import shlex
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import console
from gateway.cli.call import Call, command
from gateway.cli.serve import chosen_roles, start_web
from gateway.errors import ConfigError, InvalidInput

if TYPE_CHECKING:
    from email.message import EmailMessage

    from gateway.cli.stage import Stage
    from gateway.config import Config
    from gateway.model.views import CaseView

FAILED = 1
CARE, TEAM, AGENT = "care@example.com", "team@example.com", "ben@example.com"
LEE = "lee@example.org"
DANA, DANA_FULL, KIM_FULL = "dana@example.org", "Dana Doe <dana@example.org>", "Kim Poe <kim@example.org>"


def register(tree: typer.Typer) -> None:
    """Add the command to the tree."""
    command(tree, "demo", example=("gateway demo", "gateway demo --once"), json=False)(demo)


def demo(
    call: Call,
    once: Annotated[bool, typer.Option("--once", help="Exit at the end instead of staying up.")] = False,
    speed: Annotated[float, typer.Option(min=0.01, help="2 tells it twice as fast, 0.5 half as fast.")] = 1.0,
    data_dir: Annotated[Path | None, typer.Option(metavar="DIR", help="New folder for its data.")] = None,
) -> int:
    """Play the story of a case over real SMTP, tell it line by line, then stay up."""
    from gateway.cli.stage import PAUSE_SECONDS, NotAsTold

    call.quiet()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Somebody watches, through a pipe too.
        sys.stdout.reconfigure(line_buffering=True)
    folder = _new_folder(data_dir)
    with _stage(folder, pause=0.0 if once else PAUSE_SECONDS / speed) as stage:
        console.line("This is the case gateway.  All that follows really happens: mail over SMTP on 127.0.0.1,")
        console.line(f"a database in {folder}, people played by this program.")
        try:
            _play(stage)
        except NotAsTold as broken:
            console.note(f"\nNot as told: {broken}  Look into {folder} for what happened instead.")
            return FAILED
        _where_to_look(folder, stage, once=once)
        if not once:
            for asked in (signal.SIGTERM, signal.SIGINT):
                signal.signal(asked, lambda *_: stage.running.stop())
            stage.running.wait()
    return 0


def _play(stage: "Stage") -> None:
    case, notice = _a_case_is_opened(stage)
    question = _the_agent_asks(stage, case.number, "Which firmware version does the router run?", notice)
    _a_machine_and_a_colleague_answer(stage, case.number, question)
    _the_customer_answers(stage, case.number, question)
    _a_mail_without_reference_is_linked_by_hand(stage, case.number)
    last = _a_solution_is_accepted(stage, case.number)
    _a_late_reply(stage, case.number, last)
    _silence(stage)
    _the_ledger_balances(stage)


def _a_case_is_opened(stage: "Stage") -> "tuple[CaseView, EmailMessage]":
    from gateway.cli.stage import reference_line
    from gateway.desk import cases

    stage.begin("A case is opened")
    case = cases.open_case(
        stage.services,
        subject="VPN drops every hour",
        description="Since this morning the VPN of our Oslo office drops every hour, for about five minutes.",
        contact_email=DANA,
        contact_name="Dana Doe",
        owner=AGENT,
    )
    stage.tell("agent", f"opens case {case.number} for {DANA_FULL}: {case.subject}")
    stage.tell("gateway", _status(case))
    notice = stage.receive(DANA)
    stage.show_notice("customer", notice)
    stage.check("the notice carries a Reference ID in its body", bool(reference_line(notice)))
    stage.check("the Reference ID is not in the subject", "REF-" not in str(notice["Subject"]))
    return case, notice


def _the_agent_asks(stage: "Stage", number: str, question: str, before: "EmailMessage | None" = None) -> "EmailMessage":
    from gateway.desk import cases

    if before is not None:
        stage.begin("The agent needs to know more")
    stage.tell("agent", f"asks: {question}")
    case = cases.request_info(stage.services, number, text=question, author=AGENT)
    stage.tell("gateway", _status(case))
    stage.check("the case waits for the customer", _is(case, "awaiting-info", "information-required-from-customer"))
    notice = stage.receive(DANA)
    stage.show_notice("customer", notice)
    if before is not None:
        stage.check("it stands in the same thread", str(before["Message-ID"]) in str(notice["References"]))
    return notice


def _a_machine_and_a_colleague_answer(stage: "Stage", number: str, question: "EmailMessage") -> None:
    from gateway.cli.stage import answer

    stage.begin("Answers that must not count")
    stage.tell("customer", "her out-of-office assistant answers at once, quoting the mail")
    away = answer(question, DANA_FULL, "I am away until Monday.", Auto_Submitted="auto-replied")
    mail = stage.send(away, sender=DANA)
    stage.tell("gateway", f"mail {mail.id}: {mail.disposition}, because {mail.reason}")
    stage.check(
        "an automatic reply is recorded and changes nothing",
        mail.disposition == "automatic" and mail.case == number and _waits(stage, number),
    )
    stage.tell("customer", "a colleague who got the mail forwarded answers, with the Reference ID")
    mail = stage.send(answer(question, KIM_FULL, "I think it is version 7."), sender="kim@example.org")
    stage.tell("gateway", f"mail {mail.id}: {mail.disposition}, because {mail.reason}")
    stage.check(
        "it is linked by its Reference ID, but only the case contact can answer",
        mail.disposition == "linked" and mail.reason == "sender-not-contact" and _waits(stage, number),
    )


def _the_customer_answers(stage: "Stage", number: str, question: "EmailMessage") -> None:
    from gateway.cli.stage import answer

    stage.begin("The customer answers")
    stage.tell("customer", "Dana answers with her mail client, the question quoted below")
    reply = answer(question, DANA_FULL, "It runs 7.2.1, build 40.")
    mail = stage.send(reply, sender=DANA)
    steps = [f"{t.step}: {t.result}{f' ({t.reason})' if t.reason else ''}" for t in mail.trace]
    stage.tell("gateway", f"mail {mail.id}\n" + "\n".join(f"  {step}" for step in steps))
    case = stage.case(number)
    stage.tell("gateway", _status(case))
    stage.check(
        "the reply is linked and the case is open again",
        mail.reason == "reference-found" and mail.case == number and _is(case, "open", "customer-responded"),
    )
    stage.check("the timer has stopped", case.follow_up is None)
    stage.tell("customer", "her server did not hear our answer and sends the same mail once more")
    again = stage.send(reply, sender=DANA)
    stage.check(f"it is a duplicate of mail {mail.id} and has no effect", again.duplicate_of == mail.id)


def _a_mail_without_reference_is_linked_by_hand(stage: "Stage", number: str) -> None:
    from gateway.cli.stage import written
    from gateway.desk import queue

    stage.begin("A mail without a Reference ID")
    _the_agent_asks(stage, number, "Since which release does it happen?")
    stage.tell("customer", "writes a new mail instead of answering: no Reference ID, only the number in the subject")
    new = written(DANA_FULL, f"Case {number}, your question", "It began with release 7.2.\n")
    mail = stage.send(new, sender=DANA)
    stage.tell("gateway", f"mail {mail.id}: {mail.disposition}, because {mail.reason}")
    item = next(i for i in queue.find(stage.services) if i.mail_id == mail.id)
    hint = item.hints[0] if item.hints else None
    stage.check(
        "a case number never links: a person decides, with hints",
        mail.reason == "no-reference" and hint is not None and hint.case == number and _waits(stage, number),
    )
    if hint is not None:
        stage.tell("hint", f"case {hint.case}, score {hint.score}\n" + "\n".join(f"  {why}" for why in hint.evidence))
    linked = queue.link(stage.services, item.id, number, by=TEAM)
    stage.tell("admin", "links it by hand:\n" + "\n".join(f"  {effect}" for effect in linked.effects))
    stage.check("it has the effects it would have had on arrival", _answered(stage, number))
    undone = queue.undo(stage.services, item.id, by=TEAM)
    stage.tell("admin", "takes that back:\n" + "\n".join(f"  {effect}" for effect in undone.effects))
    stage.check("status and timer are as before", _waits(stage, number) and _timer_runs(stage, number))
    queue.link(stage.services, item.id, number, by=TEAM)
    stage.tell("admin", "links it again")
    stage.check("and the case is open / customer-responded", _answered(stage, number))


def _a_solution_is_accepted(stage: "Stage", number: str) -> "EmailMessage":
    from gateway.cli.stage import answer
    from gateway.desk import cases

    stage.begin("A solution, and the end")
    solution = "Release 7.2.2 fixes the timer of the tunnel.  Please install it and tell us."
    case = cases.propose_solution(stage.services, number, text=solution, author=AGENT)
    stage.tell("agent", f"proposes: {solution}")
    stage.tell("gateway", _status(case))
    notice = stage.receive(DANA)
    stage.show_notice("customer", notice)
    stage.tell("customer", "accepts")
    stage.send(answer(notice, DANA_FULL, "It works, thank you!  You may close the case."), sender=DANA)
    stage.check("her answer is linked and the case is open again", _answered(stage, number))
    stage.check("the owner of the case was told of her answers", stage.sink.next_to(AGENT) is not None)
    closed = cases.close(stage.services, number, text="Glad to hear it.", author=AGENT)
    stage.tell("agent", "closes the case")
    stage.tell("gateway", _status(closed))
    stage.check("the case is closed", _is(closed, "closed", "resolved"))
    last = stage.receive(DANA)
    stage.show_notice("customer", last)
    return last


def _a_late_reply(stage: "Stage", number: str, last: "EmailMessage") -> None:
    from gateway.cli.stage import answer, body

    stage.begin("A late reply")
    stage.tell("customer", "answers the last mail after all: It dropped again last night.")
    mail = stage.send(answer(last, DANA_FULL, "It dropped again last night."), sender=DANA)
    stage.tell("gateway", f"mail {mail.id}: {mail.disposition}, because {mail.reason}")
    stage.check(
        "mail never changes a closed case; the admin team gets it",
        mail.disposition == "queued" and mail.reason == "case-closed" and stage.case(number).status == "closed",
    )
    notice = stage.receive(DANA)
    stage.show_notice("customer", notice)
    stage.check("she is told that it is closed and how it can be reopened", "reopen" in body(notice).lower())


def _silence(stage: "Stage") -> None:
    from gateway.cli.stage import answer, body
    from gateway.desk import cases

    stage.begin("Silence: ten days in time-lapse")
    case = cases.open_case(
        stage.services,
        subject="Printer prints every page twice",
        description="Since the last update each page comes out twice, on both floors, from every program.",
        contact_email=LEE,
        contact_name="Lee Ray",
        owner=AGENT,
    )
    question = "Which driver version do the computers use?"
    asked = cases.request_info(stage.services, case.number, text=question, author=AGENT)
    stage.tell("agent", f"asks Lee about case {case.number}: {question}")
    stage.tell("gateway", _status(asked))
    for _ in ("case-opened", "info-requested"):
        stage.receive(LEE)
    _ladder_is_told(stage, case.number)
    for days in (2, 5):
        reminder = _day(stage, asked, days)
        stage.check("it repeats the question and says when the case closes", _warns(body(reminder), question))
    last = _day(stage, asked, 10)
    closed = stage.case(case.number)
    stage.tell("gateway", _status(closed))
    stage.check("the case is closed: there was never an answer", _is(closed, "closed", "cancelled"))
    mail = stage.send(answer(last, "Lee Ray <lee@example.org>", "Sorry, I was away.  It is 3.1."), sender=LEE)
    stage.tell("gateway", f"Lee answers on day 10: mail {mail.id}: {mail.disposition}, because {mail.reason}")
    stage.check("a late reply does not reopen it; the admin team sees it", mail.reason == "case-closed")
    again = cases.reopen(stage.services, case.number, text="Lee called: it is 3.1.", author=LEE)
    stage.tell("agent", "reopens it after Lee's call")
    stage.check("the case is open again", _is(again, "open", "investigation"))


def _day(stage: "Stage", asked: "CaseView", days: int) -> "EmailMessage":
    """Let that many days pass since the question, and return the mail that comes of it."""
    assert asked.follow_up is not None
    stage.tell("clock", f"day {days}: a turn of the scheduler (gateway tick --now ...)")
    stage.tick(asked.follow_up.started_at + timedelta(days=days))
    mail = stage.receive(LEE)
    stage.show_notice("customer", mail)
    return mail


def _ladder_is_told(stage: "Stage", number: str) -> None:
    from gateway import timers

    ahead = timers.forecast(stage.services, stage.services.clock.now() + timedelta(days=30))
    mine = [one for one in ahead if one.case == number]
    stage.tell("gateway", "what would leave (gateway tick --dry-run):")
    for one in mine:
        stage.tell("", f"  {console.shown(one.at)}  {one.notice}")
    # The question itself is among them where the worker has not sent it yet.
    ladder = [one for one in mine if one.notice.startswith("follow-up")]
    stage.check("two reminders and the closure are planned", len(ladder) == 3)


def _warns(text: str, question: str) -> bool:
    return question in text and "the case closes on" in " ".join(text.split())


def _the_ledger_balances(stage: "Stage") -> None:
    from gateway.desk import mails

    stage.begin("The ledger")
    balance = mails.ledger(stage.services)
    counts = ("linked", "queued", "automatic", "bounce", "duplicate", "quarantined", "in_progress")
    said = " + ".join(f"{getattr(balance, name)} {name.replace('_', ' ')}" for name in counts)
    stage.tell("gateway", f"{balance.accepted} mails accepted = {said}")
    stage.check("every mail that was ever accepted is accounted for", balance.balanced and balance.in_progress == 0)


# --- small questions that many steps ask


def _status(case: "CaseView") -> str:
    timer = ""
    if case.follow_up is not None and case.follow_up.steps:
        timer = f"; first reminder due {console.shown(case.follow_up.steps[0].due_at)}"
    return f"case {case.number} is {case.status} / {case.substatus}{timer}"


def _is(case: "CaseView", status: str, substatus: str) -> bool:
    return (case.status, case.substatus) == (status, substatus)


def _waits(stage: "Stage", number: str) -> bool:
    return stage.case(number).status == "awaiting-info"


def _timer_runs(stage: "Stage", number: str) -> bool:
    return stage.case(number).follow_up is not None


def _answered(stage: "Stage", number: str) -> bool:
    return _is(stage.case(number), "open", "customer-responded")


# --- the house around the story


def _new_folder(chosen: Path | None) -> Path:
    """Return an empty folder for the demo's data.  Raises InvalidInput for one that is in use."""
    if chosen is None:
        return Path(tempfile.mkdtemp(prefix="gateway-demo-"))
    if chosen.exists() and (not chosen.is_dir() or any(chosen.iterdir())):
        raise InvalidInput(f"{chosen} is in use; give --data-dir a new or empty folder.")
    chosen.mkdir(parents=True, exist_ok=True)
    return chosen.absolute()


@contextmanager
def _stage(folder: Path, *, pause: float) -> "Iterator[Stage]":
    """Start a sink, and a gateway with all its roles whose relay is the sink."""
    from gateway import app, config
    from gateway.cli.stage import Sink, Stage, free_port

    sink = Sink(folder / "customer-mail")
    try:
        settings = folder / "gateway.toml"
        ports = {"smtp_port": free_port(), "web_port": free_port(), "relay_port": sink.port}
        settings.write_text(_settings(folder, **ports), encoding="utf-8")
        with app.build(_untouched(config.load(settings), sink.port)) as running:
            running.start(chosen_roles(""))
            start_web(running)
            yield Stage(running=running, sink=sink, pause=pause)
    finally:
        sink.close()


def _untouched(config: "Config", relay_port: int) -> "Config":
    """Refuse to play on anything but the demo's own data: the environment wins over the file."""
    ours = config.relay.port == relay_port and config.relay.host == "127.0.0.1" and not config.broker.url
    if not ours or config.database.url != f"sqlite:///{config.gateway.data_dir / 'gateway.db'}":
        raise ConfigError(
            "GATEWAY_... variables of the environment change the demo's settings; unset them and try again."
        )
    return config


def _settings(folder: Path, *, smtp_port: int, web_port: int, relay_port: int) -> str:
    # A JSON string is a TOML string, too.
    return f"""# Settings of this demo; `gateway --config {folder / "gateway.toml"} ...` works on its data.
[gateway]
data_dir = {dumps(str(folder))}
organisation = "Example Care"
care_address = "{CARE}"
admin_address = "{TEAM}"
care_phone = "+47 5550 100"
base_url = "http://127.0.0.1:{web_port}"
first_case_number = 3256109

[database]
url = {dumps(f"sqlite:///{folder / 'gateway.db'}")}

[smtp]
port = {smtp_port}

[web]
port = {web_port}

[relay]
host = "127.0.0.1"
port = {relay_port}
"""


def _login(stage: "Stage") -> str:
    """Return a link by which who watches gets into the console."""
    from gateway.desk import users

    _, path = users.add(stage.services, email=TEAM, role="admin", name="Admin team")
    return stage.services.config.gateway.base_url + path


def _program() -> str:
    """Return how this program is called in a shell here."""
    if shutil.which("gateway"):
        return "gateway"
    beside = Path(sys.executable).with_name("gateway")
    if not beside.exists():
        return f"{shlex.quote(sys.executable)} -m gateway"
    here = Path.cwd()
    return shlex.quote(str(beside.relative_to(here) if beside.is_relative_to(here) else beside))


def _where_to_look(folder: Path, stage: "Stage", *, once: bool) -> None:
    program, config = _program(), f"--config {shlex.quote(str(folder / 'gateway.toml'))}"
    number = int(stage.services.config.gateway.first_case_number)
    console.line()
    console.line("That was the story, and all of it is still there:")
    console.line(f"   {folder}  settings, database, and each mail that the customer got (customer-mail/)")
    console.line("Look at it with:")
    for command_line in (
        f"case show {number}",
        "mail list",
        "mail show 3",
        "queue list",
        "outbox list --state all",
        "ledger",
    ):
        console.line(f"   {program} {command_line} {config}")
    if once:
        return
    console.line("Work the queue in your browser; this link lets you in once, as an administrator:")
    console.line(f"   {_login(stage)}")
    console.line("It stays up.  Open a case of your own in another terminal, or mail to it:")
    console.line(
        f"   {program} case open --subject Hello --description 'A first try' --contact you@example.org {config}"
    )
    console.line(f"   SMTP 127.0.0.1:{stage.running.smtp_port}, recipient {CARE}")
    console.line("Ctrl-C ends it.")
