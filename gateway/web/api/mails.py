"""The calls about received mail: look, fetch the bytes, read again, and the balance."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from gateway.app import App
from gateway.desk import mails
from gateway.model import Disposition
from gateway.model.views import LedgerView, MailDetailView, MailView
from gateway.web.api import bodies, routes
from gateway.web.api.routes import Caller, Paging, call, reply

RAW = {
    "message/rfc822": {"schema": {"type": "string", "format": "binary"}, "example": "Subject: Re: the export\r\n\r\n"}
}
# A mail is text of a stranger: it is saved, never shown, by whatever opens it.
RAW_HEADERS = {
    "content-security-policy": "default-src 'none'; sandbox",
    "x-content-type-options": "nosniff",
}


class RawMail(Response):
    """The bytes of a mail."""

    media_type = "message/rfc822"


class MailList(Paging):
    """Which mails."""

    disposition: Disposition | Literal[""] = ""
    q: str = Field("", max_length=200, description="Part of the sender or the subject.")


def router(app: App) -> APIRouter:
    """Return the calls under `/mails`, and `/ledger`."""
    calls = APIRouter(tags=["mails"])

    @call(calls, app, "GET /mails", answers=MailView, page=True)
    def list_mails(asked: Caller, query: Annotated[MailList, Query()]) -> Response:
        """List every mail that was ever accepted, newest first."""
        before = routes.behind_id(query) or None
        views = mails.find(
            asked.services, limit=query.limit + 1, disposition=query.disposition, text=query.q, before=before
        )
        return routes.listed(views, query)

    @call(calls, app, "GET /mails/{mail_id}", answers=MailDetailView)
    def show_mail(mail_id: bodies.IdPath, asked: Caller) -> Response:
        """Show a mail with its text and every check that it went through."""
        return reply(mails.show(asked.services, mail_id))

    @call(calls, app, "GET /mails/{mail_id}/raw", answers=None, content=RAW, kind=RawMail)
    def raw_mail(mail_id: bodies.IdPath, asked: Caller) -> Response:
        """Fetch the bytes as they were received."""
        content = mails.raw(asked.services, mail_id)
        named = {"content-disposition": f'attachment; filename="mail-{int(mail_id)}.eml"'}
        return RawMail(content, headers={**RAW_HEADERS, **named})

    @call(calls, app, "POST /mails/{mail_id}/replay", answers=MailView)
    def replay_mail(mail_id: bodies.IdPath, asked: Caller, body: bodies.Nothing | None = None) -> Response:
        """Let a quarantined mail be read again."""
        return reply(mails.replay(asked.services, mail_id))

    @call(calls, app, "GET /ledger", answers=LedgerView)
    def show_ledger(asked: Caller) -> Response:
        """Show the balance of all mail: accepted = the sum of all dispositions and what is in progress."""
        return reply(mails.ledger(asked.services))

    return calls
