"""Cases: the list with its tabs, one case whole, and what our side does with it.

Which of the actions a case allows is decided by the rules, when somebody tries; their refusal is shown in their words.
"""

import re
from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from typing import Any

from starlette.responses import Response

from gateway.desk import case_list as desk_list
from gateway.desk import cases, contacts, escalations
from gateway.errors import InvalidInput, NotFound, Refused
from gateway.model import (
    CaseType,
    Channel,
    EscalationReason,
    Feed,
    Priority,
    Status,
    Substatus,
    Visibility,
)
from gateway.model.views import CaseView
from gateway.store.case_views import CaseQuery
from gateway.web.console import drawing, shell
from gateway.web.console.permits import Act
from gateway.web.console.shell import Route
from gateway.web.console.visit import Visit, with_query

PAGE = 25
NUMBER_WIDTH = 10
FILTERS = ("status", "turn", "q", "contact", "owner", "priority")
# Where the next page goes on: time and number of the last case, as they stand in the address.
AFTER = re.compile(r"(\d{4}-\d\d-\d\dT[\d:.]{8,15}(?:Z|\+00:00))~(\d{10})")
# Shown in places of their own on the page; whatever else a case has is listed below them.
PLACED = frozenset(("number", "subject", "description", "status", "substatus", "priority", "contact"))
PLACED |= {"follow_up", "escalation", "hints", "version"}


def page(visit: Visit) -> Response:
    """List cases, latest update first."""
    filters = {name: visit.asked(name) for name in FILTERS}
    if filters["status"] not in ("", *Status):
        filters["status"] = ""
    query = CaseQuery(
        status=filters["status"],
        turn=filters["turn"],
        text=_asked_for(filters["q"].strip()),
        contact=filters["contact"].strip(),
        owner=filters["owner"].strip(),
        priority=filters["priority"],
        limit=PAGE + 1,
        after=_after(visit.asked("after")),
    )
    found = cases.find(visit.services, query)
    shown, last = found[:PAGE], found[min(len(found), PAGE) - 1] if found else None
    return visit.show(
        "case/list.html",
        found=shown,
        after=visit.asked("after"),
        next_after=f"{last.modified_at.isoformat()}~{last.number}" if last and len(found) > PAGE else "",
        filters=filters,
        statuses=tuple(Status),
        priorities=tuple(Priority),
        counts=desk_list.counts(visit.services),
        counted=desk_list.COUNTED,
        here=lambda **more: with_query("/cases", {**filters, **more}),
    )


def one(visit: Visit) -> Response:
    """Show one case."""
    return _one(visit)


def new_page(visit: Visit) -> Response:
    """Ask for what a new case needs."""
    form = {**dict.fromkeys(("subject", "description", "contact", "name"), ""), "priority": "medium", "owner": visit.by}
    return visit.show("case/new.html", words="", form=form, priorities=tuple(Priority))


def open_case(visit: Visit) -> Response:
    """Open a case."""
    form = {name: visit.sent(name) for name in ("subject", "description", "contact", "name", "priority", "owner")}
    try:
        made = cases.open_case(
            visit.services,
            subject=form["subject"],
            description=form["description"],
            contact_email=form["contact"],
            contact_name=form["name"],
            priority=_word(Priority, form["priority"] or "medium"),
            owner=form["owner"],
        )
    except Refused as refused:
        status = shell.status_of(refused)
        return visit.show("case/new.html", status=status, words=str(refused), form=form, priorities=tuple(Priority))
    return visit.go(f"/cases/{made.number}")


def act(visit: Visit) -> Response:
    """Do something with a case."""
    name = visit.path("act")
    if name not in ACTS:
        raise NotFound("There is no such action.")
    try:
        ACTS[name](visit, visit.path("case"))
    except NotFound:
        raise
    except Refused as refused:
        return _one(visit, status=shell.status_of(refused), words=str(refused), tried=name)
    feed = "escalation" if name in ("accept", "decline", "tell", "end", "read") else visit.sent("feed")
    return visit.go(f"/cases/{visit.path('case')}", {"feed": feed, "done": name})


def _one(visit: Visit, *, status: int = 200, words: str = "", tried: str = "") -> Response:
    case = cases.show(visit.services, visit.path("case"))
    feed = Feed.ESCALATION if visit.asked("feed") == "escalation" else Feed.CASE
    updates = cases.updates(visit.services, case.number, feed=feed)
    profile = visit.services.policy.profile(case.profile, CaseType(case.type))
    return visit.show(
        "case/page.html",
        status=status,
        words=words,
        tried=tried,
        done=visit.asked("done"),
        case=case,
        feed=feed.value,
        updates=list(reversed(updates)),
        outgoing=desk_list.outgoing(visit.services, case.number),
        ladder=drawing.ladder(case.follow_up, visit.services.clock.now()) if case.follow_up else "",
        more=_more(case),
        profile=profile,
        sent=lambda name: visit.sent(name),
        reasons=tuple(EscalationReason),
        Status=Status,
    )


def _after(text: str) -> tuple[datetime, str] | None:
    found = AFTER.fullmatch(text)
    try:
        return (datetime.fromisoformat(found[1]), found[2]) if found else None
    except ValueError:
        return None


def _asked_for(text: str) -> str:
    """Return what to search for; a number may be written without its zeros."""
    return text.zfill(NUMBER_WIDTH) if text.isascii() and text.isdigit() and len(text) <= NUMBER_WIDTH else text


def _more(case: CaseView) -> list[tuple[str, Any]]:
    """Return the fields that have no place of their own, with their values."""
    found = [(field.name, getattr(case, field.name)) for field in fields(case) if field.name not in PLACED]
    return [(name.replace("_", " "), value) for name, value in found if value not in (None, "", ())]


def _post(visit: Visit, number: str) -> None:
    kind = visit.sent("kind", "internal")
    channel = Channel.PHONE if kind == "phone" else Channel.AGENT
    author = visit.sent("caller") if kind == "phone" else visit.by
    visibility = Visibility.PUBLIC if kind == "public" else Visibility.INTERNAL
    text, pin = visit.sent("text"), visit.sent("pin")
    cases.post(visit.services, number, text=text, author=author, channel=channel, visibility=visibility, pin=pin)


def _propose(visit: Visit, number: str) -> None:
    chosen = visit.sent("substatus")
    substatus = _word(Substatus, chosen) if chosen else None
    cases.propose_solution(visit.services, number, text=visit.sent("text"), author=visit.by, substatus=substatus)


def _set_status(visit: Visit, number: str) -> None:
    status, _, substatus = visit.sent("status").partition("/")
    cases.set_status(visit.services, number, _word(Status, status), _word(Substatus, substatus) if substatus else None)


def _close(visit: Visit, number: str) -> None:
    chosen = visit.sent("substatus")
    substatus = _word(Substatus, chosen) if chosen else None
    cases.close(visit.services, number, substatus=substatus, text=visit.sent("text"), author=visit.by)


def _reopen(visit: Visit, number: str) -> None:
    cases.reopen(
        visit.services,
        number,
        text=visit.sent("text"),
        author=visit.sent("caller"),
        recorded_by=visit.by,
        pin=visit.sent("pin"),
    )


def _contact(visit: Visit, number: str) -> None:
    email, name, revoke = visit.sent("email"), visit.sent("name"), visit.sent("revoke") == "1"
    contacts.of_case(visit.services, number, email=email, name=name, author=visit.by, revoke=revoke)


def _escalate(visit: Visit, number: str) -> None:
    escalations.request(
        visit.services,
        number,
        reason=_word(EscalationReason, visit.sent("reason")),
        details=visit.sent("details"),
        requester=visit.sent("requester"),
        author=visit.by,
    )


def _escalation(visit: Visit, number: str) -> str:
    asked = cases.show(visit.services, number).escalation
    if asked is None:
        raise NotFound("This case was never escalated.")
    return asked.id


def _accept(visit: Visit, number: str) -> None:
    escalations.accept(
        visit.services,
        _escalation(visit, number),
        owner=visit.sent("owner"),
        importance=visit.sent("importance"),
        urgency=visit.sent("urgency"),
        text=visit.sent("text"),
        author=visit.by,
    )


def _word(kind: type[Any], word: str) -> Any:
    try:
        return kind(word)
    except ValueError:
        words = ", ".join(str(one.value) for one in kind)
        raise InvalidInput(f"Choose one of: {words}.") from None


ACTS: dict[str, Callable[[Visit, str], object]] = {
    "post": _post,
    "request-info": lambda v, n: cases.request_info(v.services, n, text=v.sent("text"), author=v.by),
    "propose-solution": _propose,
    "status": _set_status,
    "priority": lambda v, n: cases.set_priority(v.services, n, _word(Priority, v.sent("priority"))),
    "close": _close,
    "reopen": _reopen,
    "acknowledge": lambda v, n: cases.acknowledge(v.services, n, author=v.by),
    "contact": _contact,
    "escalate": _escalate,
    "accept": _accept,
    "decline": lambda v, n: escalations.decline(v.services, _escalation(v, n), text=v.sent("text"), author=v.by),
    "tell": lambda v, n: escalations.update(v.services, _escalation(v, n), text=v.sent("text"), author=v.by),
    "end": lambda v, n: escalations.close(v.services, _escalation(v, n), text=v.sent("text"), author=v.by),
    "read": lambda v, n: escalations.read(v.services, _escalation(v, n)),
}

ROUTES = (
    Route(method="GET", path="/cases", act=Act.READ, serve=page),
    Route(method="POST", path="/cases", act=Act.CASES, serve=open_case),
    Route(method="GET", path="/cases/new", act=Act.CASES, serve=new_page),
    Route(method="GET", path="/cases/{case}", act=Act.READ, serve=one),
    Route(method="POST", path="/cases/{case}/{act}", act=Act.CASES, serve=act),
)
