"""Every reader of bodies takes linear time on a megabyte of anything: MI-15, MI-16."""

import pytest

from gateway.inbound import htmltext, reply
from tests.fixtures import shapes
from tests.unit.timing import assert_linear

HALF = shapes.MEGABYTE // 2


@pytest.mark.parametrize("piece", shapes.TEXT)
def test_splitting_text_is_linear(piece: str) -> None:
    """MI-16."""
    assert_linear(lambda n: reply.split(shapes.megabyte(piece, n)), HALF, at_most=0.5)


@pytest.mark.parametrize("piece", shapes.MARKUP)
def test_reading_and_splitting_markup_is_linear(piece: str) -> None:
    """MI-15."""
    markup = "<p>Hello</p>"
    assert_linear(lambda n: reply.split(htmltext.to_marked_text(markup + shapes.megabyte(piece, n))), HALF, at_most=0.5)
