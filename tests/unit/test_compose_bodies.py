"""The bodies of outgoing mail: safe bytes on the wire, the Reference ID visible, hostile text inert."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.errors import CannotCompose
from gateway.model import Notice
from gateway.outbound import compose, templates
from tests.outgoing import CASE, CONTEXT, ENV, LETTERHEAD, NOW, REFERENCE, entry, part

OURS = (
    *(Notice.CASE_CLOSED_NOTICE, Notice.REPLY_RECEIVED, Notice.NEEDS_A_LOOK, Notice.UNLINKED_NOTICE),
    *(Notice.CLOSURE_REQUESTED, Notice.REOPEN_WANTED, Notice.DELIVERY_FAILED),
    *(Notice.ESCALATION_ASSIGNED, Notice.ESCALATION_REPLY, Notice.TARGET_MISSED),
    *(Notice.CHAT_CONTACT_LEFT, Notice.ADVISORY_DIGEST, Notice.MAILBOX_STALE),
    Notice.QUEUE_ALARM,
    Notice.WEBHOOK_DISABLED,
)
TO_THE_CONTACT = [notice for notice in Notice if notice not in OURS]


def with_text(text: str, notice: Notice = Notice.CASE_MESSAGE) -> bytes:
    return compose.compose(entry(notice, context={**CONTEXT[notice], "text": text}), LETTERHEAD, ENV, now=NOW)


@pytest.mark.parametrize(
    "text", ["a\n.\nb", "a\r.\r\nb", "a\r\n.\r\nb", "x" * 5000, "a\0b", "ü" * 3000, "a\x85b \n", "\ud800"]
)
def test_the_wire_bytes_hold_only_crlf_short_lines_and_no_nul(text: str) -> None:
    """OB-05, checked on the bytes."""
    raw = with_text(text)
    assert raw.isascii()
    assert b"\0" not in raw
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", raw)
    assert max(map(len, raw.split(b"\r\n"))) <= 998


def test_long_lines_and_trailing_spaces_arrive_unchanged() -> None:
    text = "x" * 5000 + " \nnext = line\n. dot"
    assert text.replace("\n", "\r\n") in part(with_text(text), "plain")


@pytest.mark.parametrize("notice", TO_THE_CONTACT)
def test_the_reference_id_stands_on_a_line_of_its_own_in_both_parts(notice: Notice) -> None:
    """Source: CONTRACT 7, DESIGN 4; also unbroken in the encoded bytes, for readers that do not decode."""
    raw = compose.compose(entry(notice), LETTERHEAD, ENV, now=NOW)
    for subtype in ("plain", "html"):
        lines = [line.strip() for line in part(raw, subtype).splitlines()]
        assert lines.count(f"Reference ID: {REFERENCE}") == 1
    assert raw.count(f"Reference ID: {REFERENCE}".encode()) == 2


@pytest.mark.parametrize("notice", OURS)
@pytest.mark.parametrize(
    "quoted",
    [
        REFERENCE,
        REFERENCE.lower(),
        "REF-7K3MQ2XD91F\n> VHT4BNWE5C8GZ0AY",
        "REF-\u200b7K3MQ2XD91\u00adFVHT4BNWE5C8GZ0AY",
    ],
)
def test_no_other_mail_shows_a_reference_id_not_even_a_quoted_one(notice: Notice, quoted: str) -> None:
    """Source: CONTRACT 7; the reply that we show to the owner quotes our own mail."""
    context = {**CONTEXT[notice], "text": f"Yes.\n> Reference ID: {quoted}", "note": "", "author": "m@example.org"}
    raw = compose.compose(entry(notice, context=context, subject=f"About {quoted}"), LETTERHEAD, ENV, now=NOW)
    for subtype in ("plain", "html"):
        seen = re.sub("[\u00ad\u200b\n> ]", "", part(raw, subtype)).upper()
        assert "7K3MQ2XD91FVHT4BNWE5C8GZ0AY" not in seen
        assert "VHT4BNWE5C8GZ0AY" not in seen


def test_customers_text_is_text_in_html() -> None:
    html = part(with_text('<script>alert(1)</script> & "x" {{ 7*7 }}'), "html")
    assert "&lt;script&gt;" in html
    assert "<script" not in html
    assert "{{ 7*7 }}" in html


def test_the_agents_text_is_the_first_thing_to_read() -> None:
    raw = with_text("Which version do you run?", Notice.INFO_REQUESTED)
    assert part(raw, "plain").startswith("Which version do you run?")
    visible = re.sub(r"<[^>]+>", " ", part(raw, "html").split("<body", 1)[1].split(">", 1)[1])
    assert visible.split()[:5] == ["Which", "version", "do", "you", "run?"]


def test_nothing_is_loaded_from_elsewhere() -> None:
    for notice in Notice:
        html = part(compose.compose(entry(notice), LETTERHEAD, ENV, now=NOW), "html")
        assert not re.search(r"<(img|script|iframe|link|object|form)|url\(|@import|@font-face| src=", html)


def test_a_mail_without_a_case_has_no_case_in_subject_or_link() -> None:
    raw = compose.compose(entry(Notice.NEEDS_A_LOOK, case_number="", subject=""), LETTERHEAD, ENV, now=NOW)
    assert b"\r\nSubject: A mail needs a look\r\n" in raw
    for subtype in ("plain", "html"):
        assert "/cases/" not in part(raw, subtype)
        assert "https://cases.example.com" in part(raw, subtype)  # Our own side is led to the console.


def test_a_stranger_is_not_led_to_the_console() -> None:
    raw = compose.compose(entry(Notice.CASE_CLOSED_NOTICE, case_number=""), LETTERHEAD, ENV, now=NOW)
    for subtype in ("plain", "html"):
        assert "https://cases.example.com" not in part(raw, subtype)


def test_the_case_link_is_base_url_and_number() -> None:
    for subtype in ("plain", "html"):
        body = part(compose.compose(entry(), LETTERHEAD, ENV, now=NOW), subtype)
        assert f"https://cases.example.com/cases/{CASE}" in body


def test_a_missing_value_stops_the_mail_and_is_named() -> None:
    """OB-06: held, not sent half-empty."""
    with pytest.raises(CannotCompose, match="privacy_line"):
        compose.compose(entry(Notice.INFO_REQUESTED, context={"text": "x"}), LETTERHEAD, ENV, now=NOW)


def test_a_template_that_asks_for_an_unknown_value_stops_the_mail(tmp_path: Path) -> None:
    """OB-06: StrictUndefined."""
    folder = tmp_path / "mail" / "case-message"
    folder.mkdir(parents=True)
    for name in ("subject.txt", "body.txt", "body.html"):
        (folder / name).write_text("{{ no_such_value }}")
    with pytest.raises(CannotCompose, match="no_such_value"):
        compose.compose(entry(), LETTERHEAD, templates.environment(tmp_path), now=NOW)


def test_a_language_folder_overrides_and_english_is_the_fallback(tmp_path: Path) -> None:
    """Source: CONTRACT 7.  The language of a contact is part of a path, so odd ones are ignored."""
    for folder, word in (("case-message", "english"), ("de/case-message", "deutsch")):
        (tmp_path / "mail" / folder).mkdir(parents=True)
        for name in ("subject.txt", "body.txt", "body.html"):
            (tmp_path / "mail" / folder / name).write_text(word)
    env = templates.environment(tmp_path)
    wanted = {
        "de": "deutsch",
        "de-AT": "deutsch",
        "DE_CH": "deutsch",
        "fr": "english",
        "../../etc": "english",
        "": "english",
    }
    for language, word in wanted.items():
        raw = compose.compose(entry(language=language), LETTERHEAD, env, now=NOW)
        assert part(raw, "plain").strip() == word


def test_the_owner_sees_the_first_lines_only() -> None:
    raw = with_text("\n".join(f"line {i}" for i in range(100)), Notice.REPLY_RECEIVED)
    assert "line 11 …" in part(raw, "plain")
    assert "line 12" not in part(raw, "plain")


def test_a_house_without_phone_and_page_promises_neither() -> None:
    """Source: PROCESS 5.4: no mail promises a channel that is not there."""
    bare = replace(LETTERHEAD, care_phone="", contact_page="")
    body = part(compose.compose(entry(Notice.CASE_CLOSED), bare, ENV, now=NOW), "plain")
    assert "write to care@example.com and ask for a call" in body
    assert "Phone" not in body
