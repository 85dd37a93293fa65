"""What other systems are shown of what they ask for: notices by name.

As in `views`: field names are the API's, times are aware UTC, ids are strings, nothing holds a Reference ID.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredView:
    """A notice that can be asked for.  case: `required`, `optional` or `never`.  sample: a context that will do."""

    notice: str
    case: str
    values: tuple[str, ...]
    optional: tuple[str, ...]
    sample: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationView:
    """A notice as it would leave; a Reference ID shows as `REF-****`."""

    notice: str
    case: str | None
    to: str
    subject: str
    text: str
    html: str
