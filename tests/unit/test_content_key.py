"""The content key: what makes two mails the same mail.  Source: CONTRACT 5."""

import time

import pytest

from gateway.inbound.content_key import content_key

MAIL = b"From: a@example.com\r\nSubject: hello\r\n\r\nline one\r\n\r\nline two\r\n"


@pytest.mark.parametrize(
    "trace",
    [
        b"Received: from a by b; Mon, 1 Jan 2024 00:00:00 +0000\r\n",
        b"Received: from a\r\n\tby b\r\n  with ESMTP;\r\n date\r\n",
        b"Return-Path: <a@example.com>\r\nDelivered-To: x@example.com\r\nX-Original-To: y@example.com\r\n",
        b"ARC-Seal: i=1;\r\n a=x\r\nARC-Message-Signature: i=1\r\nAuthentication-Results: mx; spf=pass\r\n",
        b"received : odd space\r\nRETURN-PATH: <>\r\n",
    ],
)
def test_a_leading_trace_block_does_not_change_the_key(trace: bytes) -> None:
    assert content_key(trace + MAIL) == content_key(MAIL)


def test_line_ends_of_the_copy_do_not_change_the_key() -> None:
    assert content_key(MAIL.replace(b"\r\n", b"\n")) == content_key(MAIL)


@pytest.mark.parametrize(
    "other",
    [
        MAIL.replace(b"hello", b"Hello"),
        MAIL + b"\r\n",
        MAIL.replace(b"line one\r\n", b"line one\r"),
        MAIL.replace(b"Subject", b"Received: below a header\r\nSubject"),
        b"Received-SPF: pass\r\n" + MAIL,
        b" continued\r\n" + MAIL,
    ],
)
def test_any_other_difference_makes_another_mail(other: bytes) -> None:
    assert content_key(other) != content_key(MAIL)


def test_the_key_of_nothing_but_trace_lines_takes_linear_time() -> None:
    def seconds(lines: int) -> float:
        raw = b"Received: x\r\n y\r\n" * lines
        start = time.process_time()
        content_key(raw)
        return time.process_time() - start

    seconds(10_000)
    small, large = (min(seconds(n) for _ in range(5)) for n in (500_000, 1_000_000))
    assert large / small < 3
