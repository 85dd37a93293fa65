"""The key that signs the end of the audit trail: a file beside the database, not in it.

Whoever can write to the database alone cannot sign.  The file is made at the first need, readable by its owner only.
"""

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from gateway.errors import ConfigError
from gateway.model import Head, Tip

KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Seal:
    """A key that signs.  Its id names it and tells nothing of it."""

    key: bytes = field(repr=False)

    @property
    def id(self) -> str:
        """Return the name of the key."""
        return hashlib.sha256(b"case gateway audit key" + self.key).hexdigest()[:16]

    def sign(self, tip: Tip) -> Head:
        """Sign the end of a chain."""
        return Head(tip=tip, key_id=self.id, signature=self._signature(tip))

    def holds(self, head: Head) -> bool:
        """Say whether this key signed it."""
        return hmac.compare_digest(head.signature, self._signature(head.tip))

    def _signature(self, tip: Tip) -> str:
        return hmac.new(self.key, f"audit head {tip.position} {tip.hash}".encode(), hashlib.sha256).hexdigest()


def load(path: Path) -> Seal:
    """Return the key of this file, made when there is none.  Raises ConfigError when it cannot be read or made."""
    try:
        if not path.exists():
            _make(path)
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"The key of the audit trail cannot be used ({type(error).__name__}); check audit.key_file."
        ) from None
    if len(key) < KEY_BYTES:
        raise ConfigError(f"The key of the audit trail is shorter than {KEY_BYTES} bytes; check audit.key_file.")
    return Seal(key)


def begun(path: Path, instance: str) -> bool:
    """Say whether this key has signed a trail of this installation before: then its head cannot just be missing."""
    with suppress(OSError):
        return instance in _notes(path).read_text(encoding="ascii").split()
    return False


def begin(path: Path, instance: str) -> None:
    """Note that this key signs the trail of this installation; calling twice is nothing."""
    if not begun(path, instance):
        # A folder that cannot be written costs this protection alone; the signature of the head is there all the same.
        with suppress(OSError), _notes(path).open("a", encoding="ascii") as file:
            file.write(f"{instance}\n")


def _notes(path: Path) -> Path:
    return path.with_name(f"{path.name}.begun")


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_hex(KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        # Two first needs at once: the second link fails, and both read the first one's key.
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink(missing_ok=True)
