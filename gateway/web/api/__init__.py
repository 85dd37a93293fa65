"""The HTTP API, version 1: one file a noun, each with `router(app) -> APIRouter`.  NOUNS names them all."""

from collections.abc import Callable

from fastapi import APIRouter

from gateway.app import App
from gateway.web.api import (
    cases,
    contacts,
    document,
    escalations,
    events,
    mails,
    notifications,
    outbox,
    queue,
    webhooks,
)

PREFIX = "/api/v1"
NOUNS: tuple[Callable[[App], APIRouter], ...] = (
    cases.router,
    contacts.router,
    escalations.router,
    mails.router,
    queue.router,
    outbox.router,
    notifications.router,
    events.router,
    webhooks.router,
    document.router,
)


def routers(app: App) -> list[APIRouter]:
    """Return the routers of all nouns; their paths begin behind PREFIX."""
    return [noun(app) for noun in NOUNS]
