"""The hash chain of the audit trail: each entry's hash covers its own content and the hash before it.

Pure.  Whoever changes, removes, inserts or swaps an entry breaks every hash from there on; whoever computes all hashes
anew, or cuts the end off, no longer meets the signed head.  Source: HAZARDS AU-01.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC

from gateway.model import AuditEntry, Fault, Head, Tip

BEGINNING = Tip(position=0, hash="0" * 64)


def canonical(facts: Mapping[str, object]) -> str:
    """Write facts in the one form in which they are hashed: sorted, without spaces, ASCII only."""
    return json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def content(entry: AuditEntry, position: int) -> bytes:
    """Return the bytes that an entry's hash covers: all that it says, and where it stands."""
    at = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    said = [position, entry.id, at, entry.actor, entry.source, entry.act, entry.object, entry.facts]
    return json.dumps(said, separators=(",", ":"), ensure_ascii=True).encode()


def hash_after(previous: str, entry: AuditEntry, position: int) -> str:
    """Return the hash of an entry behind another one.  previous: 64 hex digits."""
    return hashlib.sha256(bytes.fromhex(previous) + content(entry, position)).hexdigest()


def extend(tip: Tip, entries: Iterable[AuditEntry]) -> tuple[list[AuditEntry], Tip]:
    """Put entries behind the end of a chain; return them with their places, and the new end."""
    placed = []
    for entry in entries:
        position = tip.position + 1
        tip = Tip(position=position, hash=hash_after(tip.hash, entry, position))
        placed.append(replace(entry, position=position, hash=tip.hash))
    return placed, tip


def follow(tip: Tip, entries: Iterable[AuditEntry]) -> Tip | Fault:
    """Follow a chain from its end at `tip`; return its new end, or the first entry that is wrong.

    entries: in the order of their positions, beginning behind `tip`.
    """
    for entry in entries:
        wanted = tip.position + 1
        if entry.position != wanted:
            return _missing(wanted, entry.position - 1)
        if entry.hash != hash_after(tip.hash, entry, wanted):
            return Fault(
                position=wanted, sentence=f"Entry {wanted} was changed, or is not the one that was written there."
            )
        tip = Tip(position=wanted, hash=entry.hash)
    return tip


def meets(tip: Tip, head: Head | None) -> Fault | None:
    """Say what is wrong when the end of the whole chain is not the one that was signed."""
    if head is None and tip.position > 0:
        return Fault(position=1, sentence="The signed head of the trail is missing.")
    signed = head.tip if head is not None else BEGINNING
    if tip.position < signed.position:
        return _missing(tip.position + 1, signed.position)
    if tip.position > signed.position:
        first = signed.position + 1
        return Fault(
            position=first, sentence=f"Entry {first} stands behind the signed head; the gateway did not sign it."
        )
    if tip.hash != signed.hash:
        return Fault(
            position=tip.position, sentence=f"Entry {tip.position} is not the one that the head was signed for."
        )
    return None


def _missing(first: int, last: int) -> Fault:
    which = f"Entry {first} is" if first >= last else f"Entries {first} to {last} are"
    return Fault(position=first, sentence=f"{which} missing.")
