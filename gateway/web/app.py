"""The site: API, console and the pages of operation, put together here and nowhere else.

A part is a function `router(app) -> APIRouter`.  Calls of the API are added in `gateway/web/api/__init__.py`.
Every route is a plain function that runs in a thread; none is `async` unless it waits for long.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio.to_thread
from fastapi import FastAPI

from gateway import __version__
from gateway.app import App
from gateway.web import api, console, operation, problems
from gateway.web.edge import Edge
from gateway.web.limits import Limits

# Calls that are served at the same time: fewer than the pool of the database has connections, so that none waits there.
THREADS = 8


def create(app: App) -> FastAPI:
    """Put the site together; opens no port and starts no thread."""
    site = FastAPI(
        title="Case gateway",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=_bounded,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
    )
    site.state.limits = Limits(app.config.web)
    problems.register(site, lost=console.lost(app))
    # A path is compared with one route after the other: first the few of operation, then those that programs call.
    site.include_router(operation.router(app), include_in_schema=False)
    for router in api.routers(app):
        site.include_router(router, prefix=api.PREFIX)
    site.include_router(console.router(app), include_in_schema=False)
    site.add_middleware(Edge, config=app.config)
    return site


@asynccontextmanager
async def _bounded(_site: FastAPI) -> AsyncIterator[None]:
    anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
    yield
