"""Our own people who use the console: who they are, and how they sign in.

There is no account that anybody could guess: a person is made with a one-time link and chooses a password there.
Tokens have 256 random bits and are kept as digests; passwords as argon2id, compared outside of any transaction because
that is slow on purpose.  Whatever changes what somebody may do ends all sessions of that person.
Failed sign-ins slow down who fails, by person and address together and by address alone; nobody can lock out somebody
else from another address.  Source: HAZARDS AP-04, AP-05.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection

from gateway import addresses, maillog
from gateway.cleaning import clean_header
from gateway.desk import audit
from gateway.desk.ids import row_id
from gateway.errors import Conflict, InvalidInput, NotFound, Refused
from gateway.model.desk_views import SessionView, UserView
from gateway.outbound import compose
from gateway.reasons import Reason
from gateway.services import Services
from gateway.store import users

ROLES = ("admin", "agent", "queue", "viewer")
TOKEN_BYTES = 32
IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
# A session that is used is noted so often at most: a page must not cost a write.
NOTED_EVERY = timedelta(minutes=1)
LINK_LIVES = timedelta(hours=24)

LONG_ENOUGH, SHORTEST = 15, 8
PASSWORD_LENGTH = 1000
# What a short password must not be or hold: the first that anybody tries.
COMMON = frozenset(
    re.findall(
        r"\w+",
        "password passwort passw0rd 12345678 123456789 1234567890 qwertyui qwertyuiop qwerty123 iloveyou letmein1"
        " welcome1 welcome123 admin123 administrator changeme sunshine football baseball princess superman trustno1"
        " abcd1234 abc12345 1q2w3e4r 1qaz2wsx asdfghjk zaq12wsx 11111111 00000000 87654321 gateway1 casegateway",
    )
)

WINDOW = timedelta(minutes=15)
FREE_TRIES = 5
FREE_TRIES_OF_AN_ADDRESS = 30
LONGEST_PAUSE = timedelta(minutes=1)

HASHER = PasswordHasher()
# Compared with where there is no such person, so that both answers take equally long.
NOBODY = HASHER.hash(secrets.token_urlsafe(TOKEN_BYTES))


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A person in a session.  session: its digest."""

    user: UserView
    session: str


class TooManyTries(Refused):
    """Wait before the next try; `seconds` says how long."""

    def __init__(self, seconds: int) -> None:
        super().__init__(Reason.RATE_LIMITED, f"Too many failed tries.  Wait {seconds} seconds, then try again.")
        self.seconds = seconds


def add(services: Services, *, email: str, role: str, name: str = "") -> tuple[UserView, str]:
    """Make a person, or renew the link of one who is there; return the path of a one-time link.  Shown this one time.

    Raises InvalidInput; Conflict when the person is there with another role.
    """
    if role not in ROLES:
        raise InvalidInput(f"There is no role {clean_header(role, limit=20)}; there is: {', '.join(ROLES)}.")
    email = email.strip()
    key = addresses.key(email)
    if not key or not compose.valid_recipient(email):
        raise InvalidInput(
            f"{clean_header(email) or 'Nothing'} is not one mail address; write it like dana@example.com."
        )
    now = services.clock.now()
    with services.database.write() as conn:
        user = users.add(conn, email=email, email_key=key, name=clean_header(name), role=role, now=now)
        if user is None:
            known = users.by_key(conn, key)
            assert known is not None
            user = known[0]
            if user.role != role:
                raise Conflict(Reason.CHANGED_MEANWHILE, f"{email} is there already, with the role {user.role}.")
        _note(conn, services, "user.add", user, role=role)
        return user, _new_link(conn, user, now)


def new_link(services: Services, user_id: str) -> tuple[UserView, str]:
    """Return the path of a new one-time link for somebody who lost the password; the old one goes on working."""
    with services.database.write() as conn:
        user = _user(conn, user_id)
        _note(conn, services, "user.link", user)
        return user, _new_link(conn, user, services.clock.now())


def find(services: Services) -> list[UserView]:
    """Return all people, disabled ones too."""
    with services.database.read() as conn:
        return users.many(conn)


def disable(services: Services, who: str) -> UserView:
    """Let somebody in no more, and end all sessions.  who: id or address.  Calling twice keeps the first time."""
    now = services.clock.now()
    with services.database.write() as conn:
        user = _user(conn, who)
        _keep_an_admin(conn, user)
        if user.disabled_at is None:
            users.change(conn, row_id(user.id), disabled_at=now)
            _note(conn, services, "user.disable", user)
        users.end_sessions(conn, row_id(user.id))
        return _user(conn, user.id)


def enable(services: Services, who: str) -> UserView:
    """Let somebody in again.  Calling twice is nothing."""
    with services.database.write() as conn:
        user = _user(conn, who)
        users.change(conn, row_id(user.id), disabled_at=None)
        _note(conn, services, "user.enable", user)
        return _user(conn, who)


def set_role(services: Services, who: str, role: str) -> UserView:
    """Give somebody another role; all sessions end."""
    if role not in ROLES:
        raise InvalidInput(f"There is no role {clean_header(role, limit=20)}; there is: {', '.join(ROLES)}.")
    with services.database.write() as conn:
        user = _user(conn, who)
        if role != "admin":
            _keep_an_admin(conn, user)
        users.change(conn, row_id(user.id), role=role)
        _note(conn, services, "user.role", user, role=role, was=user.role)
        users.end_sessions(conn, row_id(user.id))
        return _user(conn, user.id)


# --- sign in, stay signed in, sign out


def sign_in(services: Services, *, email: str, password: str, peer: str, agent: str = "") -> str:
    """Begin a session and return its token.  Raises TooManyTries, or Refused with one text whatever was wrong."""
    now = services.clock.now()
    key = addresses.key(email.strip())
    both, alone = _digest(f"{key}\0{peer}"), _digest(f"\0{peer}")
    with services.database.read() as conn:
        _check_pace(conn, both, alone, now)
        known = users.by_key(conn, key) if key else None
    user, kept = known if known else (None, "")
    right = _matches(password, kept or NOBODY)
    if user is None or not kept or not right or user.disabled_at is not None:
        with services.database.write() as conn:
            users.forget_failures(conn, before=now - WINDOW)
            users.note_failure(conn, (both, alone), now=now)
            _note(conn, services, "user.sign-in-refused", user)
        maillog.signed_in(user=user.id if user else "", peer=peer, how="refused")
        raise Refused(Reason.NOT_SIGNED_IN, "Address and password do not belong together.")
    with services.database.write() as conn:
        users.forget_failures(conn, before=now - WINDOW, who=both)
        users.forget_sessions(conn, begun_before=now - LONGEST)
        token = _begin(conn, user, peer, agent, now)
        _note(conn, services, "user.sign-in", user, how="password")
    maillog.signed_in(user=user.id, peer=peer, how="password")
    return token


def welcomed(services: Services, link: str) -> UserView | None:
    """Return whom a one-time link is for; None when it was used or its time is over.  Uses nothing up."""
    with services.database.read() as conn:
        user = users.link_user(conn, _digest(link), now=services.clock.now())
    return user if user is not None and user.disabled_at is None else None


def enter(services: Services, link: str, *, password: str, peer: str, agent: str = "") -> str:
    """Choose a password by a one-time link, which is used up; return the token of a session."""
    user = welcomed(services, link)
    if user is None:
        raise NotFound("This link was used already, or its time is over; `gateway user add` makes a new one.")
    _check_password(password, user)
    kept, now = HASHER.hash(password), services.clock.now()
    with services.database.write() as conn:
        if not users.use_link(conn, _digest(link), now=now):
            raise NotFound("This link was used already; `gateway user add` makes a new one.")
        users.change(conn, row_id(user.id), password_hash=kept)
        users.end_sessions(conn, row_id(user.id))
        token = _begin(conn, user, peer, agent, now)
        _note(conn, services, "user.sign-in", user, how="link")
    maillog.signed_in(user=user.id, peer=peer, how="link")
    return token


def session(services: Services, token: str, *, quiet: bool = False) -> SignedIn | None:
    """Return who is signed in by this token, None when nobody is (any more).  quiet: it does not count as use."""
    digest, now = _digest(token), services.clock.now()
    with services.database.read() as conn:
        found = users.session(conn, digest)
    if found is None:
        return None
    user, kept = found
    if user.disabled_at is not None or not _lives(kept, now):
        return None
    if not quiet and now - kept.seen_at >= NOTED_EVERY:
        with services.database.write() as conn:
            users.touch(conn, digest, row_id(user.id), now=now)
    return SignedIn(user=user, session=digest)


def sign_out(services: Services, who: SignedIn) -> None:
    """End this session."""
    with services.database.write() as conn:
        users.end_session(conn, who.session)


def end_everywhere(services: Services, user_id: str, *, keep: str = "") -> int:
    """End all sessions of a person and return how many.  keep: the digest of one that goes on."""
    with services.database.write() as conn:
        return users.end_sessions(conn, row_id(_user(conn, user_id).id), keep=keep)


def sessions(services: Services, user_id: str) -> list[SessionView]:
    """Return the sessions of a person that still live."""
    now = services.clock.now()
    with services.database.read() as conn:
        return [one for one in users.sessions_of(conn, row_id(user_id)) if _lives(one, now)]


def change_password(services: Services, who: SignedIn, *, old: str, new: str) -> None:
    """Choose another password; all other sessions end.  Raises Refused when the old one is wrong."""
    with services.database.read() as conn:
        known = users.by_key(conn, addresses.key(who.user.email))
    if known is None or not _matches(old, known[1]):
        raise InvalidInput("The present password is another one.")
    _check_password(new, who.user)
    kept = HASHER.hash(new)
    with services.database.write() as conn:
        users.change(conn, row_id(who.user.id), password_hash=kept)
        users.end_sessions(conn, row_id(who.user.id), keep=who.session)
        _note(conn, services, "user.password", who.user)


def _note(conn: Connection, services: Services, act: str, user: UserView | None, **facts: str) -> None:
    """Enter what concerns a person of ours; None for somebody whom nobody knows."""
    audit.note_along(conn, services, act, f"user:{user.id}" if user is not None else "user", **facts)


def _begin(conn: Connection, user: UserView, peer: str, agent: str, now: datetime) -> str:
    token = secrets.token_urlsafe(TOKEN_BYTES)
    users.begin_session(
        conn, token_sha256=_digest(token), user_id=row_id(user.id), peer=peer, agent=clean_header(agent), now=now
    )
    users.touch(conn, _digest(token), row_id(user.id), now=now)
    return token


def _new_link(conn: Connection, user: UserView, now: datetime) -> str:
    token = secrets.token_urlsafe(TOKEN_BYTES)
    users.add_link(conn, token_sha256=_digest(token), user_id=row_id(user.id), expires_at=now + LINK_LIVES, now=now)
    return f"/welcome/{token}"


def _lives(kept: SessionView, now: datetime) -> bool:
    return now - kept.seen_at < IDLE and now - kept.created_at < LONGEST


def _check_pace(conn: Connection, both: str, alone: str, now: datetime) -> None:
    """Refuse a try that comes too soon: after the free ones each takes twice as long, a minute at most."""
    for who, free in ((both, FREE_TRIES), (alone, FREE_TRIES_OF_AN_ADDRESS)):
        failed = users.failures(conn, who, since=now - WINDOW)
        if len(failed) < free:
            continue
        pause = min(LONGEST_PAUSE, timedelta(seconds=2 ** min(len(failed) - free + 1, 10)))
        wait = failed[0] + pause - now
        if wait > timedelta(0):
            raise TooManyTries(int(wait.total_seconds()) + 1)


def _check_password(password: str, user: UserView) -> None:
    low = password.lower()
    if len(password) > PASSWORD_LENGTH:
        raise InvalidInput(f"Choose a password of at most {PASSWORD_LENGTH} characters.")
    if len(password) < SHORTEST:
        raise InvalidInput(f"Choose a password of at least {SHORTEST} characters; three or four words are a good one.")
    local = user.email.partition("@")[0].lower()
    letters = re.sub(r"[^a-z0-9]", "", low)
    plain = bool({low, letters} & COMMON) or len(set(low)) < 4 or local in low
    if len(password) < LONG_ENOUGH and plain:
        raise InvalidInput("That one is among the first that anybody tries; three or four words are a good password.")


def _keep_an_admin(conn: Connection, user: UserView) -> None:
    if user.role == "admin" and user.disabled_at is None and not users.others_with_role(conn, row_id(user.id), "admin"):
        raise Conflict(Reason.NOT_PERMITTED, "This is the last administrator; make another one first.")


def _user(conn: Connection, who: str) -> UserView:
    known = users.by_key(conn, addresses.key(who)) if "@" in who else None
    user = known[0] if known else users.one(conn, row_id(who))
    if user is None:
        raise NotFound(f"There is nobody {clean_header(who, limit=40)}; `gateway user list` shows who there is.")
    return user


def _matches(password: str, kept: str) -> bool:
    try:
        return HASHER.verify(kept, password[:PASSWORD_LENGTH])
    except (VerificationError, InvalidHashError):
        return False


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
