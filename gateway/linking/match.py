"""Which case?  Exactly one, or none and the reason why.

A Reference ID in the body is the only thing that links.  It *resolves* when we issued it and it is live.
Nothing here looks at the sender or the status: whether a link also flips the case is decided in `rules`.
Source: PROCESS 3.1-3.8, CONTRACT 5-6.
"""

from collections.abc import Sequence

from gateway.model import (
    FoundReferences,
    InboundMail,
    KnownReference,
    Link,
    Linked,
    MailKind,
    ReferenceState,
    Unlinked,
)
from gateway.reasons import Reason

# A machine wrote about a mail of ours; it answers nothing, whatever ID it quotes (CONTRACT 5).
_NEVER_LINKED = frozenset({MailKind.BOUNCE, MailKind.REPORT})

# Of these kinds the admin team gets nothing, so the reason is the kind itself (CONTRACT 6).
_AUTOMATIC = _NEVER_LINKED | {MailKind.AUTO_REPLY, MailKind.CHALLENGE, MailKind.OWN_MAIL}


def match(
    found: FoundReferences,
    known: Sequence[KnownReference],
    mail: InboundMail,
    kind: MailKind,
    *,
    oversized: bool = False,
) -> Link:
    """Say to which case and feed the mail belongs.

    known: what the store knows of the IDs in `found.ids`, in any order; an ID missing here was never issued.
    oversized: the mail was kept but not read whole, so an ID found is only a hint.
    """
    of_id = {reference.id: reference for reference in known}
    named = [of_id[seen.id] for seen in found.ids if seen.id in of_id]
    live = [reference for reference in named if reference.state is ReferenceState.LIVE]
    flags = _flags(found, named, of_id)
    verdict = _unread(mail, kind, oversized) or _verdict(found, live, flags, mail)
    if verdict is None:
        return Linked(case_number=live[0].case_number, feed=live[0].feed, flags=flags)
    reason, beside = verdict, tuple(flag for flag in flags if flag is not verdict)
    if kind in _AUTOMATIC:
        reason = Reason(kind.value)
        beside = (verdict, *beside) if verdict not in (reason, Reason.NO_REFERENCE) else beside
    cases = tuple(dict.fromkeys(reference.case_number for reference in named))
    return Unlinked(reason=reason, flags=beside, case_numbers=cases)


def _flags(
    found: FoundReferences, named: Sequence[KnownReference], of_id: dict[str, KnownReference]
) -> tuple[Reason, ...]:
    """Name all IDs that do not resolve, worst first: the order in which they explain an unlinked mail."""
    seen = (
        (Reason.CASE_PURGED, any(reference.state is ReferenceState.PURGED for reference in named)),
        (Reason.REFERENCE_REVOKED, any(reference.state is ReferenceState.REVOKED for reference in named)),
        (Reason.UNKNOWN_REFERENCE, any(reference.id not in of_id for reference in found.ids)),
        (Reason.DAMAGED_REFERENCE, bool(found.damaged)),
    )
    return tuple(reason for reason, holds in seen if holds)


def _unread(mail: InboundMail, kind: MailKind, oversized: bool) -> Reason | None:
    """Return why no ID of this mail may link, or None."""
    if kind in _NEVER_LINKED:
        return Reason(kind.value)
    if oversized:
        return Reason.OVERSIZED
    return Reason.UNPARSEABLE if mail.fallback_only else None


def _verdict(
    found: FoundReferences, live: Sequence[KnownReference], flags: Sequence[Reason], mail: InboundMail
) -> Reason | None:
    """Return why the IDs name no case that may be updated, or None when they name exactly one.

    Two cases conflict even when one of them is closed.  Source: CONTRACT 6.
    """
    cases = {reference.case_number for reference in live}
    if len(cases) > 1:
        return Reason.CONFLICTING_REFERENCES
    if live:
        return Reason.CASE_CLOSED if live[0].closed else None
    if flags:
        return flags[0]
    return Reason.ENCRYPTED_BODY if mail.encrypted else Reason.NO_REFERENCE
