"""DKIM: sign what we send, where `[dkim]` names a key.  Pure; dkimpy is imported only when there is one.

Every field that a reader sees is signed, and From once more than it stands there: a second one cannot be added.
The signed bytes are the ones that are stored and sent on every try.  Source: RFC 6376 5.4 and 8.15, RFC 8301.
"""

from collections.abc import Callable

from gateway.errors import ConfigError

Sign = Callable[[bytes], bytes]
SIGNED = (
    b"from",
    *(b"to", b"subject", b"date", b"message-id", b"reply-to", b"in-reply-to", b"references"),
    *(b"mime-version", b"content-type", b"auto-submitted", b"x-case-gateway"),
)
OVERSIGNED = (b"from", b"to", b"subject")
_TRIAL = b"From: a@example.com\r\nTo: b@example.com\r\nSubject: s\r\n\r\nx\r\n"


def signer(*, selector: str, domain: str, key: bytes) -> Sign:
    """Return what puts a signature on top of a mail.  key: an RSA key of 1024 bits or more, PEM.

    Raises ConfigError when the key cannot sign, or the extra `mailauth` is not installed.
    """
    try:
        import dkim
    except ImportError:
        raise ConfigError("[dkim] needs the extra mailauth: pip install 'case-gateway[mailauth]'.") from None

    def sign(raw: bytes) -> bytes:
        head = raw.partition(b"\r\n\r\n")[0].lower()
        there = [name for name in SIGNED if b"\n" + name + b":" in b"\n" + head]
        signature = dkim.sign(
            raw,
            selector.encode("ascii"),
            domain.encode("ascii"),
            key,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=[*there, *OVERSIGNED],
        )
        return bytes(signature) + raw

    try:
        sign(_TRIAL)
    except Exception as error:
        raise ConfigError(f"dkim.key_file cannot sign ({type(error).__name__}); it must be an RSA key, PEM.") from None
    return sign
