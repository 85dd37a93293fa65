"""What is drawn from tables is up to date, and the page about the flow knows every reason of a mail."""

import pytest

from gateway.inbound import classify, signs
from gateway.model import Disposition, Status
from gateway.reasons import SENTENCES, Reason
from scripts import draw_docs

WORDS = list(Reason)
# Those before and after the ones that only a request or an escalation can get.
REASONS_OF_A_MAIL = WORDS[: WORDS.index(Reason.OWN_MAIL) + 1] + WORDS[WORDS.index(Reason.DUPLICATE) :]


@pytest.mark.parametrize("name", ["states.md", "images/ladder.svg", "reasons.md", "judging-mail.md"])
def test_drawn_page_shows_the_tables_as_they_are(name: str) -> None:
    assert (draw_docs.DOCS / name).read_text(encoding="utf-8") == draw_docs.drawn()[name], "run `make docs`"


def test_a_changed_table_changes_its_page() -> None:
    moves = dict.fromkeys(Status, ())
    page = draw_docs.states({**moves, Status.OPEN: (Status.CLOSED,)}, {"mine": {}})
    assert "open --> closed" in page
    assert page != draw_docs.states(moves, {"mine": {}})
    assert draw_docs.reasons({Reason.LIST: "Other."}) != draw_docs.reasons(SENTENCES)


def test_every_row_of_the_kinds_has_its_sentence_in_order() -> None:
    assert list(signs.SENTENCES) == [row for _, row, _ in classify.ROWS]


@pytest.mark.parametrize("word", [*REASONS_OF_A_MAIL, *Disposition])
def test_page_about_the_flow_says_when_a_mail_ends_so(word: str) -> None:
    assert f"{word}" in (draw_docs.DOCS / "flow.md").read_text(encoding="utf-8")
