"""Exporting one person: all that is known, as JSON, or as a zip with the mails and files themselves (PROCESS 7.2)."""

import json
import zipfile
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from gateway.desk import contacts as desk_contacts
from gateway.desk import erasure, record
from gateway.model.views import to_json
from gateway.services import Services
from gateway.store import case_views, erasing, exports, people

DOCUMENT = "export.json"


def document(services: Services, email: str, *, by: str) -> dict[str, Any]:
    """Return all that is known of the contact of an address, made of JSON types.  Raises NotFound.

    Of other people's cases only what this person wrote or was sent is in it.
    """
    with services.database.read() as conn:
        contact = desk_contacts.found(conn, email)
        known = _document(conn, services, erasure.as_person(contact), email)
    record.note(
        services, "exported", by=by, contact_id=contact.id, mails=len(known["mails"]), notices=len(known["notices"])
    )
    return known


def write_zip(services: Services, email: str, target: Path, *, by: str) -> int:
    """Write the export as a zip with every mail and file in it; return how many entries.  Raises NotFound, OSError."""
    with services.database.read() as conn:
        contact = desk_contacts.found(conn, email)
        person = erasure.as_person(contact)
        known = _document(conn, services, person, email)
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(DOCUMENT, json.dumps(known, ensure_ascii=False, indent=2))
            for place, digest in exports.contents(conn, person, erasing.own_cases(conn, person)):
                stored = exports.content(conn, digest) if digest else None
                if stored is not None:
                    archive.writestr(place, stored)
            entries = len(archive.namelist())
    record.note(
        services, "exported", by=by, contact_id=contact.id, mails=len(known["mails"]), notices=len(known["notices"])
    )
    return entries


def _document(conn: Connection, services: Services, person: erasing.Person, email: str) -> dict[str, Any]:
    own = erasing.own_cases(conn, person)
    known: dict[str, Any] = {
        "exported_at": services.clock.now(),
        "contact": people.view(conn, desk_contacts.found(conn, email)),
        "cases": [_case(conn, row, person, own=row.number in own) for row in exports.cases_with(conn, person)],
        "mails": exports.mails(conn, person, own),
        "notices": exports.notices(conn, person, own),
    }
    as_json: dict[str, Any] = to_json(known)
    return as_json


def _case(conn: Connection, row: Any, person: erasing.Person, *, own: bool) -> dict[str, Any]:
    told = {
        "updates": exports.updates(conn, row.id, person, own=own),
        "escalations": exports.escalations(conn, row.id, person, own=own),
    }
    if not own:
        return {"number": row.number, "own": False, **told}
    view = to_json(case_views.one(conn, row.number))
    more = {"questions": exports.questions(conn, row.id), "events": exports.events(conn, row.number)}
    return {"own": True, **view, **told, **more}
