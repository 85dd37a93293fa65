"""Pages for those who operate the gateway: is it up, can it work, why not, and its figures.  They need no key."""

from collections.abc import Sequence

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from gateway import counts
from gateway.app import App
from gateway.desk import health
from gateway.store.gauges import Gauge


def router(app: App) -> APIRouter:
    """Return `/healthz`, `/readyz` and `/metrics`."""
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

    @pages.get("/metrics")
    def metrics() -> Response:
        """Show figures in the text form of Prometheus; 503 while the database does not answer."""
        gauges = _written(health.gauges(app.services))
        return Response(gauges + counts.text(), headers={"content-type": counts.CONTENT_TYPE})

    return pages


def _written(gauges: Sequence[Gauge]) -> str:
    """Write figures in the text form of Prometheus.  All words in them are of closed lists, so nothing is escaped."""
    lines: list[str] = []
    for gauge in gauges:
        name = f"gateway_{gauge.name}"
        head = [f"# HELP {name} {gauge.about}", f"# TYPE {name} gauge"]
        lines += head if head[0] not in lines else []
        labels = ",".join(f'{key}="{value}"' for key, value in gauge.labels)
        lines.append(f"{name}{{{labels}}} {gauge.value:.10g}" if labels else f"{name} {gauge.value:.10g}")
    return "\n".join([*lines, ""])
