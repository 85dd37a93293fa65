"""The audit trail: who did what to which object, and whether the chain is whole."""

from starlette.responses import Response

from gateway.desk import audit
from gateway.errors import ConfigError
from gateway.model.audit_views import AuditReportView
from gateway.web.console.permits import Act
from gateway.web.console.shell import Route
from gateway.web.console.visit import Visit

SHOWN = 200


def page(visit: Visit) -> Response:
    """List the latest entries, of one object or one actor where the address asks for it."""
    return _page(visit)


def verify(visit: Visit) -> Response:
    """Follow the whole chain and say what is wrong first, if anything is."""
    try:
        return _page(visit, report=audit.verify(visit.services))
    except ConfigError as error:
        return _page(visit, status=409, words=str(error))


def _page(visit: Visit, *, status: int = 200, words: str = "", report: AuditReportView | None = None) -> Response:
    about, actor = visit.asked("about").strip(), visit.asked("actor").strip()
    return visit.show(
        "admin/audit.html",
        status=status,
        words=words,
        report=report,
        entries=audit.find(visit.services, about=about, actor=actor, limit=SHOWN),
        about=about,
        actor=actor,
    )


ROUTES = (
    Route(method="GET", path="/admin/audit", act=Act.READ_ALL, serve=page),
    Route(method="POST", path="/admin/audit/verify", act=Act.SETTINGS, serve=verify),
)
