"""Lists to take away as CSV.  No cell can be taken for a formula by a spreadsheet.  Source: HAZARDS HT-08, RFC 4180."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from gateway.desk import cases, mails, outbox, queue
from gateway.errors import NotFound
from gateway.model.views import to_json
from gateway.services import Services
from gateway.store.case_views import CaseQuery

MOST = 10_000
# What spreadsheets begin to calculate at, and characters that they pass over before it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

Columns = tuple[str, ...]
KINDS: dict[str, tuple[str, Columns, Callable[[Services], Sequence[Any]]]] = {
    "cases": (
        "Cases, latest update first",
        (
            *("number", "subject", "status", "substatus", "priority", "type", "profile", "contact.email"),
            *("contact.name", "account", "owner", "opened_at", "modified_at", "closed_at"),
        ),
        lambda services: cases.find(services, CaseQuery(limit=MOST)),
    ),
    "queue": (
        "The queue, done items too",
        (
            *("id", "mail_id", "reason", "recipient", "from", "subject", "state", "resolution", "case", "claimed_by"),
            *("created_at", "resolved_at", "resolved_by", "why"),
        ),
        lambda services: queue.find(services, state="all", limit=MOST),
    ),
    "mails": (
        "Every mail, newest first",
        ("id", "received_at", "source", "from", "subject", "kind", "disposition", "reason", "case", "size"),
        lambda services: mails.find(services, limit=MOST),
    ),
    "outbox": (
        "Outgoing mail",
        (
            *("id", "notice", "case", "to", "state", "attempts", "run_at", "last_reply", "uncertain", "created_at"),
            *("sent_at", "bounced_at"),
        ),
        lambda services: outbox.find(services, state="all", limit=MOST),
    ),
}


def lines(services: Services, kind: str) -> Iterator[str]:
    """Yield the lines of a list, at most MOST below the headings.  Raises NotFound."""
    if kind not in KINDS:
        raise NotFound("There is no such list.")
    _, columns, rows = KINDS[kind]
    yield _line(columns)
    for row in rows(services):
        values = to_json(row)
        yield _line([_value(values, name) for name in columns])


def harmless(value: str) -> str:
    """Return a cell that no spreadsheet calculates."""
    return f"'{value}" if value.startswith(_FORMULA) else value


def _value(values: Any, name: str) -> str:
    for part in name.split("."):
        values = values.get(part) if isinstance(values, dict) else None
    return "" if values is None else str(values)


def _line(cells: Sequence[str]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow([harmless(cell) for cell in cells])
    return written.getvalue()
