"""The headers of outgoing mail: exactly those of the contract, whatever the values hold."""

import hashlib
import hmac
from email.header import decode_header, make_header
from email.utils import getaddresses

import pytest

from gateway.errors import CannotCompose
from gateway.model import Notice
from gateway.outbound import compose, headers
from tests.outgoing import CASE, ENV, LETTERHEAD, NOW, entry, parsed

ALWAYS = {
    *("From", "To", "Subject", "Date", "Reply-To", "Message-ID", "X-Case-Gateway"),
    *("MIME-Version", "Content-Type"),
}
AUTOMATIC = {"Auto-Submitted", "X-Auto-Response-Suppress"}
HOSTILE = [
    "a\r\nBcc: v@example.net",
    "a\nBcc: v@example.net",
    "a\rBcc: v@example.net",
    "a\x85Bcc: v@example.net",
    "a\u2028Bcc: v@example.net",
    "a\x0bBcc:\x0cv\x1c@example.net",
    "a\0b",
    "=?utf-8?q?a=0D=0ABcc:_v@example.net?=",
    "Re: =?utf-8?q?a=0D=0ABcc:_v@example.net?=",
    "a\ud800b",
    "x" * 5000,
    "ü" * 5000,
    "x y " * 2000,
    'Smith, J; "x" <evil@example.net>',
    "\u202egnp.exe\u202c",
    "   ",
]


def composed(**changes: object) -> bytes:
    return compose.compose(entry(**changes), LETTERHEAD, ENV, now=NOW)


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_name_and_subject_still_leave_with_exactly_the_expected_headers(value: str) -> None:
    """OB-01, OB-03: never an added header, never a refusal; one recipient whatever the display name says."""
    mail = parsed(composed(to_name=value, subject=value))
    assert set(mail.keys()) == ALWAYS
    assert len(mail.keys()) == len(ALWAYS)
    assert [address for _, address in getaddresses([str(mail["To"])])] == ["maria@example.org"]
    subject = str(make_header(decode_header(mail["Subject"])))
    assert subject.startswith(f"[Case {CASE}]")
    assert not any(c in subject for c in "\0\r\v\x85\u2028\u202e")
    assert len(subject) < 300


def test_a_fake_encoded_word_arrives_as_the_text_that_it_is() -> None:
    """OB-01: what a reader decodes once is the literal text, so a second decoding finds no line end of ours."""
    mail = parsed(composed(subject="=?utf-8?q?hi=0D=0ABcc:_v@x?="))
    assert str(make_header(decode_header(mail["Subject"]))) == f"[Case {CASE}] =?utf-8?q?hi=0D=0ABcc:_v@x?="


def test_a_subject_in_another_script_reads_back_unchanged() -> None:
    subject = "Der Export hält an – 出口停止, экспорт остановлен, تصدير"
    mail = parsed(composed(subject=subject))
    assert str(make_header(decode_header(mail["Subject"]))) == f"[Case {CASE}] {subject}"


@pytest.mark.parametrize("notice", list(Notice))
def test_automatic_mails_say_so_and_agents_letters_do_not(notice: Notice) -> None:
    """OB-07.  Source: CONTRACT 7."""
    mail = parsed(compose.compose(entry(notice), LETTERHEAD, ENV, now=NOW))
    agents = notice in (
        *(Notice.CASE_MESSAGE, Notice.INFO_REQUESTED, Notice.SOLUTION_PROPOSED, Notice.INCIDENT_REPORT),
        *(Notice.ESCALATION_ACCEPTED, Notice.ESCALATION_DECLINED, Notice.ESCALATION_UPDATE),
    )
    assert set(mail.keys()) == (ALWAYS if agents else ALWAYS | AUTOMATIC)
    if not agents:
        assert mail["Auto-Submitted"] == "auto-generated"
        assert mail["X-Auto-Response-Suppress"] == "All"


def test_the_mail_proves_that_it_is_ours_and_answers_go_to_the_care_address() -> None:
    mail = parsed(composed())
    proof = hmac.new(LETTERHEAD.loop_key, b"<out.7.6f1c@example.com>", hashlib.sha256).hexdigest()
    assert mail["X-Case-Gateway"] == f"night {proof}"
    assert mail["From"] == "Northwind Care <care@example.com>"
    assert mail["Reply-To"] == "<care@example.com>"
    assert mail["Message-ID"] == "<out.7.6f1c@example.com>"
    assert mail["Date"] == "Wed, 25 Nov 2026 10:00:00 +0000"


def test_composing_twice_gives_the_same_bytes() -> None:
    """OB-08: a second try is the same mail."""
    assert composed() == composed()


def test_a_thread_keeps_its_first_eight_and_its_last_eight_ids() -> None:
    thread = tuple(f"<m{i}@example.org>" for i in range(30))
    mail = parsed(composed(thread=thread))
    assert mail["In-Reply-To"] == "<m29@example.org>"
    assert mail["References"].split() == [*thread[:8], *thread[-8:]]


def test_thread_ids_that_are_not_strict_msg_ids_are_left_out() -> None:
    """OB-04: broken, non-ASCII, overlong ids and header injections of a hostile mail."""
    hostile = ("<[x>", "<ü@example.org>", f"<{'a' * 10_000}@example.org>", "<a@b>\r\nBcc: v@x", "a@b", "<a b@c>", "")
    mail = parsed(composed(thread=(*hostile, "<good.1@example.org>")))
    assert mail["References"] == mail["In-Reply-To"] == "<good.1@example.org>"
    assert "References" not in parsed(composed(thread=hostile))


def test_references_never_exceed_998_octets() -> None:
    """OB-04: with long ids, the older ones between the first and the last give way."""
    thread = tuple(f"<{str(i) * 200}@example.org>" for i in range(1, 9))
    raw = composed(thread=thread)
    found = parsed(raw)["References"]
    assert len("References: " + found) <= 998
    assert found.split()[0] == thread[0]
    assert found.split()[-1] == thread[-1]


@pytest.mark.parametrize(
    ("address", "wire"),
    [
        ("maria@example.org", "maria@example.org"),
        ("Maria.O'Neil+x@Example.ORG", "Maria.O'Neil+x@example.org"),
        ("m@bücher.example", "m@xn--bcher-kva.example"),
        ("m@straße.example", "m@xn--strae-oqa.example"),
        ("care@localhost", "care@localhost"),
        ('"maria weber"@example.org', '"maria weber"@example.org'),
    ],
)
def test_one_mailbox_is_a_recipient(address: str, wire: str) -> None:
    """OB-02; an internationalised domain goes out in its ASCII form, and as no other domain."""
    assert headers.wire_address(address) == wire
    assert compose.valid_recipient(address)


@pytest.mark.parametrize(
    "address",
    [
        "u@d\r\nRCPT TO:<v@x>",
        "a@b>,<c@d",
        "a@b, c@d",
        "team: a@b, c@d;",
        "@route:a@b",
        "<a@b>",
        "a",
        "a@",
        "@b",
        "",
        "a@b..c",
        ".a@b",
        "a..b@c",
        "a@-b.c",
        "a@[127.0.0.1]",
        "jürgen@example.org",
        '"a>b"@example.org',
        '"a@b"@example.org',
        "a b@example.org",
        "a@b\0",
        "a@b\n",
        f"{'a' * 65}@example.org",
        f"a@{'b' * 64}.example",
        f"a@{'b.' * 150}example",
    ],
)
def test_anything_but_one_mailbox_is_no_recipient(address: str) -> None:
    """OB-02: lists, groups, routes, injections and overlong parts are refused before anybody connects."""
    assert not compose.valid_recipient(address)
    with pytest.raises(CannotCompose):
        composed(to=address)


def test_a_header_that_slipped_in_stops_the_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    """OB-01: the finished bytes are compared with the expected header names, so a fault elsewhere cannot leak out."""
    monkeypatch.setattr(headers, "unstructured", lambda value: value + "\r\nBcc: v@example.net")
    with pytest.raises(CannotCompose):
        composed()


def test_a_reference_id_never_stands_in_a_subject() -> None:
    """Source: DESIGN 4."""
    mail = parsed(composed(subject="About REF-7K3MQ2XD91FVHT4BNWE5C8GZ0AY again"))
    assert mail["Subject"] == f"[Case {CASE}] About REF-**** again"
