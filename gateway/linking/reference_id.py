"""The Reference ID: how one is made, checked and written.

`REF-`, 26 Crockford base32 characters of 130 random bits, and one check character (Luhn mod 32 over the 26).
It is random, so it cannot be derived from a case.  The check character finds each single wrong character and each
swap of two neighbours except 0 and Z; it is there to tell a damaged ID from text, it secures nothing.
What an ID looks like after a mail client was at it is the business of `sighting`.  Source: DESIGN 4.
"""

from collections.abc import Callable

PREFIX = "REF-"
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RANDOM_BITS = 130
BODY_LENGTH = 26
TOKEN_LENGTH = BODY_LENGTH + 1

# `REF-` and this many characters that are no ID: damaged.  Fewer or more: text.
DAMAGED_MIN = 20
DAMAGED_MAX = 34

_VALUE = {character: value for value, character in enumerate(ALPHABET)}
_FOLD = str.maketrans("OIL", "011")


def new(random_bytes: Callable[[int], bytes]) -> str:
    """Make an ID.  random_bytes: returns that many unpredictable bytes (`secrets.token_bytes`)."""
    number = int.from_bytes(random_bytes(17), "big") >> (17 * 8 - RANDOM_BITS)
    body = "".join(ALPHABET[number >> shift & 31] for shift in range(RANDOM_BITS - 5, -1, -5))
    return PREFIX + body + check_char(body)


def check_char(body: str) -> str:
    """Return the Luhn mod 32 character: from the right every second value counts double; its two digits are summed."""
    total = 0
    for position, character in enumerate(reversed(body)):
        value = _VALUE[character] * (1 if position % 2 else 2)
        total += value // 32 + value % 32
    return ALPHABET[-total % 32]


def normalise(token: str) -> str | None:
    """Return the canonical form (upper case, O as 0, I and L as 1), or None when it is not well formed."""
    if len(token) != len(PREFIX) + TOKEN_LENGTH or not token.isascii():
        return None
    upper = token.upper()
    characters = upper[len(PREFIX) :].translate(_FOLD)
    if not upper.startswith(PREFIX) or not _VALUE.keys() >= set(characters):
        return None
    return PREFIX + characters if check_char(characters[:BODY_LENGTH]) == characters[BODY_LENGTH] else None
