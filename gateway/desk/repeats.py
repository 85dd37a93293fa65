"""A call that is repeated under its `Idempotency-Key` is carried out once and answered alike.

That it was carried out is written in the transaction of its effect, so neither a crash nor two calls at once can double
it.  A call that was refused leaves nothing behind and may be tried again.  Source: CONTRACT 4 of the product, AP-11.
"""

from dataclasses import dataclass, replace

from gateway.errors import InvalidInput
from gateway.reasons import Reason
from gateway.services import Services
from gateway.store import idempotency
from gateway.store.idempotency import CarriedOut, Kept

__all__ = ["CarriedOut", "Kept", "Repeatable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeatable:
    """A call with its key.  word: the key.  fingerprint: of all that was asked for."""

    services: Services
    key_id: int
    word: str
    fingerprint: str

    def earlier(self) -> Kept | None:
        """Return the answer of the first call, None when there was none.

        Raises InvalidInput `idempotency-key-reused` for another request, CarriedOut when the answer was lost.
        """
        with self.services.database.read() as conn:
            kept = idempotency.find(conn, self.key_id, self.word, now=self.services.clock.now())
        if kept is None:
            return None
        if kept.fingerprint != self.fingerprint:
            raise InvalidInput(reason=Reason.IDEMPOTENCY_KEY_REUSED)
        if not kept.status:
            raise CarriedOut
        return kept

    def once(self, services: Services) -> Services:
        """Return services whose first commit says that this call was carried out; they raise CarriedOut when it was."""
        database = idempotency.Once(
            services.database,
            lambda conn: idempotency.claim(
                conn, self.key_id, self.word, self.fingerprint, now=self.services.clock.now()
            ),
        )
        return replace(services, database=database)

    def keep(self, *, status: int, headers: dict[str, str], body: str) -> None:
        """Keep the answer for those who repeat the call."""
        with self.services.database.write() as conn:
            idempotency.keep(conn, self.key_id, self.word, status=status, headers=headers, body=body)
