"""What the mails of a batch name: their Reference IDs and the cases of these, read with one statement for each kind.

A statement costs more than a row, so a batch does not ask for each mail.  The caller holds the locks of the cases
(`cases.lock_named`), so nobody else changes them; what a mail of the batch changes is forgotten, and read anew for the
next one that names it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from gateway.model import Case, KnownReference
from gateway.store import cases


@dataclass(slots=True)
class Named:
    """Empty, it asks the database each time.  references: None for an ID that was never issued here."""

    references: dict[str, KnownReference | None] = field(default_factory=dict)
    cases: dict[str, Case] = field(default_factory=dict)

    @classmethod
    def read(cls, conn: Connection, ids: Collection[str]) -> "Named":
        """Read what is known of these Reference IDs, and their cases."""
        known = {found.id: found for found in cases.known_references(conn, ids)}
        numbers = {found.case_number for found in known.values()}
        return cls(
            {id_: known.get(id_) for id_ in ids}, {case.number: case for case in cases.load_named(conn, numbers)}
        )

    def known(self, conn: Connection, ids: Sequence[str]) -> list[KnownReference]:
        """Return what is known of these Reference IDs; those never issued here are missing."""
        read = [self.references[id_] for id_ in ids if id_ in self.references]
        rest = cases.known_references(conn, [id_ for id_ in ids if id_ not in self.references])
        return [*(found for found in read if found is not None), *rest]

    def case(self, conn: Connection, number: str) -> Case | None:
        """Return a case as it is now."""
        return self.cases.get(number) or cases.load(conn, number)

    def forget(self, number: str) -> None:
        """Forget a case, because it may have changed."""
        self.cases.pop(number, None)
        changed = [id_ for id_, found in self.references.items() if found is not None and found.case_number == number]
        for id_ in changed:
            del self.references[id_]
