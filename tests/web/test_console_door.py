"""The door of the console: one-time links, passwords, sessions, cross-site requests, and pages for the role."""

from datetime import timedelta

import httpx2
import pytest
from argon2 import PasswordHasher

from gateway.desk import users
from gateway.errors import Conflict, InvalidInput, NotFound
from gateway.web import console
from gateway.web.console import permits, shell
from tests.web_server import Web, running

EMAIL, PASSWORD = "ada@example.com", "correct horse battery staple"
OURS = {"sec-fetch-site": "same-origin"}


@pytest.fixture(autouse=True)
def hasty_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make hashing cheap: what it costs is not what is tested here."""
    hasty = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(users, "HASHER", hasty)
    monkeypatch.setattr(users, "NOBODY", hasty.hash("nobody"))


def enter(web: Web, *, email: str = EMAIL, role: str = "admin") -> str:
    """Make a person with a password; return the id."""
    user, path = users.add(web.services, email=email, role=role)
    users.enter(web.services, path.rpartition("/")[2], password=PASSWORD, peer="")
    return user.id


def sign_in(web: Web, *, email: str = EMAIL, password: str = PASSWORD, **form: str) -> httpx2.Response:
    sent = {"email": email, "password": password, **form}
    return web.client.post("/signin", data=sent, headers=OURS)


def is_in(web: Web) -> bool:
    return web.client.get("/account").status_code == 200


def test_the_first_administrator_comes_by_a_link_that_works_once(web: Web) -> None:
    """AP-05: there is no default account."""
    assert sign_in(web, email="admin", password="admin").status_code == 401
    _, path = users.add(web.services, email=EMAIL, role="admin")
    assert web.client.get(path).status_code == 200
    form = {"password": PASSWORD, "again": PASSWORD}
    assert web.client.post(path, data=form, headers=OURS).status_code == 303
    assert is_in(web)
    web.client.cookies.clear()
    assert web.client.get(path).status_code == 404
    assert web.client.post(path, data=form, headers=OURS).status_code == 404
    assert sign_in(web).headers["location"] == "/"


def test_a_link_ends_after_a_day_and_a_new_one_ends_the_old_one(web: Web) -> None:
    _, old = users.add(web.services, email=EMAIL, role="admin")
    _, new = users.add(web.services, email=EMAIL, role="admin")
    assert web.client.get(old).status_code == 404
    web.clock.moment += users.LINK_LIVES
    assert web.client.get(new).status_code == 404


def test_the_session_is_new_at_sign_in_and_gone_after_sign_out(web: Web) -> None:
    """AP-04: no fixation, no reuse; the cookie is for us alone."""
    enter(web)
    sent = {"email": EMAIL, "password": PASSWORD}
    answer = web.client.post("/signin", data=sent, headers={**OURS, "cookie": "gateway_session=chosen-by-somebody"})
    cookie = answer.headers["set-cookie"]
    assert "chosen-by-somebody" not in cookie
    assert all(flag in cookie for flag in ("HttpOnly", "SameSite=lax", "Path=/"))
    kept = dict(web.client.cookies)
    assert is_in(web)
    web.client.post("/signout", headers=OURS)
    web.client.cookies.update(kept)
    assert not is_in(web)


def test_behind_tls_the_cookie_is_bound_to_the_host(sqlite_url: str, tmp_path: object) -> None:
    """AP-04."""
    with running(sqlite_url, tmp_path, web={"public_origin": "https://care.example.com"}) as web:  # type: ignore[arg-type]
        enter(web)
        cookie = sign_in(web).headers["set-cookie"]
    assert cookie.startswith("__Host-gateway=")
    assert "Secure" in cookie


@pytest.mark.parametrize(("wait", "lives"), [(29, True), (31, False)])
def test_a_session_that_is_not_used_ends_after_half_an_hour(web: Web, wait: int, lives: bool) -> None:
    """AP-04."""
    enter(web)
    sign_in(web)
    web.clock.moment += timedelta(minutes=wait)
    assert is_in(web) is lives


def test_a_session_ends_after_twelve_hours_however_much_it_is_used(web: Web) -> None:
    """AP-04; and a page that polls by itself does not count as use."""
    enter(web)
    sign_in(web)
    for _ in range(35):
        web.clock.moment += timedelta(minutes=20)
        assert is_in(web)
    web.clock.moment += timedelta(minutes=20)
    assert not is_in(web)
    sign_in(web)
    for _ in range(4):
        web.clock.moment += timedelta(minutes=10)
        web.client.get("/queue/pulse")
    assert not is_in(web)


def test_whatever_changes_what_somebody_may_do_ends_the_sessions(web: Web) -> None:
    """AP-04: password, role, disabled, end everywhere."""
    enter(web, email="boss@example.com")
    user = enter(web)
    other = httpx2.Client(base_url=web.client.base_url, trust_env=False)
    sent = {"email": EMAIL, "password": PASSWORD}
    for change in (
        lambda: users.set_role(web.services, user, "agent"),
        lambda: users.end_everywhere(web.services, user),
        lambda: web.client.post(
            "/account/password", data={"old": PASSWORD, "password": PASSWORD, "again": PASSWORD}, headers=OURS
        ),
        lambda: users.disable(web.services, user),
    ):
        other.post("/signin", data=sent, headers=OURS)
        sign_in(web)
        assert other.get("/account").status_code == 200
        change()
        assert other.get("/account").status_code == 303
    assert sign_in(web).status_code == 401


def test_a_wrong_name_and_a_wrong_password_read_the_same(web: Web) -> None:
    """AP-05: nobody can be found out about."""
    enter(web)
    _, _ = users.add(web.services, email="new@example.com", role="viewer")
    answers = {sign_in(web, email=who, password="wrong one here").text for who in (EMAIL, EMAIL)}
    plain = [sign_in(web, email=who, password="wrong one here") for who in ("nobody@example.com", "new@example.com")]
    assert {one.status_code for one in plain} == {401}
    assert {one.replace(EMAIL, "") for one in answers} == {
        one.text.replace("nobody@example.com", "").replace("new@example.com", "") for one in plain
    }


def test_failed_tries_slow_down_and_never_lock_out(web: Web) -> None:
    """AP-05, AP-07: a pause after five, a minute at most; another address is not concerned."""
    enter(web)
    for _ in range(users.FREE_TRIES):
        assert sign_in(web, password="wrong one here").status_code == 401
    slowed = sign_in(web)
    assert (slowed.status_code, slowed.headers["retry-after"]) == (429, "3")
    assert users.sign_in(web.services, email=EMAIL, password=PASSWORD, peer="192.0.2.7")
    for _ in range(12):
        web.clock.moment += users.LONGEST_PAUSE
        assert sign_in(web, password="wrong one here").status_code == 401
    web.clock.moment += users.LONGEST_PAUSE
    assert sign_in(web).status_code == 303


@pytest.mark.parametrize("bad", ["short", "password", "12345678", "aaaaaaaaaa", "ada-2026", "welcome1!"])
def test_a_password_that_anybody_tries_first_is_refused(web: Web, bad: str) -> None:
    """AP-05."""
    _, path = users.add(web.services, email=EMAIL, role="admin")
    with pytest.raises(InvalidInput):
        users.enter(web.services, path.rpartition("/")[2], password=bad, peer="")


def test_the_last_administrator_stays(web: Web) -> None:
    user = enter(web)
    for change in (lambda: users.disable(web.services, user), lambda: users.set_role(web.services, user, "viewer")):
        with pytest.raises(Conflict, match="last administrator"):
            change()
    with pytest.raises(NotFound):
        users.disable(web.services, "nobody@example.com")


@pytest.mark.parametrize(
    ("headers", "served"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"origin": "https://evil.example.net"}, False),
        ({"origin": "null"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "OURS"}, False),
        ({"origin": "OURS"}, True),
        ({}, False),
    ],
)
def test_only_a_page_of_ours_may_change_something(web: Web, headers: dict[str, str], served: bool) -> None:
    """AP-03: signing in, too, cannot be done from elsewhere."""
    enter(web)
    sent = {name: web.url if value == "OURS" else value for name, value in headers.items()}
    answer = web.client.post("/signin", data={"email": EMAIL, "password": PASSWORD}, headers=sent)
    assert answer.status_code == (303 if served else 403)


@pytest.mark.parametrize(
    ("wanted", "to"),
    [
        ("/cases/0000000001?view=html", "/cases/0000000001?view=html"),
        ("//evil.example.net", "/"),
        ("/\\evil.example.net", "/"),
        ("https://evil.example.net", "/"),
        ("javascript:alert(1)", "/"),
        ("/queue\r\nSet-Cookie: a=b", "/"),
        ("", "/"),
    ],
)
def test_after_sign_in_one_lands_on_a_page_of_ours(web: Web, wanted: str, to: str) -> None:
    """AP-10: no open redirect."""
    enter(web)
    assert sign_in(web, next=wanted).headers["location"] == to


ROLES = ("", *permits.ACTS_OF)


@pytest.mark.parametrize("role", ROLES)
def test_every_page_is_open_to_whom_the_table_says_and_to_nobody_else(web: Web, role: str) -> None:
    """AP-01: the matrix of routes and roles, generated from the table of routes; nothing else answers 2xx."""
    if role:
        enter(web, role=role)
        sign_in(web)
    for route in console.ROUTES:
        if route.act is None or route.path == "/signout":
            continue
        path = route.path
        for name in ("item", "mail", "case", "entry", "user", "key", "escalation", "place", "hook"):
            path = path.replace(f"{{{name}}}", "999999")
        path = path.replace("{act}", "link").replace("{name}", "cases")
        answer = web.client.request(route.method, path, headers=OURS)
        allowed = bool(role) and permits.may(role, route.act)
        if not role:
            assert answer.status_code in (303, 401), route.path
            assert answer.headers.get("location", "/signin").startswith("/signin")
        elif allowed:
            assert answer.status_code not in (401, 403), (route.path, answer.status_code)
            assert answer.status_code < 500, (route.path, answer.text[:200])
        else:
            assert answer.status_code == 403, (route.path, answer.status_code)


def test_no_page_that_is_only_looked_at_changes_anything(web: Web) -> None:
    """AP-03: GET mutates nothing; every other method is checked for where it comes from."""
    assert {route.method for route in console.ROUTES} == {"GET", "POST"}
    enter(web)
    sign_in(web)
    for route in console.ROUTES:
        if route.method == "POST":
            answer = web.client.post(route.path.replace("{", "").replace("}", ""), headers={"sec-fetch-site": "none"})
            assert answer.status_code == 403, route.path


def test_only_known_files_leave_the_folder_of_static_ones(web: Web) -> None:
    """AP-10: no path leads out."""
    assert web.client.get("/static/console.css").status_code == 200
    for name in ("../app.py", "..%2fapp.py", "htmx.LICENSE", "%2e%2e/%2e%2e/etc/passwd", ""):
        assert web.client.get(f"/static/{name}").status_code in (404, 400)


def test_every_vendored_file_has_its_licence_beside_it() -> None:
    for name in console.FILES:
        library = name.partition("-")[0]
        assert library == name or (console.STATIC / f"{library}.LICENSE").exists()


def test_pages_allow_nothing_that_is_not_ours(web: Web) -> None:
    """HT-01: no inline script or style, no other host."""
    policy = web.client.get("/signin").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http:" not in policy
    assert "https:" not in policy


def test_an_error_is_said_in_words_with_the_status_that_belongs_to_it() -> None:
    statuses = {shell.status_of(error) for error in (NotFound(""), InvalidInput(""), users.TooManyTries(3))}
    assert statuses == {404, 422, 429}


def test_an_address_without_a_page_is_told_in_a_page_to_people_and_in_json_to_programs(web: Web) -> None:
    """AP-05: whether one is signed in or not; below `/api` it is always a problem document."""
    html = {"accept": "text/html,*/*;q=0.8"}
    pages = [web.client.get("/quue/7", headers=html)]
    enter(web)
    sign_in(web)
    pages.append(web.client.get("/quue/7", headers=html))
    for page in pages:
        assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert "There is no page at this address" in page.text
        assert "quue" not in page.text
    for path, headers in (("/quue/7", {}), ("/api/v1/quue", html)):
        answer = web.client.get(path, headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert web.client.post("/quue/7", headers=html | OURS).headers["content-type"] == "application/problem+json"
