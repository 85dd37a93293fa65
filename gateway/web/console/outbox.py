"""Outgoing mail: what has not left and why, what to do about it, and what will leave in the next hours."""

from datetime import timedelta

from starlette.responses import Response

from gateway import timers
from gateway.desk import outbox
from gateway.errors import NotFound, Refused
from gateway.web.console import shell
from gateway.web.console.permits import Act
from gateway.web.console.shell import Route, local_path
from gateway.web.console.visit import Visit, with_query

STATES = {
    "open": "has not left",
    "ready": "waiting",
    "leased": "being sent",
    "held": "held",
    "dead": "dead",
    "done": "sent",
    "cancelled": "cancelled",
}
ACTS = {"retry": outbox.retry, "cancel": outbox.cancel, "hold": outbox.hold, "release": outbox.release}
# Which actions are worth showing for a state; whether they may be done is decided by the desk.
WORTH = {
    "ready": ("retry", "hold", "cancel"),
    "held": ("release", "cancel"),
    "dead": ("retry", "cancel"),
    "leased": (),
    "done": (),
    "cancelled": (),
}
PAGE = 100
AHEAD_HOURS = 48
AHEAD_SHOWN = 500


def page(visit: Visit) -> Response:
    """List outgoing mail."""
    return _page(visit)


def one(visit: Visit) -> Response:
    """Show one outgoing mail."""
    return visit.show("outbox/one.html", entry=outbox.show(visit.services, visit.path("entry")), worth=WORTH, words="")


def act(visit: Visit) -> Response:
    """Do something with one outgoing mail."""
    name = visit.path("act")
    if name not in ACTS:
        raise NotFound("There is no such action.")
    try:
        ACTS[name](visit.services, visit.path("entry"))
    except NotFound:
        raise
    except Refused as refused:
        return _page(visit, status=shell.status_of(refused), words=str(refused))
    return visit.go(local_path(visit.sent("back", "/outbox")))


def ahead(visit: Visit) -> Response:
    """Say what would leave in the next hours, as an unbroken scheduler without replies would send it."""
    until = visit.services.clock.now() + timedelta(hours=AHEAD_HOURS)
    planned = timers.forecast(visit.services, until)
    return visit.show(
        "outbox/ahead.html", planned=planned[:AHEAD_SHOWN], total=len(planned), until=until, hours=AHEAD_HOURS
    )


def _page(visit: Visit, *, status: int = 200, words: str = "") -> Response:
    state = visit.asked("state", "open")
    state = state if state in STATES else "open"
    after = int(asked) if (asked := visit.asked("after")).isascii() and asked.isdigit() and len(asked) < 19 else 0
    found = outbox.find(visit.services, state=state, limit=PAGE + 1, after=after)
    more = len(found) > PAGE
    back = with_query("/outbox", {"state": state, "after": after or ""})
    return visit.show(
        "outbox/list.html",
        status=status,
        words=words,
        found=found[:PAGE],
        state=state,
        states=STATES,
        worth=WORTH,
        back=back,
        after=after,
        next_page=with_query("/outbox", {"state": state, "after": found[PAGE - 1].id}) if more else "",
    )


ROUTES = (
    Route(method="GET", path="/outbox", act=Act.READ_ALL, serve=page),
    Route(method="GET", path="/outbox/ahead", act=Act.READ_ALL, serve=ahead),
    Route(method="GET", path="/outbox/{entry}", act=Act.READ_ALL, serve=one),
    Route(method="POST", path="/outbox/{entry}/{act}", act=Act.OUTBOX, serve=act),
)
