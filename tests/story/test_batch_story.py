"""Mails of one batch: each is decided on what the one before it left, and one that breaks costs no other anything."""

from typing import Any

import pytest

from gateway import process
from gateway.desk import mails
from tests.story.stage import Stage


def test_the_second_reply_of_a_batch_meets_the_case_as_the_first_one_left_it(stage: Stage) -> None:
    """PROCESS 3.2: the first reply flips the case, and the second one finds it open."""
    number, other = stage.waiting_case(), stage.waiting_case()
    quoted = f"\n\n> Reference ID: {stage.reference(number)}"
    ids = [stage.ingest(stage.write(f"Part {n}.{quoted}")) for n in (1, 2)]
    ids.append(stage.ingest(stage.write(f"Elsewhere.\n\n> Reference ID: {stage.reference(other)}")))
    stage.app.process_mail()
    assert {mails.show(stage.services, str(id_)).disposition for id_ in ids} == {"linked"}
    assert [entry.text.split(".")[0] for entry in stage.feed(number)][-2:] == ["Part 1", "Part 2"]
    # One flip by the question, one by the first reply.
    assert stage.events(number).count("case.status_changed") == 2
    assert stage.state(other) == ("open", "customer-responded")


@pytest.mark.parametrize("error", [KeyError("x"), RuntimeError("x")])
def test_a_mail_that_breaks_a_batch_leaves_one_effect_of_each_of_the_others(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """OB-01, FA-04: the batch is settled again, and nothing of the first try is told, logged or sent."""
    numbers = [stage.waiting_case() for _ in range(3)]
    ids = [stage.ingest(stage.write(f"Yes.\n\n> Reference ID: {stage.reference(number)}")) for number in numbers]
    real = process.mails.finish

    def finish(conn: Any, entry: Any, *rest: Any, **named: Any) -> bool:
        if entry.id == ids[1]:
            raise error
        return real(conn, entry, *rest, **named)

    logged: list[int] = []
    monkeypatch.setattr(process.mails, "finish", finish)
    monkeypatch.setattr(process.maillog, "mail_processed", lambda entry, *_: logged.append(entry.id))
    process.process_mails(stage.services, stage.app.reader, limit=3)
    assert logged == [ids[0], ids[2]]
    assert [stage.state(number)[0] for number in numbers] == ["open", "awaiting-info", "open"]
    assert [stage.events(number).count("case.status_changed") for number in numbers] == [2, 1, 2]
    assert len(stage.outbox("reply-received")) == 2
    assert mails.ledger(stage.services).in_progress == 1
