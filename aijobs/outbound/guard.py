"""What may be called outside: public hosts only, and what the operator has opened.

Tenants name hosts, and pages redirect to others: without a guard either could make a worker call this machine, its
cloud's metadata service, or a database beside it (SSRF). A name is resolved once for each connection, all its
addresses are checked, and the connection goes to one of those: a name that resolves to something else a moment later
(DNS rebinding) gains nothing.
"""

import ipaddress
import socket
from functools import cache
from ssl import SSLContext
from typing import TypeAlias

import httpx

from aijobs.outbound.failures import Permanent
from aijobs.outbound.purposes import Purpose, is_opened

DEFAULT_PORTS = {"https": 443, "http": 80}
# A name may have hundreds of addresses, of which each may cost a timeout.
_MOST_ADDRESSES = 4
_LONGEST_NAME = 300

_Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
# All that is assigned to the public IPv6 internet. Site-local, IPv4-compatible, local NAT64 and more are outside it.
_PUBLIC_IPV6 = ipaddress.ip_network("2000::/3")
# NAT64: where there is no IPv4, the public IPv4 internet has these addresses.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# What `is_global` takes for public, in some versions of Python or in all.
_NOT_PUBLIC: list[_Network] = [
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # protocol assignments; of them 192.0.0.192 is Oracle's metadata service
        "192.88.99.0/24",  # 6to4 relays
        "168.63.129.16/32",  # Azure's host, as its machines see it
        "2001::/23",  # protocol assignments, Teredo, ORCHID
        "2002::/16",  # 6to4: an IPv4 address within
        "3fff::/20",  # documentation
    )
]


class AddressRefused(Permanent):
    """The address is not one of the public internet."""

    def __init__(self, url: httpx.URL, reason: str) -> None:
        # Where a redirect leads may be of any length.
        name = f"{url.scheme}://{url.netloc.decode()}"[:_LONGEST_NAME]
        super().__init__("ADDRESS_REFUSED", f"{name} {reason}.")


class NotPublic(Exception):
    """The name has an address that is not public."""


class NotFound(Exception):
    """The name has no address."""


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet. Tunnels to IPv4 other than NAT64 do not."""
    parsed = ipaddress.ip_address(address)
    if any(parsed in network for network in _NOT_PUBLIC if network.version == parsed.version):
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)))
        return parsed in _PUBLIC_IPV6 and parsed.is_global
    return parsed.is_global and not parsed.is_multicast


def addresses(purpose: Purpose, host: str, port: int) -> list[str]:
    """The host's addresses, IPv4 first. Raises NotPublic where one is not public and nobody opened it, else NotFound.

    The look-up itself has the resolver's own limit of time: it cannot be interrupted.
    """
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotFound(f"{host} cannot be resolved") from error
    found = sorted({str(each[4][0]) for each in answers}, key=lambda address: (":" in address, address))
    # A scope (fe80::1%eth0) names a link of this machine.
    if not is_opened(purpose, host, port) and any("%" in each or not is_public(each) for each in found):
        raise NotPublic(host)
    return found[:_MOST_ADDRESSES]


@cache
def ssl_context() -> SSLContext:
    """One for all clients: it takes 30 ms to read the certificate authorities."""
    return httpx.create_ssl_context()


def refusal(purpose: Purpose, url: httpx.URL, *, https_only: bool = True) -> str:
    """What is wrong with the URL as such; empty where nothing is. Where its name leads to, only a call finds out."""
    host = url.raw_host.decode("ascii")
    schemes = ["https"] if https_only else ["http", "https"]
    if url.userinfo:
        return "must not have a user name or password"
    if url.scheme in DEFAULT_PORTS and is_opened(purpose, host, url.port or DEFAULT_PORTS[url.scheme]):
        return ""
    # httpx has no port for the usual one.
    if url.scheme not in schemes or url.port is not None or not host:
        return f"is not allowed. Use {' or '.join(schemes)} on its usual port"
    return "" if _is_name(host) or _is_public_literal(host) else "is not a public address"


def _is_name(host: str) -> bool:
    """Whether it has to be looked up. What clients may take for a number of any kind (127.1, 2130706433) has not."""
    return ":" not in host and not host.replace(".", "").isdigit()


def _is_public_literal(host: str) -> bool:
    try:
        # A scope (fe80::1%eth0) names a link of this machine.
        return "%" not in host and is_public(host)
    except ValueError:
        return False
