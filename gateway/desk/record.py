"""Where what was done about kept data announces itself: purges, holds, erasures, exports."""

from gateway import maillog


def note(act: str, *, case: str = "", by: str = "", **facts: int | str) -> None:
    """Say what was done.  facts: counts, ids and words; never an address or a text of the customer's."""
    maillog.retention(act, case=case, by=by, **facts)
