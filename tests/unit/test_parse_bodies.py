"""The body: every alternative is searched, what split a Reference ID is undone, other mails stay outside."""

import base64

import pytest

from gateway.inbound import body, charset, headers, htmltext
from tests.unit.mails import REFERENCE, attached, mail, multipart, parsed, read, text

HTML = b"Content-Type: text/html; charset=utf-8\r\n"
HALF = (REFERENCE[:14], REFERENCE[14:])


def _searched(raw: bytes) -> str:
    return "\n".join(parsed(raw).searched)


@pytest.mark.parametrize(
    ("body_", "extra"),
    [
        (f"x {HALF[0]}=\r\n{HALF[1]} y", b"Content-Transfer-Encoding: quoted-printable\r\n"),
        (f"{HALF[0]}<b>{HALF[1]}</b>", HTML),
        (f"{HALF[0]}<wbr>{HALF[1]}", HTML),
        (f"{HALF[0]}&shy;{HALF[1]}", HTML),
        (f"{HALF[0]}\u00ad{HALF[1]}", HTML),
        (f"{HALF[0]}<!-- note -->{HALF[1]}", HTML),
        (f'<span style="a">{HALF[0]}</span><span>{HALF[1]}</span>', HTML),
        (f"<blockquote><p>{HALF[0]}<font color=red>{HALF[1]}</font>", HTML),
        (REFERENCE.replace("-", "&#45;").replace("7", "&#x37;"), HTML),
        (f"{HALF[0]} \r\n{HALF[1]}", b"Content-Type: text/plain; format=flowed; delsp=yes\r\n"),
        (f">> {HALF[0]} \r\n>> {HALF[1]}", b"Content-Type: text/plain; format=flowed; DelSp=Yes\r\n"),
    ],
    ids=["qp", "tag", "wbr", "entity shy", "raw shy", "comment", "spans", "quote", "entities", "delsp", "quoted delsp"],
)
def test_a_split_reference_is_whole_again(body_: str, extra: bytes) -> None:
    """MI-19: soft breaks, tags, entities and soft hyphens do not cut an ID."""
    assert REFERENCE in _searched(mail(body_.encode(), extra=extra))


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("utf-16", "utf-16"), ("utf-16le", "utf-16-le"), ("iso-2022-jp", "iso2022_jp"), ("gb2312", "gb18030"),
        ("shift_jis", "cp932"), ("euc-kr", "cp949"), ("big5", "big5"), ("koi8-r", "koi8-r"), ("iso-8859-1", "cp1252"),
        ("windows-874", "cp874"), ("UTF8", "utf-8"), ('"iso-8859-15"', "iso8859-15"),
    ],
)  # fmt: skip
def test_every_charset_of_mail_is_decoded(name: str, codec: str) -> None:
    """MI-08, MI-19: the ID is found and the words are right."""
    word = {"iso2022_jp": "こんにちは", "cp932": "東京", "gb18030": "你好", "cp949": "안녕", "big5": "中文",
            "koi8-r": "привет", "cp874": "ไทย"}.get(codec, "Größe")  # fmt: skip
    part = base64.encodebytes(f"{word} {REFERENCE}".encode(codec))
    extra = f"Content-Type: text/plain; charset={name}\r\nContent-Transfer-Encoding: base64\r\n".encode()
    assert parsed(mail(part, extra=extra)).text == f"{word} {REFERENCE}"


@pytest.mark.parametrize(
    "name",
    ["utf-7", "idna", "punycode", "rot13", "hex", "zlib", "bz2", "base64", "unicode_escape", "undefined", "mbcs",
     "../../x", "x" * 10_000, "utf8\x00", "X-UNKNOWN", "raw_unicode_escape", "oem"],
)  # fmt: skip
def test_no_codec_outside_the_list_is_used(name: str) -> None:
    """MI-08: Python's registry holds more than charsets; unknown names are guessed and flagged."""
    assert charset.decode(b"+ADw-script+AD4- uryyb \\u0041", name) == (
        "+ADw-script+AD4- uryyb \\u0041",
        charset.UNKNOWN,
    )
    extra = b"Content-Type: text/plain; charset=" + name.encode() + b"\r\n"
    assert "Gr\u00fc\u00dfe" in parsed(mail("Grüße".encode(), extra=extra)).text


def test_a_lying_charset_is_seen_through() -> None:
    """RFC 7103 7.7: declared, UTF-8, a guess, Windows-1252."""
    assert charset.decode("Grüße".encode(), "us-ascii") == ("Grüße", charset.WRONG)
    assert charset.decode("Grüße aus München".encode("cp1252"), "utf-8")[0] == "Grüße aus München"
    assert charset.decode("価格は東京です。ご確認ください。".encode("iso2022_jp"))[0].startswith("価格")


@pytest.mark.parametrize(
    "value", ["=?utf-8?q?hi=0D=0AX-Evil:_1?=", "=?utf-8?b?aGkNClgtRXZpbDogMQ==?=", "=?utf-8?q?hi=00?="]
)
def test_decoded_headers_stay_on_one_line(value: str) -> None:
    """MI-09: CR, LF and NUL inside an encoded word are spaces."""
    decoded = headers.decode_words(value)
    assert decoded.startswith("hi")
    assert not set(decoded) & set("\r\n\x00")


def test_encoded_words_join_before_they_are_decoded() -> None:
    """MI-09: senders split characters between words; 20,000 words and broken base64 are no matter."""
    assert headers.decode_words("=?utf-8?B?8J+Y?= =?utf-8?B?gA==?= ok") == "😀 ok"
    assert headers.decode_words("=?utf-8?b?a?=") is not None
    assert headers.decode_words("=?utf-8?q?a?= " * 20_000).startswith("aaa")


def test_every_alternative_is_searched_and_one_is_shown() -> None:
    """RFC 2046 5.1.4: an ID that only the HTML part holds is found."""
    mail_ = parsed(
        multipart(text(b"Hello"), text(f"<p>Hello {REFERENCE}</p>".encode(), b"text/html"), kind=b"alternative")
    )
    assert mail_.text == "Hello"
    assert any(REFERENCE in part for part in mail_.searched)
    assert "<p>" in mail_.html


def test_a_stub_that_points_to_the_html_part_is_not_shown() -> None:
    html = b"<p>" + b"The long story of the printer. " * 30 + b"</p>"
    mail_ = parsed(multipart(text(b"See the HTML part."), text(html, b"text/html"), kind=b"alternative"))
    assert mail_.text.startswith("The long story")


@pytest.mark.parametrize(
    "part",
    [
        attached(b"log.txt", REFERENCE.encode(), b"text/plain"),
        text(
            REFERENCE.encode(), b"text/plain; name=log.txt", extra=b"Content-Disposition: inline; filename=log.txt\r\n"
        ),
        text(b"Subject: " + REFERENCE.encode() + b"\r\n\r\n" + REFERENCE.encode(), b"message/rfc822"),
        text(REFERENCE.encode(), b"text/calendar"),
    ],
    ids=["attached text", "named inline text", "attached mail", "calendar"],
)
def test_files_and_attached_mails_are_elsewhere(part: bytes) -> None:
    """ID-01: what is attached never gets into the searched body, but gives a hint."""
    mail_ = parsed(multipart(text(b"Hello"), part))
    assert REFERENCE not in "".join((mail_.text, mail_.reply, *mail_.searched))
    assert any(REFERENCE in words for _, words in mail_.elsewhere)
    assert len(mail_.attachments) == 1


def test_subject_and_headers_are_elsewhere() -> None:
    """ID-01: an ID in the subject is a hint."""
    raw = mail(extra=b"", head=f"From: a@example.com\r\nSubject: Re: {REFERENCE}\r\n".encode())
    assert ("subject", f"Re: {REFERENCE}") in parsed(raw).elsewhere
    assert read(raw).mail.searched == ("Hello\n",)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (b"../../../etc/passwd", "passwd"),
        (b"..\\\\..\\\\win.ini", "win.ini"),
        (b"C:\\\\x.exe", "x.exe"),
        (b".", "attachment"),
        (b"..", "attachment"),
        (b"   ", "attachment"),
        (b"%2e%2e%2f", "%2e%2e%2f"),
        (b"=?utf-8?b?Li4vLi4vZXRjL3Bhc3N3ZA==?=", "passwd"),
        ("a\u2215..\u2215b".encode(), "a\u2215..\u2215b"),
        (b"a\x00.exe.txt", "a .exe.txt"),
        ("\u202egpj.exe".encode(), "gpj.exe"),
        (b"CON", "CON"),
        (b"-rf", "-rf"),
        (b"n" * 1_000 + b".txt", "n" * 146 + ".txt"),
        (b"\xff\xfe.txt", "ÿþ.txt"),
    ],
)
def test_names_of_attachments_are_labels(given: bytes, shown: str) -> None:
    """AT-01, AT-02: no path, no control or direction character, at most 150 characters, extension kept."""
    assert [a.name for a in parsed(multipart(text(b"hi"), attached(given))).attachments] == [shown]


def test_flowed_text_joins_only_within_one_quote_depth() -> None:
    """RFC 3676 4.1-4.5: soft breaks, space-stuffing, the signature line."""
    flowed = "one \ntwo\n> three \n> four\n>> five \n> six\n from stuffed\n-- \nAnn"
    assert body.unflow(flowed) == "one two\n> three four\n>> five \n> six\nfrom stuffed\n-- \nAnn"


def test_html_becomes_lines_that_a_person_can_read() -> None:
    markup = "<p>Hi&nbsp;Ann,</p><div>one<br>two</div><ul><li>x</ul><blockquote>q</blockquote><script>no</script>"
    assert htmltext.to_text(markup) == "Hi\u00a0Ann,\n\none\ntwo\n\n* x\n\n> q"
