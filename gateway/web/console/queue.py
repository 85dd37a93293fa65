"""The queue: three panes of list, mail and decision; everything that it shows and does is `desk`.

Filters, the open item and a preview stand in the address, so that Back works and an address can be sent to a colleague.
What was just done stands there too (`done`), which is how the undo bar knows.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from starlette.responses import JSONResponse, Response

from gateway.desk import queue, queue_list
from gateway.desk.queue import QueueResult
from gateway.desk.queue_list import OpenItem
from gateway.errors import InvalidInput, NotFound, Refused
from gateway.model import Priority
from gateway.model.desk_views import QueuePageView
from gateway.model.views import QueueItemView
from gateway.reasons import Reason
from gateway.store.queue_list import QueueQuery
from gateway.web.console import mails, shell
from gateway.web.console.permits import Act
from gateway.web.console.shell import Route
from gateway.web.console.visit import Visit, with_query

AGES = {
    "1h": ("older than 1 h", 1),
    "4h": ("older than 4 h", 4),
    "1d": ("older than 1 day", 24),
    "3d": ("older than 3 days", 72),
}
REASONS = (
    Reason.NO_REFERENCE,
    Reason.DAMAGED_REFERENCE,
    Reason.UNKNOWN_REFERENCE,
    Reason.CONFLICTING_REFERENCES,
    Reason.CASE_CLOSED,
    Reason.CASE_PURGED,
    Reason.REFERENCE_REVOKED,
    Reason.ENCRYPTED_BODY,
    Reason.UNPARSEABLE,
    Reason.OVERSIZED,
)
FILTERS = ("state", "reason", "to", "age", "mine", "after")
WHY = ("spam", "newsletter or advertising", "no reply needed", "handled elsewhere", "not for us")
MOST_UNDONE_AT_ONCE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What the undo bar speaks of.  seconds_left: how long it can still be taken back."""

    items: tuple[QueueItemView, ...]
    seconds_left: int


def page(visit: Visit) -> Response:
    """Show the queue with its first item open."""
    return desk(visit)


def one(visit: Visit) -> Response:
    """Show the queue with one item open."""
    return desk(visit, visit.path("item"))


def desk(visit: Visit, item_id: str = "", *, status: int = 200, words: str = "") -> Response:
    """Show the three panes.  words: what was refused, beside the panes as they are now."""
    query, filters = query_of(visit), filters_of(visit)
    listed = None if visit.wants("item") else queue_list.page(visit.services, query)
    if not item_id and listed is not None and listed.rows:
        item_id = listed.rows[0].item.id
    opened = queue_list.item(visit.services, item_id) if item_id else None
    preview, refusal = _preview(visit, opened)
    return visit.show(
        "queue/item.html" if listed is None else "queue/page.html",
        status=status,
        listed=listed,
        filters=filters,
        opened=opened,
        preview=preview,
        preview_case=visit.asked("case"),
        refusal=words or refusal,
        done=_done(visit),
        reasons=REASONS,
        ages=AGES,
        recipients=[] if listed is None else queue_list.recipients(visit.services),
        alarm=_alarm(visit, listed),
        whys=WHY,
        priorities=tuple(Priority),
        newest=listed.newest if listed else "0",
        pulse=with_query("/queue/pulse", {name: filters[name] for name in FILTERS if name != "after"}),
        here=lambda item=None, **more: _here(filters, item, more),
        kept=with_query("", filters),
        tab_of=lambda here, item: lambda **more: here(item, **more),
        **mails.reading(visit, opened.mail if opened else None),
    )


def pulse(visit: Visit) -> Response:
    """Tell what changed in a list that is being looked at."""
    ids = [part for part in visit.asked("ids").split(",") if part]
    seen = queue_list.pulse(visit.services, query_of(visit), ids=ids, newest=visit.asked("newest"))
    items = [{"id": id_, "state": state, "by": by} for id_, state, by in seen.items]
    return JSONResponse({"newer": seen.newer, "items": items})


def act(visit: Visit) -> Response:
    """Do something with one item, then open the next one."""
    item_id, name = visit.path("item"), visit.path("act")
    try:
        after = _act(visit, item_id, name)
    except NotFound:
        raise
    except Refused as refused:
        return desk(visit, item_id, status=shell.status_of(refused), words=str(refused))
    return _onwards(visit, after, stay=item_id if name in ("claim", "release", "undo") else "")


def bulk(visit: Visit) -> Response:
    """Do something with many items at once."""
    ids, name = visit.all_sent("ids"), visit.sent("act")
    if not ids:
        return desk(visit, status=422, words="Choose mails first: tick the boxes of the list.")
    try:
        done = _bulk(visit, ids, name)
    except Refused as refused:
        return desk(visit, status=shell.status_of(refused), words=str(refused))
    if done.refused:
        told = " ".join(f"Mail {id_}: {why}" for id_, why in done.refused[:5])
        more = f" And {len(done.refused) - 5} more." if len(done.refused) > 5 else ""
        words = f"{len(done.done)} of {len(done.done) + len(done.refused)} done.  {told}{more}"
        return desk(visit, status=409, words=words)
    return _onwards(visit, done.done if name in ("link", "discard") else ())


def undo_bulk(visit: Visit) -> Response:
    """Take back what the undo bar speaks of."""
    ids = visit.all_sent("ids")
    undone = queue_list.undo_many(visit.services, ids, by=visit.by)
    if undone.refused:
        words = " ".join(why for _, why in undone.refused[:5])
        return desk(visit, undone.refused[0][0], status=409, words=words)
    return _onwards(visit, (), stay=undone.done[0] if undone.done else "")


def query_of(visit: Visit) -> QueueQuery:
    """Return which items the address asks for."""
    hours = AGES.get(visit.asked("age"), ("", 0))[1]
    after = visit.asked("after")
    state = visit.asked("state")
    return QueueQuery(
        state=state if state in ("open", "done", "all") else "open",
        reason=visit.asked("reason"),
        recipient=visit.asked("to"),
        claimed_by=visit.by if visit.asked("mine") else "",
        older_than=visit.services.clock.now() - timedelta(hours=hours) if hours else None,
        after=int(after) if after.isascii() and after.isdigit() and len(after) < 19 else 0,
    )


def filters_of(visit: Visit) -> dict[str, str]:
    """Return the filters as they stand in the address."""
    return {name: visit.asked(name) for name in FILTERS}


def _act(visit: Visit, item_id: str, name: str) -> tuple[str, ...]:
    """Do it, and return the items that can be taken back."""
    services, by = visit.services, visit.by
    match name:
        case "link":
            queue.link(services, item_id, visit.sent("case"), by=by)
            also = queue_list.link_many(services, visit.all_sent("also"), visit.sent("case"), by=by)
            return (item_id, *also.done)
        case "open-case":
            priority = visit.sent("priority") or Priority.MEDIUM
            if priority not in tuple(Priority):
                raise InvalidInput("Choose one of the priorities.")
            subject, contact = visit.sent("subject"), visit.sent("contact")
            queue.open_case(
                services, item_id, by=by, subject=subject, priority=Priority(priority), contact_email=contact
            )
        case "discard":
            queue.discard(services, item_id, by=by, why=visit.sent("why") or visit.sent("other"))
        case "claim":
            queue.claim(services, item_id, by=by)
            return ()
        case "release":
            queue.release(services, item_id)
            return ()
        case "undo":
            queue.undo(services, item_id, by=by)
            return ()
        case _:
            raise NotFound("There is no such action.")
    return (item_id,)


def _bulk(visit: Visit, ids: list[str], name: str) -> queue_list.Many:
    match name:
        case "link":
            if not visit.sent("case"):
                raise InvalidInput("Give the number of the case that these mails belong to.")
            return queue_list.link_many(visit.services, ids, visit.sent("case"), by=visit.by)
        case "discard":
            return queue_list.discard_many(visit.services, ids, by=visit.by, why=visit.sent("why") or "discarded")
        case "claim":
            return queue_list.claim_many(visit.services, ids, by=visit.by)
        case _:
            raise NotFound("There is no such action.")


def _onwards(visit: Visit, done: tuple[str, ...], *, stay: str = "") -> Response:
    filters = filters_of(visit)
    beside = [*done, visit.request.path_params.get("item", "")]
    query = replace(query_of(visit), state="open", after=0)
    target = stay or queue_list.next_open(visit.services, query, beside=[one for one in beside if one])
    told = {**filters, "done": ",".join(done[:MOST_UNDONE_AT_ONCE])}
    return visit.go(f"/queue/{target}" if target else "/queue", told)


def _preview(visit: Visit, opened: OpenItem | None) -> tuple[QueueResult | None, str]:
    """Say what linking would do, where the address asks for it."""
    number = visit.asked("case")
    if opened is None or not number or not visit.may(Act.QUEUE) or opened.row.item.state != "open":
        return None, ""
    try:
        return queue.link(visit.services, opened.row.item.id, number, by=visit.by, preview=True), ""
    except Refused as refused:
        return None, str(refused)


def _done(visit: Visit) -> Done | None:
    """Return what this person just resolved and can still take back."""
    ids = [one for one in visit.asked("done").split(",") if one][:MOST_UNDONE_AT_ONCE]
    items = [queue.show(visit.services, one) for one in ids]
    items = [one for one in items if one.state == "done" and one.resolved_by == visit.by and one.resolved_at]
    if not items:
        return None
    oldest = min(one.resolved_at for one in items if one.resolved_at)
    over = oldest + timedelta(minutes=visit.services.policy.undo_minutes)
    left = int((over - visit.services.clock.now()).total_seconds())
    return Done(items=tuple(items), seconds_left=left) if left > 0 else None


def _alarm(visit: Visit, listed: QueuePageView | None) -> bool:
    hours = visit.app.config.queue.alarm_hours
    return listed is not None and (listed.oldest_seconds or 0) >= hours * 3600


def _here(filters: dict[str, str], item: str | None, more: dict[str, object]) -> str:
    """Return an address of the queue with the filters that hold now and what is changed of them."""
    return with_query(f"/queue/{item}" if item else "/queue", {**filters, **more})


ROUTES = (
    Route(method="GET", path="/queue", act=Act.READ, serve=page),
    Route(method="GET", path="/queue/pulse", act=Act.READ, serve=pulse, quiet=True),
    Route(method="POST", path="/queue/bulk", act=Act.QUEUE, serve=bulk),
    Route(method="POST", path="/queue/undo", act=Act.QUEUE, serve=undo_bulk),
    Route(method="GET", path="/queue/{item}", act=Act.READ, serve=one),
    Route(method="POST", path="/queue/{item}/{act}", act=Act.QUEUE, serve=act),
)
