"""Phone PINs: kept as a slow, salted hash, compared in constant time, never shown."""

import hashlib
import hmac
import secrets

from gateway.errors import InvalidInput

DIGITS = range(4, 13)
_SALT_BYTES = 16
# 16 MiB and some 50 ms for each guess: a PIN is short, so the hash has to be slow.
_COST = {"n": 2**14, "r": 8, "p": 1, "dklen": 32}


def check_form(pin: str) -> None:
    """Refuse what is no PIN.  Raises InvalidInput."""
    if not (pin.isascii() and pin.isdigit() and len(pin) in DIGITS):
        raise InvalidInput(f"A phone PIN is {DIGITS[0]} to {DIGITS[-1]} digits.")


def hashed(pin: str) -> str:
    """Return what is kept of a PIN."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return f"scrypt${salt.hex()}${_hash(pin, salt).hex()}"


def matches(pin: str, kept: str) -> bool:
    """Say whether a PIN is the one that was kept; never true where none is."""
    _, _, rest = kept.partition("$")
    salt, _, digest = rest.partition("$")
    return bool(digest) and hmac.compare_digest(_hash(pin, bytes.fromhex(salt)), bytes.fromhex(digest))


def _hash(pin: str, salt: bytes) -> bytes:
    return hashlib.scrypt(pin.encode("utf-8", "replace"), salt=salt, **_COST)
