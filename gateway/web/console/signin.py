"""Signing in and out, the one-time link, and one's own password and sessions."""

from starlette.responses import Response

from gateway.desk import users
from gateway.errors import InvalidInput, Refused
from gateway.web.console import shell
from gateway.web.console.permits import Act
from gateway.web.console.shell import Route
from gateway.web.console.visit import Visit


def start(visit: Visit) -> Response:
    """Begin where the work is."""
    return visit.go("/queue")


def sign_in_page(visit: Visit) -> Response:
    """Ask who it is."""
    if visit.signed_in is not None:
        return visit.go(shell.local_path(visit.asked("next")))
    return visit.show("signin.html", next=visit.asked("next"), email="", words="")


def sign_in(visit: Visit) -> Response:
    """Begin a session."""
    email, back = visit.sent("email"), shell.local_path(visit.sent("next"))
    try:
        token = users.sign_in(
            visit.services, email=email, password=_password(visit, "password"), peer=visit.peer, agent=visit.agent
        )
    except Refused as error:
        response = visit.show("signin.html", status=shell.status_of(error), next=back, email=email, words=str(error))
        if isinstance(error, users.TooManyTries):
            response.headers["retry-after"] = str(error.seconds)
        return response
    return shell.with_session(visit.go(back), token, visit.app.config)


def sign_out(visit: Visit) -> Response:
    """End this session."""
    assert visit.signed_in is not None
    users.sign_out(visit.services, visit.signed_in)
    return shell.without_session(visit.go("/signin"), visit.app.config)


def welcome_page(visit: Visit) -> Response:
    """Let somebody with a one-time link choose a password."""
    user = users.welcomed(visit.services, visit.path("link"))
    return visit.show("welcome.html", status=200 if user else 404, who=user, words="")


def welcome(visit: Visit) -> Response:
    """Use the link up and begin a session."""
    link = visit.path("link")
    user = users.welcomed(visit.services, link)
    chosen = _password(visit, "password")
    try:
        if chosen != _password(visit, "again"):
            raise InvalidInput("The two passwords are not the same.")
        token = users.enter(visit.services, link, password=chosen, peer=visit.peer, agent=visit.agent)
    except Refused as error:
        return visit.show("welcome.html", status=shell.status_of(error), who=user, words=str(error))
    return shell.with_session(visit.go("/"), token, visit.app.config)


def account(visit: Visit) -> Response:
    """Show one's own sessions and let one change the password."""
    return _account(visit)


def change_password(visit: Visit) -> Response:
    """Choose another password; all other sessions end."""
    assert visit.signed_in is not None
    new = _password(visit, "password")
    try:
        if new != _password(visit, "again"):
            raise InvalidInput("The two new passwords are not the same.")
        users.change_password(visit.services, visit.signed_in, old=_password(visit, "old"), new=new)
    except Refused as error:
        return _account(visit, status=shell.status_of(error), words=str(error))
    return visit.go("/account", {"said": "password"})


def end_everywhere(visit: Visit) -> Response:
    """End all of one's sessions but this one."""
    assert visit.signed_in is not None
    users.end_everywhere(visit.services, visit.user.id, keep=visit.signed_in.session)
    return visit.go("/account", {"said": "ended"})


def _account(visit: Visit, *, status: int = 200, words: str = "") -> Response:
    assert visit.signed_in is not None
    sessions = users.sessions(visit.services, visit.user.id)
    return visit.show(
        "account.html",
        status=status,
        words=words,
        sessions=sessions,
        said=visit.asked("said"),
        here=visit.signed_in.session,
    )


def _password(visit: Visit, name: str) -> str:
    # As it was typed: spaces at its ends belong to it.
    value = visit.form.get(name, "")
    return value if isinstance(value, str) else ""


ROUTES = (
    Route(method="GET", path="/", act=Act.READ, serve=start),
    Route(method="GET", path="/signin", act=None, serve=sign_in_page),
    Route(method="POST", path="/signin", act=None, serve=sign_in),
    Route(method="POST", path="/signout", act=Act.OWN, serve=sign_out),
    Route(method="GET", path="/welcome/{link}", act=None, serve=welcome_page),
    Route(method="POST", path="/welcome/{link}", act=None, serve=welcome),
    Route(method="GET", path="/account", act=Act.OWN, serve=account),
    Route(method="POST", path="/account/password", act=Act.OWN, serve=change_password),
    Route(method="POST", path="/account/end-everywhere", act=Act.OWN, serve=end_everywhere),
)
