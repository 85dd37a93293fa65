"""Whatever the bytes are, parsing ends, soon, and something can be read."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.inbound import parts
from tests.unit.mails import HEAD, REFERENCE, attached, mail, multipart, parsed, read, text
from tests.unit.timing import assert_linear, seconds

PIECES = [
    b"\r\n",
    b"--b\r\n",
    b"--b--\r\n",
    b"QUJD\r\n",
    b"<p>x\r\n",
    b"\x00\xff\r\n",
    b"From: a@example.com\r\n",
    b"Subject: =?utf-8?b?!?=\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Type: multipart/mixed; boundary=b\r\n",
    b"Content-Type: multipart/alternative\r\n",
    b"Content-Type: message/rfc822\r\n",
    b"Content-Type: message/delivery-status\r\n",
    b"Content-Type: text/html; charset=utf-16\r\n",
    b"Content-Disposition: attachment; filename*0*=utf-8''a\r\n",
]
NOISE = random.Random(7).randbytes(65_536)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=2_000))
def test_any_bytes_can_be_read(raw: bytes) -> None:
    """MI-01: no bytes raise, and the text can be stored."""
    assert read(raw).mail.text.encode() is not None


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40))
def test_any_pile_of_mime_pieces_can_be_read(pieces: list[bytes]) -> None:
    assert read(b"".join(pieces)).mail.subject is not None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n",
        b"\r\n\r\n",
        b"no header at all, only words\r\n",
        NOISE,
        b"\xff" * 10_240,
        b"From: a@example.com\rSubject: bare\r\rHello\r",
        b"Fr\x00om: a@example.com\r\n\r\nHello\r\n",
    ],
    ids=["empty", "crlf", "two crlf", "body only", "noise", "ff", "bare cr", "nul in name"],
)
def test_broken_mail_shows_what_it_holds(raw: bytes) -> None:
    """MI-01: the text is shown as best effort; nothing is lost that could be read."""
    mail = parsed(raw)
    for word in (b"words", b"Hello"):
        assert word not in raw or word.decode() in mail.text


@pytest.mark.parametrize(
    "content_type",
    [
        b"multipart/mixed; boundary=b1",
        b"multipart/mixed",
        b'multipart/mixed; boundary=""',
        b"multipart/mixed; boundary=" + b"x" * 5_000,
        b'multipart/mixed; boundary="(a+)+$"',
        "multipart/mixed; boundary=grüße".encode(),
        b"multipart/mixed; boundary*0=b; boundary*1=1",
    ],
    ids=["unterminated", "missing", "empty", "5000 characters", "regex", "non-ascii", "rfc2231"],
)
def test_text_behind_a_bad_boundary_is_found(content_type: bytes) -> None:
    """MI-02: the text is found and the mail is flagged `mime:boundary`."""
    body = b"--b1\r\nContent-Type: text/plain\r\n\r\nthe readable words\r\n"
    mail_ = parsed(mail(body, extra=b"Content-Type: " + content_type + b"\r\n"))
    assert "the readable words" in mail_.text
    assert "mime:boundary" in mail_.defects


@pytest.mark.parametrize("count", [1_000, 10_000, 50_000, 200_000])
def test_parsing_stops_at_a_thousand_parts(count: int) -> None:
    """MI-03: 200,000 empty parts cost no more than the first thousand."""
    raw = mail(b"--b\r\n\r\n" * count, extra=b"Content-Type: multipart/mixed; boundary=b\r\n")
    assert seconds(lambda: parsed(raw)) < 10
    mail_ = parsed(raw)
    assert len(mail_.attachments) <= parts.PARTS_LIMIT
    assert "mime:too-many-parts" in mail_.defects


def _nested(depth: int, *, same: bool = False) -> bytes:
    levels = (b"b" if same else b"b%d" % level for level in range(depth))
    pieces = [b'Content-Type: multipart/mixed; boundary="%b"\r\n\r\n--%b\r\n' % (b, b) for b in levels]
    return HEAD + b"".join(pieces) + b"Content-Type: text/plain\r\n\r\nin the middle\r\n"


@pytest.mark.parametrize("depth", [50, 200, 500, 1_000, 5_000])
@pytest.mark.parametrize("same", [False, True])
def test_deep_nesting_is_cut_and_flagged(depth: int, same: bool) -> None:
    """MI-04: no RecursionError escapes; depth 20 is the end."""
    raw = _nested(depth, same=same)
    assert seconds(lambda: parsed(raw)) < 10
    assert set(parsed(raw).defects) & {"mime:too-deep", "mime:too-many-parts", "mime:unreadable", "mime:boundary"}


@pytest.mark.parametrize("depth", [50, 200, 1_000, 5_000])
def test_mails_nested_in_mails_are_never_entered(depth: int) -> None:
    """MI-04: message/rfc822 in message/rfc822 in ... is one attachment, or only raw text where it is too deep."""
    raw = mail(b"Content-Type: message/rfc822\r\n\r\n" * depth + b"Subject: x\r\n\r\ninner words\r\n",
               extra=b"Content-Type: message/rfc822\r\n")  # fmt: skip
    mail_ = parsed(raw)
    assert mail_.fallback_only or (mail_.text == "" and len(mail_.attachments) == 1)


def test_digest_of_many_mails_is_read_to_the_limit() -> None:
    """MI-04: a digest of 5,000 mails."""
    raw = multipart(*[b"\r\nSubject: s%d\r\n\r\nx" % n for n in range(5_000)], kind=b"digest")
    mail_ = parsed(raw)
    assert {a.content_type for a in mail_.attachments} == {"message/rfc822"}
    assert "mime:too-many-parts" in mail_.defects


@pytest.mark.parametrize(
    "extra",
    [
        b"X-Long: " + b"a" * 1_000_000 + b"\r\n",
        b"Subject: x" + b"\r\n y" * 3_000_000 + b"\r\n",
        b"".join(b"X-%d: v\r\n" % n for n in range(100_000)),
        b"Received: from a by b; Sat, 21 Nov 2026 10:00:00 +0000\r\n" * 20_000,
        b"To: " + b", ".join(b"u%d@example.com" % n for n in range(50_000)) + b"\r\n",
        b"References:" + b" <a@example.com>\r\n" * 100_000 + b"\r\n",
    ],
    ids=["1 MB line", "11 MB fold", "100k fields", "20k received", "50k addresses", "100k references"],
)
def test_huge_headers_are_cut(extra: bytes) -> None:
    """MI-05: at most 256 KB, 1,000 fields, 200 addresses and 100 ids are read, in linear time; the body is found."""
    raw = mail(b"the body\r\n", extra=extra)
    assert seconds(lambda: parsed(raw)) < 5
    mail_ = parsed(raw)
    assert mail_.text.strip().endswith("the body")
    assert len(mail_.to) <= 200
    assert len(mail_.message_ids) <= 100


@pytest.mark.parametrize(
    "value",
    [b"(" * 5_000 + b")" * 5_000, b"(" * 50_000, b"," * 100_000, b"<" * 50_000, b"a:" * 20_000, b'"' + b"x" * 100_000],
    ids=["nested comments", "parentheses", "commas", "angles", "groups", "open quote"],
)
def test_hostile_from_is_no_sender(value: bytes) -> None:
    """MI-06: nobody's contact, in less than a second."""
    raw = b"From: " + value + b"\r\nTo: " + value + b"\r\nSubject: x\r\n\r\nHello\r\n"
    assert seconds(lambda: parsed(raw)) < 1
    assert parsed(raw).sender.ambiguous
    assert "Hello" in parsed(raw).text


@pytest.mark.parametrize(
    ("encoding", "body", "shown"),
    [
        (b"base64", b"SGVs\r\nbG8", "Hello"),
        (b"base64", b"SGVsbG8", "Hello"),
        (b"base64", b"S!G-V*s bG8=", "Hello"),
        (b"quoted-printable", b"Hel=\r\nlo =3D =ZZ", "Hello = =ZZ"),
        (b"x-uuencode", b"begin 644 f\r\n%2&5L;&\\\r\n`\r\nend\r\n", "Hello"),
        (b"x-unknown", b"Hello", "Hello"),
        (b"ba\x00se64", b"Hello", "Hello"),
    ],
)
def test_transfer_encodings_are_decoded_leniently(encoding: bytes, body: bytes, shown: str) -> None:
    """MI-07: odd padding, foreign characters, broken escapes, unknown words."""
    assert parsed(mail(body, extra=b"Content-Transfer-Encoding: " + encoding + b"\r\n")).text.strip() == shown


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        (b"base64", b"*garbage* " * 1_000_000),
        (b"base64", b"A" * 20_000_000),
        (b"quoted-printable", b"=\r\n" * 1_600_000),
        (b"8bit", b"=ybegin line=128 size=9 name=x\r\n" + b"\x8a" * 500_000),
    ],
    ids=["garbage", "20 MB of zeros", "soft breaks", "yenc"],
)
def test_large_bodies_are_decoded_within_the_caps(encoding: bytes, body: bytes) -> None:
    """MI-07: at most a megabyte of text comes out, soon."""
    raw = mail(body, extra=b"Content-Transfer-Encoding: " + encoding + b"\r\n")
    assert seconds(lambda: parsed(raw)) < 5
    assert len(parsed(raw).text) <= 1_048_576


@pytest.mark.parametrize(
    "extra",
    [
        b"Content-Disposition: attachment; filename*" + b"9" * 5_000 + b"=x\r\n",
        b"Content-Disposition: attachment; filename*0=a; filename*2=c\r\n",
        b"Content-Disposition: attachment" + b"".join(b"; filename*%d=x" % n for n in range(20_000)) + b"\r\n",
        b"Content-Disposition: attachment; filename*=nonsense'x'%ff%fe\r\n",
        b"Content-Disposition: attachment; filename*-1=x\r\n",
        b"Content-Disposition: attachment; filename*00=x\r\n",
    ],
    ids=["5000 digits", "gap", "20k segments", "bad charset", "negative", "leading zeros"],
)
def test_odd_parameters_never_hide_an_attachment(extra: bytes) -> None:
    """MI-10: whatever its name is, the file is there."""
    part = text(b"data", b"application/pdf", extra=extra)
    assert [a.content for a in parsed(multipart(text(b"hi"), part)).attachments] in ([b"data"], [])
    assert "hi" in parsed(multipart(text(b"hi"), part)).text


def test_two_names_of_one_file_are_both_shown() -> None:
    """MI-10: filename and filename* differ; two programs would see two files."""
    extra = b"Content-Disposition: attachment; filename=bill.pdf; filename*=utf-8''bill.exe\r\n"
    assert (
        parsed(multipart(text(b"data", b"application/pdf", extra=extra))).attachments[0].name == "bill.exe [bill.pdf]"
    )


@pytest.mark.parametrize(
    "date",
    [b"Sat, 1 Jan 0000 00:00:00 +0000", b"1 Jan 99999 00:00 +0000", b"Fri, 31 Dec 9999 23:00:00 -2359", b"",
     b"1 Jan 2026 00:00:00 +999999999999", b"9" * 5_000, b"Whenever", b"1 Jan 2026 24:60:61 +0000"],
)  # fmt: skip
def test_impossible_dates_are_no_dates(date: bytes) -> None:
    """MI-11: the mail is read, its date is not (the year 0000 counts as the two digits of 2000)."""
    moment = parsed(mail(extra=b"Date: " + date + b"\r\n")).sent_at
    assert moment is None or moment.year == 2000


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"<a@b>\r\nMessage-ID: <c@d>",
        b"<" + b"x" * 10_000 + b"@example.com>",
        b"<a\x00b@example.com>",
        b'<"q"@example.com>',
    ],
)
def test_message_ids_are_kept_short_and_clean(value: bytes) -> None:
    """MI-12: at most 998 characters, no control character."""
    found = parsed(b"From: a@example.com\r\nMessage-ID: " + value + b"\r\n\r\nHello").message_id
    assert len(found) <= 998
    assert "\x00" not in found


def test_forbidden_characters_never_reach_the_text() -> None:
    """MI-13: NUL, lone surrogates, three megabytes of words, one endless word."""
    utf16 = "a\x00b".encode("utf-16") + b"\x00\xd8"
    mail_ = parsed(mail(utf16, extra=b"Content-Type: text/plain; charset=utf-16\r\n"))
    assert mail_.text.startswith("ab")
    assert "\x00" not in mail_.text
    assert mail_.text.encode()
    assert len(parsed(mail(b"word " * 600_000)).text) == 1_048_576
    assert len(parsed(mail(b"w" * 3_000)).text) == 3_000


@pytest.mark.parametrize(
    ("raw", "defect"),
    [
        (b" From: eve@example.org\r\nFrom: ann@example.com\r\n\r\nHello", "header:leading-space"),
        (b"From : ann@example.com\r\nSubject: x\r\n\r\nHello", "header:space-before-colon"),
        (b"From\r\n : eve@example.org\r\nFrom: ann@example.com\r\n\r\nHello", "header:broken-line"),
        (b"\r\n\r\nFrom: ann@example.com\r\nSubject: x\r\n\r\nHello", "header:leading-blank-line"),
        (b"From: ann@example.com\r\nthis is no field\r\nSubject: x\r\n\r\nHello", "header:broken-line"),
    ],
)
def test_odd_header_lines_have_one_reading_and_no_identity(raw: bytes, defect: str) -> None:
    """MI-14: the mail is read, flagged, and its sender is nobody."""
    mail_ = parsed(raw)
    assert mail_.text == "Hello"
    assert defect in mail_.defects
    assert mail_.sender.ambiguous


def test_a_line_of_the_body_never_becomes_a_header() -> None:
    """MI-14, RFC 7103 7.2: a missing blank line begins the body where no known field follows."""
    mail_ = parsed(b"From: ann@example.com\r\nSubject: x\r\nHello there\r\nNote: well\r\n\r\nMore")
    assert mail_.text.startswith("Hello there")
    assert mail_.subject == "x"


@pytest.mark.parametrize(
    "markup",
    ["<div>", "<!--", '<a x="', "<b><i>", "<table><tr><td>", "&#xD800;", "<p>word</p>"],
)
def test_html_is_read_in_linear_time(markup: str) -> None:
    """MI-15: under two seconds, under a megabyte, whatever the markup."""
    html = b"Content-Type: text/html; charset=utf-8\r\n"
    assert_linear(lambda n: parsed(mail(markup.encode() * n, extra=html)), 40_000, at_most=2)


def test_endless_character_reference_is_text() -> None:
    """MI-15: `int()` refuses more than 4,300 digits."""
    html = b"<p>a&#" + b"9" * 5_000 + b";b</p>" + b"<div>" * 2_000
    assert "b" in parsed(mail(html, extra=b"Content-Type: text/html\r\n")).text


@pytest.mark.parametrize("name", [b"bomb.zip", b"nested.zip", b"a.tar", b"a.gz", b"a.docx"])
def test_archives_are_never_unpacked(name: bytes) -> None:
    """MI-17: what is known of an archive stands in its headers."""
    mail_ = parsed(multipart(text(b"hi"), attached(name, b"PK\x03\x04 not an archive", b"application/zip")))
    assert [(a.name, a.size_bytes) for a in mail_.attachments] == [(name.decode(), 19)]


@pytest.mark.parametrize(
    ("part", "encrypted"),
    [
        (text(b"\x78\x9f\x3e\x22garbage", b"application/ms-tnef; name=winmail.dat"), False),
        (text(b"piece", b"message/partial; id=x; number=1; total=2"), False),
        (text(b"", b"message/external-body; access-type=local-file; name=/etc/passwd"), False),
        (text(b"opaque", b"application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m"), True),
        (text(b"signed", b"application/pkcs7-mime; smime-type=signed-data; name=smime.p7m"), False),
    ],
    ids=["tnef", "partial", "external-body", "enveloped", "opaque-signed"],
)
def test_special_parts_are_kept_and_nothing_is_fetched(part: bytes, encrypted: bool) -> None:
    """MI-18: attachments; /etc/passwd stays where it is."""
    mail_ = parsed(multipart(text(b"hi"), part))
    assert len(mail_.attachments) == 1
    assert mail_.encrypted is encrypted
    assert "root:" not in str(mail_)


def test_encrypted_mail_says_so() -> None:
    """MI-18: PGP/MIME and inline PGP."""
    pgp = multipart(text(b"Version: 1", b"application/pgp-encrypted"), text(b"x", b"application/octet-stream"),
                    kind=b"encrypted")  # fmt: skip
    assert parsed(pgp).encrypted
    assert parsed(mail(b"-----BEGIN PGP MESSAGE-----\r\n\r\nx\r\n-----END PGP MESSAGE-----\r\n")).encrypted


def test_signed_mail_is_readable() -> None:
    """MI-18: the text of multipart/signed is body, its signature a file."""
    mail_ = parsed(multipart(text(REFERENCE.encode()), text(b"sig", b"application/pgp-signature"), kind=b"signed"))
    assert mail_.text == REFERENCE
    assert [a.content_type for a in mail_.attachments] == ["application/pgp-signature"]


def test_a_thousand_attachments_are_kept_and_more_are_flagged() -> None:
    """AT-04: capped, and an empty file is a file."""
    mail_ = parsed(multipart(text(b"hi"), *[attached(b"f.bin", b"") for _ in range(1_200)]))
    assert 900 <= len(mail_.attachments) <= 1_000
    assert mail_.attachments[0].size_bytes == 0
    assert "mime:too-many-parts" in mail_.defects
    assert len({a.sha256 for a in mail_.attachments}) == 1
