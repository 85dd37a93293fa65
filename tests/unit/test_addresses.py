"""ID-07: when two addresses are one mailbox."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import addresses

SAME = [
    ("alice@legit.example.com", "ALICE@LEGIT.EXAMPLE.COM"),
    ("alice@example.com", "  alice@example.com "),
    ("alice@bücher.example.com", "alice@xn--bcher-kva.example.com"),
    ("alice@BÜCHER.example.com", "Alice@bücher.EXAMPLE.com"),
    ('"a@b"@example.com', '"A@B"@example.com'),
]
OTHER = [
    ("alice@example.com", "alice+tag@example.com"),
    ("alice@example.com", "alice@sub.example.com"),
    ("alice@legit.example.com", "alice@lеgit.example.com"),  # a Cyrillic letter
    ("alice@example.com", "alice@example.org"),
    ("alice@example.com", "al.ice@example.com"),
    ("alice@example.com", "аlice@example.com"),
    ("alice@example.com", ""),
    ("alice@example.com", "alice"),
    ("alice@example.com", "@example.com"),
]
NO_ADDRESS = ["", " ", "alice", "@example.com", "alice@", "@", "a" * 310 + "@example.com"]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_case_and_the_spelling_of_a_domain_make_no_other_mailbox(one: str, other: str) -> None:
    assert addresses.same(one, other)
    assert addresses.key(one) == addresses.key(other)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_tags_sub_domains_and_look_alikes_are_other_mailboxes(one: str, other: str) -> None:
    assert not addresses.same(one, other)
    assert not addresses.same(other, one)


@pytest.mark.parametrize("written", NO_ADDRESS)
def test_what_is_no_address_equals_nothing_not_even_itself(written: str) -> None:
    assert addresses.key(written) == ""
    assert not addresses.same(written, written)
    assert addresses.domain_of(written) == ""


@given(st.text(max_size=400))
def test_a_key_is_made_of_anything_and_is_its_own_key(written: str) -> None:
    key = addresses.key(written)
    assert addresses.key(key) == key
    assert addresses.domain_of(written) == key.rpartition("@")[2]
