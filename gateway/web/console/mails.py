"""One mail, whole: text, HTML in a sandbox, source, trace, files; and the list of all mail ever accepted.

Bytes of strangers leave only as downloads or as plain text, each with a policy that lets them do nothing.
Source: HAZARDS HT-02 to HT-04, HT-09, AT-02, AT-03.
"""

from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from gateway import maillog
from gateway.cleaning import clean_filename
from gateway.desk import mails
from gateway.desk import reading as files
from gateway.errors import NotFound, ParserDied
from gateway.model import Disposition, Envelope, Source
from gateway.model.views import MailDetailView
from gateway.web.console import reader
from gateway.web.console.permits import Act
from gateway.web.console.shell import Route
from gateway.web.console.visit import Visit, with_query

VIEWS = ("text", "html", "trace", "source")
PAGE = 50

# A frame of ours: no script, no form, no way up; pictures only from the mail itself, or from where a person allowed.
_FRAME = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src {images}; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)
_INERT = "default-src 'none'; sandbox"
_FRAME_STYLE = (
    "html{color-scheme:light}body{font:14px/1.5 system-ui,sans-serif;margin:12px;background:#fff;color:#1c2024;"
    "overflow-wrap:anywhere}img{max-width:100%;height:auto}table{max-width:100%}blockquote{border-left:2px solid #ccc;"
    "margin-left:0;padding-left:12px;color:#555}a{color:#0b6e69}a[href]::after{content:' \\2039' attr(href) '\\203A';"
    "font-size:11px;color:#666}pre{white-space:pre-wrap}strong{color:#a11}"
)


def reading_views(visit: Visit) -> tuple[str, ...]:
    """Return the views of a mail that this person may see."""
    return VIEWS if visit.may(Act.RAW) else ("text", "trace")


def reading(visit: Visit, mail: MailDetailView | None) -> dict[str, Any]:
    """Return what the reader's templates need for a mail."""
    view = visit.asked("view", "text")
    views = reading_views(visit)
    view = view if view in views else "text"
    raw = _raw(visit, mail) if mail and view in ("source", "trace") and visit.may(Act.RAW) else b""
    return {
        "cases_named": frozenset(),
        "mail": mail,
        "view": view,
        "views": views,
        "segments": reader.segments(mail.text) if mail and view == "text" else [],
        "source": reader.source(raw) if view == "source" else [],
        "source_cut": len(raw) > reader.SOURCE_SHOWN,
        "evidence": reader.evidence(raw, mail.text if mail else "") if view == "trace" else {},
        "images": visit.asked("images") == "1",
        "text_shown": reader.TEXT_SHOWN,
    }


def listed(visit: Visit) -> Response:
    """List mails, newest first."""
    disposition = visit.asked("disposition")
    disposition = disposition if disposition in tuple(Disposition) else ""
    before = int(asked) if (asked := visit.asked("before")).isascii() and asked.isdigit() and len(asked) < 19 else None
    text = visit.asked("q").strip()
    found = mails.find(visit.services, limit=PAGE + 1, disposition=disposition, before=before, text=text)
    kept = {"disposition": disposition, "q": text}
    more = len(found) > PAGE
    return visit.show(
        "mail/list.html",
        found=found[:PAGE],
        disposition=disposition,
        dispositions=tuple(Disposition),
        q=text,
        before=before,
        first_page=with_query("/mails", kept),
        next_page=with_query("/mails", {**kept, "before": found[PAGE - 1].id}) if more else "",
    )


def one(visit: Visit) -> Response:
    """Show one mail."""
    mail = mails.show(visit.services, visit.path("mail"))
    return visit.show(
        "mail/page.html", **reading(visit, mail), tab=lambda **more: with_query(f"/mails/{mail.id}", more)
    )


def raw(visit: Visit) -> Response:
    """Return the bytes as received, as plain text that no browser takes for anything else (HT-09)."""
    content = mails.raw(visit.services, visit.path("mail"))
    return Response(content, headers={"content-type": "text/plain; charset=utf-8", "content-security-policy": _INERT})


def html(visit: Visit) -> Response:
    """Return the HTML of a mail, made safe, for the sandboxed frame."""
    mail_id = visit.path("mail")
    images = visit.asked("images") == "1"
    if images:
        maillog.remote_images(mail=mail_id, user=visit.user.id)
    content = mails.raw(visit.services, mail_id)
    envelope = Envelope(mail_from="", rcpt_tos=(), source=Source.INGEST)
    pool = visit.app.viewer_with_pictures if images else visit.app.viewer
    outcome = pool.read_many([(content, envelope)])[0]
    died = isinstance(outcome, ParserDied)
    shown = "" if isinstance(outcome, ParserDied) else outcome.mail.html
    if not shown:
        shown = "<p><em>This HTML could not be made safe in time.</em></p>" if died else "<p><em>No HTML.</em></p>"
    page = f"<!doctype html><meta charset=utf-8><title>mail</title><style>{_FRAME_STYLE}</style>{shown}"
    policy = _FRAME.format(images="data: https: http:" if images else "data:")
    headers = {"content-security-policy": policy, "x-frame-options": "SAMEORIGIN", "referrer-policy": "no-referrer"}
    return Response(page, media_type="text/html; charset=utf-8", headers=headers)


def file(visit: Visit) -> Response:
    """Return an attached file: always a download, never anything that a browser would open (AT-03)."""
    attached, content = files.file(visit.services, visit.path("mail"), visit.path("place"))
    name = clean_filename(attached.name)
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._- ") else "_" for c in name)
    headers = {
        "content-disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}",
        "content-security-policy": _INERT,
    }
    return Response(content, media_type="application/octet-stream", headers=headers)


def replay(visit: Visit) -> Response:
    """Have a quarantined mail read again."""
    mails.replay(visit.services, visit.path("mail"))
    return visit.go(f"/mails/{visit.path('mail')}")


def _raw(visit: Visit, mail: MailDetailView) -> bytes:
    try:
        return mails.raw(visit.services, mail.id)
    except NotFound:
        # Deleted after its time: the trace is there all the same.
        return b""


ROUTES = (
    Route(method="GET", path="/mails", act=Act.READ, serve=listed),
    Route(method="GET", path="/mails/{mail}", act=Act.READ, serve=one),
    Route(method="GET", path="/mails/{mail}/raw", act=Act.RAW, serve=raw),
    Route(method="GET", path="/mails/{mail}/html", act=Act.RAW, serve=html),
    Route(method="GET", path="/mails/{mail}/files/{place}", act=Act.RAW, serve=file),
    Route(method="POST", path="/mails/{mail}/replay", act=Act.QUEUE, serve=replay),
)
