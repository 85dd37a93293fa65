"""Many cases and a long queue, written by SQL: for pictures with 10,000 rows, and for measuring with 100,000.

Rows look like those that the product writes; subjects draw on a few hundred words, so that searches find something.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Connection, insert

from gateway.linking import conversation
from gateway.store import cases as stored_cases
from gateway.store import search
from gateway.store.db import Database
from gateway.store.tables import account, contact, contact_address, counter, mail, outbox, queue_item, support_case

BATCH = 2_000
THINGS = ("printer", "tunnel", "export", "backup", "invoice", "login", "phone", "router", "report", "licence", "sensor")
FAULTS = ("stops", "fails", "is slow", "shows nothing", "drops", "repeats", "loses rows", "needs a restart", "is late")
PLACES = ("in Oslo", "on host", "since the update", "every night", "on the second floor", "for all users", "at noon")
REASONS = ("no-reference", "no-reference", "no-reference", "damaged-reference", "unknown-reference", "case-closed")
STATUSES = (
    ("open", "investigation"),
    ("open", "customer-responded"),
    ("awaiting-info", "information-required-from-customer"),
    ("solution-proposed", "replied"),
    ("closed", "resolved"),
    ("closed", "cancelled"),
)
PEOPLE = 500
FIRST_NUMBER = 5_000_000


def gather(database: Database, *, cases: int, items: int, now: datetime) -> None:
    """Write so many cases and open queue items, the latest just before `now`."""
    with database.write() as conn:
        people = _people(conn)
        for rows in _batches(_case_rows(people, cases, now)):
            ids = conn.execute(insert(support_case).returning(support_case.c.id), rows).scalars().all()
            search.index_many(conn, [(id_, row["subject"]) for id_, row in zip(ids, rows, strict=True)])
        conn.execute(counter.delete())
    for start in range(0, items, BATCH):
        with database.write() as conn:
            _queue(conn, range(start, min(items, start + BATCH)), items, now)
    with database.write() as conn:
        conn.execute(insert(outbox), list(_outbox_rows(min(cases, 1000), now)))


def subject(number: int) -> str:
    """Return the subject of the n-th case or mail."""
    thing, fault = THINGS[number % len(THINGS)], FAULTS[number // 7 % len(FAULTS)]
    return f"The {thing} {fault} {PLACES[number // 5 % len(PLACES)]} {number}"


def number_of(place: int) -> str:
    """Return the number of the n-th case."""
    return str(FIRST_NUMBER + place).zfill(stored_cases.NUMBER_WIDTH)


def _address(n: int) -> str:
    return f"person{n % PEOPLE}@customer{n % PEOPLE}.example.org"


def _people(conn: Connection) -> list[int]:
    made = conn.execute(
        insert(account).returning(account.c.id), [{"name": f"Company {n}"} for n in range(PEOPLE)]
    ).scalars()
    rows = [
        {
            "account_id": id_,
            "email": f"person{n}@customer{n}.example.org",
            "name": f"Person {n}",
            "access": "read-write",
        }
        for n, id_ in enumerate(made)
    ]
    ids = list(conn.execute(insert(contact).returning(contact.c.id), rows).scalars())
    addresses = [
        {"address_key": row["email"], "contact_id": id_, "address": row["email"]}
        for row, id_ in zip(rows, ids, strict=True)
    ]
    conn.execute(insert(contact_address), addresses)
    return ids


def _case_rows(people: list[int], count: int, now: datetime) -> Iterator[dict[str, Any]]:
    for n in range(count):
        status, substatus = STATUSES[n % len(STATUSES)]
        moved = now - timedelta(minutes=count - n)
        yield {
            "number": number_of(n),
            "subject": subject(n),
            "description": f"{subject(n)}.  It began this morning, and nothing that we tried helped.",
            "status": status,
            "substatus": substatus,
            "priority": ("medium", "low", "high")[n % 3],
            "type": "support",
            "profile": "on-premises",
            "contact_id": people[n % len(people)],
            "owner": f"agent{n % 9}@example.com",
            "opened_at": moved - timedelta(days=2),
            "modified_at": moved,
            "closed_at": moved if status == "closed" else None,
        }


def _queue(conn: Connection, places: range, of: int, now: datetime) -> None:
    rows = [_mail_row(n, now - timedelta(seconds=30 * (of - n))) for n in places]
    ids = conn.execute(insert(mail).returning(mail.c.id), rows).scalars().all()
    conn.execute(insert(queue_item), [_item_row(n, id_, row) for n, id_, row in zip(places, ids, rows, strict=True)])


def _mail_row(n: int, received: datetime) -> dict[str, Any]:
    sender = _address(n)
    text = f"Good morning,\n\nit is about case {number_of(n % 90)}: {subject(n)}.\n\nKind regards\nPerson {n % PEOPLE}"
    return {
        "source": "smtp",
        "mail_from": sender,
        "rcpt_tos": ["care@example.com"],
        "received_at": received,
        "size": 900 + n % 300,
        "sha256": f"{n:064x}",
        "raw_sha256": f"{n:064x}",
        "content_key": f"crowd{n:059x}",
        "state": "done",
        "run_at": received,
        "processed_at": received,
        "disposition": "queued",
        "reason": REASONS[n % len(REASONS)],
        "kind": "person",
        "sender": sender,
        "sender_name": f"Person {n % PEOPLE}",
        "subject": subject(n // 2),
        "text": text,
        "reply": text,
    }


def _item_row(n: int, mail_id: int, row: dict[str, Any]) -> dict[str, Any]:
    hint = {"case": number_of(n % 90), "score": 30 + n % 70, "evidence": ["The case number stands in the body."]}
    return {
        "mail_id": mail_id,
        "reason": row["reason"],
        "recipient": ("care@example.com", "help@example.com")[n % 2],
        "hints": [hint] if n % 4 else [],
        "state": "open",
        "created_at": row["received_at"],
        "claimed_by": "ben@example.com" if n % 11 == 3 else "",
        "conversation": conversation.key(row["sender"], row["subject"]),
    }


def _outbox_rows(count: int, now: datetime) -> Iterator[dict[str, Any]]:
    for n in range(count):
        state = ("done", "ready", "dead", "held")[n % 4]
        at = now - timedelta(minutes=n)
        yield {
            "idempotency_key": f"crowd/{n}",
            "notice": ("follow-up-1", "case-message", "case-closed")[n % 3],
            "case_number": number_of(n),
            "to_address": _address(n),
            "context": {},
            "message_id": f"<crowd{n}@example.com>",
            "verp_key": f"crowd{n}",
            "created_at": at,
            "state": state,
            "run_at": now + timedelta(days=9),
            "attempts": n % 3,
            "last_reply": "250 2.0.0 queued" if state == "done" else "451 4.3.0 try again later",
            "sent_at": at if state == "done" else None,
        }


def _batches(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while batch := list(islice(rows, BATCH)):
        yield batch
