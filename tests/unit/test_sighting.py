"""Reference IDs in running text, after everything mail clients do to them.  DESIGN 4, MI-16, MI-19."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.linking import reference_id, sighting
from tests.unit.timing import assert_linear

ID = "REF-7K3MQ2XD91FVHT4BNWE5C8GZ0AY"
OTHER = "REF-000000000000000000000000000"
INVISIBLE = ["\u00ad", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u200e", "\u00a0", "\u202f"]
WRAPS = ["\n", "\r\n", " \n", "\n> ", "\n>> ", "\n> > ", "\n>>> > ", "\n| ", "\r\n\t", "=\r\n", "\n    ", " \u00a0\n> "]
HYPHENS = ["-", "\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2212", "\uff0d", "\ufe63"]


def intact(text: str) -> list[str]:
    return [seen.id for seen in sighting.scan(text) if seen.id and not seen.inside]


def damaged(text: str) -> list[str]:
    return [seen.damaged for seen in sighting.scan(text) if seen.damaged and not seen.inside]


@st.composite
def mangled(draw: st.DrawFn) -> str:
    """An ID as mail clients leave it, between words."""
    token = reference_id.new(lambda count: draw(st.binary(min_size=count, max_size=count)))
    characters = [draw(st.sampled_from([c, c.lower(), *_alike(c)])) for c in token]
    characters[3] = draw(st.sampled_from(HYPHENS))
    if draw(st.booleans()):
        characters = [chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in characters]
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(characters) - 2))
        characters[place] += draw(st.sampled_from(INVISIBLE)) * draw(st.integers(1, 3))
    if draw(st.booleans()):
        place = draw(st.integers(3, len(characters) - 2))
        characters[place] += draw(st.sampled_from(WRAPS))
    before = draw(st.sampled_from(["", "Reference ID: ", "> ", "*", "(", "您的编号", "\n", "ID=", "_", '"', "<b>"]))
    after = draw(
        st.sampled_from(["", ".", "*", "\nThank you", "\n> Thanks", " and", "\u00a0and", ")", "です", "\u200bx"])
    )
    return token + "|" + before + "".join(characters) + after


def _alike(character: str) -> list[str]:
    return {"0": ["O", "o"], "1": ["I", "i", "L", "l"]}.get(character, [])


@given(mangled())
def test_any_mangling_of_a_mail_client_keeps_the_id_found(drawn):
    """MI-19."""
    token, _, text = drawn.partition("|")
    assert intact(text) == [token]
    assert damaged(text) == []


@pytest.mark.parametrize("following", ["Thank", "THANKYOUVERYMUCH", "1", "REF", "REF-1234"])
def test_a_wrap_behind_an_id_does_not_glue_it_to_the_next_line(following):
    assert intact(f"{ID}\n{following} you") == [ID]


def test_two_ids_on_neighbouring_lines_are_both_found():
    assert intact(f"> {ID}\n> {OTHER}\n") == [ID, OTHER]


@pytest.mark.parametrize("text", [f"X{ID}", f"x{ID}", f"0{ID}", f"pre{ID} "])
def test_a_part_of_a_longer_word_is_text(text):
    assert intact(text) == []
    assert damaged(text) == []


@pytest.mark.parametrize(
    ("length", "is_damaged"), [(19, False), (20, True), (26, True), (28, True), (34, True), (35, False), (60, False)]
)
def test_damaged_is_twenty_to_thirty_four_characters(length, is_damaged):
    text = "REF-" + "7" * length
    assert damaged(f"see {text}, please") == ([text] if is_damaged else [])
    assert intact(text) == []


def test_a_well_formed_start_of_a_longer_run_is_damaged_not_found():
    assert intact(f"{ID}7 ") == []
    assert damaged(f"{ID}7 ") == [f"{ID}7"]


def test_every_one_character_near_miss_is_damaged_and_never_found():
    """ID-02."""
    for position in range(4, len(ID)):
        wrong = ID[:position] + ("7" if ID[position] != "7" else "8") + ID[position + 1 :]
        assert intact(f"> {wrong}\n") == []
        assert damaged(f"> {wrong}\n") == [wrong]


def test_a_wrapped_damaged_id_does_not_swallow_the_next_line():
    assert damaged(f"{ID[:-1]}\nThankyou for") == [ID[:-1]]


def test_in_a_web_address_only_a_well_formed_delimited_id_counts():
    assert intact(f"https://example.com/x?ref={ID}&y=1") == [ID]
    assert damaged(f"https://example.com/x?ref={ID[:-2]}&y=1") == []
    assert damaged(f"https://example.com {ID[:-2]} ") == [ID[:-2]]


@given(st.text(max_size=400), st.text(max_size=400))
def test_redaction_leaves_no_id_and_touches_nothing_else(before, after):
    """ID-12."""
    redacted = sighting.redact(f"{before} {ID} {after}")
    assert ID[4:] not in redacted
    if not list(sighting.scan(f"{before} {after}")):
        assert redacted == f"{before} REF-**** {after}"


@pytest.mark.parametrize(
    "text", [f"X{ID}", ID.lower(), f"{ID}ABC", f"{ID}{'7' * 40}", f"{ID[:12]}\n> {ID[12:]}", ID[:24], f"a={ID}"]
)
def test_redaction_also_hides_what_does_not_count_as_an_id(text):
    """ID-12: better too much hidden than a live ID in a log."""
    assert ID[4:20] not in sighting.redact(text).upper().replace("\n> ", "")


def test_random_well_formed_ids_never_hit_an_issued_one():
    """ID-02: 10^4 guesses against 1,000 issued IDs link nothing."""
    dice = random.Random(2)
    issued = {reference_id.new(dice.randbytes) for _ in range(1000)}
    guesses = "\n".join(reference_id.new(dice.randbytes) for _ in range(10_000))
    seen = intact(guesses)
    assert len(seen) == 10_000
    assert issued.isdisjoint(seen)


def test_random_characters_behind_the_prefix_are_well_formed_one_time_in_32():
    """ID-02: the check character tells noise from IDs; nothing more is claimed."""
    dice = random.Random(3)
    noise = " ".join("REF-" + "".join(dice.choices(reference_id.ALPHABET, k=27)) for _ in range(8_000))
    assert 170 < len(intact(noise)) < 330
    assert len(intact(noise)) + len(damaged(noise)) == 8_000


HOSTILE = {
    "quote marks": ">",
    "prefixes": "REF-",
    "brackets": "[REF:",
    "wrapped characters": "A\n> ",
    "runs one short": "REF-" + "A" * 19 + " ",
    "damaged": "REF-" + "A" * 20 + "\n> ",
    "wrong check": "REF-" + "7" * 26 + " ",
    "spaces": "REF-A" + " " * 200,
    "invisible": "R\u200b\u200b",
    "line ends": "REF-\n> > > ",
    "replies": "On ",
}


@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_megabyte_of_hostile_text_takes_linear_time(unit):
    """MI-16."""

    def scan(size: int) -> None:
        for _ in sighting.scan("REF-A" + unit * (size // len(unit))):
            pass

    assert_linear(scan, 500_000, at_most=0.25)
