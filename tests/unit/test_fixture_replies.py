"""Mails as programs and people write them, each beside the reply that a person sees in it.

`<name>.reply.txt` is the visible reply, `<name>.nosig.txt` the same without the signature; white space does not count.
"""

from pathlib import Path

import pytest

from gateway.inbound import reading
from gateway.model import InboundMail
from tests.fixtures import world

REPLIES = Path(__file__).parents[1] / "fixtures" / "replies"
MAILS = sorted(REPLIES.glob("*/*.eml"))


def name_of(path: Path) -> str:
    return path.relative_to(REPLIES).with_suffix("").as_posix()


every_mail = pytest.mark.parametrize("path", MAILS, ids=map(name_of, MAILS))


def read(path: Path) -> InboundMail:
    raw = path.read_bytes()
    return reading.read(raw, world.envelope_of(raw), world.reading_rules()).mail


def expected(path: Path, what: str) -> list[str]:
    return path.with_suffix(f".{what}.txt").read_text(encoding="utf-8").split()


def test_there_are_enough_mails_of_enough_programs():
    assert len(MAILS) >= 50
    assert len({path.parent for path in MAILS}) >= 12


@every_mail
def test_the_visible_reply_is_what_the_writer_added(path):
    assert read(path).reply.split() == expected(path, "reply")


@every_mail
def test_the_signature_is_left_away_where_asked(path):
    assert read(path).reply_without_signature.split() == expected(path, "nosig")


@every_mail
def test_the_whole_text_holds_every_word_of_the_reply(path):
    mail = read(path)
    assert set(mail.reply.split()) <= set(mail.text.split())
    assert set(mail.text_without_signature.split()) <= set(mail.text.split())


@every_mail
def test_a_mail_is_bytes_as_they_came_over_the_wire(path):
    raw = path.read_bytes()
    assert b"\r\n" in raw
    assert b"\n" not in raw.replace(b"\r\n", b"")
