"""The key that signs the audit trail is made once, is nobody else's to read, and stands in no message."""

import stat
from pathlib import Path

import pytest

from gateway import seal
from gateway.errors import ConfigError
from gateway.model import Tip
from tests.store.support import together

TIP = Tip(position=3, hash="a" * 64)


def test_the_key_is_made_at_the_first_need_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "audit.key"
    made = seal.load(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert seal.load(path).key == made.key
    assert len(made.key) == seal.KEY_BYTES
    assert [file.name for file in path.parent.iterdir()] == ["audit.key"]


def test_two_first_needs_at_once_get_the_same_key(tmp_path: Path) -> None:
    keys = together(8, lambda _: seal.load(tmp_path / "audit.key").key)
    assert len(set(keys)) == 1


def test_a_signature_holds_for_its_own_end_and_key_only(tmp_path: Path) -> None:
    mine, other = seal.load(tmp_path / "one"), seal.load(tmp_path / "two")
    head = mine.sign(TIP)
    assert mine.holds(head)
    assert not other.holds(head)
    assert not mine.holds(seal.Head(tip=Tip(position=2, hash=TIP.hash), key_id=head.key_id, signature=head.signature))
    assert mine.id != other.id
    assert mine.key.hex() not in repr(mine) + str(head)


@pytest.mark.parametrize("content", ["", "secret words", "ab" * 16])
def test_a_key_that_is_none_is_told_without_a_word_of_it(tmp_path: Path, content: str) -> None:
    path = tmp_path / "audit.key"
    path.write_text(content)
    with pytest.raises(ConfigError, match="audit") as refused:
        seal.load(path)
    assert not content or content not in str(refused.value)


def test_that_a_trail_was_begun_is_noted_once_for_each_installation(tmp_path: Path) -> None:
    path = tmp_path / "audit.key"
    assert not seal.begun(path, "one")
    for _ in range(2):
        seal.begin(path, "one")
    assert seal.begun(path, "one")
    assert not seal.begun(path, "two")
    seal.begin(tmp_path / "not-there" / "audit.key", "one")
