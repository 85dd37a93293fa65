"""The Reference ID's own form: random body, check character, canonical spelling.  DESIGN 4."""

import random
import secrets

import pytest

from gateway.linking import reference_id

EXAMPLE = "REF-7K3MQ2XD91FVHT4BNWE5C8GZ0AY"


def test_the_example_of_the_design_is_well_formed():
    assert reference_id.normalise(EXAMPLE) == EXAMPLE


def test_the_check_character_follows_luhn_mod_n_by_hand():
    # From the right: Z (31) doubled is 62 = 1*32 + 30, digits 31; 1 counts 1; the sum 32 needs nothing.
    assert reference_id.check_char("1Z") == "0"
    # From the right: 1 doubled is 2; 32 - 2 is 30, the character Y.
    assert reference_id.check_char("01") == "Y"


def test_a_new_id_is_well_formed_and_holds_all_130_bits():
    made = {reference_id.new(secrets.token_bytes) for _ in range(1000)}
    assert len(made) == 1000
    assert all(reference_id.normalise(id) == id for id in made)
    assert reference_id.new(lambda count: b"\x00" * count) == "REF-" + "0" * 27
    assert reference_id.new(lambda count: b"\xff" * count).startswith("REF-" + "Z" * 26)


@pytest.mark.parametrize(
    "spelt", [EXAMPLE.lower(), EXAMPLE.replace("0", "O"), EXAMPLE.replace("1", "l"), EXAMPLE.replace("1", "I")]
)
def test_case_and_look_alikes_do_not_matter(spelt):
    assert reference_id.normalise(spelt) == EXAMPLE


@pytest.mark.parametrize(
    "token",
    [
        "",
        "REF-",
        EXAMPLE[:-1],
        EXAMPLE + "0",
        EXAMPLE.replace("7", "U"),
        EXAMPLE[:-1] + "Z",
        " " + EXAMPLE,
        EXAMPLE[4:],
        "ref_" + EXAMPLE[4:],
        EXAMPLE[:-1] + "ß",
    ],
)
def test_anything_else_is_not_well_formed(token):
    assert reference_id.normalise(token) is None


def test_every_single_wrong_character_is_detected():
    """ID-02: a near miss is never well formed."""
    for position in range(4, len(EXAMPLE)):
        for character in set(reference_id.ALPHABET) - {EXAMPLE[position]}:
            assert reference_id.normalise(EXAMPLE[:position] + character + EXAMPLE[position + 1 :]) is None


def test_every_swap_of_neighbours_but_0_and_z_is_detected():
    dice = random.Random(130)
    for _ in range(2000):
        token = reference_id.new(dice.randbytes)
        position = dice.randrange(4, len(token) - 1)
        left, right = token[position], token[position + 1]
        if left != right and {left, right} != {"0", "Z"}:
            assert reference_id.normalise(token[:position] + right + left + token[position + 2 :]) is None
