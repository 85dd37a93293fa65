"""What is drawn from tables is up to date."""

from gateway.model import Status
from scripts import draw_docs


def test_page_of_the_statuses_shows_the_table_as_it_is() -> None:
    assert draw_docs.STATES.read_text(encoding="utf-8") == draw_docs.draw(), "run `make docs`"


def test_a_changed_table_changes_the_page() -> None:
    moves = dict.fromkeys(Status, ())
    page = draw_docs.states({**moves, Status.OPEN: (Status.CLOSED,)}, {"mine": {}})
    assert "open --> closed" in page
    assert page != draw_docs.states(moves, {"mine": {}})
