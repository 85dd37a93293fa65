"""Administration: people, keys, notices as they look, profiles as they are in force, and lists to take away."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from starlette.responses import Response, StreamingResponse

from gateway.app import template_folder
from gateway.desk import access, exports, notices, users
from gateway.errors import CannotCompose, NotFound, Refused
from gateway.model import Profile
from gateway.web.console import shell
from gateway.web.console.permits import ACTS_OF, Act
from gateway.web.console.shell import Route
from gateway.web.console.visit import Visit

_FRAME = "; ".join(
    (
        *("default-src 'none'", "style-src 'unsafe-inline'", "base-uri 'none'", "form-action 'none'"),
        *("frame-ancestors 'self'", "sandbox"),
    )
)


def start(visit: Visit) -> Response:
    """Show the first part of the administration that this person may see."""
    return visit.go("/admin/people" if visit.may(Act.PEOPLE) else "/admin/notices")


def people(visit: Visit) -> Response:
    """List our people."""
    return _people(visit)


def add_person(visit: Visit) -> Response:
    """Let somebody in: the page shows a link that works once."""
    try:
        user, path = users.add(
            visit.services, email=visit.sent("email"), role=visit.sent("role"), name=visit.sent("name")
        )
    except Refused as refused:
        return _people(visit, status=shell.status_of(refused), words=str(refused))
    return _people(visit, link=_origin(visit) + path, whose=user.email)


def act_on_person(visit: Visit) -> Response:
    """Change what somebody may do."""
    who, name = visit.path("user"), visit.path("act")
    try:
        match name:
            case "link":
                user, path = users.new_link(visit.services, who)
                return _people(visit, link=_origin(visit) + path, whose=user.email)
            case "role":
                users.set_role(visit.services, who, visit.sent("role"))
            case "disable":
                users.disable(visit.services, who)
            case "enable":
                users.enable(visit.services, who)
            case "end-sessions":
                users.end_everywhere(visit.services, who)
            case _:
                raise NotFound("There is no such action.")
    except NotFound:
        raise
    except Refused as refused:
        return _people(visit, status=shell.status_of(refused), words=str(refused))
    return visit.go("/admin/people")


def keys(visit: Visit) -> Response:
    """List API keys."""
    return _keys(visit)


def add_key(visit: Visit) -> Response:
    """Make a key; the page shows it this one time."""
    try:
        _, key = access.create_key(visit.services, role=visit.sent("role"), name=visit.sent("name"))
    except Refused as refused:
        return _keys(visit, status=shell.status_of(refused), words=str(refused))
    return _keys(visit, key=key)


def revoke_key(visit: Visit) -> Response:
    """End a key at once."""
    access.revoke(visit.services, visit.path("key"))
    return visit.go("/admin/keys")


def notice_list(visit: Visit) -> Response:
    """List all notices, with one of them as it looks."""
    word = visit.asked("notice", "case-opened")
    language = visit.asked("language", "en")
    known = notices.languages(template_folder())
    language = language if language in known else "en"
    try:
        draft, words = notices.sample(visit.services, word, language=language), ""
    except CannotCompose as error:
        draft, words = None, str(error)
    return visit.show(
        "admin/notices.html",
        all=notices.all_notices(visit.services),
        word=word,
        draft=draft,
        words=words,
        language=language,
        languages=known,
    )


def notice_html(visit: Visit) -> Response:
    """Return the HTML part of a notice, for a sandboxed frame."""
    draft = notices.sample(visit.services, visit.path("name"), language=visit.asked("language", "en"))
    headers = {"content-security-policy": _FRAME, "x-frame-options": "SAMEORIGIN"}
    return Response(draft.html, media_type="text/html; charset=utf-8", headers=headers)


def profiles(visit: Visit) -> Response:
    """Show the policy profiles as they are in force."""
    policy = visit.services.policy
    return visit.show(
        "admin/profiles.html",
        names=list(policy.profiles),
        rows=_compared([policy.profiles[name] for name in policy.profiles]),
        default=policy.default_profile,
        policy=policy,
    )


def export_list(visit: Visit) -> Response:
    """Offer lists to take away."""
    return visit.show("admin/exports.html", exports=exports.KINDS, most=exports.MOST)


def export(visit: Visit) -> Response:
    """Send a list as CSV that no spreadsheet takes for formulas (HT-08)."""
    name = visit.path("name")
    if name not in exports.KINDS:
        raise NotFound("There is no such list.")
    headers = {"content-disposition": f'attachment; filename="{name}.csv"'}
    lines: Iterator[str] = exports.lines(visit.services, name)
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)


def _people(visit: Visit, *, status: int = 200, words: str = "", link: str = "", whose: str = "") -> Response:
    return visit.show(
        "admin/people.html",
        status=status,
        people=users.find(visit.services),
        roles=users.ROLES,
        acts_of=ACTS_OF,
        words=words,
        link=link,
        whose=whose,
    )


def _keys(visit: Visit, *, status: int = 200, words: str = "", key: str = "") -> Response:
    all_keys = access.all_keys(visit.services)
    return visit.show("admin/keys.html", status=status, keys=all_keys, roles=access.ROLES, key=key, words=words)


def _origin(visit: Visit) -> str:
    config = visit.app.config
    return (config.web.public_origin or config.gateway.base_url).rstrip("/")


def _compared(profiles: list[Profile]) -> list[tuple[str, list[str]]]:
    """Return one row a setting: its name, and its value in each profile."""
    rows: list[tuple[str, list[str]]] = []
    for field in fields(Profile):
        values = [getattr(profile, field.name) for profile in profiles]
        if field.name == "follow_up":
            inner = [one.name for one in fields(values[0])]
            rows += [(f"follow up {name}", [_written(getattr(value, name)) for value in values]) for name in inner]
        elif field.name != "name":
            rows.append((field.name, [_written(value) for value in values]))
    return [(name.replace("_", " "), values) for name, values in rows]


def _written(value: Any) -> str:
    if value is None or value == () or value == {}:
        return "-"
    if isinstance(value, dict) or hasattr(value, "items"):
        return "; ".join(f"{key}: {_written(inner)}" for key, inner in value.items()) or "-"
    if isinstance(value, tuple | list | frozenset):
        return ", ".join(_written(one) for one in value)
    return str(value)


ROUTES = (
    Route(method="GET", path="/admin", act=Act.READ_ALL, serve=start),
    Route(method="GET", path="/admin/people", act=Act.PEOPLE, serve=people),
    Route(method="POST", path="/admin/people", act=Act.PEOPLE, serve=add_person),
    Route(method="POST", path="/admin/people/{user}/{act}", act=Act.PEOPLE, serve=act_on_person),
    Route(method="GET", path="/admin/keys", act=Act.PEOPLE, serve=keys),
    Route(method="POST", path="/admin/keys", act=Act.PEOPLE, serve=add_key),
    Route(method="POST", path="/admin/keys/{key}/revoke", act=Act.PEOPLE, serve=revoke_key),
    Route(method="GET", path="/admin/notices", act=Act.READ_ALL, serve=notice_list),
    Route(method="GET", path="/admin/notices/{name}/html", act=Act.READ_ALL, serve=notice_html),
    Route(method="GET", path="/admin/profiles", act=Act.READ_ALL, serve=profiles),
    Route(method="GET", path="/admin/exports", act=Act.SETTINGS, serve=export_list),
    Route(method="GET", path="/admin/exports/{name}", act=Act.SETTINGS, serve=export),
)
