"""Outgoing mail in the hands of people, and the sweep that gives lost work back."""

import pytest

from gateway import scheduler
from gateway.desk import access, mails
from gateway.desk import outbox as desk
from gateway.errors import Conflict, InvalidInput, NotFound
from gateway.store import lease
from gateway.store import mails as mail_store
from gateway.store import outbox as outbox_store
from gateway.store.tables import mail as mail_table
from tests.story.stage import Stage


def test_a_held_mail_stays_until_it_is_released_and_a_cancelled_one_for_good(stage: Stage) -> None:
    stage.open_case()
    (entry,) = desk.find(stage.services)
    assert desk.hold(stage.services, entry.id).state == "held"
    assert stage.app.deliver_due() == 0
    with pytest.raises(Conflict, match="held"):
        desk.hold(stage.services, entry.id)
    assert desk.release(stage.services, entry.id).state == "ready"
    assert stage.app.deliver_due() == 1
    assert desk.show(stage.services, entry.id).state == "done"
    for refused in (desk.cancel, desk.retry, desk.hold, desk.release):
        with pytest.raises(Conflict, match="done"):
            refused(stage.services, entry.id)
    assert stage.events()[-1] == "notice.sent"
    stage.open_case()
    (second,) = desk.find(stage.services)
    assert desk.cancel(stage.services, second.id).state == "cancelled"
    assert stage.app.deliver_due() == 0
    assert desk.find(stage.services) == []


@pytest.mark.parametrize("entry_id", ["", "0", "77", "9" * 40, "x", "-1"])
def test_what_is_no_outgoing_mail_is_not_found(stage: Stage, entry_id: str) -> None:
    for look in (desk.show, desk.cancel):
        with pytest.raises(NotFound):
            look(stage.services, entry_id)


def test_a_sweep_gives_back_what_lost_its_owner_and_marks_what_may_have_left(stage: Stage) -> None:
    """FA-06, FA-08: a mail comes alone next time; an outgoing one whose bytes were stored counts as uncertain."""
    stage.open_case()
    mail_id = stage.ingest(stage.write("Hello"))
    database, now = stage.services.database, stage.clock.now()
    with database.write() as conn:
        lease.claim(conn, mail_table, owner="gone", limit=1, now=now, seconds=-1)
    (entry,) = outbox_store.claim(database, owner="gone", limit=1, now=now)
    outbox_store.keep_rendered(database, [(entry, b"bytes")])
    scheduler.sweep(stage.services)
    assert desk.show(stage.services, str(entry.id)).state == "leased"
    with database.write() as conn:
        from gateway.store.tables import outbox

        lease.renew(conn, outbox, owners=["gone"], seconds=-1)
    scheduler.sweep(stage.services)
    view = desk.show(stage.services, str(entry.id))
    assert (view.state, view.uncertain) == ("ready", True)
    with database.write() as conn:
        (again,) = mail_store.claim(conn, owner="next", limit=5, now=now)
    assert (again.id, again.alone, again.attempts) == (mail_id, True, 2)
    assert mails.ledger(stage.services).in_progress == 1


def test_a_key_is_shown_once_and_ends_when_it_is_revoked(stage: Stage) -> None:
    """AP: only its hash is stored."""
    view, secret = access.create_key(stage.services, role="agent", name="desk\x00")
    assert secret.startswith(view.prefix)
    assert (view.name, view.role) == ("desk", "agent")
    assert secret not in str(access.all_keys(stage.services))
    ended = access.revoke(stage.services, view.id)
    assert ended.revoked_at == stage.clock.now()
    stage.later(minutes=1)
    assert access.revoke(stage.services, view.id).revoked_at == ended.revoked_at
    for wrong in ("", "99", "9" * 40, "x"):
        with pytest.raises(NotFound):
            access.revoke(stage.services, wrong)
    with pytest.raises(InvalidInput, match="admin"):
        access.create_key(stage.services, role="king")
