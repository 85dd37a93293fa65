"""Bodies made of the pieces that mail programs write, in any order: nothing raises, nothing is lost.

The long form is the fuzz run of `make long`; its seed is fixed, so what it finds once it finds again.
"""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gateway.inbound import htmltext, marks, opaque, phrases, reply, tnef
from tests.fixtures import shapes
from tests.unit.mails import multipart, read, text

LONG_EXAMPLES = 20_000
_WORDS = [
    word
    for table in (phrases.WROTE, phrases.ORIGINAL_MESSAGE, phrases.FROM_NAMES, phrases.VALEDICTIONS)
    for line in table.values()
    for word in line.split("|")
]
_LINES = st.sampled_from(
    [*shapes.TEXT, *_WORDS, *marks.Mark, "", "Hello", "Ann", "ann@example.com", "20.11.2026 10:00", ":", "> ", ">> "]
)
BODIES = st.lists(st.lists(_LINES | st.text(max_size=12), max_size=5).map(" ".join), max_size=14).map("\n".join)
_TAGS = st.sampled_from(
    [
        *shapes.MARKUP,
        *(f'<div class="{name}">' for name in htmltext.STRUCTURE),
        *(f'<hr id="{name}">' for name in htmltext.STRUCTURE),
        "<blockquote type=cite>",
        '<blockquote style="border:none;margin:0 0 0 40px">',
        "</blockquote>",
        "<pre>",
        "</pre>",
        "<td>",
        "</table>",
        "&#xFDD0;",
        "\ufdd1",
    ]
)
MARKUP = st.lists(_TAGS | BODIES, max_size=16).map("".join)


def check_text(body: str) -> None:
    visible = reply.split(body)
    whole = marks.unmarked(body)
    for view in (visible.reply, visible.reply_without_signature, visible.text_without_signature):
        assert bool(view.strip()) == bool(whole.strip())
        assert not any(mark in view for mark in marks.Mark)
        assert set(view.split()) <= set(whole.split())


def check_markup(markup: str) -> None:
    marked = htmltext.to_marked_text(markup)
    check_text(marked)
    assert not any(mark in htmltext.to_text(markup) for mark in marks.Mark)


@given(BODIES)
@example("-- ")
@example("\ufdd0")
@example("x On Fri, 20 Nov 2026 ann@example.com wrote:")
def test_any_text_has_its_views(body: str) -> None:
    check_text(marks.without(body))


@given(MARKUP)
@example('<div class="gmail_quote">x<blockquote>y</blockquote>z')
@example('<div class="gmail_attr"><div class="gmail_attr">x')
def test_any_markup_has_its_views(markup: str) -> None:
    check_markup(markup)


@pytest.mark.long
@settings(max_examples=LONG_EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(BODIES, MARKUP, st.binary(max_size=200))
def test_fuzzed_bodies_never_crash_a_reader(body: str, markup: str, noise: bytes) -> None:
    """MI-15, MI-16, MI-18: the readers of text, HTML, winmail.dat and opaque signatures, and the whole reading."""
    check_text(marks.without(body))
    check_markup(markup)
    tnef.unpack(b"\x78\x9f\x3e\x22\x00\x00" + noise)
    opaque.signed_content(bytes.fromhex("3080") + bytes.fromhex("06092a864886f70d010702") + noise)
    parts = (text(body.encode("utf-8", "replace")), text(markup.encode("utf-8", "replace"), b"text/html"), noise)
    read(multipart(*parts))
