"""PROCESS 5.1: phone PINs are kept so that nobody can read them, and compared so that nobody can guess cheaply."""

import pytest

from gateway.desk import pins
from gateway.errors import InvalidInput


def test_a_pin_is_the_same_only_as_itself_and_two_equal_ones_look_different() -> None:
    kept, other = pins.hashed("2468"), pins.hashed("2468")
    assert kept != other
    assert "2468" not in kept.split("$")
    assert pins.matches("2468", kept)
    assert pins.matches("2468", other)
    assert not pins.matches("2469", kept)


@pytest.mark.parametrize("told", ["", "2468", "\N{ARABIC-INDIC DIGIT ONE}234", "\ud800"])
def test_no_pin_matches_where_none_is_kept(told: str) -> None:
    assert not pins.matches(told, "")


@pytest.mark.parametrize("pin", ["1", "123", "1" * 13, "12a4", " 1234", "\N{ARABIC-INDIC DIGIT ONE}234"])
def test_what_is_no_pin_is_refused(pin: str) -> None:
    with pytest.raises(InvalidInput, match="4 to 12 digits"):
        pins.check_form(pin)
