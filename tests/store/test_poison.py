"""Values that break databases: kept in a cleaned form, or refused for the one mail that has them (facts 17 and 18)."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from gateway import effects
from gateway.cleaning import clamp_date, clean_header, clean_text
from gateway.model import Channel, Decision, Feed, HintQuery, QueueForAdmin, RecordUpdate, Visibility
from gateway.reasons import Reason
from gateway.store import case_views, hints, mails, queue
from gateway.store.db import Database
from gateway.store.tables import Instant, mail
from tests.store.support import INSTANCE, NOW, add_outgoing, new_case, new_mail, queued, reading

POISON = {
    "NUL": "before\x00after",
    "lone surrogate": "before\ud800after",
    "controls": "\x01\x02\x1b[31m\x7f\x9b",
    "ten kilobytes": "<" + "x" * 10_000 + "@example.com>",
    "a megabyte of words": " ".join(f"word{n}" for n in range(120_000)),
    "beyond the plane": "\U0010ffff\U0001f600",
    "quotes": "'; DROP TABLE mail; -- %s ? :x",
}
SCRIBE = effects.Scribe(instance=INSTANCE, mail_domain="example.com", random_bytes=lambda n: b"x" * n)


@pytest.mark.parametrize("name", POISON)
def test_what_reading_cleans_is_kept_and_read_back(database: Database, name: str) -> None:
    """Fact 17: subject, Message-ID, text and sender of a mail that was finished."""
    text = clean_text(POISON[name])
    read = reading(subject=clean_header(POISON[name]), message_id=clean_header(POISON[name]), text=text, reply=text)
    with database.write() as conn:
        mails.spool_many(conn, [new_mail("one")])
        (entry,) = mails.claim(conn, owner="a", limit=1, now=NOW)
        assert mails.finish(conn, entry, read, queued(), now=NOW)
        facts = mails.facts(conn, entry.id)
        assert facts is not None
        assert (facts.text, facts.subject) == (text, clean_header(POISON[name]))


@pytest.mark.parametrize("name", POISON)
def test_an_update_is_cleaned_on_its_way_into_the_feed(database: Database, name: str) -> None:
    """Fact 17: whoever wrote it, by whatever door."""
    with database.write() as conn:
        case = new_case(conn)
        posted = RecordUpdate(
            case_number=case.number,
            feed=Feed.CASE,
            channel=Channel.PORTAL,
            author=POISON[name],
            visibility=Visibility.PUBLIC,
            text=POISON[name],
        )
        decision = Decision(reason=Reason.DONE, effects=(posted,), case_number=case.number)
        effects.apply(conn, decision, scribe=SCRIBE, now=NOW)
        (update,) = case_views.updates(conn, case.id, Feed.CASE)
        assert "\x00" not in update.text + update.author
        assert update.text == clean_text(POISON[name])


@pytest.mark.parametrize("name", ["NUL", "lone surrogate", "ten kilobytes", "quotes"])
def test_the_context_of_a_notice_may_hold_anything(database: Database, name: str) -> None:
    """OB-01: JSON columns take what the cleaning lets through."""
    with database.write() as conn:
        add_outgoing(conn, f"a/{name}", context={"text": clean_text(POISON[name])})


@pytest.mark.parametrize("name", POISON)
def test_looking_for_hints_never_breaks(database: Database, name: str) -> None:
    """Fact 18: LIKE patterns and long keys."""
    word = clean_header(POISON[name])
    with database.write() as conn:
        new_case(conn)
        query = HintQuery(
            case_numbers=(word[:10],),
            message_ids=(word,),
            references=(word,),
            damaged_pieces=(word[:9], "%", "_"),
            sender=word,
            domain=word,
            subject_words=(word[:40], "%_"),
        )
        assert hints.candidates(conn, query) == []


@pytest.mark.parametrize("moment", [datetime(9999, 12, 31, 23, 59, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)])
def test_dates_that_a_database_could_not_read_back_are_dropped(moment: datetime) -> None:
    """Fact 17: year 9999 with an offset."""
    assert clamp_date(moment) is None
    assert clamp_date(moment, now=NOW) is None


def test_a_moment_without_a_zone_is_refused_and_one_of_another_zone_is_the_same_moment(database: Database) -> None:
    with pytest.raises(ValueError, match="naive"):
        Instant().process_bind_param(datetime(2026, 1, 1), None)  # type: ignore[arg-type]
    from datetime import timezone

    elsewhere = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    with database.write() as conn:
        mails.spool_many(conn, [new_mail("one", received_at=elsewhere)])
        kept = conn.execute(select(mail.c.received_at)).scalar_one()
    assert kept == NOW
    assert kept.utcoffset() == timedelta(0)


def test_a_recipient_longer_than_any_address_can_be_is_cut_in_the_queue(database: Database) -> None:
    """Fact 18: it stands in an index, whose entries have a limit on PostgreSQL."""
    with database.write() as conn:
        mails.spool_many(conn, [new_mail("one")])
        (entry,) = mails.claim(conn, owner="a", limit=1, now=NOW)
        item = QueueForAdmin(mail_id=entry.id, reason=Reason.NO_REFERENCE, recipient="\U0001f600" * 5000, hints=())
        queue.add(conn, item, now=NOW)
        (view,) = queue.views(conn, now=NOW)
    assert view.recipient == "\U0001f600" * queue.RECIPIENT_LENGTH
