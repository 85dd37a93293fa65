"""Which mails of the queue belong together: one sender, one subject.  For showing only; it never links.

The key is a digest, so that it has one length and says nothing.  Pure.
"""

import hashlib
import re

from gateway import addresses

_ANSWERED = re.compile(r"^(?:\s*(?:re|aw|sv|antw|fwd?|wg|tr|rif|r)(?:\[\d{1,3}\])?\s*:)+", re.IGNORECASE)
_SUBJECT_READ = 500


def key(sender: str, subject: str) -> str:
    """Return what mails of this sender about this subject share; "" without a sender."""
    who = addresses.key(sender)
    about = " ".join(_ANSWERED.sub("", subject[:_SUBJECT_READ]).lower().split())
    return hashlib.sha256(f"{who}\0{about}".encode("utf-8", "replace")).hexdigest()[:32] if who else ""
