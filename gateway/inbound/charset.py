"""Bytes to text: the charsets that mail uses, and what to do when a mail lies about them.

Law: only codecs of CODECS are ever handed to Python (its registry also holds `rot13`, `zlib`, `unicode_escape` and
`utf-7`).  The order is: what was declared, UTF-8, a guess by chardet, Windows-1252 with replacement.  Never raises.
Source: RFC 7103 7.6-7.7 (8-bit text without a charset), RFC 2045 5.2.
"""

import re

# Codec of Python: the labels that mean it.  Web practice (WHATWG Encoding) for labels that senders use wrongly: the
# superset decodes both (Windows-1252 for Latin-1, GB18030 for GB2312, CP949 for KS C 5601).
_LABELS: dict[str, str] = {
    "ascii": "us-ascii ascii ansi_x3.4-1968 iso646-us 646 7bit",
    "utf-8": "utf-8 utf8 unicode-1-1-utf-8 x-utf-8 utf-8-sig cp65001 utf8mb4",
    "utf-16": "utf-16 utf16 unicode iso-10646-ucs-2 ucs-2",
    "utf-16-le": "utf-16le utf-16-le unicodefffe",
    "utf-16-be": "utf-16be utf-16-be",
    "utf-32": "utf-32 utf32 ucs-4 iso-10646-ucs-4",
    "utf-32-le": "utf-32le",
    "utf-32-be": "utf-32be",
    "cp1252": "iso-8859-1 iso8859-1 iso_8859-1 8859-1 latin1 latin-1 l1 windows-1252 cp1252 cp-1252 x-ansi ansi",
    "cp1254": "iso-8859-9 iso8859-9 latin5 windows-1254 cp1254",
    "cp874": "iso-8859-11 tis-620 windows-874 cp874 x-windows-874",
    "iso8859-2": "iso-8859-2 iso8859-2 latin2 latin-2 l2",
    "iso8859-8": "iso-8859-8 iso8859-8 iso-8859-8-i iso-8859-8-e logical visual",
    "iso8859-15": "iso-8859-15 iso8859-15 latin9 latin-9 l9",
    **{f"iso8859-{n}": f"iso-8859-{n} iso8859-{n}" for n in (3, 4, 5, 6, 7, 10, 13, 14, 16)},
    **{f"cp{n}": f"windows-{n} cp{n}" for n in (1250, 1251, 1253, 1255, 1256, 1257, 1258)},
    **{f"cp{n}": f"cp{n} ibm{n}" for n in (437, 850, 852, 855, 857, 862, 866)},
    "koi8-r": "koi8-r koi8r koi8 cskoi8r",
    "koi8-u": "koi8-u koi8-ru",
    "mac-roman": "macintosh mac x-mac-roman macroman",
    "mac-cyrillic": "x-mac-cyrillic",
    "gb18030": "gb2312 gbk gb18030 cp936 x-gbk chinese euc-cn gb_2312-80",
    "hz": "hz-gb-2312 hz",
    "big5hkscs": "big5 big5-hkscs cn-big5 x-x-big5 big-5",
    "cp950": "cp950 windows-950",
    "cp932": "shift_jis shift-jis sjis x-sjis ms_kanji windows-31j cp932",
    "euc_jp": "euc-jp eucjp x-euc-jp",
    "iso2022_jp_ext": "iso-2022-jp csiso2022jp iso-2022-jp-1 iso-2022-jp-ext",
    "iso2022_jp_2": "iso-2022-jp-2",
    "iso2022_jp_3": "iso-2022-jp-3",
    "iso2022_jp_2004": "iso-2022-jp-2004",
    "cp949": "ks_c_5601-1987 ks_c_5601 euc-kr euckr ksc5601 cp949 windows-949",
    "iso2022_kr": "iso-2022-kr csiso2022kr",
}
CODECS: dict[str, str] = {label: codec for codec, labels in _LABELS.items() for label in labels.split()}
UNKNOWN = "charset:unknown"
WRONG = "charset:wrong"

_LONGEST_NAME = 40
_GUESSED_BYTES = 16_384
_JAPANESE_ESCAPE = re.compile(rb"\x1b[$(][@BJ]")
# A UTF-8 text may hold this share of broken bytes (cut characters, pasted bytes) and is still UTF-8.
_BROKEN_SHARE = 0.02


def decode(data: bytes, declared: str = "") -> tuple[str, str]:
    """Return the text, and UNKNOWN, WRONG or "" for what was wrong with the declared charset.

    The text may hold NUL or surrogate characters; clean it before it is kept.  declared: "" counts as US-ASCII.
    """
    name = declared.strip(" \t\"'").lower()[: _LONGEST_NAME + 1]
    codec = CODECS.get(name.replace(" ", "-")) if name else "ascii"
    if codec == "ascii":
        return _decode_unlabelled(data)
    if codec is None:
        return _decode_unlabelled(data)[0], UNKNOWN
    text = _strictly(data, _with_byte_order(codec, data))
    if text is not None:
        return text, ""
    if codec == "cp1252":
        # Five bytes have no meaning in Windows-1252; everything else about the label is fine.
        return data.decode("cp1252", "replace"), ""
    return _guess(data, codec), WRONG


def decode_unmarked(data: bytes) -> str:
    """Return the text of a header value, which has no place for a charset.  Source: RFC 7103 7.7, RFC 6532."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _decode_unlabelled(data: bytes) -> tuple[str, str]:
    if data.isascii():
        if b"\x1b" in data and _JAPANESE_ESCAPE.search(data):
            return data.decode("iso2022_jp_ext", "replace"), WRONG
        return data.decode("ascii"), ""
    return _guess(data, "ascii"), WRONG


def _guess(data: bytes, declared: str) -> str:
    if declared.startswith(("utf-16", "utf-32")):
        return data.decode(declared, "replace")
    text = _strictly(data, "utf-8")
    if text is not None:
        return text
    text = data.decode("utf-8", "replace")
    if text.count("\ufffd") <= len(text) * _BROKEN_SHARE:
        return text
    if declared != "ascii":
        text = data.decode(declared, "replace")
        if text.count("\ufffd") <= len(text) * _BROKEN_SHARE:
            return text
    return data.decode(_guessed_codec(data), "replace")


def _guessed_codec(data: bytes) -> str:
    # Imported on the rare occasion: it doubles the memory of a parse child.
    import chardet
    from chardet import EncodingEra

    try:
        found = chardet.detect(data[:_GUESSED_BYTES], encoding_era=EncodingEra.MODERN_WEB)["encoding"]
    except (ValueError, LookupError, ArithmeticError, IndexError):
        return "cp1252"
    codec = CODECS.get((found or "").lower(), "cp1252")
    return "cp1252" if codec in ("ascii", "utf-8") else codec


def _strictly(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except (UnicodeError, ValueError):
        return None


def _with_byte_order(codec: str, data: bytes) -> str:
    """Name the byte order of UTF-16 without a mark: zeros stand first in Latin text that is big-endian."""
    if codec != "utf-16" or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return codec
    sample = data[:2000]
    return "utf-16-be" if sample[0::2].count(0) > sample[1::2].count(0) else "utf-16-le"
