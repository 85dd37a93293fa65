"""Decide how a mailbox is read: what is fetched together, what counts as fetched, when we try again.  Pure.

The law: a mail counts as fetched only when all of it is there.  One that is missing, empty or short stays where it is
and is tried again; it never holds up the others.  Source: RFC 3501 sections 2.3.1.1 and 6.4.5, HAZARDS IM-01 to IM-07.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.model import FailingMail

# Mails of one command and of one commit: few enough that a lost connection costs little, and memory stays bounded.
GROUP_MAILS = 50
GROUP_BYTES = 4_194_304
# Of a mail above the limit only its beginning is taken, for the person who will look at it.
OVERSIZED_BYTES = 262_144
# A look is at most so long apart from the next, and an IDLE that the network has forgotten lasts no longer.
SLICE_SECONDS = 45.0
# After so many failures on one mail a person gets a note about it; it is still tried, an hour apart.
TRIES = 5
RETRY = timedelta(minutes=1)
RETRY_LATE = timedelta(hours=1)
# So many failures in a row without a success are the server's, not the mails'.
IN_A_ROW = 3
# Where the network is in the way we come back soon: new mail is to be seen within 90 seconds of its return.
SOON_SECONDS = (1.0, 2.0, 5.0, 10.0, 20.0, 40.0)
# Where we are refused we come slowly: a wrong password tried often locks the account (IM-06).
SLOWLY_SECONDS = (60.0, 120.0, 300.0)
# Within this time of its arrival a mail counts as received when we took it: clocks differ, the server's is in seconds.
ARRIVAL_TOLERANCE = timedelta(minutes=2)
WHOLE_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What of a mail is fetched.  size_bytes: of the whole mail, as the server says.  limit_bytes: None for all."""

    uid: int
    size_bytes: int
    arrived_at: datetime | None
    limit_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Mails that are fetched with one command, ascending."""

    parts: tuple[Part, ...]

    @property
    def uids(self) -> list[int]:
        """Return their numbers."""
        return [part.uid for part in self.parts]

    @property
    def oversized(self) -> bool:
        """Say whether it is the beginning of one mail above the limit."""
        return any(part.limit_bytes is not None for part in self.parts)


def groups(parts: Sequence[Part], *, limit_bytes: int) -> Iterator[Group]:
    """Split mails, in ascending order, into commands; one above `limit_bytes` is fetched in part, alone."""
    together: list[Part] = []
    size_bytes = 0
    for part in sorted(parts, key=lambda one: one.uid):
        oversized = part.size_bytes > limit_bytes
        if together and (oversized or len(together) >= GROUP_MAILS or size_bytes + part.size_bytes > GROUP_BYTES):
            yield Group(parts=tuple(together))
            together, size_bytes = [], 0
        if oversized:
            yield Group(parts=(_beginning(part),))
        else:
            together.append(part)
            size_bytes += part.size_bytes
    if together:
        yield Group(parts=tuple(together))


def whole(group: Group, bodies: Mapping[int, bytes]) -> dict[int, bytes]:
    """Return those bodies that are all there; a missing, an empty and a short one are not."""
    return {part.uid: bodies[part.uid] for part in group.parts if _is_whole(part, bodies.get(part.uid, b""))}


def why_not(part: Part, body: bytes | None) -> str:
    """Say what was wrong with a mail that does not count as fetched."""
    if body is None:
        return "the server sent no such mail"
    return f"the server sent {len(body)} bytes of {_expected(part)}"


def fresh(uids: Collection[int], last_uid: int) -> list[int]:
    """Return what is new, ascending: `n:*` also finds the last mail when its number is below n (RFC 3501, 6.4.8)."""
    return sorted(uid for uid in set(uids) if uid > last_uid)


def retry_after(failing: FailingMail) -> timedelta:
    """Say when a mail that could not be fetched is tried again."""
    return RETRY_LATE if failing.tries >= TRIES else RETRY * failing.tries


def pause_seconds(failures: int, *, refused: bool) -> float:
    """Say how long nobody tries a mailbox after `failures` (1 or more) in a row.

    refused: the server answers and says no (login, certificate, folder); otherwise the network is in the way.
    """
    steps = SLOWLY_SECONDS if refused else SOON_SECONDS
    return steps[min(failures, len(steps)) - 1]


def received_at(part: Part, now: datetime) -> datetime:
    """Return when a mail was received: when it arrived in the mailbox, if that is well before we took it.

    So an answer that lay in a mailbox while nobody could fetch it counts from its arrival (PROCESS 3.3, 4.7).
    """
    arrived = part.arrived_at
    # Its fraction of a second is cut off, which must not put an answer before its question.
    return arrived + WHOLE_SECOND if arrived is not None and now - arrived > ARRIVAL_TOLERANCE else now


def _beginning(part: Part) -> Part:
    limit = min(part.size_bytes, OVERSIZED_BYTES)
    return Part(uid=part.uid, size_bytes=part.size_bytes, arrived_at=part.arrived_at, limit_bytes=limit)


def _is_whole(part: Part, body: bytes) -> bool:
    return len(body) > 0 and len(body) >= _expected(part)


def _expected(part: Part) -> int:
    return part.size_bytes if part.limit_bytes is None else part.limit_bytes
