"""What cannot be read or written is kept, tried alone, set aside after three tries, and holds nobody else up."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy.exc import DataError, OperationalError

from gateway import process
from gateway.desk import mails
from gateway.errors import Conflict, ParserDied, Unavailable
from gateway.model import Envelope, Reading
from gateway.reasons import Reason
from tests.fixtures import world
from tests.story.stage import Stage


class Dying:
    """A reader whose child dies on every mail that says `killer`."""

    def __init__(self, stage: Stage) -> None:
        self._real = stage.app.reader

    def read_many(self, items: Sequence[tuple[bytes, Envelope]]) -> list[Reading | ParserDied]:
        """Read all others as usual."""
        read = self._real.read_many(items)
        return [ParserDied("dead") if b"killer" in raw else one for (raw, _), one in zip(items, read, strict=True)]


def _three_turns(stage: Stage, reader: Any) -> None:
    for _ in range(8):
        process.process_mails(stage.services, reader)
        stage.later(seconds=10)


def test_a_mail_that_kills_its_reader_three_times_is_set_aside_and_the_others_go_on(stage: Stage) -> None:
    """CONTRACT 5, MI: quarantined with its bytes; a person may have it read again."""
    raw = stage.write("killer")
    bad = stage.ingest(raw)
    good = stage.ingest(stage.write("harmless"))
    process.process_mails(stage.services, Dying(stage))
    assert mails.show(stage.services, str(good)).disposition == "queued"
    assert mails.show(stage.services, str(bad)).disposition is None
    _three_turns(stage, Dying(stage))
    mail = mails.show(stage.services, str(bad))
    assert (mail.disposition, mail.reason) == ("quarantined", "quarantined")
    assert mails.raw(stage.services, mail.id) == raw
    assert stage.outbox() == []
    ledger = mails.ledger(stage.services)
    assert (ledger.quarantined, ledger.queued, ledger.in_progress, ledger.balanced) == (1, 1, 0, True)
    with pytest.raises(Conflict) as refused:
        mails.replay(stage.services, str(good))
    assert refused.value.reason is Reason.ALREADY_RESOLVED
    assert mails.replay(stage.services, mail.id).disposition is None
    stage.app.process_mail()
    assert mails.show(stage.services, mail.id).disposition == "queued"


@pytest.mark.parametrize("error", [DataError("x", {}, ValueError()), KeyError("x"), RuntimeError("x")])
def test_a_mail_that_the_database_or_our_own_code_refuses_is_set_aside_alone(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Fact 17: it must neither be tried for ever nor take its batch with it."""
    bad, good = stage.ingest(stage.write("poison")), stage.ingest(stage.write("harmless"))
    real = process.mails.finish

    def finish(conn: Any, entry: Any, *rest: Any, **named: Any) -> bool:
        if entry.id == bad:
            raise error
        return real(conn, entry, *rest, **named)

    monkeypatch.setattr(process.mails, "finish", finish)
    _three_turns(stage, stage.app.reader)
    assert mails.show(stage.services, str(bad)).disposition == "quarantined"
    assert mails.show(stage.services, str(good)).disposition == "queued"
    assert [item.mail_id for item in stage.items()] == [str(good)]


def test_a_database_that_goes_away_in_the_middle_costs_no_mail_an_attempt_of_its_own(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FA-04: nothing of the batch stays, nothing is counted against a mail."""
    ids = [stage.ingest(stage.write(f"mail {n}")) for n in range(3)]
    real = process.mails.finish

    def finish(conn: Any, entry: Any, *rest: Any, **named: Any) -> bool:
        if entry.id == ids[1]:
            raise OperationalError("SELECT secret", {}, Exception("gone"))
        return real(conn, entry, *rest, **named)

    monkeypatch.setattr(process.mails, "finish", finish)
    with pytest.raises(Unavailable) as refused:
        process.process_mails(stage.services, stage.app.reader)
    assert "secret" not in str(refused.value)
    assert mails.ledger(stage.services).in_progress == 3
    assert stage.items() == []


def test_an_oversized_mail_is_taken_shown_by_its_beginning_and_linked_by_nobody_but_a_person(staged) -> None:  # type: ignore[no-untyped-def]
    """CONTRACT 5, LP-10: an ID found is a hint."""
    stage = staged(smtp={"max_message_bytes": 20_000})
    number = stage.waiting_case()
    mail = stage.answer(number, "See below.\n" + "log line\n" * 4000)
    assert (mail.disposition, mail.reason, mail.case) == ("queued", "oversized", None)
    assert stage.state(number)[0] == "awaiting-info"
    empty = stage.receive(b"")
    assert empty.disposition in ("queued", "quarantined")
    assert world.CARE in stage.item_of(mail).recipient
    assert mails.ledger(stage.services).balanced
