"""The text of RTF bodies: what was written is there, and no document takes more than its share of time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.inbound import richtext
from tests.unit.mails import parsed
from tests.unit.test_tnef import BINARY, SIGNATURE, attribute, mail, properties
from tests.unit.timing import assert_linear

TOKEN = "REF-7K3MQ2XD91FVHT4BNWE5C8GZ0AY"


def rtf(content: str) -> bytes:
    fonts = r"{\fonttbl{\f0\fswiss\fcharset0 Arial;}{\f1\fnil\fcharset204 Courier \'ca;}}"
    return (r"{\rtf1\ansi\ansicpg1252\deff0" + fonts + r"{\colortbl\red0\green0\blue0;}" + content + "}").encode()


def wrapped(document: bytes) -> bytes:
    """Return a winmail.dat that holds this and nothing else."""
    stored = len(document).to_bytes(4, "little")
    value = (len(document) + 12).to_bytes(4, "little") + stored + b"MELA" + b"\0" * 4 + document
    return SIGNATURE + attribute(0x9003, properties((0x1009, BINARY, value)))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (r"It works.\par Reference ID: " + TOKEN, f"It works.\nReference ID: {TOKEN}"),
        (r"gr\'fc\'dfe \u8364? \u-10179?\u-8704?", "grüße € 😀"),
        (r"{\f1 \'c4\'e0}\f0 !", "Да!"),
        (r'{\field{\*\fldinst{HYPERLINK "https://example.com/a"}}{\fldrslt{the page}}}', "the page"),
        (r"{\*\generator Nobody;}{\info{\title no}}seen", "seen"),
    ],
)
def test_what_was_written_is_read(content: str, said: str) -> None:
    """MI-18."""
    assert richtext.text_of(rtf(content)).strip() == said


def test_a_body_that_is_only_there_as_rich_text_is_the_body() -> None:
    """MI-18: what it says is shown and searched, and the document itself stays a file."""
    shown = parsed(mail(wrapped(rtf(rf"It works.\par Reference ID: {TOKEN}"))))
    assert shown.text == f"It works.\nReference ID: {TOKEN}"
    assert any(TOKEN in text for text in shown.searched)
    assert [attachment.name for attachment in shown.attachments] == ["message.rtf", "winmail.dat"]


@given(st.binary(max_size=200), st.text(alphabet="\\{}'uf0123 \n;cpghn", max_size=100))
def test_no_document_makes_it_raise(noise: bytes, words: str) -> None:
    for content in (noise, words.encode()):
        assert isinstance(richtext.text_of(b"{\\rtf1" + content), str)


@pytest.mark.parametrize(
    "piece",
    [
        r"{\field{\*\fldinst{",
        r'{\field{\*\fldinst{HYPERLINK "',
        r"\f1",
        r"{\fonttbl\f1\fcharset1a",
        r"\f1\fcharset1",
        r"{\fonttbl",
        "{",
        "}{",
        r"\pict\bin9",
        r"\u1",
        r"\'e4",
        "a",
        "\n",
    ],
)
def test_reading_rich_text_is_linear(piece: str) -> None:
    """MI-15: as much of it as is read at all."""
    half = richtext.CHARACTERS_LIMIT // 2 - 100
    head = b"{\\rtf1{\\fonttbl\\f1\\fcharset1"
    assert_linear(lambda n: richtext.text_of(head + (piece * (n // len(piece))).encode()), half, at_most=0.5)


def test_a_document_above_the_limit_is_not_read() -> None:
    """MI-15."""
    assert richtext.text_of(rtf("a" * richtext.CHARACTERS_LIMIT)) == ""
