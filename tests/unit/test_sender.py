"""Who a mail is from, and whose word about it counts."""

from dataclasses import replace
from email.utils import getaddresses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mailparser.utils import get_addresses

from gateway.inbound import headers, sender
from gateway.model import Envelope, ReadingRules, Source, Verdict
from tests.unit.mails import ENVELOPE, mail, multipart, parsed, read, text

TRUSTING = ReadingRules(trusted_relays=("192.0.2.0/24",))
BY_ID = ReadingRules(trusted_authserv_ids=frozenset({"mx.example.net"}))
INGESTED = Envelope(mail_from="", rcpt_tos=(), source=Source.INGEST)
RECEIVED = b"Received: from x by mx.example.net; Sat, 21 Nov 2026 10:00:00 +0000\r\n"


def _from(*lines: bytes) -> bytes:
    return b"".join(line + b"\r\n" for line in lines) + b"To: care@example.test\r\nSubject: x\r\n\r\nHello\r\n"


@pytest.mark.parametrize(
    "lines",
    [
        (b"From: ann@example.com", b"From: eve@example.org"),
        (b" From: ann@example.com", b"From: eve@example.org"),
        (b"From : ann@example.com",),
        (b"From\r\n : ann@example.com", b"From: eve@example.org"),
        (b"Sender: ann@example.com",),
        (b"Resent-From: ann@example.com",),
        (b"From: ann@example.com, eve@example.org",),
        (b"From: ann@example.com <eve@example.org>",),
        (b"From: =?utf-8?b?YW5uQGV4YW1wbGUuY29t?=",),
        (b"From: =?utf-8?q?ann=40example.com?= <=?utf-8?q?eve=40example.org?=>",),
        (b"From: <@relay.example.org:ann@example.com>",),
        (b"From: <ann@example.com>\\,<eve@example.org>",),
        (b"From: ann@example.com,<eve@example.org>",),
        (b"From: <ann@example.com>eve@example.org",),
        (b"From: ann@example.com)<eve@example.org>",),
        (b"From: ann@example.com(<eve@example.org>",),
        (b'From: "ann@example.com <eve@example.org>',),
        (b"From: <ann@example.com><eve@example.org>",),
        (b"From: Group: ann@example.com;",),
        (b"From: ann@example.com\x00@example.org",),
        (b"From: ann@example.com.",),
        (b"From: ann",),
        (b"From: <>",),
        (b"From:",),
    ],
)
def test_a_from_that_can_be_read_in_two_ways_is_ambiguous(lines: tuple[bytes, ...]) -> None:
    """ID-06: such a sender is nobody's contact, so no such mail flips a case."""
    mail_ = parsed(_from(*lines))
    assert mail_.sender.ambiguous
    assert sender.AMBIGUOUS in mail_.defects
    assert mail_.text == "Hello"


@pytest.mark.parametrize(
    ("line", "address", "name"),
    [
        (b"From: ann@example.com", "ann@example.com", ""),
        (b"From: <ann@example.com>", "ann@example.com", ""),
        (b"From: Ann Example <Ann@Example.COM>", "Ann@example.com", "Ann Example"),
        (b'From: "Example, Ann" <ann@example.com>', "ann@example.com", "Example, Ann"),
        (b'From: "ann@example.com" <eve@example.org>', "eve@example.org", "ann@example.com"),
        (b"From: =?utf-8?q?J=C3=BCrgen?= <j@example.com>", "j@example.com", "Jürgen"),
        (b"From: Jos\xe9 <jose@example.com>", "jose@example.com", "José"),
        (b"From: ann@example.com <ann@example.com>", "ann@example.com", "ann@example.com"),
        (b"From: ann@example.com (Ann)", "ann@example.com", "Ann"),
        (b"FROM:\r\n Ann <ann@example.com>", "ann@example.com", "Ann"),
        ("From: Ann <ann@münchen.example>".encode(), "ann@xn--mnchen-3ya.example", "Ann"),
        (b"From: Ann O'Neil <ann.o'neil+tag@example.com>", "ann.o'neil+tag@example.com", "Ann O'Neil"),
    ],
)
def test_an_ordinary_from_is_one_address(line: bytes, address: str, name: str) -> None:
    """ID-07: the addr-spec counts, whatever the display name claims."""
    found = parsed(_from(line)).sender
    assert (found.address, found.name, found.ambiguous) == (address, name, False)


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("ann@example.com", "ANN@EXAMPLE.COM", True),
        ("ann@münchen.example", "ann@xn--mnchen-3ya.example", True),
        ("ann+case@example.com", "ann@example.com", False),
        ("ann@example.com.", "ann@example.com", False),
        ("ann@ex\u0430mple.com", "ann@example.com", False),
        ("", "", False),
    ],
)
def test_addresses_are_one_mailbox_only_when_they_are(a: str, b: str, same: bool) -> None:
    """ID-07: case and IDNA are folded; plus-tags, look-alikes and a trailing dot are others."""
    assert sender.same_address(a, b) is same


def _verdict(extra: bytes, envelope: Envelope = ENVELOPE, rules: ReadingRules = TRUSTING) -> Verdict:
    return read(RECEIVED + mail(extra=extra), envelope=envelope, rules=rules).mail.sender.authentication


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        (b"mx.example.net; dmarc=pass header.from=example.com", Verdict.PASS),
        (b"mx.example.net; dmarc=fail (p=none) header.from=example.com; spf=pass", Verdict.FAIL),
        (b"mx.example.net; dmarc=pass header.from=example.org", Verdict.NONE),
        (b"mx.example.net; spf=fail smtp.mailfrom=example.com", Verdict.FAIL),
        (b"mx.example.net; spf=fail smtp.mailfrom=x.org; dkim=pass header.d=other.example", Verdict.NONE),
        (b"mx.example.net; spf=fail; dkim=pass header.d=example.com", Verdict.PASS),
        (b"mx.example.net; spf=pass smtp.mailfrom=bounce@mail.example.com", Verdict.PASS),
        (b"mx.example.net; spf=pass smtp.mailfrom=eve@example.org", Verdict.NONE),
        (b"mx.example.net; (dmarc=pass) dmarc=none; spf=softfail", Verdict.NONE),
        (b"mx.example.net 1; none", Verdict.NONE),
        (b"", Verdict.NONE),
    ],
)
def test_results_are_read_as_their_standard_says(results: bytes, expected: Verdict) -> None:
    """RFC 8601: DMARC decides, else SPF and DKIM with alignment; comments say nothing."""
    assert _verdict(b"Authentication-Results: " + results + b"\r\n") is expected


@pytest.mark.parametrize(
    ("extra", "envelope", "rules"),
    [
        (b"", ENVELOPE, ReadingRules()),
        (b"", Envelope(mail_from="", rcpt_tos=(), source=Source.SMTP, peer="198.51.100.1"), TRUSTING),
        (b"", Envelope(mail_from="", rcpt_tos=(), source=Source.SMTP, peer="nonsense"), TRUSTING),
        (b"", INGESTED, TRUSTING),
        (RECEIVED, ENVELOPE, TRUSTING),
        (b"Authentication-Results: other.example; none\r\n", ENVELOPE, TRUSTING),
        (b"Authentication-Results: other.example; none\r\n", INGESTED, BY_ID),
    ],
    ids=[
        "no relay trusted",
        "other peer",
        "no peer",
        "by hand",
        "below a foreign hop",
        "second field",
        "second, by id",
    ],
)
def test_forged_results_are_ignored(extra: bytes, envelope: Envelope, rules: ReadingRules) -> None:
    """ID-05: only the topmost field, above the first foreign hop, from a trusted relay or with a trusted id."""
    assert _verdict(extra + b"Authentication-Results: mx.example.net; dmarc=pass\r\n", envelope, rules) is Verdict.NONE


def test_results_of_a_trusted_id_count_by_hand_and_below_hops() -> None:
    """ID-05: mailboxes of large providers write their results below their own trace fields."""
    extra = RECEIVED + b"Authentication-Results: mx.example.net; dmarc=fail\r\n"
    assert _verdict(extra, INGESTED, BY_ID) is Verdict.FAIL


OURS = (b"Received: from a.example ([203.0.113.1]) by mx.example.net with ESMTP;\r\n", Verdict.PASS)
THEIRS = b"Received: from evil.example ([203.0.113.9]) by a.example with ESMTP;\r\n"
INNER = b"Received: from mx.example.net ([192.0.2.7]) by filter.example.net with ESMTP;\r\n"
LOOPED = b"Received: from localhost ([127.0.0.1]) by mx.example.net with ESMTP;\r\n"


@pytest.mark.parametrize(
    ("above", "expected"),
    [
        (b"", Verdict.PASS),
        OURS,
        (OURS[0] + THEIRS, Verdict.NONE),
        (INNER + OURS[0], Verdict.PASS),
        (LOOPED + OURS[0], Verdict.PASS),
        (INNER + OURS[0] + THEIRS, Verdict.NONE),
        (b"Received: by mx.example.net (no client named);\r\n" + THEIRS, Verdict.NONE),
    ],
)
def test_over_smtp_a_trusted_id_counts_only_where_our_own_servers_write(above: bytes, expected: Verdict) -> None:
    """ID-05: whoever knows the id can write it below the field of the relay's own hop."""
    rules = replace(TRUSTING, trusted_authserv_ids=frozenset({"mx.example.net"}))
    extra = above + b"Authentication-Results: mx.example.net; dmarc=pass\r\n"
    assert _verdict(extra, ENVELOPE, rules) is expected


def test_results_inside_an_attached_mail_are_ignored() -> None:
    """ID-05: an attached mail vouches for nobody."""
    inner = text(b"Authentication-Results: mx.example.net; dmarc=pass\r\n\r\nx", b"message/rfc822")
    assert read(multipart(text(b"hi"), inner), rules=TRUSTING).mail.sender.authentication is Verdict.NONE


@pytest.mark.parametrize("own", ["ann@example.com", "@example.com"])
def test_mail_from_our_own_address_is_marked(own: str) -> None:
    """ID-14: rules flag it; it is never an agent's."""
    rules = ReadingRules(own_addresses=frozenset({own}))
    assert sender.OWN_ADDRESS in read(mail(), rules=rules).mail.defects
    assert sender.OWN_ADDRESS not in read(mail()).mail.defects


@given(st.from_regex(sender._PLAIN, fullmatch=True))
@settings(max_examples=200)
def test_a_from_line_is_plain_only_where_every_reader_finds_the_same_in_it(value: str) -> None:
    """ID-06: for such lines, and only for them, mail-parser and the standard library are not asked."""
    found = sender._lenient(value)
    assert len(found) == 1
    assert getaddresses([value]) == found
    oddities: list[object] = []
    assert get_addresses(value, defects=oddities) == found
    assert not oddities


@pytest.mark.parametrize(
    "value",
    [
        "ann@example.com <eve@example.org>",
        "Ann <ann@example.com>, Eve <eve@example.org>",
        '"ann@example.com" <eve@example.org>',
        "Ann (eve@example.org) <ann@example.com>",
        "=?utf-8?q?ann?= <eve@example.org>",
        "a..b@example.com",
        "Ann <@relay.example:ann@example.com>",
        "team: ann@example.com;",
    ],
)
def test_a_tricky_from_line_is_read_by_all_readers(value: str) -> None:
    """ID-06, ID-07."""
    head = headers.scan(f"From: {value}\r\n\r\n".encode())
    assert sender.plain_from(head) is None
