"""The calls about the customer's people."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from gateway.app import App
from gateway.desk import contacts
from gateway.model.views import ContactView
from gateway.web.api import bodies, routes
from gateway.web.api.routes import Caller, Paging, call, reply


class ContactList(Paging):
    """Which contacts."""

    account: str = Field("", max_length=998, description="The name of their account.")
    cursor: str = Field("", max_length=320, description=routes.CURSOR)


def router(app: App) -> APIRouter:
    """Return the calls under `/contacts`."""
    calls = APIRouter(tags=["contacts"])

    @call(calls, app, "GET /contacts", answers=ContactView, page=True)
    def list_contacts(asked: Caller, query: Annotated[ContactList, Query()]) -> Response:
        """List contacts by their addresses."""
        views = contacts.find(asked.services, account=query.account, limit=query.limit + 1, after=query.cursor)
        return routes.listed(views, query, lambda contact: contact.email)

    @call(calls, app, "GET /contacts/{email}", answers=ContactView)
    def show_contact(email: bodies.EmailPath, asked: Caller) -> Response:
        """Show a contact by one of its addresses; never its PIN."""
        return reply(contacts.show(asked.services, email))

    @call(calls, app, "PUT /contacts/{email}", answers=ContactView)
    def put_contact(email: bodies.EmailPath, body: bodies.PutContact, asked: Caller) -> Response:
        """Make or change a contact."""
        return reply(contacts.put(asked.services, email, **body.model_dump()))

    return calls
