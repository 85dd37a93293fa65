"""Where a webhook may go: the form of its address, and the networks that are never called.

The law: an address that can be read in two ways is refused, and so is every network that is not the public internet,
unless an operator allowed it.  A name is as good as the addresses that it has at the moment of the call, all of them.
The tables below are the special-purpose registries: Python's own `is_global` differs between its versions.
Pure: resolving is the caller's.  Source: WH-01, RFC 6890, RFC 4291, RFC 6052, the URL standard of the WHATWG.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from gateway.errors import InvalidInput

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

URL_LENGTH = 2000
DEFAULT_PORTS = {"https": 443, "http": 80}
# Below 1024 only the web's own ports; above it, those of databases, caches and consoles that answer anybody.
WEB_PORTS = frozenset({80, 443})
FIRST_FREE_PORT = 1024
NEVER_PORTS = frozenset(
    {
        *(1433, 1521, 2049, 2375, 2376, 2379, 2380, 3306, 3389, 4444, 5432, 5601, 5672, 5900, 5984, 6000, 6379),
        *(6443, 6665, 6666, 6667, 6668, 6669, 6697, 7000, 7001, 8086, 8500, 9042, 9092, 9200, 9300, 10250, 11211),
        *(15672, 27017, 27018, 50070),
    }
)
NOT_PUBLIC_4 = tuple(
    IPv4Network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24"),
        *("203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    )
)
# All public addresses are in 2000::/3; so mapped, compatible and translated IPv4, local and multicast ones are not.
PUBLIC_6 = IPv6Network("2000::/3")
NOT_PUBLIC_6 = tuple(
    IPv6Network(network)
    # Teredo and its neighbours, documentation, 6to4 (an IPv4 address inside), documentation again.
    for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
# Names that mean this machine or this network, whatever a resolver says.
LOCAL_NAMES = (
    "localhost",
    "local",
    "localdomain",
    "internal",
    "intranet",
    "lan",
    "home",
    "corp",
    "private",
    "home.arpa",
    "onion",
)

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PLAIN = re.compile(r"[!#-;=?-\[\]_a-z~A-Z%&]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where a call goes.  host: a name in lower case, or an address.  address: None for a name."""

    url: str
    scheme: str
    host: str
    port: int
    address: Address | None


def read(url: str) -> Destination:
    """Read the address of a webhook.  Raises InvalidInput, in one sentence, for all that is not plainly a web address.

    Nothing is looked up: whether its network may be called, `refusal` says.
    """
    if len(url) > URL_LENGTH or not _PLAIN.fullmatch(url):
        raise InvalidInput(
            f"Write the webhook's address in plain ASCII, at most {URL_LENGTH} characters, like https://example.com/hook."
        )
    parts = _split(url)
    if parts.scheme not in DEFAULT_PORTS:
        raise InvalidInput("A webhook's address begins with https:// (or with http:// in an allowed network).")
    if "@" in parts.netloc:
        raise InvalidInput("A webhook's address holds no user name or password; it proves itself by its signature.")
    if parts.fragment or "#" in url:
        raise InvalidInput("A webhook's address has no part behind a #.")
    host, port = _host(parts), _port(parts)
    return Destination(url=url, scheme=parts.scheme, host=host, port=port, address=_parsed(host))


def networks(written: Sequence[str]) -> tuple[Network, ...]:
    """Return networks as the settings hold them."""
    return tuple(ip_network(one, strict=False) for one in written)


def refusal(to: Destination, addresses: Sequence[str], allowed: Sequence[Network]) -> str:
    """Say why a call may not go there, "" when it may.

    addresses: all that its host has at this moment.  One bad address spoils a name, and so does none at all.
    """
    if not addresses:
        return "its name has no address"
    if all(is_allowed(one, allowed) for one in addresses):
        return ""
    if to.address is None and is_local_name(to.host):
        return "its name means this machine or a private network"
    if not all(is_public(one) or is_allowed(one, allowed) for one in addresses):
        return "it has an address in a private or special network"
    if to.scheme != "https":
        return "outside the allowed networks it must begin with https://"
    return ""


def is_public(address: str) -> bool:
    """Say whether an address belongs to the public internet.  False for what is no address."""
    match _parsed(address):
        case IPv4Address() as four:
            return not any(four in network for network in NOT_PUBLIC_4)
        case IPv6Address() as six:
            return six in PUBLIC_6 and six.scope_id is None and not any(six in network for network in NOT_PUBLIC_6)
        case _:
            return False


def is_allowed(address: str, allowed: Sequence[Network]) -> bool:
    """Say whether an operator allowed the network of an address (`[webhooks] allowed_networks`)."""
    parsed = _parsed(address)
    return parsed is not None and any(parsed.version == one.version and parsed in one for one in allowed)


def is_local_name(host: str) -> bool:
    """Say whether a name means this machine or this network: its last part does, or it has one part only."""
    name = host.rstrip(".")
    return "." not in name or any(name == local or name.endswith(f".{local}") for local in LOCAL_NAMES)


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        raise InvalidInput("This is no web address; write it like https://example.com/hook.") from None


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if "[" in parts.netloc:
        # A zone names an interface of this machine, so the address is none of the internet.
        if not isinstance(_parsed(host), IPv6Address) or "%" in host:
            raise InvalidInput("The part in brackets is not one plain IPv6 address.")
        return host
    labels = host.removesuffix(".").split(".")
    if not all(_LABEL.fullmatch(label) for label in labels) or len(host) > 253:
        raise InvalidInput("The webhook's address names no host; write a name in its ASCII form, or an address.")
    # `127.1`, `0x7f.1` and `2130706433` are 127.0.0.1 for some programs and a name for others.
    if _NUMERIC.fullmatch(labels[-1]) and not isinstance(_parsed(host), IPv4Address):
        raise InvalidInput("Write an IPv4 address as four plain decimal numbers.")
    return host


def _port(parts: SplitResult) -> int:
    try:
        port = parts.port if parts.port is not None else DEFAULT_PORTS[parts.scheme]
    except ValueError:
        raise InvalidInput("The port is no number from 1 to 65535.") from None
    if port in NEVER_PORTS or (port < FIRST_FREE_PORT and port not in WEB_PORTS):
        raise InvalidInput(f"Port {port} belongs to another service; a webhook listens on 443, 80 or a free port.")
    return port


def _parsed(address: str) -> Address | None:
    try:
        return ip_address(address)
    except ValueError:
        return None
