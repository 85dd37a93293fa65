"""PROCESS 7.2, PR-04: one person exported and erased, one update or file erased."""

import json
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.desk import cases, contacts, erasure, export, mails, queue, retention
from gateway.errors import Conflict, NotFound, Refused
from gateway.model import Channel
from gateway.reasons import Reason
from gateway.store import tables
from gateway.store.db import Database
from tests.story import canaries
from tests.story.stage import AGENT, DANA, Stage

WHO = "zqpersonzq77xj@example.com"
WORDS = ("zqpersonzq77xj", "zqnamezq77xj", "zqsaidzq77xj", "zqphonedzq77xj", "zqaskedzq77xj", "zqlostzq77xj")


def a_person_who_was_everywhere(stage: Stage) -> tuple[str, str]:
    """Let a person have a case, write into another one's, and into none; return both numbers."""
    other = stage.waiting_case(DANA)
    reference = stage.reference(other)
    own = stage.waiting_case(WHO, contact_name="Kim zqnamezq77xj")
    stage.answer(own, "zqsaidzq77xj", sender=WHO)
    contacts.of_case(stage.services, other, email=WHO, author=AGENT)
    cases.request_info(stage.services, other, text="Kim, zqaskedzq77xj?", author=AGENT)
    stage.later(minutes=1)
    cases.post(stage.services, other, text="zqphonedzq77xj", author=WHO, channel=Channel.PORTAL)
    contacts.of_case(stage.services, other, email=DANA, author=AGENT)
    stage.receive(stage.write(f"zqsaidzq77xj too\n\n> Reference ID: {reference}", sender=WHO), mail_from=WHO)
    stage.receive(stage.write("zqlostzq77xj", sender=WHO), mail_from=WHO)
    stage.app.deliver_due()
    return own, other


def test_nothing_of_an_erased_person_is_left_and_the_others_keep_theirs(stage: Stage, tmp_path: Path) -> None:
    """PROCESS 7.2, PR-04."""
    own, other = a_person_who_was_everywhere(stage)
    database = stage.services.database
    assert {word for _, word in canaries.left_in_rows(database, WORDS)} == set(WORDS)
    assert erasure.preview_contact(stage.services, WHO).cases == (own,)
    before = mails.ledger(stage.services)
    done = erasure.erase_contact(stage.services, WHO, by=AGENT)
    assert (done.cases, done.swept) == ((own,), True)
    # What our side asked stands in the other customer's case and names nobody.
    assert {word for _, word in canaries.left_in_rows(database, WORDS)} <= {"zqaskedzq77xj"}
    assert {word for _, word in canaries.left_in_files(tmp_path, WORDS)} <= {"zqaskedzq77xj"}
    assert (stage.case(own).status, stage.case(own).contact.email) == ("closed", "")
    assert stage.case(other).contact.email == DANA
    assert [update.text for update in stage.feed(other) if "erased" in update.flags] == ["", ""]
    assert mails.ledger(stage.services) == before
    assert stage.items() == [], "the mail that waited for a person is gone"
    with pytest.raises(NotFound):
        contacts.show(stage.services, WHO)
    assert stage.answer(other, "4.2").reason == Reason.REFERENCE_FOUND


def test_a_hold_keeps_a_person_from_being_erased(stage: Stage) -> None:
    """PR-03: hold wins, also in a case of somebody else."""
    _, other = a_person_who_was_everywhere(stage)
    retention.hold(stage.services, other, by=AGENT, why="Dispute")
    before = stage.everything()
    with pytest.raises(Refused) as refused:
        erasure.erase_contact(stage.services, WHO, by=AGENT)
    assert refused.value.reason is Reason.LEGAL_HOLD
    assert stage.everything() == before


def test_an_export_tells_all_and_the_zip_holds_it_as_it_was(stage: Stage, tmp_path: Path) -> None:
    """PROCESS 7.2, PR-04: complete, and nothing of other people's cases."""
    own, other = a_person_who_was_everywhere(stage)
    secret = stage.receive(stage.write("Only Dana's own words.", sender=DANA))
    known = export.document(stage.services, WHO, by=AGENT)
    text = json.dumps(known)
    assert [word for word in WORDS if word not in text] == []
    assert "Only Dana" not in text
    assert "REF-" not in text.replace("REF-****", "")
    assert {case["number"]: case["own"] for case in known["cases"]} == {own: True, other: False}
    target = tmp_path / "kim.zip"
    entries = export.write_zip(stage.services, WHO, target, by=AGENT)
    with zipfile.ZipFile(target) as archive:
        names = set(archive.namelist())
        assert len(names) == entries
        raws = {name: archive.read(name) for name in names if name.startswith("mails/")}
    assert {mails.raw(stage.services, one["id"]) for one in _ids(known)} == set(raws.values())
    assert f"mails/{secret.id}.eml" not in names
    assert any(name.startswith("sent/") for name in names)


def test_an_erased_update_takes_its_mail_and_every_copy_along(stage: Stage, tmp_path: Path) -> None:
    """PROCESS 7.2: the password that somebody sent."""
    number = stage.waiting_case()
    words = ("the password is zqsecretzq88xj",)
    stage.answer(number, words[0])
    stage.app.deliver_due()
    database = stage.services.database
    assert len(canaries.left_in_rows(database, words)) >= 4
    update = next(one for one in stage.feed(number) if one.mail_id)
    retention.hold(stage.services, number, by=AGENT, why="Dispute")
    with pytest.raises(Refused):
        erasure.erase_update(stage.services, number, update.id, by=AGENT)
    retention.release_hold(stage.services, number, by=AGENT)
    for _ in range(2):
        erasure.erase_update(stage.services, number, update.id, by=AGENT)
        assert canaries.left_in_rows(database, words) == set()
        assert canaries.left_in_files(tmp_path, words) == set()
    after = next(one for one in stage.feed(number) if one.id == update.id)
    assert (after.text, "erased" in after.flags, after.author) == ("", True, "")
    assert stage.events(number)[-1] == "case.updated"
    with pytest.raises(NotFound):
        erasure.erase_update(stage.services, number, "999", by=AGENT)


def test_an_erased_question_of_ours_is_in_no_notice_any_more(stage: Stage, tmp_path: Path) -> None:
    number = stage.open_case()
    words = ("zqtoomuchzq99xj",)
    cases.request_info(stage.services, number, text=f"Is it {words[0]}?", author=AGENT)
    stage.app.deliver_due()
    update = stage.feed(number)[-1]
    erasure.erase_update(stage.services, number, update.id, by=AGENT)
    assert canaries.left_in_rows(stage.services.database, words) == set()
    assert canaries.left_in_files(tmp_path, words) == set()
    assert stage.state(number)[0] == "awaiting-info"


def test_one_file_is_erased_and_the_words_of_its_mail_stay(stage: Stage) -> None:
    number = stage.waiting_case()
    text = f"--b\n\nSee here.\n\n> Reference ID: {stage.reference(number)}\n--b\n"
    text += 'Content-Disposition: attachment; filename="keys.txt"\n\nzqkeyszq11xjzq\n--b--'
    raw = stage.write(text).replace(b"text/plain; charset=utf-8", b'multipart/mixed; boundary="b"')
    mail = stage.receive(raw)
    update = next(one for one in stage.feed(number) if one.mail_id == mail.id)
    erasure.erase_update(stage.services, number, update.id, by=AGENT, file="keys.txt")
    assert canaries.left_in_rows(stage.services.database, ("zqkeyszq11xjzq", "keys.txt-keys")) == set()
    after = next(one for one in stage.feed(number) if one.id == update.id)
    assert (after.text, after.attachments) == ("See here.", ())
    with pytest.raises(NotFound):
        erasure.erase_update(stage.services, number, update.id, by=AGENT, file="keys.txt")


def test_a_link_whose_mail_was_erased_cannot_be_undone(stage: Stage) -> None:
    """PROCESS 3.4: there is nothing to go back to."""
    number = stage.open_case()
    item = stage.item_of(stage.receive(stage.write("Lost words.")))
    queue.link(stage.services, item.id, number, by=AGENT)
    update = next(one for one in stage.feed(number) if one.mail_id == item.mail_id)
    erasure.erase_update(stage.services, number, update.id, by=AGENT)
    with pytest.raises(Conflict):
        queue.undo(stage.services, item.id, by=AGENT)


def test_what_sqlite_left_in_unused_parts_of_pages_is_swept(sqlite_url: str) -> None:
    """PR-02: secure_delete does not reach the copies that stay where rows were moved between pages."""
    import random

    from sqlalchemy import update

    from gateway.store import db, slack

    database, chance = Database(sqlite_url), random.Random(1)
    row = {"name": ""}
    with database.write() as conn:
        add = tables.account.insert().values(row).returning(tables.account.c.id)
        ids = [conn.execute(add).scalar_one() for _ in range(200)]
    chance.shuffle(ids)
    for one in ids:
        with database.write() as conn:
            grown = update(tables.account).where(tables.account.c.id == one)
            conn.execute(grown.values(name="zqcanaryzq" * chance.choice([20, 70, 150, 240])))
    with database.write() as conn:
        conn.execute(update(tables.account).values(row))
        slack.note(conn)
    file = db.sqlite_path(sqlite_url)
    assert file is not None
    assert slack.sweep(database, large=False)
    assert file.read_bytes().count(b"zqcanaryzq") == 0
    with database.read() as conn:
        assert conn.execute(select(tables.instance.c.name).where(tables.instance.c.name == slack.UNSWEPT)).all() == []
    database.close()


def _ids(known: dict[str, list[dict[str, int]]]) -> list[dict[str, str]]:
    return [{"id": str(one["id"])} for one in known["mails"]]
