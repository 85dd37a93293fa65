"""The listener's certificate, taken anew when its files change: a renewal needs no restart.

Files are looked at when a client begins TLS, so nothing watches and no signal is needed.  A pair that does not fit (the
certificate is renewed, its key not yet) leaves the former one in use, and the next client is another occasion.
"""

import ssl
from pathlib import Path

from gateway import maillog
from gateway.errors import ConfigError

_Stamp = tuple[tuple[int, int, int], ...]


class Certificates:
    """Hands out the context of the present certificate.  Raises ConfigError when there is none that can be used."""

    def __init__(self, certificate: str, key: str) -> None:
        if not certificate or not key:
            raise ConfigError("TLS needs both smtp.tls_cert and smtp.tls_key; set the other one too.")
        self._files = (Path(certificate), Path(key))
        self._tried = self._stamp()
        try:
            self._context = self._load()
        except OSError:  # SSLError is one
            raise ConfigError(
                "smtp.tls_cert and smtp.tls_key must name a readable PEM certificate and its private key."
            ) from None

    def current(self) -> ssl.SSLContext:
        """Return the context for the next handshake; never raises."""
        stamp = self._stamp()
        if stamp and stamp != self._tried:
            self._tried = stamp
            try:
                self._context = self._load()
            except OSError as error:
                maillog.smtp_certificate(taken=False, why=type(error).__name__)
            else:
                maillog.smtp_certificate(taken=True, why="")
        return self._context

    def _load(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*self._files)
        return context

    def _stamp(self) -> _Stamp:
        """Return what changes with the files; () while one is not there, in the middle of a renewal."""
        try:
            return tuple((s.st_mtime_ns, s.st_ino, s.st_size) for s in (file.stat() for file in self._files))
        except OSError:
            return ()


def certificates(certificate: str, key: str) -> Certificates | None:
    """Return the certificates of the settings; None where TLS is not set up.  Raises ConfigError."""
    return Certificates(certificate, key) if certificate or key else None
