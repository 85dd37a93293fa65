"""Who may do what in the console, and what leaves it as a file."""

import pytest

from gateway.desk import exports
from gateway.web import console
from gateway.web.console.permits import ACTS_OF, Act, may

# The whole table: admin, agent, queue, viewer.  Source: CONTRACT 4.
TABLE = {
    Act.READ: "Aaqv",
    Act.READ_ALL: "Aa v",
    Act.OWN: "Aaqv",
    Act.RAW: "Aaq ",
    Act.QUEUE: "Aaq ",
    Act.CASES: "Aa  ",
    Act.OUTBOX: "Aa  ",
    Act.SETTINGS: "Aa  ",
    Act.PEOPLE: "A   ",
}
OPEN_TO_ALL = {"/signin", "/welcome/{link}"}


@pytest.mark.parametrize("act", list(Act))
def test_the_table_of_roles_is_this_one(act: Act) -> None:
    """AP-01."""
    assert [may(role, act) for role in ACTS_OF] == [letter != " " for letter in TABLE[act]]
    assert not may("system", act)
    assert not may("", act)


def test_every_page_but_the_door_needs_something() -> None:
    """AP-01: a new page cannot forget it."""
    assert {route.path for route in console.ROUTES if route.act is None} == OPEN_TO_ALL


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0"])
def test_no_cell_of_an_export_is_a_formula(value: str) -> None:
    """HT-08."""
    assert exports.harmless(value) == f"'{value}"
    assert exports.harmless("a=b") == "a=b"
