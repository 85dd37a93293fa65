"""What other systems ask for: notices that the gateway renders, sends, retries and records.  Source: PROCESS 8."""

from typing import Any

from sqlalchemy import Connection

from gateway import effects
from gateway.cleaning import clean_header
from gateway.desk import cases
from gateway.errors import InvalidInput
from gateway.model import Case, Decision, Notify, OutboxEntry
from gateway.model.call_views import DeclaredView, NotificationView
from gateway.model.views import OutboxView
from gateway.outbound import compose
from gateway.reasons import Reason
from gateway.rules import notice_contexts, notifications
from gateway.rules.notice_contexts import Context
from gateway.services import Services
from gateway.store import outbox, outbox_views

NAME_LENGTH = 200


def declared() -> list[DeclaredView]:
    """Return the notices that can be asked for, with their values."""
    return [
        DeclaredView(
            notice=kind.notice,
            case=kind.about_case,
            values=tuple(name for name, value in kind.model_fields.items() if value.is_required()),
            optional=tuple(name for name, value in kind.model_fields.items() if not value.is_required()),
            sample=kind.sample,
        )
        for kind in notice_contexts.CONTEXTS.values()
    ]


def send(
    services: Services,
    *,
    notice: str,
    context: Any,
    to: str = "",
    to_name: str = "",
    case: str = "",
    author: str = "",
) -> OutboxView:
    """Write a notice into the outbox and return its entry; the same notice asked for again is the same entry.

    to: may be left out for chat-contact-left, which then goes to the management.  author: the calling system, for the
    record.  Raises InvalidInput that names what is missing, unknown or wrong; `idempotency-key-reused` when the same
    notice was asked for before with other values; NotFound for the case.
    """
    read = notice_contexts.read(notice, context)
    now = services.clock.now()
    with services.database.write() as conn:
        decision = _decide(conn, services, read, to=to, to_name=to_name, case=case, author=author, lock=True)
        wanted = _first(decision)
        before = outbox_views.by_key(conn, wanted.key)
        if before is not None:
            _same(conn, wanted)
            return before
        made = effects.apply(conn, decision, scribe=services.scribe, now=now)
        view = outbox_views.by_key(conn, wanted.key)
    services.ring_outbox(made.outbox_ids)
    assert view is not None
    return view


def preview(
    services: Services, *, notice: str, context: Any, to: str = "", to_name: str = "", case: str = ""
) -> NotificationView:
    """Return a notice as it would leave; nothing is written, and a Reference ID shows as `REF-****`.

    Raises what `send` raises.
    """
    read = notice_contexts.read(notice, context)
    with services.database.read() as conn:
        decision = _decide(conn, services, read, to=to, to_name=to_name, case=case, author="", lock=False)
        known = cases.load(conn, case) if case else None
    wanted = _first(decision)
    draft = services.draft(_entry(services, wanted, known))
    return NotificationView(
        notice=wanted.notice,
        case=wanted.case_number or None,
        to=wanted.to,
        subject=draft.subject,
        text=draft.text,
        html=draft.html,
    )


def _decide(
    conn: Connection,
    services: Services,
    context: Context,
    *,
    to: str,
    to_name: str,
    case: str,
    author: str,
    lock: bool,
) -> Decision:
    notifications.check_case(context, bool(case))
    to = notifications.recipient(context, to.strip(), services.policy)
    if not compose.valid_recipient(to):
        raise InvalidInput(
            f"{clean_header(to, limit=80)} is not one mail address; write it like dana@example.com.",
            Reason.INVALID_RECIPIENT,
        )
    about: Case | None = cases.seen(conn, services, case, lock=lock) if case else None
    name = clean_header(to_name, limit=NAME_LENGTH)
    by = author or services.config.gateway.care_address
    return notifications.send(context, about, to=to, to_name=name, author=by, policy=services.policy)


def _first(decision: Decision) -> Notify:
    wanted = decision.effects[0]
    assert isinstance(wanted, Notify)
    return wanted


def _same(conn: Connection, wanted: Notify) -> None:
    """Refuse other values under the name of a notice that was written before, unless those are deleted by now."""
    kept = outbox.context_of(conn, wanted.key)
    if kept and kept != effects.cleaned(wanted.context):
        raise InvalidInput(
            f"The same notice {wanted.notice} was asked for before with other values; it was left as it is.",
            Reason.IDEMPOTENCY_KEY_REUSED,
        )


def _entry(services: Services, wanted: Notify, case: Case | None) -> OutboxEntry:
    return OutboxEntry(
        id=0,
        notice=wanted.notice,
        to=wanted.to,
        to_name=wanted.to_name,
        case_number=wanted.case_number,
        subject=case.subject if case else "",
        reference_id=compose.REDACTED if wanted.with_reference else "",
        language=case.contact.language if case and wanted.with_reference else "en",
        context=wanted.context,
        message_id="",
        thread=(),
        verp_key="",
        created_at=services.clock.now(),
        attempts=0,
        fence=0,
    )
