"""The customer's people in the store: every address belongs to one person, partners act for end users."""

from gateway import addresses
from gateway.store import contacts, outbox, outbox_views, people
from gateway.store.db import Database
from tests.store.support import add_outgoing

DANA, ALSO = "dana@example.com", "dana@home.example.org"


def _person(database: Database, email: str = DANA) -> int:
    with database.write() as conn:
        return contacts.create(conn, email=email, name="Dana", address_key=addresses.key(email)).id


def test_alternates_count_as_the_person_and_are_replaced_as_a_whole(database: Database) -> None:
    """PROCESS 1.1, ID-07: an address of two people would make each the other."""
    dana, erin = _person(database), _person(database, "erin@example.com")
    with database.write() as conn:
        assert people.set_addresses(conn, dana, {DANA: DANA, ALSO: ALSO}) == ""
        found = contacts.find(conn, ALSO)
        assert found is not None
        assert (found.id, found.alternates) == (dana, (ALSO,))
        assert people.set_addresses(conn, erin, {"erin@example.com": "erin@example.com", ALSO: ALSO}) == ALSO
        assert people.set_addresses(conn, dana, {DANA: DANA}) == ""
        assert contacts.find(conn, ALSO) is None


def test_a_partners_person_acts_for_its_end_users_only_while_that_is_set(database: Database) -> None:
    """PROCESS 1.1."""
    _person(database)
    _person(database, "pia@partner.example.org")
    with database.write() as conn:
        end_user, partner = contacts.find(conn, DANA), contacts.acting(conn, "pia@partner.example.org")
        assert end_user is not None
        assert partner is not None
        assert partner.acts_for == ()
        for _twice in range(2):
            people.let_act_for(conn, partner.account_id, end_user.account_id, allowed=True)
        acting = contacts.acting(conn, "pia@partner.example.org")
        assert acting is not None
        assert acting.acts_for == (end_user.account_id,)
        assert people.view(conn, acting).acts_for == (end_user.account,)
        people.let_act_for(conn, partner.account_id, end_user.account_id, allowed=False)
        assert contacts.acting(conn, "pia@partner.example.org") == partner
        assert contacts.acting(conn, "nobody@example.com") is None


def test_what_has_not_left_for_a_person_who_is_out_of_a_case_is_cancelled(database: Database) -> None:
    """ID-11."""
    with database.write() as conn:
        for number, (to, about) in enumerate(
            [(DANA.upper(), "0000000001"), (DANA, "0000000002"), ("erin@example.com", "0000000001")]
        ):
            add_outgoing(conn, f"a/{number}", to=to, case_number=about)
        outbox.cancel_to(conn, "0000000001", [DANA])
        assert [view.state for view in outbox_views.many(conn, state="all", limit=9)] == ["cancelled", "ready", "ready"]
