"""The HTTP API, version 1: one file a noun, each with `router(app) -> APIRouter`.  `routers` names them all."""

from collections.abc import Callable

from fastapi import APIRouter

from gateway.app import App

PREFIX = "/api/v1"
NOUNS: tuple[Callable[[App], APIRouter], ...] = ()


def routers(app: App) -> list[APIRouter]:
    """Return the routers of all nouns; their paths begin behind PREFIX."""
    return [noun(app) for noun in NOUNS]
