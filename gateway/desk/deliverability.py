"""What people ask about addresses to which mail cannot be delivered: which there are, and that one works again."""

from gateway import addresses
from gateway.cleaning import clean_header
from gateway.desk import audit
from gateway.errors import NotFound
from gateway.model.views import ContactView, UndeliverableView
from gateway.services import Services
from gateway.store import contacts, deliverability, outbox, people


def find(services: Services, *, limit: int = 100) -> list[UndeliverableView]:
    """Return the addresses to which nothing is sent, the latest first."""
    with services.database.read() as conn:
        return deliverability.views(conn, limit=limit)


def clear(services: Services, email: str, *, by: str) -> ContactView:
    """Send to all addresses of a contact again, also what was held for them; calling twice is nothing.

    by: who says so.  What failed before this moment does not count any more.  Raises NotFound.
    """
    key = addresses.key(email)
    with services.database.write() as conn:
        person = contacts.find(conn, key) if key else None
        if person is None:
            shown = clean_header(email, limit=80)
            raise NotFound(f"There is no contact {shown}; see `gateway contact list --undeliverable`.")
        keys = {addresses.key(address) for address in (person.email, *person.alternates)}
        deliverability.clear(conn, keys, by=clean_header(by), now=services.clock.now())
        ids = outbox.release_held(conn, keys, now=services.clock.now())
        audit.note_along(conn, services, "contact.deliverable", f"contact:{person.id}", mails=len(ids))
        view = people.view(conn, person)
    services.ring_outbox(ids)
    return view
