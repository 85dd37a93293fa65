"""WH-01: forms of private addresses, and all that is not plainly a web address, are refused before any call."""

from collections.abc import Sequence

import pytest

from gateway.errors import InvalidInput
from gateway.outbound import destinations, webhooks

# Each of them leads to this machine, this network, or nowhere on the internet.
PRIVATE = (
    *("http://127.0.0.1/", "https://127.0.0.1/", "http://127.0.0.1:8025/x", "http://127.1", "http://127.0.1"),
    *("http://2130706433", "http://0x7f.1", "http://0x7f000001", "http://0x7F.0.0.1", "http://017700000001"),
    *("http://0177.0.0.1", "http://127.0.0.1.", "http://0", "http://0.0.0.0", "http://10.0.0.1"),
    *("http://10.255.255.254", "http://172.16.0.1", "http://172.31.255.254", "http://192.168.1.1"),
    *("http://169.254.169.254/latest/meta-data", "http://100.64.0.1", "http://198.18.0.1", "http://192.0.0.8"),
    *("http://192.0.2.1", "http://198.51.100.7", "http://203.0.113.9", "http://224.0.0.1", "http://240.0.0.1"),
    *("http://255.255.255.255", "http://192.88.99.1", "https://[::1]/", "https://[::]/"),
    *("https://[0:0:0:0:0:0:0:1]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/"),
    *("https://[::ffff:0:127.0.0.1]/", "https://[::127.0.0.1]/", "https://[64:ff9b::7f00:1]/"),
    *("https://[64:ff9b::10.0.0.1]/", "https://[64:ff9b:1::7f00:1]/", "https://[2002:7f00:1::]/"),
    *("https://[2001:0:7f00:1::]/", "https://[fe80::1]/", "https://[fe80::1%25eth0]/", "https://[fec0::1]/"),
    *("https://[fc00::1]/", "https://[fd00:ec2::254]/", "https://[ff02::1]/", "https://[2001:db8::1]/"),
    *("https://[100::1]/", "https://[3fff::1]/", "https://[5f00::1]/", "http://localhost", "https://localhost."),
    *("https://LOCALHOST/", "https://foo.localhost/", "https://printer.local/"),
    *("https://metadata.google.internal/", "https://intranet/", "https://router.lan/", "https://db.corp/"),
    *("https://x.home.arpa/",),
)
UNCLEAR = (
    *("http://example.com@127.0.0.1", "http://127.0.0.1#@example.com", "http://example.com\\@127.0.0.1"),
    *(
        "http://127.0.0.1\\.example.com",
        "https://user@example.com/",
        "https://u:p@example.com/",
        "https://:@example.com",
    ),
    *("http:///127.0.0.1", "http:127.0.0.1", "//127.0.0.1", "127.0.0.1", "", " ", "https://", "https:///x"),
    *("gopher://127.0.0.1:6379/_x", "file:///etc/passwd", "ftp://example.com/", "dict://example.com:11211/"),
    *("javascript:alert(1)", "data:text/plain,x", "HTTPS+unix://x", "ws://example.com/"),
    *(
        "http://１２７.0.0.1",
        "http://127。0。0。1",
        "http://①②⑦.0.0.1",
        "https://exämple.com/",
        "https://ex\u200bample.com",
    ),
    *("https://exa mple.com", "https://example.com/a b", "https://example.com/\r\nX: y", "https://example.com/\0"),
    *("https://-x.com", "https://x..com", "https://[v1.fe80]/", "https://[127.0.0.1]/", "https://1.2.3.4.5/"),
    *("https://[::1", "https://::1/", "https://example.com:443:80/", "https://example.com/#part", "https://a.1e3.0x1/"),
    *("https://example.com:0/", "https://example.com:99999/", "https://example.com:-1/", "https://example.com:x/"),
    "https://" + "a" * 2000 + ".com/",
)
PORTS = (21, 22, 23, 25, 53, 110, 143, 389, 445, 587, 993, 3306, 5432, 6379, 9200, 11211, 27017, 2375)
PUBLIC = ("93.184.216.34", "8.8.8.8", "2606:4700:4700::1111", "2a00:1450:4001:80b::200e")


class Names:
    """A resolver that says what it was told, in turn, and counts how often it was asked."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers, self.asked = list(answers), 0

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked += 1
        return list(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])


def test_there_are_more_than_forty_forms() -> None:
    assert len(PRIVATE) >= 60


@pytest.mark.parametrize("url", PRIVATE)
def test_a_form_of_a_private_address_is_refused_at_save(url: str) -> None:
    with pytest.raises(InvalidInput):
        webhooks.check(url, (), find=Names(["93.184.216.34"]))


@pytest.mark.parametrize("url", UNCLEAR)
def test_what_can_be_read_in_two_ways_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput):
        webhooks.check(url, destinations.networks(["0.0.0.0/0", "::/0"]), find=Names(["127.0.0.1"]))


@pytest.mark.parametrize("port", PORTS)
def test_ports_of_other_services_are_refused_even_in_an_allowed_network(port: int) -> None:
    with pytest.raises(InvalidInput, match=f"Port {port}"):
        webhooks.check(f"https://93.184.216.34:{port}/", destinations.networks(["93.184.216.0/24"]))


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_called_over_tls_only(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    assert webhooks.check(f"https://{host}/hook", ()).host == address
    with pytest.raises(InvalidInput, match="https://"):
        webhooks.check(f"http://{host}/hook", ())


@pytest.mark.parametrize("private", ["127.0.0.1", "10.1.2.3", "::1", "fe80::1", "::ffff:10.0.0.1", "169.254.169.254"])
def test_one_private_address_among_public_ones_spoils_a_name(private: str) -> None:
    for answer in ([private], ["93.184.216.34", private], [private, "93.184.216.34"]):
        with pytest.raises(InvalidInput):
            webhooks.check("https://hooks.example.com/", (), find=Names(answer))


def test_an_allowed_network_may_be_called_without_tls_and_by_a_local_name() -> None:
    allowed = destinations.networks(["127.0.0.0/8", "fd00::/8"])
    for url in ("http://127.0.0.1:8123/hook", "http://[fd00::7]/", "https://127.9.9.9/"):
        webhooks.check(url, allowed)
    webhooks.check("http://localhost:8123/", allowed, find=Names(["127.0.0.1"]))
    for url in ("http://10.0.0.1/", "http://[::1]/", "http://[::ffff:127.0.0.1]/"):
        with pytest.raises(InvalidInput):
            webhooks.check(url, allowed)
    with pytest.raises(InvalidInput):
        webhooks.check("http://localhost:8123/", allowed, find=Names(["127.0.0.1", "::1"]))


def test_a_public_name_without_an_address_just_now_is_kept_and_a_local_one_is_not() -> None:
    assert webhooks.check("https://hooks.example.com/x", (), find=Names([])).host == "hooks.example.com"
    for url in ("https://localhost/", "https://box.internal/", "http://hooks.example.com/x"):
        with pytest.raises(InvalidInput):
            webhooks.check(url, (), find=Names([]))


def test_a_refusal_is_one_sentence_and_names_the_setting() -> None:
    with pytest.raises(InvalidInput) as refused:
        webhooks.check("https://10.0.0.1/?token=canary", ())
    assert "allowed_networks" in str(refused.value)
    assert "canary" not in str(refused.value)
