"""Every notice as it would look, with values made up for it: nothing is written, nobody is told.

The values stand in one table by their names, because a name means the same in every notice.
"""

from pathlib import Path
from typing import Any

from gateway.cleaning import clean_header
from gateway.errors import CannotCompose, NotFound
from gateway.model import Draft, Notice, OutboxEntry
from gateway.outbound import compose
from gateway.rules import notice_contexts
from gateway.services import Services

SAMPLES: dict[str, Any] = {
    "description": "Since Monday the nightly export stops at 02:10.",
    "text": "Which version do you run?  You find it under Help, About.",
    "question": "Which version do you run?",
    "wanted": "information",
    "asked_at": "2026-11-23T09:00:00Z",
    "closes_at": "2026-12-03T09:00:00Z",
    "timezone": "Europe/Berlin",
    "reopen_until": "2027-01-02T09:00:00Z",
    "reopen_how": "phone",
    "kept_until": "2027-01-02T09:00:00Z",
    "closed_at": "2026-12-03T09:00:00Z",
    "author": "dana@example.org",
    "note": "",
    "recipient": "dana@example.org",
    "held": False,
    "reply": "550 5.1.1 no such mailbox here",
    "reason": "no-progress",
    "details": "Nothing has moved since Monday.",
    "warnings": ["awaiting-customer"],
    "owner": "mia@example.com",
    "importance": "high",
    "urgency": "before Friday",
    "requester": "dana@example.org",
    "accepted": False,
    "priority": "high",
    "status": "open",
    "started_at": "2026-11-20T02:10:00Z",
    "ended_at": "2026-11-20T05:40:00Z",
    "timeline": [{"at": "2026-11-20T02:10:00Z", "what": "The export stopped."}],
    "measures": "We replaced the disk.",
    "actions": [{"due": "2026-12-01", "text": "Watch the disks."}],
    "target": "response",
    "due_at": "2026-11-25T09:30:00Z",
}


def all_notices(services: Services) -> list[Notice]:
    """Return all notices that leave the gateway."""
    return list(Notice)


def languages(folder: Path) -> list[str]:
    """Return the languages that have templates of their own, English first.  folder: that of all templates."""
    there = (path.name for path in (folder / "mail").iterdir() if path.is_dir() and len(path.name.split("-")[0]) == 2)
    return ["en", *sorted(set(there) - {"en"})]


def sample(services: Services, word: str, *, language: str = "en") -> Draft:
    """Return a notice as its reader would see it.  Raises NotFound for a word that is none, CannotCompose."""
    if word not in tuple(Notice):
        raise NotFound(f"There is no notice {clean_header(word, limit=40)}.")
    notice = Notice(word)
    return services.draft(_entry(services, notice, language))


def _entry(services: Services, notice: Notice, language: str) -> OutboxEntry:
    about_case = notice is not Notice.UNLINKED_NOTICE
    return OutboxEntry(
        id=0,
        notice=notice,
        to="dana@example.org",
        to_name="Dana Doe",
        case_number="0003256109" if about_case else "",
        subject="Export stops at night" if about_case else "",
        reference_id="REF-7K3MQ2XD91FVHT4BNWE5C8GZ0AY" if about_case else "",
        language=language,
        context=_context(notice),
        message_id="<sample@example.com>",
        thread=(),
        verp_key="sample",
        created_at=services.clock.now(),
        attempts=1,
        fence=0,
    )


def _context(notice: Notice) -> dict[str, Any]:
    declared = notice_contexts.CONTEXTS.get(notice)
    if declared is not None:
        return dict(notice_contexts.read(notice, declared.sample).model_dump(mode="json"))
    try:
        return {name: SAMPLES[name] for name in compose.NOTICE_CONTEXT[notice]}
    except KeyError as missing:
        raise CannotCompose(f"There is no sample value for {missing}.") from None
