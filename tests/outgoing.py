"""Sample outgoing mails, and a store of them in memory that keeps the promises of `gateway.store.outbox`."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

from gateway.model import Accepted, Deferred, EntryState, Letterhead, Notice, OutboxEntry, RelayOutcome, Unknown
from gateway.outbound import templates
from gateway.rules import notice_contexts

NOW = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
REFERENCE = "REF-7K3MQ2XD91FVHT4BNWE5C8GZ0AY"
CASE = "0003256109"
ENV = templates.environment(Path(__file__).parents[1] / "templates")
LETTERHEAD = Letterhead(
    organisation="Northwind Care",
    care_address="care@example.com",
    mail_domain="example.com",
    base_url="https://cases.example.com/",
    care_phone="+49 30 5550 1234",
    contact_page="https://example.com/contact",
    instance="night",
    loop_key=b"a key of the tests",
)
CONTEXT: dict[Notice, dict[str, Any]] = {
    Notice.CASE_OPENED: {"description": "The export stops at 02:10."},
    Notice.CASE_MESSAGE: {"text": "Hello Maria,\n\nwe look into it.\n\nTess"},
    Notice.INFO_REQUESTED: {"text": "Which version do you run?", "privacy_line": "Remove personal data first."},
    Notice.SOLUTION_PROPOSED: {"text": "Please install 4.2.1."},
    Notice.CASE_CLOSED: {
        "text": "",
        "reopen_until": "2026-12-25T10:00:00Z",
        "reopen_how": "phone",
        "kept_until": "2026-12-26",
    },
    Notice.CASE_CLOSED_NOTICE: {"closed_at": "2026-11-20", "reopen_until": "2026-12-20", "reopen_how": "phone"},
    Notice.REPLY_RECEIVED: {"author": "maria@example.org", "text": "It is 4.2.0.", "note": ""},
    Notice.NEEDS_A_LOOK: {"author": "maria@example.org", "text": "I am away. Port 8443.", "note": "Looks human."},
    Notice.UNLINKED_NOTICE: {},
    Notice.FOLLOW_UP_1: {
        "question": "Which version do you run?",
        "wanted": "information",
        "asked_at": "2026-11-23T09:00:00+00:00",
        "closes_at": "2026-12-03T09:00:00+00:00",
        "timezone": "Europe/Berlin",
    },
    Notice.FOLLOW_UP_2: {
        "question": "Please install 4.2.1.",
        "wanted": "verdict",
        "asked_at": "2026-11-23T09:00:00+00:00",
        "closes_at": "2026-12-03T09:00:00+00:00",
        "timezone": "",
    },
    Notice.FOLLOW_UP_CLOSED: {
        "question": "Which version do you run?",
        "wanted": "information",
        "asked_at": "2026-11-15",
        "reopen_until": "2026-12-25",
        "reopen_how": "phone",
        "kept_until": "2026-12-26",
    },
    Notice.CASE_REOPENED: {"text": "It stopped again at 02:10."},
    Notice.REOPEN_REQUESTED: {"reopen_until": "2026-12-25", "reopen_how": "phone"},
    Notice.CLOSURE_REQUESTED: {"author": "maria@example.org", "text": "It runs, thank you."},
    Notice.REOPEN_WANTED: {"author": "maria@example.org", "text": "It stopped again."},
    Notice.DELIVERY_FAILED: {"recipient": "maria@example.org", "held": True, "reply": "550 5.1.1 unknown"},
    Notice.ESCALATION_RECEIVED: {
        "reason": "no-progress",
        "details": "Nothing moves since Monday.",
        "warnings": ["The case waits for the customer's own answer."],
    },
    Notice.ESCALATION_ACCEPTED: {
        "owner": "mia@desk.example.test",
        "importance": "high",
        "urgency": "medium",
        "text": "Engineering looks at it today.\n\nYou hear from us by noon.",
    },
    Notice.ESCALATION_DECLINED: {"text": "The fix you wait for was sent yesterday."},
    Notice.ESCALATION_UPDATE: {"text": "The fix is in test."},
    Notice.ESCALATION_CLOSED: {"text": "Thank you for your patience."},
    Notice.ESCALATION_ASSIGNED: {
        "reason": "rca-overdue",
        "details": "We still have no analysis.",
        "requester": "maria@example.org",
        "warnings": ["The root-cause analysis is not due yet."],
        "accepted": False,
    },
    Notice.ESCALATION_REPLY: {"author": "maria@example.org", "text": "Noon is too late for us."},
    Notice.INCIDENT_REPORT: {
        "priority": "critical",
        "started_at": "2026-11-20T02:10:00+00:00",
        "ended_at": "2026-11-20T05:40:00+00:00",
        "description": "The export stops at 02:10.",
        "timeline": [
            {"at": "2026-11-20T02:30:00+00:00", "what": "The case was opened."},
            {"at": "2026-11-20T05:40:00+00:00", "what": "The status became service-restored (pending-rca)."},
        ],
        "measures": "We replaced the disk.",
        "actions": [{"due": "2026-12-01", "text": "Watch the disks."}, {"due": "", "text": "Tell the partners."}],
    },
    Notice.QUEUE_ALARM: {"items": 3, "oldest_item": "17", "oldest_at": "2026-11-25T05:30:00+00:00", "alarm_hours": 4},
    Notice.TARGET_MISSED: {
        "target": "response",
        "due_at": "2026-11-25T09:30:00+00:00",
        "priority": "high",
        "status": "open",
    },
    Notice.WEBHOOK_DISABLED: {"webhook": "3", "host": "hooks.example.com", "answer": "HTTP 410 Gone"},
    **{notice: kind.model_validate(kind.sample).values() for notice, kind in notice_contexts.CONTEXTS.items()},
    Notice.MAILBOX_STALE: {
        "mailbox": "support",
        "since": "2026-11-25T09:30:00+00:00",
        "error": "imap.example.com:993 does not answer in time.",
        "recovered": False,
    },
}


def entry(notice: Notice = Notice.CASE_MESSAGE, **changes: Any) -> OutboxEntry:
    """Return an outbox entry that can be composed."""
    number = changes.get("id", 7)
    plain = OutboxEntry(
        id=number,
        notice=notice,
        to="maria@example.org",
        to_name="Maria Weber",
        case_number=CASE,
        subject="The export stops",
        reference_id=REFERENCE,
        language="en",
        context=CONTEXT[notice],
        message_id=f"<out.{number}.6f1c@example.com>",
        thread=(),
        verp_key=f"key{number}",
        created_at=NOW,
        attempts=1,
        fence=1,
    )
    return replace(plain, **changes)


def parsed(raw: bytes) -> Message:
    """Read a mail as its receiver does."""
    return message_from_bytes(raw)


def part(raw: bytes, subtype: str) -> str:
    """Return the decoded text or HTML part, not that of an attached file."""
    [found] = [p for p in parsed(raw).walk() if p.get_content_subtype() == subtype and p.get_filename() is None]
    payload = found.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode("utf-8")


@dataclass(slots=True)
class Row:
    """One outbox row of the store in memory."""

    entry: OutboxEntry
    state: EntryState = EntryState.READY
    run_at: datetime = NOW
    reply: str = ""


@dataclass(slots=True)
class MemoryOutbox:
    """Claims, renders and settles like the real store, without a database.  `journal` is what was durable, in order."""

    rows: dict[int, Row] = field(default_factory=dict)
    journal: list[tuple[str, int]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, *entries: OutboxEntry) -> "MemoryOutbox":
        for one in entries:
            self.rows[one.id] = Row(entry=replace(one, attempts=0, fence=0))
        return self

    def claim(self, db: Any, *, owner: str, limit: int, now: datetime) -> list[OutboxEntry]:
        with self.lock:
            due = [r for r in self.rows.values() if r.state is EntryState.READY and r.run_at <= now][:limit]
            for row in due:
                row.state = EntryState.LEASED
                row.entry = replace(row.entry, attempts=row.entry.attempts + 1, fence=row.entry.fence + 1)
            return [row.entry for row in due]

    def still_wanted(self, db: Any, entry: OutboxEntry) -> bool:
        return entry.episode_id is None

    def withdraw(self, db: Any, entry: OutboxEntry) -> bool:
        with self.lock:
            self.rows[entry.id].state = EntryState.CANCELLED
            return True

    def keep_rendered(self, db: Any, rendered: list[tuple[OutboxEntry, bytes]]) -> list[tuple[OutboxEntry, bytes]]:
        with self.lock:
            held = [(one, raw) for one, raw in rendered if self.rows[one.id].entry.fence == one.fence]
            for one, raw in held:
                row = self.rows[one.id]
                row.entry = replace(row.entry, rendered=raw, first_tried_at=NOW)
                self.journal.append(("rendered", one.id))
            return held

    def settle(
        self,
        db: Any,
        entry: OutboxEntry,
        outcome: RelayOutcome,
        *,
        next_run_at: datetime | None,
        now: datetime,
        then: Callable[[Any], object] | None = None,
    ) -> bool:
        with self.lock:
            row = self.rows[entry.id]
            if row.entry.fence != entry.fence or row.state is not EntryState.LEASED:
                return False
            row.reply = outcome.reply
            row.entry = replace(row.entry, uncertain=row.entry.uncertain or isinstance(outcome, Unknown))
            if isinstance(outcome, Accepted):
                row.state = EntryState.DONE
            elif isinstance(outcome, Deferred | Unknown) and next_run_at is not None:
                row.state, row.run_at = EntryState.READY, next_run_at
            else:
                row.state = EntryState.DEAD
            self.journal.append((row.state.value, entry.id))
            if then is not None:
                then(db)
            return True

    def park(self, db: Any, entry: OutboxEntry, *, why: str, now: datetime) -> bool:
        with self.lock:
            row = self.rows[entry.id]
            if row.entry.fence != entry.fence:
                return False
            row.state, row.reply = EntryState.HELD, why
            return True
