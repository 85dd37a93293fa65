"""What becomes of an address to which mail cannot be delivered."""

from dataclasses import dataclass
from enum import StrEnum


class FailureKind(StrEnum):
    """How a delivery failed: for good (there is no such mailbox), or in a way that may pass (it is full)."""

    HARD = "hard"
    SOFT = "soft"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRecord:
    """What is known of a contact's address, at the moment of deciding about one mail of ours that failed there.

    hard, soft: other mails that failed within the window, since a person last cleared the address.
    undeliverable: nothing is sent there already.  stale: this mail left before somebody cleared the address, so its
    failure says nothing new.
    """

    address: str
    hard: int = 0
    soft: int = 0
    undeliverable: bool = False
    stale: bool = False
