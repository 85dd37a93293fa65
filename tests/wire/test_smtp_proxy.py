"""The PROXY protocol: only proxies of named networks are asked, and what they say is the client's address."""

import ipaddress
import socket
import struct
import threading
from pathlib import Path
from typing import Any

import pytest

from gateway.config import load
from gateway.errors import ConfigError
from gateway.inbound import smtp_proxy
from tests.wire.smtp_peer import HANG_SECONDS, Client, House, house
from tests.wire.test_smtp_tls import make_certificate, start_tls

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
BELIEVING: dict[str, Any] = {"proxy_protocol": True, "proxy_networks": ["127.0.0.0/8"]}
V1 = b"PROXY TCP4 192.0.2.7 127.0.0.1 4711 25\r\n"


def v2(source: str, *, command: int = 1, notes: bytes = b"") -> bytes:
    address = ipaddress.ip_address(source)
    other = b"\x7f\0\0\1" if address.version == 4 else b"\0" * 15 + b"\1"
    tail = address.packed + other + struct.pack("!HH", 4711, 25) + notes
    return (
        SIGNATURE
        + bytes([0x20 | command, 0x11 if address.version == 4 else 0x21])
        + struct.pack("!H", len(tail))
        + tail
    )


HEADERS = {
    "version 1": (V1, "192.0.2.7"),
    "version 1, IPv6": (b"PROXY TCP6 2001:db8::7 ::1 4711 25\r\n", "2001:db8::7"),
    "version 1, unknown": (b"PROXY UNKNOWN\r\n", ""),
    "version 2": (v2("192.0.2.7"), "192.0.2.7"),
    "version 2, IPv6": (v2("2001:db8::7"), "2001:db8::7"),
    "version 2 with notes": (v2("192.0.2.7", notes=b"\x04\x00\x03abc"), "192.0.2.7"),
    "version 2, a health check": (v2("192.0.2.7", command=0), ""),
}
NONE = {
    "SMTP": b"EHLO client.example.org\r\n",
    "other words": b"PROXYTCP4 192.0.2.7 127.0.0.1 1 2\r\n",
    "no end": b"PROXY " + b"x" * 200,
    "another signature": b"\r\n\r\n\x00\r\nQUIX\n" + b"\0" * 20,
    "endless": SIGNATURE + b"\x21\x11\xff\xff",
    "nonsense": b"PROXY TCP4 here there 1 2\r\n",
    "another version": SIGNATURE + b"\x31\x11\x00\x00",
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_is_found_and_read_however_it_is_cut(name: str) -> None:
    header, source = HEADERS[name]
    for cut in range(1, len(header)):
        assert smtp_proxy.header_bytes(header[:cut]) in (None, len(header))
    assert smtp_proxy.header_bytes(header + b"EHLO") == len(header)
    assert smtp_proxy.read(header) == smtp_proxy.Introduced(source)


@pytest.mark.parametrize("name", NONE)
def test_what_is_no_header_is_refused(name: str) -> None:
    raw = NONE[name]
    try:
        length = smtp_proxy.header_bytes(raw)
    except ValueError:
        return
    assert length is not None
    assert smtp_proxy.read(raw[:length]) is None


def introduced(h: House, header: bytes) -> Client:
    client = h.client(hello=False)
    client.send(header)
    assert client.reply().startswith("220 ")
    assert client.command("EHLO client.example.org").startswith("250")
    return client


@pytest.mark.parametrize("name", ["version 1", "version 2", "version 2, a health check"])
def test_the_clients_address_is_the_one_that_the_proxy_names(name: str) -> None:
    header, source = HEADERS[name]
    with house(**BELIEVING) as h, introduced(h, header) as client:
        assert client.deliver().startswith("250 ")
        assert h.store.mails[0].envelope.peer == (source or "127.0.0.1")


def test_caps_count_the_clients_and_not_the_proxy() -> None:
    """SM-10."""
    with house(**BELIEVING, max_connections_per_address=1) as h, introduced(h, V1):
        with introduced(h, V1.replace(b"192.0.2.7", b"192.0.2.8")):
            pass
        with h.client(hello=False) as client:
            client.send(V1)
            assert client.reply().startswith("421 4.7.0")


def test_a_header_in_pieces_with_the_dialogue_behind_it() -> None:
    with house(**BELIEVING) as h, h.client(hello=False) as client:
        client.send(V1[:10])
        client.send(V1[10:] + b"EHLO client.example.org\r\n")
        assert client.reply().startswith("220 ")
        assert client.reply().startswith("250")


@pytest.mark.parametrize("name", ["SMTP", "endless", "nonsense"])
def test_a_proxy_that_does_not_introduce_its_client_is_hung_up_on_without_a_word(name: str) -> None:
    with house(**BELIEVING) as h:
        with h.client(hello=False) as client:
            client.send(NONE[name])
            assert client.ended()
        with introduced(h, V1):
            pass


def test_a_silent_proxy_is_hung_up_on_in_time_and_one_that_goes_away_is_forgotten() -> None:
    """SM-07."""
    with house(**BELIEVING, read_timeout_seconds=0.2) as h:
        with h.client(hello=False):
            pass
        with h.client(hello=False) as client:
            client.send(V1[:9])
            assert client.ended()


def test_stopping_does_not_wait_for_a_silent_proxy() -> None:
    """SM-19."""
    with house(**BELIEVING) as h:
        with introduced(h, V1):
            # Accepted in the order in which they came, so the silent one is there when this one is greeted.
            client = h.client(hello=False)
            with introduced(h, V1):
                pass
        h.listener.stop()
        assert client.ended()


def test_nobody_else_can_borrow_an_address() -> None:
    """ID-05: else whoever connects could speak as a trusted relay."""
    with house(proxy_protocol=True, proxy_networks=["192.0.2.0/24"]) as h, h.client() as client:
        assert client.command(V1.rstrip()).startswith("500 ")
        assert client.deliver().startswith("250 ")
        assert h.store.mails[0].envelope.peer == "127.0.0.1"
    with pytest.raises(ConfigError, match="proxy_networks"):
        load(smtp={"proxy_protocol": True})


def test_tls_from_the_first_byte_behind_the_header(tmp_path: Path) -> None:
    """The header and the first bytes of TLS may come in one packet."""
    secured: dict[str, Any] = make_certificate(tmp_path, "example.com")
    with house(**BELIEVING, tls="implicit", **secured) as h:
        with h.client(hello=False) as client:
            client.socket = joined(client.socket, V1)
            start_tls(client)
            assert client.reply().startswith("220 ")
            assert client.command("EHLO client.example.org").startswith("250")
            assert client.deliver().startswith("250 ")
        assert h.store.mails[0].envelope.peer == "192.0.2.7"


def joined(plain: socket.socket, header: bytes) -> socket.socket:
    """Return a socket whose first bytes leave together with the header."""
    near, far = socket.socketpair()
    for end in (near, far):
        end.settimeout(HANG_SECONDS)
    _Pump(far, plain, header).start()
    _Pump(plain, far, b"").start()
    return near


class _Pump(threading.Thread):
    """Hands bytes on; the first ones behind a header."""

    def __init__(self, source: socket.socket, target: socket.socket, header: bytes) -> None:
        super().__init__(daemon=True)
        self._source, self._target, self._header = source, target, header

    def run(self) -> None:
        try:
            while data := self._source.recv(65536):
                self._target.sendall(self._header + data)
                self._header = b""
        except OSError:
            pass
        for end in (self._source, self._target):
            end.close()
