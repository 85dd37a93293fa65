"""Our own people who use the console: one row each, their sessions, one-time links and failed sign-ins."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from gateway.model.desk_views import SessionView, UserView
from gateway.store.sql import insert_new
from gateway.store.user_tables import console_failure, console_link, console_session, console_user


def add(conn: Connection, *, email: str, email_key: str, name: str, role: str, now: datetime) -> UserView | None:
    """Store a new person; None when there is one with this address."""
    row = {"email": email, "email_key": email_key, "name": name, "role": role, "created_at": now}
    made = conn.execute(insert_new(conn, console_user, console_user.c.id).values(row)).scalar()
    return None if made is None else one(conn, made)


def many(conn: Connection) -> list[UserView]:
    """Return all people, disabled ones too, by their addresses."""
    return [_view(row) for row in conn.execute(select(console_user).order_by(console_user.c.email_key))]


def one(conn: Connection, user_id: int) -> UserView | None:
    """Return one person."""
    row = conn.execute(select(console_user).where(console_user.c.id == user_id)).first()
    return _view(row) if row else None


def by_key(conn: Connection, email_key: str) -> tuple[UserView, str] | None:
    """Return the person of an address, with the hash of the password."""
    row = conn.execute(select(console_user).where(console_user.c.email_key == email_key)).first()
    return (_view(row), row.password_hash) if row else None


def change(conn: Connection, user_id: int, **values: Any) -> None:
    """Change columns of a person."""
    conn.execute(update(console_user).where(console_user.c.id == user_id).values(values))


def others_with_role(conn: Connection, user_id: int, role: str) -> int:
    """Count the other people of a role who can sign in."""
    others = (console_user.c.id != user_id, console_user.c.role == role, console_user.c.disabled_at.is_(None))
    return int(conn.execute(select(func.count()).select_from(console_user).where(*others)).scalar_one())


# --- sessions


def begin_session(conn: Connection, *, token_sha256: str, user_id: int, peer: str, agent: str, now: datetime) -> None:
    """Store a new session by the digest of its token."""
    row = {"token_sha256": token_sha256, "user_id": user_id, "peer": peer[:64], "agent": agent[:200]}
    conn.execute(insert(console_session).values(**row, created_at=now, seen_at=now))


def session(conn: Connection, token_sha256: str) -> tuple[UserView, SessionView] | None:
    """Return a session with its person, whatever its age."""
    joined = console_session.join(console_user)
    columns = (*console_user.c, *(c.label(f"session_{c.name}") for c in console_session.c))
    row = conn.execute(
        select(*columns).select_from(joined).where(console_session.c.token_sha256 == token_sha256)
    ).first()
    return (_view(row), _session(row, "session_")) if row else None


def sessions_of(conn: Connection, user_id: int) -> list[SessionView]:
    """Return the sessions of a person, latest used first."""
    found = select(console_session).where(console_session.c.user_id == user_id)
    return [_session(row, "") for row in conn.execute(found.order_by(console_session.c.seen_at.desc()))]


def touch(conn: Connection, token_sha256: str, user_id: int, *, now: datetime) -> None:
    """Note that a session was used."""
    conn.execute(update(console_session).where(console_session.c.token_sha256 == token_sha256).values(seen_at=now))
    change(conn, user_id, last_seen_at=now)


def end_session(conn: Connection, token_sha256: str) -> None:
    """End one session; calling twice is nothing."""
    conn.execute(delete(console_session).where(console_session.c.token_sha256 == token_sha256))


def end_sessions(conn: Connection, user_id: int, *, keep: str = "") -> int:
    """End the sessions of a person and return how many there were.  keep: digest of one that goes on."""
    mine = delete(console_session).where(console_session.c.user_id == user_id)
    return conn.execute(mine.where(console_session.c.token_sha256 != keep)).rowcount


def forget_sessions(conn: Connection, *, begun_before: datetime) -> None:
    """Delete sessions that no limit lets live any longer."""
    conn.execute(delete(console_session).where(console_session.c.created_at < begun_before))


# --- one-time links


def add_link(conn: Connection, *, token_sha256: str, user_id: int, expires_at: datetime, now: datetime) -> None:
    """Store a one-time link; older ones of the same person end."""
    older = delete(console_link).where(console_link.c.user_id == user_id)
    conn.execute(older)
    row = {"token_sha256": token_sha256, "user_id": user_id, "expires_at": expires_at, "created_at": now}
    conn.execute(insert(console_link).values(row))


def link_user(conn: Connection, token_sha256: str, *, now: datetime) -> UserView | None:
    """Return whom a link that still works is for."""
    works = (console_link.c.used_at.is_(None), console_link.c.expires_at > now)
    found = select(console_user).select_from(console_user.join(console_link))
    row = conn.execute(found.where(console_link.c.token_sha256 == token_sha256, *works)).first()
    return _view(row) if row else None


def use_link(conn: Connection, token_sha256: str, *, now: datetime) -> bool:
    """Use a link up; False when somebody did before, or its time is over."""
    unused = (console_link.c.used_at.is_(None), console_link.c.expires_at > now)
    used = update(console_link).where(console_link.c.token_sha256 == token_sha256, *unused)
    return conn.execute(used.values(used_at=now)).rowcount == 1


# --- failed sign-ins


def note_failure(conn: Connection, who: tuple[str, ...], *, now: datetime) -> None:
    """Count a failed sign-in for each of these digests."""
    conn.execute(insert(console_failure), [{"who": one, "at": now} for one in who])


def failures(conn: Connection, who: str, *, since: datetime) -> list[datetime]:
    """Return when sign-ins failed, latest first, 100 at most."""
    found = select(console_failure.c.at).where(console_failure.c.who == who, console_failure.c.at > since)
    return list(conn.execute(found.order_by(console_failure.c.at.desc()).limit(100)).scalars())


def forget_failures(conn: Connection, *, before: datetime, who: str = "") -> None:
    """Delete failures that no longer count; who: all of this digest."""
    conn.execute(delete(console_failure).where((console_failure.c.at < before) | (console_failure.c.who == who)))


def _view(row: Any) -> UserView:
    return UserView(
        id=str(row.id),
        email=row.email,
        name=row.name,
        role=row.role,
        has_password=bool(row.password_hash),
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        disabled_at=row.disabled_at,
    )


def _session(row: Any, prefix: str) -> SessionView:
    got = {name: getattr(row, prefix + name) for name in ("token_sha256", "created_at", "seen_at", "peer", "agent")}
    return SessionView(id=got.pop("token_sha256"), **got)
