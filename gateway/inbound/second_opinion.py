"""A second opinion on whom a bounce is about, asked only where our own tables find nobody: flufl.bounce.

The only importer of flufl.bounce.  It raises on a few mails in a hundred and needs the whole mail, so it is wrapped,
bounded, and its answers count only as far as they are addresses.
"""

import email
import re

BYTES_LIMIT = 262_144

_ADDRESS = re.compile(r"[^\s<>\"'(),;:\[\]{}\\]{1,64}@[A-Za-z0-9.-]{1,253}\.[A-Za-z0-9-]{2,63}")


def failed_addresses(raw: bytes) -> tuple[tuple[str, bool], ...]:
    """Return the addresses that flufl.bounce finds, each with whether it failed for good.  Never raises."""
    if len(raw) > BYTES_LIMIT:
        return ()
    try:
        # Imported here: it loads forty scanners, and one bounce in a hundred needs them.
        from flufl.bounce import all_failures

        delayed, failed = all_failures(email.message_from_bytes(raw))
    except Exception:  # whatever it stumbles over, our own reading stands
        return ()
    found = [(_text(address), True) for address in failed] + [(_text(address), False) for address in delayed]
    return tuple(sorted((address, final) for address, final in found if _ADDRESS.fullmatch(address)))


def _text(address: bytes | str) -> str:
    return address.decode("utf-8", "replace") if isinstance(address, bytes) else address
