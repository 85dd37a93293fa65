"""`gateway ingest`: takes mails in as if they had been received.  Its exit codes are those an MTA understands.

0: all are committed (and, for files, settled).  65: a path or mbox cannot be read.  75: not committed now, hand it in
again.  What a mail holds never makes it fail: empty, broken and oversized mail is taken.  Source: sysexits, CONTRACT 2.
"""

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli import console, errors
from gateway.cli.call import Call, command
from gateway.cli.mail import draw_list
from gateway.clock import monotonic_seconds
from gateway.errors import Unavailable

if TYPE_CHECKING:
    from gateway.app import App
    from gateway.desk.intake import Handed
    from gateway.model.views import MailView

OK, UNREADABLE, TRY_AGAIN = 0, 65, 75
STDIN = Path("-")
BATCH_MAILS = 50
# A mail that is read by another process, or that failed and waits for its next try, is waited for this long.
PATIENCE_SECONDS = 120
LOOK_AGAIN_SECONDS = 0.2

Sender = Annotated[
    str, typer.Option(metavar="A", help="Envelope sender, <> for the null sender; Return-Path or From when left out.")
]
Recipient = Annotated[str, typer.Option(metavar="B", help="Envelope recipient; the care address when left out.")]


def register(tree: typer.Typer) -> None:
    """Add the command to the tree."""
    command(
        tree,
        "ingest",
        example=(
            "gateway ingest reply.eml other.eml",
            "gateway ingest --mbox archive.mbox --json",
            "gateway ingest --sender ${sender} --recipient ${recipient} - (in an MTA's pipe)",
        ),
    )(ingest)


def ingest(
    call: Call,
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE|DIR|-]...", help="What to take in; - (the default) is stdin.")
    ] = None,
    mbox: Annotated[bool, typer.Option("--mbox", help="The files are mboxes of many mails.")] = False,
    sender: Sender = "",
    recipient: Recipient = "",
) -> int:
    """Take mails in as if received, and print what became of each; `-` only commits stdin.

    Exit codes: 0 taken; 65 a path or mbox cannot be read; 75 not committed, hand it in again.
    """
    from gateway.desk.intake import Unreadable

    given = paths or [STDIN]
    if STDIN in given and (len(given) > 1 or sys.stdin.isatty()):
        raise typer.BadParameter("give files and folders, or one mail on stdin", param_hint="FILE")
    try:
        if given == [STDIN]:
            return _pipe(call, mbox=mbox, sender=sender, recipient=recipient)
        return _paths(call, given, mbox=mbox, sender=sender, recipient=recipient)
    except Unreadable as error:
        console.note(str(error))
        return UNREADABLE
    except BrokenPipeError:
        raise
    except Exception as error:  # whatever went wrong, the mail must not bounce: the MTA keeps it and tries again
        errors.explain(error, debug=call.debug)
        return TRY_AGAIN


def _pipe(call: Call, *, mbox: bool, sender: str, recipient: str) -> int:
    """Commit what comes on stdin, and nothing more: what is committed is processed by `serve` or the next turn."""
    from gateway.desk import intake

    committed = False
    try:
        with call.gateway() as running:
            if mbox:
                raws: Iterable[bytes] = list(intake.split_mbox(sys.stdin.buffer, name="stdin"))
            else:
                raws = [intake.handed("-", sys.stdin.buffer.read()).raw]
            for raw in raws:
                _take(running, raw, sender=sender, recipient=recipient)
            committed = True
    except Exception:
        # Once committed, nothing may make the MTA hand the mail in again.
        if not committed:
            raise
    return OK


def _paths(call: Call, given: Sequence[Path], *, mbox: bool, sender: str, recipient: str) -> int:
    from gateway.desk import intake

    paths = [file for path in given for file in intake.files(path)]
    taken: list[MailView] = []
    with ExitStack() as stack:
        running = stack.enter_context(call.gateway())
        progress = stack.enter_context(_Progress(None if mbox else len(paths)))
        handed = _Handed(paths, mbox=mbox)
        while chunk := list(islice(handed, BATCH_MAILS)):
            ids = [_take(running, one.raw, sender=sender, recipient=recipient) for one in chunk]
            settled = list(_settled(running, ids))
            progress.advance(len(ids))
            if call.json:
                for mail in settled:
                    console.json(mail)
            taken += settled
        call.deliver(running)
    if not call.json:
        draw_list(taken)
    return UNREADABLE if handed.unreadable else OK


class _Handed:
    """The mails of many files, one by one; what cannot be read is said and counted, and the rest goes on."""

    def __init__(self, paths: list[Path], *, mbox: bool) -> None:
        self.unreadable = 0
        self._mails = self._read(paths, mbox=mbox)

    def __iter__(self) -> "Iterator[Handed]":
        return self._mails

    def _read(self, paths: list[Path], *, mbox: bool) -> "Iterator[Handed]":
        from gateway.desk import intake

        for path in paths:
            try:
                yield from intake.from_mbox(path) if mbox else [intake.one(path)]
            except intake.Unreadable as error:
                console.note(str(error))
                self.unreadable += 1


def _take(running: "App", raw: bytes, *, sender: str, recipient: str) -> str:
    """Commit one mail and return its id."""
    from gateway.desk import intake

    envelope = intake.envelope(raw, running.config, sender=sender, recipient=recipient)
    return str(running.ingest(raw, envelope).id)


def _settled(running: "App", ids: list[str]) -> "Iterator[MailView]":
    """Process what waits, and yield these mails, in order, each as soon as it has a disposition."""
    from gateway.desk import mails

    patience_ends = monotonic_seconds() + PATIENCE_SECONDS
    for mail_id in ids:
        while True:
            running.process_mail()
            mail = mails.show(running.services, mail_id)
            if mail.disposition is not None:
                break
            if monotonic_seconds() > patience_ends:
                raise Unavailable(f"Mail {mail_id} is safe but not processed yet; see `gateway mail show {mail_id}`.")
            time.sleep(LOOK_AGAIN_SECONDS)
        yield _brief(mail)


def _brief(mail: "MailView") -> "MailView":
    """Return the mail object without the details that `gateway mail show` adds."""
    from dataclasses import fields

    from gateway.model.views import MailView

    return MailView(**{field.name: getattr(mail, field.name) for field in fields(MailView)})


class _Progress:
    """A progress bar on a terminal (stderr), nothing anywhere else.  total: None when it is not known."""

    def __init__(self, total: int | None) -> None:
        self._total = total
        self._bar: Any = None

    def __enter__(self) -> "_Progress":
        if sys.stderr.isatty() and self._total != 1:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (TextColumn("Taking mails in"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task("", total=self._total)
        return self

    def __exit__(self, *_error: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def advance(self, count: int) -> None:
        """Say that so many more are done."""
        if self._bar is not None:
            self._bar.advance(self._task, count)
