"""Opaque S/MIME signatures: the wrapping comes off, whatever the bytes.  MI-18."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.inbound import opaque

SIGNED = bytes.fromhex("06092a864886f70d010702")
DATA = bytes.fromhex("06092a864886f70d010701")
TEXT = b"Content-Type: text/plain\r\n\r\nReference ID\r\n"


def der(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 0x80 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + content


def endless(tag: int, content: bytes) -> bytes:
    return bytes([tag, 0x80]) + content + b"\x00\x00"


def cms(octets: bytes, wrap=der) -> bytes:
    inner = wrap(0x30, DATA + wrap(0xA0, octets))
    return wrap(0x30, SIGNED + wrap(0xA0, wrap(0x30, der(0x02, b"\x01") + der(0x31, b"") + inner)))


def test_the_signed_text_is_found_with_definite_and_with_streamed_lengths():
    assert opaque.signed_content(cms(der(0x04, TEXT * 9))) == TEXT * 9
    pieces = endless(0x24, der(0x04, TEXT[:10]) + der(0x04, TEXT[10:]))
    assert opaque.signed_content(cms(pieces, endless)) == TEXT


def test_a_detached_or_cut_signature_and_noise_hold_nothing():
    detached = der(0x30, SIGNED + der(0xA0, der(0x30, der(0x02, b"\x01") + der(0x31, b"") + der(0x30, DATA))))
    assert opaque.signed_content(detached) is None
    assert opaque.signed_content(cms(der(0x04, TEXT))[:40]) is None
    assert opaque.signed_content(b"") is None
    assert opaque.signed_content(SIGNED) is None


@given(st.binary(max_size=300), st.integers(0, 300))
def test_no_bytes_make_it_raise(noise, cut):
    opaque.signed_content(b"\x30\x80" + SIGNED + noise)
    opaque.signed_content(cms(der(0x04, TEXT), endless)[:cut] + noise)


def test_endless_nesting_ends():
    assert opaque.signed_content(b"\x30\x80" + SIGNED + b"\xa0\x80" * 500_000) is None
