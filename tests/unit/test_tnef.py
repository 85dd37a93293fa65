"""winmail.dat: body and files are read, whatever is odd stays an attachment."""

import base64
import struct

from hypothesis import given
from hypothesis import strategies as st

from gateway.inbound import tnef
from tests.unit.mails import parsed
from tests.unit.timing import assert_linear

SIGNATURE = struct.pack("<IH", 0x223E9F78, 1)
STRING, UNICODE, BINARY = 0x1E, 0x1F, 0x102


def attribute(name: int, value: bytes, *, level: int = 1) -> bytes:
    return struct.pack("<BHHI", level, name, 6, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)


def properties(*items: tuple[int, int, bytes]) -> bytes:
    packed = [struct.pack("<I", len(items))]
    for number, kind, value in items:
        if kind == 3:
            packed.append(struct.pack("<HH", kind, number) + value)
        else:
            packed.append(struct.pack("<HHII", kind, number, 1, len(value)) + value + b"\0" * (-len(value) % 4))
    return b"".join(packed)


def file(title: bytes, data: bytes, long_name: str = "") -> bytes:
    more = properties((0x3707, UNICODE, (long_name + "\0").encode("utf-16-le"))) if long_name else properties()
    return (
        attribute(0x9002, b"\0" * 14, level=2)
        + attribute(0x8010, title + b"\0", level=2)
        + attribute(0x800F, data, level=2)
        + attribute(0x9005, more, level=2)
    )


HTML = properties((0x3FDE, 3, struct.pack("<I", 1251)), (0x1013, BINARY, "<p>Всё готово</p>".encode("cp1251")))
WHOLE = SIGNATURE + attribute(0x9003, HTML) + file(b"EXPORT~1.CSV", b"a;b\0\0", "export of may.csv")


def mail(wrapped: bytes, text: bytes = b"") -> bytes:
    return (
        b"From: ann@example.com\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain\r\n\r\n" + text + b"\r\n--b\r\nContent-Type: application/ms-tnef;"
        b" name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n" + _base64(wrapped) + b"\r\n--b--\r\n"
    )


def _base64(data: bytes) -> bytes:
    return base64.encodebytes(data).replace(b"\n", b"\r\n")


def test_body_and_files_are_read_with_every_byte() -> None:
    """MI-18."""
    found = tnef.unpack(WHOLE)
    assert found is not None
    assert found.html.decode(found.charset) == "<p>Всё готово</p>"
    assert [(file.name, file.data) for file in found.files] == [("export of may.csv", b"a;b\0\0")]


def test_the_body_in_the_wrapper_is_the_body_of_a_mail_that_says_nothing_else() -> None:
    """MI-18."""
    shown = parsed(mail(WHOLE))
    assert shown.text == "Всё готово"
    assert [attachment.name for attachment in shown.attachments] == ["export of may.csv", "winmail.dat"]


def test_the_body_in_the_wrapper_is_searched_but_not_shown_beside_a_text() -> None:
    """MI-18."""
    shown = parsed(mail(WHOLE, b"All done."))
    assert shown.text == "All done."
    assert "Всё готово" in shown.searched


def test_a_wrapper_that_is_odd_stays_an_attachment() -> None:
    """MI-18."""
    for broken in (b"", b"\0" * 40, WHOLE[:-40], SIGNATURE + b"\xff" * 60, SIGNATURE + attribute(0x9003, b"\xff" * 8)):
        assert tnef.unpack(broken) is None
        assert [attachment.name for attachment in parsed(mail(broken, b"Hello")).attachments] == ["winmail.dat"]


def test_a_body_in_rich_text_becomes_a_file() -> None:
    """Literal and repeated bytes, and a repetition that reaches into what it writes.  Source: MS-OXRTFCP 3.1."""
    compressed = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    )
    found = tnef.unpack(SIGNATURE + attribute(0x9003, properties((0x1009, BINARY, compressed))))
    assert found is not None
    assert found.rtf == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"


@given(st.binary(max_size=400), st.integers(0, len(WHOLE)))
def test_no_bytes_make_it_raise(noise: bytes, at: int) -> None:
    tnef.unpack(SIGNATURE + noise)
    tnef.unpack(WHOLE[:at] + noise + WHOLE[at:])


def test_a_number_in_the_mail_does_not_say_how_long_we_work() -> None:
    """MI-15: counts of four thousand million properties, values and bytes."""
    many = b"\xff\xff\xff\xff"
    assert tnef.unpack(SIGNATURE + attribute(0x9003, many + b"\0" * 100)) is None
    assert tnef.unpack(SIGNATURE + attribute(0x9003, struct.pack("<IHH", 1, 0x1002, 0x1000) + many)) is None
    assert_linear(lambda n: tnef.unpack(SIGNATURE + attribute(0x9006, b"1") * (n // 12)), 500_000, at_most=0.5)
