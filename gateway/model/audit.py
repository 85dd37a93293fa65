"""The audit trail: who did what to what, in ids and facts; and the chain that shows whether anybody touched it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts: `command-line:<account>`, `key:<id>`, `user:<id>`, `mail:<id>`, `timer`, or `gateway` itself.

    source: the network address that the request came from, "" when it came from this machine.
    """

    name: str = "gateway"
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What was done.  act: `noun.verb`.  object: `noun:id`.

    facts: words, numbers and ids; never what anybody wrote, never an address.
    """

    act: str
    object: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """A row of the trail.  facts: canonical JSON.  position: its place in the chain, 0 for none.  hash: hex digits."""

    id: int
    at: datetime
    actor: str
    source: str
    act: str
    object: str
    facts: str
    position: int = 0
    hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tip:
    """The end of a chain: the last position and its hash."""

    position: int
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The end of the chain as it was signed.  key_id: names the key, without telling it."""

    tip: Tip
    key_id: str
    signature: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """The first thing that is wrong with the trail.  position: of the first bad entry."""

    position: int
    sentence: str
