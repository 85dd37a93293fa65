"""What the console makes of strangers' text: safe HTML, hidden characters shown, quotes folded, conversations."""

import re
from datetime import UTC, datetime

import pytest

from gateway.inbound import safe_html
from gateway.linking import conversation
from gateway.web.console import reader, words

GONE = re.compile(
    r"<(script|style|iframe|object|embed|form|input|button|link|meta|base|svg|math)\b|\son\w+=|javascript:", re.I
)


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>hi",
        "<img src=x onerror=alert(1)>",
        "<svg><animate onbegin=alert(1)>",
        "<math><mglyph><style><img src onerror=alert(1)>",
        '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
        "<details open ontoggle=alert(1)>x",
        '<iframe srcdoc="<script>alert(1)</script>">',
        '<a href="java&#x0a;script:alert(1)">x</a>',
        '<a href="\tjavascript:alert(1)">x</a>',
        "<!--[if mso]><script>alert(1)</script><![endif]-->",
        "<form action=/queue/1/link><button>go</button></form><input name=csrf_token id=token>",
        '<meta http-equiv=refresh content="0;url=//evil"><base href=//evil><link rel=stylesheet href=//evil>',
        "<object data=//evil></object><embed src=//evil>",
        '<div style="position:fixed;inset:0" class="btn" id="main">x</div>',
    ],
)
def test_nothing_that_acts_is_left_of_hostile_html(hostile: str) -> None:
    """HT-01, HT-03, HT-04."""
    clean = safe_html.sanitise(hostile, pictures=True)
    assert not GONE.search(clean)
    assert not re.search(r"\s(style|class|id|name)=", clean)


@pytest.mark.parametrize(
    "remote",
    [
        '<img src="https://evil.example.net/a.gif">',
        '<img srcset="https://evil.example.net/a.gif 2x" src=cid:unknown>',
        '<table background="https://evil.example.net/a.gif"><tr><td>x</td></tr></table>',
        '<video poster="https://evil.example.net/a.gif"></video>',
        "<style>@import url(https://evil.example.net/a.css)</style>",
        '<p style="background:url(https://evil.example.net/a.gif)">x</p>',
        '<a ping="https://evil.example.net/" href="https://ok.example.com/">x</a>',
        '<link rel=prefetch href="https://evil.example.net/a">',
    ],
)
def test_nothing_remote_is_left_unless_asked_for(remote: str) -> None:
    """HT-02."""
    assert "evil" not in safe_html.sanitise(remote)


def test_pictures_that_a_person_asked_for_are_kept_and_only_those() -> None:
    """HT-02."""
    markup = '<img src="https://pics.example.net/a.gif"><img src="file:///etc/passwd"><img src="data:image/svg+xml,x">'
    assert safe_html.sanitise(markup, pictures=True).count("src=") == 1
    assert 'src="data:image/png;base64,AAAA"' in safe_html.sanitise('<img src="data:image/png;base64,AAAA">')


@pytest.mark.parametrize(
    ("link", "kept"),
    [
        ("https://ok.example.com/a?b=1", True),
        ("http://ok.example.com/", True),
        ("mailto:dana@example.com", True),
        ("https://good.example.com@evil.example.net/", False),
        ("//evil.example.net/", False),
        ("\\\\evil\\share", False),
        ("file:///etc/passwd", False),
        ("data:text/html,x", False),
        ("javascript:alert(1)", False),
        ("https://[bad", False),
    ],
)
def test_links_lead_where_they_say_or_nowhere(link: str, kept: bool) -> None:
    """HT-05."""
    clean = safe_html.sanitise(f'<a href="{link}">x</a>')
    assert ("href=" in clean) is kept
    assert not kept or 'rel="noopener noreferrer nofollow"' in clean


def test_a_link_whose_text_names_another_host_says_where_it_leads() -> None:
    """HT-05."""
    clean = safe_html.sanitise('<a href="https://evil.example.net/login">https://bank.example.com</a>')
    assert "(leads to evil.example.net)" in clean
    assert "leads to" not in safe_html.sanitise('<a href="https://www.bank.example.com/">bank.example.com</a>')


def test_html_nested_deeper_than_any_mail_is_not_shown() -> None:
    assert safe_html.sanitise("<div>" * 20_000 + "x") == safe_html.TOO_DEEP


@pytest.mark.parametrize(
    ("text", "shown"), [("gpj\u202eexe", "U+202E"), ("a\u200bb", "U+200B"), ("\u2066x\u2069", "U+2066")]
)
def test_characters_that_hide_or_turn_text_are_written_out(text: str, shown: str) -> None:
    """HT-06."""
    written = str(words.foreign(text))
    assert shown in written
    assert written.startswith("<bdi>")
    assert not set(text) & set(written) & set("\u202e\u200b\u2066\u2069")


def test_text_of_strangers_is_escaped_everywhere() -> None:
    """HT-01."""
    for write in (words.foreign, words.body):
        assert "<img" not in str(write('<img src=x onerror="alert(1)">'))
    assert "<mark" in str(words.body("Case 0003256109 and REF-****", {"0003256109"}))
    assert "<mark" not in str(words.body("A phone 0047555010"))


def test_times_say_their_utc_on_hover() -> None:
    moment = datetime(2026, 3, 9, 8, 5, tzinfo=UTC)
    assert 'title="2026-03-09 08:05:00 UTC"' in str(words.when(moment))
    assert words.when(None, "never") == "never"
    assert [words.ago(seconds) for seconds in (5, 61, 7300, 90_000)] == ["5 s", "1 min", "2 h", "1 d"]


def test_quotes_are_folded_and_nothing_is_lost() -> None:
    text = "It is the blue one.\n\nOn Monday, Care wrote:\n> Which one?\n> The blue one?\n> Or the red?\n\n-- \nDana"
    parts = reader.segments(text)
    assert [(part.fold, part.signature) for part in parts] == [("", False), ("quoted", False), ("", True)]
    assert [line for part in parts for line in part.text.split("\n") if line] == [
        line for line in text.split("\n") if line
    ]


def test_a_mail_that_is_all_quote_is_shown_open() -> None:
    assert [part.fold for part in reader.segments("> one\n> two\n> three\n> four")] == [""]


def test_the_source_marks_what_the_checks_looked_at() -> None:
    """PEERS 1.5; ID-12: not even here a Reference ID in full."""
    id_ = "REF-7K3MQ2XD91FVHT4BNWE5C8GZ0AY"
    raw = f"Received: by us\r\nAuto-Submitted: auto-replied\r\nSubject: x\r\n\r\n{id_}\r\nbell \x07\r\n".encode()
    marked = {text: why for line in reader.source(raw) for text, why in line.pieces if why}
    assert marked["Auto-Submitted: auto-replied"] == "looked at by the step kind"
    assert marked["REF-****"]
    assert marked["bell \\x07"] == "holds control characters"
    assert id_ not in "".join(text for line in reader.source(raw) for text, _ in line.pieces)
    assert reader.evidence(raw, "see REF-**** here") == {
        "references": ["see REF-**** here"],
        "kind": ["Auto-Submitted: auto-replied"],
    }


def test_mails_of_one_sender_about_one_thing_are_a_conversation() -> None:
    first = conversation.key("Dana@Example.com", "VPN drops")
    assert first == conversation.key("dana@example.com", "Re: AW:  vpn   drops")
    assert first != conversation.key("sam@example.com", "VPN drops")
    assert first != conversation.key("dana@example.com", "Printer")
    assert conversation.key("", "VPN drops") == ""
