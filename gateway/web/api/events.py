"""The event feed: all that happened behind a cursor, in order; a caller may wait for what comes."""

from typing import Annotated

import anyio
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gateway.app import App
from gateway.clock import monotonic_seconds
from gateway.desk import events
from gateway.model.views import FeedView
from gateway.web.api.routes import Caller, call, reply

PAUSE_SECONDS = 0.25
LONGEST_WAIT_SECONDS = 60
# An empty answer comes after that at the latest: clients and proxies cut longer silences, and asking again is cheap.
LONGEST_SILENCE_SECONDS = 9


WAIT = "Seconds to wait while there is nothing new; an empty answer may come earlier."


class FeedQuery(BaseModel):
    """Where in the feed, how much of it, and how long to wait."""

    model_config = ConfigDict(extra="forbid")

    after: str = Field("", pattern=r"^[0-9]{0,18}$", description="`next` of the answer before; empty: the beginning.")
    limit: int = Field(100, ge=1, le=events.MOST, description="How many at most.")
    wait: float = Field(0, ge=0, le=LONGEST_WAIT_SECONDS, description=WAIT)


def router(app: App) -> APIRouter:
    """Return `/events`."""
    calls = APIRouter(tags=["events"])

    @call(calls, app, "GET /events", answers=FeedView)
    async def read_events(request: Request, asked: Caller, query: Annotated[FeedQuery, Query()]) -> Response:
        """Read what happened: ids and facts, never what anybody wrote.  Each event arrives at least once, in order."""
        give_up = monotonic_seconds() + min(query.wait, LONGEST_SILENCE_SECONDS)
        while True:
            # Waiting holds no thread and no connection of the database: many may wait at once.
            page = await run_in_threadpool(events.read, asked.services, after=query.after, limit=query.limit)
            left = give_up - monotonic_seconds()
            if page.items or left <= 0 or _stopping(request) or await request.is_disconnected():
                return reply(page)
            await anyio.sleep(min(PAUSE_SECONDS, left))

    return calls


def _stopping(request: Request) -> bool:
    return bool(getattr(request.app.state, "stopping", False))
