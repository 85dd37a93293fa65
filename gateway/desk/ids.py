"""Ids as people and programs write them."""

# Digits of the largest id that both databases can look for.
_MOST_DIGITS = 18


def row_id(written: str) -> int:
    """Return the number of an id; 0, which no row has, for anything that is none."""
    return int(written) if written.isascii() and written.isdigit() and len(written) <= _MOST_DIGITS else 0
