"""The envelope of a mail that was handed in without one."""

import pytest

from gateway.config import load
from gateway.desk import intake

MAIL = b"Return-Path: <trace@example.net>\r\nFrom: Ann <ann@example.org>\r\n\r\nHello\r\n"
CONFIG = load(gateway={"care_address": "care@example.com"})


@pytest.mark.parametrize(
    ("raw", "given", "sender"),
    [
        (MAIL, "<>", ""),
        (MAIL, "<bo@example.org>", "bo@example.org"),
        (MAIL, "", "trace@example.net"),
        (MAIL.partition(b"\r\n")[2], "", "ann@example.org"),
        (MAIL.replace(b"trace@example.net", b""), "", ""),
    ],
)
def test_a_sender_that_is_given_counts_and_the_null_sender_is_one(raw: bytes, given: str, sender: str) -> None:
    """LP-01: from a null sender comes what must never be answered."""
    assert intake.envelope(raw, CONFIG, sender=given).mail_from == sender
