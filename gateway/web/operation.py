"""Pages for those who operate the gateway: is the process up, can it work, and why not.  They need no key."""

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from gateway.app import App
from gateway.desk import health


def router(app: App) -> APIRouter:
    """Return `/healthz` and `/readyz`."""
    pages = APIRouter()

    @pages.api_route("/healthz", methods=["GET", "HEAD"])
    async def healthz() -> Response:
        """Say that the process is up; asks nothing else."""
        return JSONResponse({"status": "ok"})

    @pages.api_route("/readyz", methods=["GET", "HEAD"])
    def readyz() -> Response:
        """Say whether work can be done: 200, or 503 that names each cause."""
        checks = health.checks(app.services)
        causes = [f"{check.name}: {check.cause}" for check in checks if check.cause]
        body = {
            "status": "not ready" if causes else "ready",
            "checks": {check.name: check.cause or "ok" for check in checks},
            "causes": causes,
        }
        return JSONResponse(body, status_code=503 if causes else 200)

    return pages
