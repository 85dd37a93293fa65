"""What may be kept: text, headers, file names and dates from outside."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import cleaning

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ANY_TEXT = st.text(alphabet=st.characters(codec=None))


@given(ANY_TEXT)
def test_cleaned_text_can_be_stored_anywhere(text: str) -> None:
    """MI-13: no NUL and no lone surrogate is left, and cleaning twice is cleaning once."""
    cleaned = cleaning.clean_text(text)
    assert "\x00" not in cleaned
    assert cleaned.encode("utf-8").decode("utf-8") == cleaned
    assert cleaning.clean_text(cleaned) == cleaned


@given(ANY_TEXT)
def test_cleaned_header_is_one_line(text: str) -> None:
    """MI-09: decoded headers hold no line end of any kind."""
    cleaned = cleaning.clean_header(text)
    assert len(cleaned.splitlines()) <= 1
    assert cleaned.encode("utf-8").decode("utf-8") == cleaned
    assert len(cleaned) <= cleaning.HEADER_LIMIT


def test_text_keeps_tabs_and_line_feeds_and_loses_other_controls() -> None:
    assert cleaning.clean_text("a\tb\r\nc\rd\x00\x07e\x0cf\x85g\ud800") == "a\tb\nc\nde\nf\ng\ufffd"


def test_text_and_header_are_cut_at_their_limit() -> None:
    assert cleaning.clean_text("x" * 50, limit=10) == "x" * 10
    assert cleaning.clean_header("x" * 5000) == "x" * 998


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../../etc/passwd", "passwd"),
        ("..\\..\\win.ini", "win.ini"),
        ("/etc/passwd", "passwd"),
        ("C:\\x.exe", "x.exe"),
        (".", "attachment"),
        ("..", "attachment"),
        ("", "attachment"),
        ("   ", "attachment"),
        ("..\\", "attachment"),
        ("a\x00.exe.txt", "a .exe.txt"),
        ("x\r\n y", "x  y"),
        ("\u202egpj.exe", "gpj.exe"),
        ("cafe\u0301.txt", "caf\u00e9.txt"),
        ("n" * 1000 + ".pdf", "n" * 146 + ".pdf"),
    ],
)
def test_file_names_are_shown_without_paths_and_tricks(given: str, shown: str) -> None:
    """AT-01, AT-02: the name is a label, never a path."""
    assert cleaning.clean_filename(given) == shown


@pytest.mark.parametrize(
    "moment",
    [
        None,
        datetime(9999, 12, 31, 23, 0, tzinfo=timezone(timedelta(hours=-23, minutes=-59))),
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=23))),
        datetime(1969, 12, 31, tzinfo=UTC),
        datetime(2026, 11, 24, tzinfo=UTC),
    ],
)
def test_dates_that_cannot_be_true_are_no_dates(moment: datetime | None) -> None:
    """MI-11: year 9999 with an offset breaks every later SELECT in PostgreSQL."""
    assert cleaning.clamp_date(moment, now=NOW) is None


def test_a_plausible_date_becomes_utc() -> None:
    local = datetime(2026, 11, 22, 13, 0, tzinfo=timezone(timedelta(hours=2)))
    assert cleaning.clamp_date(local, now=NOW) == datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
