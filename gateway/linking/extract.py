"""Reference IDs of a mail: in the body they count, anywhere else they are hints.

Only this module says what is searched; how an ID is recognised is the business of `sighting`.
Linear in the size of the mail.  Source: PROCESS 3.1-3.2, DESIGN 4.
"""

from collections.abc import Iterable

from gateway.linking import sighting
from gateway.model import FoundReference, FoundReferences, InboundMail

# No honest mail comes near; it keeps a mail of a million false IDs from becoming a look-up of a million keys.
MAX_KEPT = 100


def find(mail: InboundMail) -> FoundReferences:
    """Return all that looks like a Reference ID, each once: first the unquoted ones, then by place in the body.

    Of each sort at most MAX_KEPT are returned.
    """
    body, damaged = _seen(mail.searched)
    unquoted, _ = _seen((mail.reply,) if body else ())
    quoted = [id for id in body if id not in unquoted]
    ids = [FoundReference(id=id) for id in unquoted] + [FoundReference(id=id, quoted=True) for id in quoted]
    elsewhere = [(id, place) for place, text in mail.elsewhere for id in _seen((text,))[0]]
    return FoundReferences(
        ids=tuple(ids[:MAX_KEPT]),
        damaged=tuple(list(damaged)[:MAX_KEPT]),
        elsewhere=tuple(list(dict.fromkeys(elsewhere))[:MAX_KEPT]),
    )


def _seen(texts: Iterable[str]) -> tuple[dict[str, None], dict[str, None]]:
    """Return the well-formed and the damaged IDs that stand on their own, each once, in order (as keys)."""
    intact: dict[str, None] = {}
    damaged: dict[str, None] = {}
    for text in texts:
        for seen in sighting.scan(text):
            if seen.inside:
                continue
            if seen.id:
                intact[seen.id] = None
            elif seen.damaged:
                damaged[seen.damaged] = None
    return intact, damaged
