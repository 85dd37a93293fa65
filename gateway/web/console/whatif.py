"""What if: hand in a mail, or take a stored one, and see what would become of it; nothing is written."""

import hashlib

from starlette.responses import Response

from gateway.desk import explain, intake, mails
from gateway.errors import InvalidInput
from gateway.model import SpoolEntry
from gateway.web.console.permits import Act
from gateway.web.console.shell import Route
from gateway.web.console.visit import Visit


def page(visit: Visit) -> Response:
    """Ask for a mail; explain a stored one at once."""
    stored = visit.asked("mail")
    if not stored:
        return visit.show("whatif.html", told=None, name="")
    return _explained(visit, f"mail {stored}", mails.raw(visit.services, stored))


def explained(visit: Visit) -> Response:
    """Explain a mail that was handed in."""
    raw = visit.file("file") or visit.sent("text").encode("utf-8", "replace")
    if not raw.strip():
        raise InvalidInput("Choose a file with a mail in it, or paste one whole, headers too.")
    return _explained(visit, "the mail that you handed in", raw)


def _explained(visit: Visit, name: str, raw: bytes) -> Response:
    config = visit.app.config
    entry = SpoolEntry(
        id=0,
        envelope=intake.envelope(raw, config),
        received_at=visit.services.clock.now(),
        size_bytes=len(raw),
        attempts=1,
        failures=0,
        fence=0,
        raw=raw,
        oversized=len(raw) > config.smtp.max_message_bytes,
    )
    asked = explain.Asked(path=name, sha256=hashlib.sha256(raw).hexdigest(), entry=entry)
    (told,) = explain.explain([asked], visit.app.reader, visit.services)
    return visit.show("whatif.html", told=told, name=name)


ROUTES = (
    Route(method="GET", path="/whatif", act=Act.RAW, serve=page),
    Route(method="POST", path="/whatif", act=Act.RAW, serve=explained),
)
