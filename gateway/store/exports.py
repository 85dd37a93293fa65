"""All that is kept of one person, for the right of access (PROCESS 7.2)."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, or_, select

from gateway.linking import sighting
from gateway.store.erasing import Person, is_theirs
from gateway.store.tables import attachment, blob, case_update, episode, escalation, event, mail, outbox, support_case


def cases_with(conn: Connection, person: Person) -> list[Row[Any]]:
    """Return the cases that are this person's own, and those in which the person wrote or was written to."""
    wrote = select(case_update.c.case_id).where(is_theirs(case_update.c.author, person))
    asked = select(escalation.c.case_id).where(is_theirs(escalation.c.requester, person))
    mailed = select(mail.c.case_number).where(is_theirs(mail.c.sender, person))
    told = select(outbox.c.case_number).where(is_theirs(outbox.c.to_address, person))
    theirs = or_(
        support_case.c.contact_id == person.contact_id,
        support_case.c.id.in_(wrote.union(asked)),
        support_case.c.number.in_(mailed),
        support_case.c.number.in_(told),
    )
    return list(conn.execute(select(support_case).where(theirs).order_by(support_case.c.number)))


def updates(conn: Connection, case_id: int, person: Person, *, own: bool) -> list[dict[str, Any]]:
    """Return the feeds of a case.  own: the case is the person's; of another one only what the person wrote."""
    found = select(case_update).where(case_update.c.case_id == case_id)
    found = found if own else found.where(is_theirs(case_update.c.author, person))
    return [_row(row) for row in conn.execute(found.order_by(case_update.c.id))]


def questions(conn: Connection, case_id: int) -> list[dict[str, Any]]:
    """Return the waits of a case with what was asked."""
    columns = (episode.c.number, episode.c.status, episode.c.question, episode.c.started_at, episode.c.ended_at)
    found = select(*columns).where(episode.c.case_id == case_id)
    return [_row(row) for row in conn.execute(found.order_by(episode.c.number))]


def escalations(conn: Connection, case_id: int, person: Person, *, own: bool) -> list[dict[str, Any]]:
    """Return the escalations of a case; of somebody else's case those that the person asked for."""
    found = select(escalation).where(escalation.c.case_id == case_id)
    found = found if own else found.where(is_theirs(escalation.c.requester, person))
    return [_row(row) for row in conn.execute(found.order_by(escalation.c.number))]


def events(conn: Connection, number: str) -> list[dict[str, Any]]:
    """Return what happened to a case."""
    found = select(event.c.at, event.c.type, event.c.data).where(event.c.case_number == number)
    return [_row(row) for row in conn.execute(found.order_by(event.c.id))]


def mails(conn: Connection, person: Person, own: list[str]) -> list[dict[str, Any]]:
    """Return the mails that the person sent and all mails of the person's own cases, with their files by name."""
    columns = [c for c in mail.c if c.name not in NOT_OF_THE_PERSON]
    found = select(*columns).where(_mails_of(person, own)).order_by(mail.c.id)
    return [{**_row(row), "files": [_row(one) for one in _files(conn, row.id)]} for row in conn.execute(found)]


def notices(conn: Connection, person: Person, own: list[str]) -> list[dict[str, Any]]:
    """Return the mails that were written to the person or about the person's own cases."""
    columns = [c for c in outbox.c if c.name not in NOT_OF_THE_PERSON]
    found = select(*columns).where(_notices_of(person, own)).order_by(outbox.c.id)
    return [_row(row) for row in conn.execute(found)]


def contents(conn: Connection, person: Person, own: list[str]) -> Iterator[tuple[str, str]]:
    """Yield (place in the export, sha256) of every mail as received, every file and every mail as sent."""
    raws = select(mail.c.id, mail.c.raw_sha256).where(_mails_of(person, own)).order_by(mail.c.id)
    for row in conn.execute(raws).all():
        yield f"mails/{row.id}.eml", row.raw_sha256
        for one in _files(conn, row.id):
            yield f"files/{row.id}/{one.id}-{_safe(one.name)}", one.sha256
    sent = select(outbox.c.id, outbox.c.rendered_sha256).where(_notices_of(person, own)).order_by(outbox.c.id)
    for row in conn.execute(sent).all():
        yield f"sent/{row.id}.eml", row.rendered_sha256 or ""


def content(conn: Connection, digest: str) -> bytes | None:
    """Return stored bytes, None when they are gone."""
    return conn.execute(select(blob.c.bytes).where(blob.c.sha256 == digest)).scalar()


# How our own machinery worked on it tells nothing about the person.
NOT_OF_THE_PERSON = frozenset(
    {"lease_owner", "lease_until", "fence", "alone", "failures", "run_at", "idempotency_key", "verp_key", "episode_id"}
    | {"raw_sha256", "rendered_sha256", "content_key", "reference_id"}
)


def _mails_of(person: Person, own: list[str]) -> Any:
    sent = or_(is_theirs(mail.c.sender, person), is_theirs(mail.c.mail_from, person))
    return or_(sent, mail.c.case_number.in_(own))


def _notices_of(person: Person, own: list[str]) -> Any:
    return or_(is_theirs(outbox.c.to_address, person), outbox.c.case_number.in_(own))


def _files(conn: Connection, mail_id: int) -> list[Row[Any]]:
    found = select(attachment).where(attachment.c.mail_id == mail_id)
    return list(conn.execute(found.order_by(attachment.c.id)))


def _row(row: Any) -> dict[str, Any]:
    return {name: _redacted(value) for name, value in row._mapping.items()}


def _redacted(value: Any) -> Any:
    return sighting.redact(value) if isinstance(value, str) else value


def _safe(name: str) -> str:
    return "".join(c if c.isalnum() or c in "._-" else "_" for c in name)[-80:]
