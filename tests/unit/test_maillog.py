"""The log holds ids and reasons, never addresses, tokens or texts."""

import logging

import pytest
import structlog

from gateway import maillog
from gateway.model import Deferred
from tests.outgoing import REFERENCE, entry


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("550 <maria@example.org> unknown", "550 <***@example.org> unknown"),
        (f"said {REFERENCE.lower()}\nBcc: v@x", "said REF-**** Bcc: ***@x"),
        ("450 4.2.0 later", "450 4.2.0 later"),
    ],
)
def test_addresses_and_reference_ids_are_cut(text: str, shown: str) -> None:
    """PR-01, and no line end that could fake an entry (AU-02)."""
    assert maillog.masked(text) == shown


def test_an_error_is_logged_by_place_and_not_by_message(capsys: pytest.CaptureFixture[str]) -> None:
    """PR-01: messages of errors hold SQL parameters, mails and secrets."""
    try:
        maillog.configure(json=True)
        raise ValueError("maria@example.org wrote: secret")
    except ValueError as error:
        maillog.outbox_failed(7, error)
    finally:
        structlog.reset_defaults()
    line = capsys.readouterr().err
    assert "secret" not in line
    assert '"error": "ValueError"' in line
    assert "test_maillog.py" in line


@pytest.mark.parametrize(
    ("reply", "shown"),
    [
        ("450 4.2.0 <maria@example.org> busy: secret", "450 4.2.0"),
        ("550 secret is spam", "550"),
        ("250", "250"),
        ("unreadable reply: secret", "unreadable reply"),
        ("before the final dot: secret", "before the final dot"),
        ("written to 7.eml", "written to 7.eml"),
    ],
)
def test_of_a_relays_answer_only_the_codes_are_logged(reply: str, shown: str) -> None:
    """PR-01: a relay may quote whatever stood in the mail."""
    assert maillog.code(reply) == shown


def test_a_written_line_names_the_row_and_not_the_relays_words(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    try:
        maillog.configure(json=True)
        maillog.outbox_answered(entry(), Deferred(reply="450 <maria@example.org> busy"))
    finally:
        structlog.reset_defaults()
    line = capsys.readouterr().err
    assert '"outbox_id": 7' in line
    assert '"reply": "450"' in line
    assert "maria" not in line.lower()
    assert "busy" not in line
