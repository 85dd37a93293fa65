"""The calls about cases: the same functions of `desk` that the command line uses."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from gateway.app import App
from gateway.desk import cases, contacts, escalations
from gateway.model import CaseDetails, Channel, Feed, Priority, Status
from gateway.model.views import CaseView, EscalationView, UpdateView, to_json
from gateway.rules import permissions
from gateway.rules.permissions import Role
from gateway.store.case_views import CaseQuery
from gateway.store.search import NUMBER_WIDTH
from gateway.web.api import bodies, routes
from gateway.web.api.routes import Caller, Paging, call, reply

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DETAILS = tuple(field.name for field in fields(CaseDetails))
# Who may only ask what a customer may choose.
FOR_CUSTOMERS = frozenset({Role.SYSTEM})


class CaseList(Paging):
    """Which cases."""

    limit: int = Field(25, ge=1, le=routes.LARGEST_PAGE, description="How many at most.")
    status: Status | Literal[""] = ""
    priority: Priority | Literal[""] = ""
    contact: str = Field("", max_length=320, description="An address of the case contact.")
    account: str = Field("", max_length=998)
    owner: str = Field("", max_length=320)
    turn: Literal["", "ours", "customer"] = Field("", description="Which side has to act.")
    q: str = Field("", max_length=200, description="A case number, or beginnings of words of the subject.")
    sort: Literal["-modified_at", "modified_at", "-number", "number"] = "-modified_at"
    cursor: str = Field("", pattern=r"^([0-9]{1,16}-[0-9]{1,10})?$", description=routes.CURSOR)


class UpdateList(Paging):
    """Which updates."""

    feed: Feed = Feed.CASE


def router(app: App) -> APIRouter:
    """Return the calls under `/cases`."""
    calls = APIRouter(tags=["cases"])
    _reading(calls, app)
    _working(calls, app)
    _deciding(calls, app)
    _asking(calls, app)
    return calls


def _reading(calls: APIRouter, app: App) -> None:
    @call(calls, app, "GET /cases", answers=CaseView, page=True)
    def list_cases(asked: Caller, query: Annotated[CaseList, Query()]) -> Response:
        """List cases, latest change first."""
        wanted = CaseQuery(
            **query.model_dump(exclude={"q", "cursor", "limit"}),
            text=query.q,
            after=_after(query),
            limit=query.limit + 1,
        )
        return routes.listed(cases.find(asked.services, wanted), query, lambda case: _key(case, query.sort))

    @call(calls, app, "GET /cases/{number}", answers=CaseView)
    def show_case(number: bodies.NumberPath, asked: Caller) -> Response:
        """Show a case; its ETag is for `If-Match`."""
        return reply(cases.show(asked.services, number))

    @call(calls, app, "GET /cases/{number}/updates", answers=UpdateView, page=True)
    def list_updates(number: bodies.NumberPath, asked: Caller, query: Annotated[UpdateList, Query()]) -> Response:
        """List a feed of a case, oldest first."""
        after = routes.behind_id(query)
        views = cases.updates(asked.services, number, feed=query.feed, after=after, limit=query.limit + 1)
        return routes.listed(views, query)


def _working(calls: APIRouter, app: App) -> None:
    @call(calls, app, "POST /cases", answers=CaseView, status=201)
    def open_case(body: bodies.OpenCase, asked: Caller) -> Response:
        """Open a case; the contact is told.  `hints` say what could be better."""
        permissions.check_priority(asked.caller.role, body.priority)
        view = cases.open_case(
            asked.services,
            subject=body.subject,
            description=body.description,
            contact_email=body.contact.email,
            contact_name=body.contact.name,
            priority=body.priority,
            type=body.type,
            profile=body.profile or "",
            owner=body.owner or "",
            external_ref=body.external_ref or "",
            previous=body.previous or "",
            details=CaseDetails(**{name: getattr(body, name) or "" for name in DETAILS}),
            by_customer=asked.caller.role in FOR_CUSTOMERS,
        )
        headers = {"location": f"/api/v1/cases/{view.number}", "etag": f'"{view.version}"'}
        return routes.written(to_json(view), status=201, headers=headers)

    @call(calls, app, "POST /cases/{number}/updates", answers=UpdateView, status=201)
    def post_update(number: bodies.NumberPath, body: bodies.PostUpdate, asked: Caller) -> Response:
        """Post an update.  From portal, app or telephone it is the customer's answer; public of an agent, a mail."""
        permissions.check_channel(asked.caller.role, body.channel)
        view = cases.post(asked.services, number, **{**body.model_dump(), "pin": body.pin or ""})
        return reply(view, status=201)

    @call(calls, app, "POST /cases/{number}/request-info", answers=CaseView)
    def request_info(number: bodies.NumberPath, body: bodies.RequestInfo, asked: Caller) -> Response:
        """Ask the contact for information; the follow-ups begin."""
        return reply(cases.request_info(asked.services, number, **body.model_dump()))

    @call(calls, app, "POST /cases/{number}/propose-solution", answers=CaseView)
    def propose_solution(number: bodies.NumberPath, body: bodies.ProposeSolution, asked: Caller) -> Response:
        """Give a solution and ask for confirmation; the follow-ups begin."""
        return reply(cases.propose_solution(asked.services, number, **body.model_dump()))

    @call(calls, app, "POST /cases/{number}/acknowledge", answers=CaseView)
    def acknowledge(number: bodies.NumberPath, asked: Caller, body: bodies.Nothing | None = None) -> Response:
        """Note that our side has read what came in and that it is no answer."""
        return reply(cases.acknowledge(asked.services, number, author=asked.by()))


def _deciding(calls: APIRouter, app: App) -> None:
    @call(calls, app, "POST /cases/{number}/status", answers=CaseView)
    def set_status(number: bodies.NumberPath, body: bodies.SetStatus, asked: Caller) -> Response:
        """Move a case by hand."""
        return reply(cases.set_status(asked.services, number, body.status, body.substatus))

    @call(calls, app, "POST /cases/{number}/priority", answers=CaseView)
    def set_priority(number: bodies.NumberPath, body: bodies.SetPriority, asked: Caller) -> Response:
        """Give a case another priority."""
        permissions.check_priority(asked.caller.role, body.priority)
        by_customer = asked.caller.role in FOR_CUSTOMERS
        return reply(cases.set_priority(asked.services, number, body.priority, by_customer=by_customer))

    @call(calls, app, "POST /cases/{number}/contact", answers=CaseView)
    def set_contact(number: bodies.NumberPath, body: bodies.SetContact, asked: Caller) -> Response:
        """Give a case to another contact."""
        return reply(contacts.of_case(asked.services, number, **body.model_dump(), author=asked.by()))

    @call(calls, app, "POST /cases/{number}/close", answers=CaseView)
    def close_case(number: bodies.NumberPath, body: bodies.Close, asked: Caller) -> Response:
        """Close a case; the contact is told."""
        author = asked.by(body.author)
        return reply(cases.close(asked.services, number, substatus=body.substatus, text=body.text, author=author))

    @call(calls, app, "POST /cases/{number}/reopen", answers=CaseView)
    def reopen_case(number: bodies.NumberPath, body: bodies.Reopen, asked: Caller) -> Response:
        """Open a closed case again."""
        permissions.check_channel(asked.caller.role, body.channel)
        view = cases.reopen(
            asked.services,
            number,
            text=body.text,
            channel=body.channel,
            author=body.author or "",
            recorded_by=asked.by(),
            pin=body.pin or "",
        )
        return reply(view)


def _asking(calls: APIRouter, app: App) -> None:
    @call(calls, app, "POST /cases/{number}/close-request", answers=CaseView, status=202)
    def request_closure(number: bodies.NumberPath, body: bodies.CustomerAsks, asked: Caller) -> Response:
        """Record that the customer wants a case closed; the owner is told."""
        return reply(cases.close_request(asked.services, number, **body.model_dump()), status=202)

    @call(calls, app, "POST /cases/{number}/reopen-request", answers=CaseView, status=202)
    def request_reopening(number: bodies.NumberPath, body: bodies.CustomerAsks, asked: Caller) -> Response:
        """Record that the customer wants a closed case back; they are told how to call."""
        return reply(cases.reopen_request(asked.services, number, **body.model_dump()), status=202)

    @call(calls, app, "POST /cases/{number}/escalations", answers=EscalationView, status=201)
    def escalate(number: bodies.NumberPath, body: bodies.Escalate, asked: Caller) -> Response:
        """Escalate a case; `warnings` say what the review will look at."""
        channel = Channel.PORTAL if asked.caller.role in FOR_CUSTOMERS else Channel.AGENT
        author = body.requester if channel is Channel.PORTAL else asked.by()
        view = escalations.request(asked.services, number, **body.model_dump(), channel=channel, author=author)
        return reply(view, status=201)


def _key(case: CaseView, sort: str) -> str:
    value = int(case.modified_at.timestamp() * 1_000_000) if sort.endswith("modified_at") else int(case.number)
    return f"{value}-{case.number}"


def _after(query: CaseList) -> tuple[datetime | str, str] | None:
    if not query.cursor:
        return None
    value, _, number = query.cursor.partition("-")
    number = number.zfill(NUMBER_WIDTH)
    if not query.sort.endswith("modified_at"):
        return value.zfill(NUMBER_WIDTH), number
    return EPOCH + timedelta(microseconds=int(value)), number
