"""What people ask of received mail: look, fetch the raw bytes, read a quarantined one again, see the balance."""

from gateway.desk import audit
from gateway.desk.ids import row_id
from gateway.errors import Conflict, NotFound
from gateway.model.views import LedgerView, MailDetailView, MailView
from gateway.reasons import Reason
from gateway.services import Services
from gateway.store import mail_views, mails


def find(
    services: Services, *, limit: int = 50, disposition: str = "", text: str = "", before: int | None = None
) -> list[MailView]:
    """Return mails, newest first.  text: part of sender or subject.  before: only those with a lower id."""
    with services.database.read() as conn:
        return mail_views.many(conn, limit=limit, disposition=disposition, text=text, before=before)


def show(services: Services, mail_id: str) -> MailDetailView:
    """Return one mail with its trace."""
    with services.database.read() as conn:
        view = mail_views.one(conn, row_id(mail_id))
    if view is None:
        raise NotFound(_no_mail(mail_id))
    return view


def raw(services: Services, mail_id: str) -> bytes:
    """Return the bytes as received; a duplicate has those of its original."""
    with services.database.read() as conn:
        content = mails.raw(conn, row_id(mail_id))
    if content is None:
        raise NotFound(f"{_no_mail(mail_id)} Its bytes may have been deleted after their time.")
    audit.note(services, "mail.raw", f"mail:{row_id(mail_id)}")
    return content


def replay(services: Services, mail_id: str) -> MailView:
    """Make a quarantined mail ready to be read again, alone."""
    now = services.clock.now()
    with services.database.write() as conn:
        again = mails.replay(conn, row_id(mail_id), now=now)
        if again:
            audit.note_along(conn, services, "mail.replay", f"mail:{row_id(mail_id)}")
        view = mail_views.one(conn, row_id(mail_id))
    if view is None:
        raise NotFound(_no_mail(mail_id))
    if not again:
        state = view.disposition or "being processed"
        raise Conflict(Reason.ALREADY_RESOLVED, f"Mail {mail_id} is {state}; only a quarantined mail is read again.")
    services.ring_mail()
    return view


def ledger(services: Services) -> LedgerView:
    """Return the balance of all mail ever accepted."""
    with services.database.read() as conn:
        return mail_views.ledger(conn)


def _no_mail(mail_id: str) -> str:
    return f"There is no mail {mail_id[:20]}; `gateway mail list` shows those there are."
