"""One issue, one case: a new case from a mail that is linked to another one (PROCESS 2.6)."""

from dataclasses import replace

from sqlalchemy import Connection

from gateway import effects
from gateway.cleaning import clean_header
from gateway.desk import audit
from gateway.desk import cases as desk_cases
from gateway.desk.ids import row_id
from gateway.errors import InvalidInput, NotFound
from gateway.model import Case, CaseDetails, CaseType, MailFacts, OpenCase, Priority
from gateway.model.views import CaseView
from gateway.rules import requests
from gateway.services import Services
from gateway.store import case_views, cases, mails


def split(
    services: Services, mail_id: str, *, by: str, subject: str = "", priority: Priority = Priority.MEDIUM
) -> CaseView:
    """Open a case from a mail that is linked to another one, for the contact of that case, who is told by mail.

    The mail stays where it is; both cases name each other in their feeds, and the new one has the other as `previous`.
    subject: the mail's when left out, shortened where it is too long (PROCESS 2.5).
    Raises Refused: NotFound for no such mail, InvalidInput for one that is not linked or was erased, `case-purged`.
    """
    now = services.clock.now()
    about = f"mail:{row_id(mail_id)}"
    with audit.watched(services, "case.open", about), services.database.write() as conn:
        mail, case = _linked(conn, services, mail_id)
        opened = _opened(mail, case, subject=subject, priority=priority)
        opened = replace(opened, case_number=cases.next_number(conn, services.config.gateway.first_case_number))
        decision = requests.open_case(opened, case.contact, policy=services.policy)
        made = effects.apply(conn, decision, scribe=services.scribe, now=now)
        for note in requests.split(mail.id, case, opened.case_number, by):
            effects.apply(conn, note, scribe=services.scribe, now=now)
        view = case_views.one(conn, opened.case_number)
    services.ring_outbox(made.outbox_ids)
    return view


def _linked(conn: Connection, services: Services, mail_id: str) -> tuple[MailFacts, Case]:
    """Return a mail with its case, whose row is held until the transaction ends."""
    mail = mails.facts(conn, row_id(mail_id))
    if mail is None:
        raise NotFound(
            f"There is no mail {clean_header(mail_id, limit=40)}; `gateway mail list --disposition linked` "
            "shows those that are linked."
        )
    number = mails.linked_case(conn, mail.id)
    if not number:
        raise InvalidInput(
            f"Mail {mail.id} is linked to no case; open one from the queue with `gateway queue open-case`."
        )
    case = desk_cases.seen(conn, services, number, lock=True)
    effects.check_not_purged(case)
    if mails.is_purged(conn, mail.id):
        raise InvalidInput(f"The text of mail {mail.id} was erased; open a case with `gateway case open`.")
    return mail, case


def _opened(mail: MailFacts, case: Case, *, subject: str, priority: Priority) -> OpenCase:
    """Return the new case without its number: of the same contact, product and deployment; the rest is its own."""
    known = case.details
    return OpenCase(
        case_number="",
        subject=subject or (mail.subject or "(no subject)")[: requests.SUBJECT_LENGTH].strip(),
        description=mail.reply or mail.text,
        contact_id=case.contact.id,
        priority=priority,
        type=CaseType.SUPPORT,
        profile=case.profile,
        owner=case.owner,
        previous=case.number,
        details=CaseDetails(deployment=known.deployment, product_line=known.product_line),
    )
