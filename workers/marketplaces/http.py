"""The one client for addresses outside: public hosts only, bounded in time and size.

Tenants name hosts, and pages redirect to others: without a guard either could make a worker call this machine, its
cloud's metadata service, or a database beside it (SSRF). Every request, a redirect's too, is resolved here once, each
address is checked, and the connection goes to a checked address: a name that resolves to something else a moment
later (DNS rebinding) gains nothing.
"""

import ipaddress
import socket
import time
from typing import Any

import httpx
from django.conf import settings

from workers.marketplaces.protocol import Permanent

TIMEOUT_SECONDS = 10.0
_OF_THE_ENCODED_BODY = {"content-encoding", "content-length", "transfer-encoding"}
# NAT64: an IPv4 address inside an IPv6 one, which Python takes for a public address.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class AddressRefused(Permanent):
    """The address is not one of the public internet."""

    def __init__(self, url: httpx.URL, reason: str) -> None:
        super().__init__("ADDRESS_REFUSED", f"{url.scheme}://{url.netloc.decode()} {reason}.")


class TooLarge(Permanent):
    def __init__(self, limit: int) -> None:
        super().__init__("ANSWER_TOO_LARGE", f"The answer is larger than {limit // 1024} KiB.")


class GuardedTransport(httpx.BaseTransport):
    """Connects to checked addresses only. `AIJOBS_OUTBOUND_ALLOW` names the exceptions as host:port."""

    def __init__(self, *, https_only: bool) -> None:
        self._schemes = {"https"} if https_only else {"https", "http"}
        # No connection is kept: they are kept by address, and another name at that address must not reuse one that
        # was verified for this name.
        self._inner = httpx.HTTPTransport(limits=httpx.Limits(max_keepalive_connections=0))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        port = url.port or {"https": 443, "http": 80}.get(url.scheme, 0)
        if f"{url.host}:{port}" in settings.AIJOBS_OUTBOUND_ALLOW:
            return self._inner.handle_request(request)
        if url.scheme not in self._schemes or port not in (80, 443):
            raise AddressRefused(url, "is not allowed: https on its usual port is")
        name = url.raw_host.decode("ascii")
        for address in (addresses := _public_addresses(url)):
            request.url = url.copy_with(host=address)
            request.extensions = {**request.extensions, "sni_hostname": name}
            try:
                return self._inner.handle_request(request)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if address == addresses[-1]:
                    raise
            finally:
                # What redirects and errors refer to is the name.
                request.url = url
        raise AssertionError("a name has at least one address")

    def close(self) -> None:
        self._inner.close()


def _public_addresses(url: httpx.URL) -> list[str]:
    """The host's addresses, IPv4 first. Raises AddressRefused where one is not public, ConnectError for none."""
    try:
        found = socket.getaddrinfo(url.host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpx.ConnectError(f"{url.host} cannot be resolved") from error
    addresses = sorted({str(each[4][0]) for each in found}, key=lambda address: (":" in address, address))
    for address in addresses:
        if not is_public(address):
            raise AddressRefused(url, "is not a public address")
    return addresses


def is_public(address: str) -> bool:
    """Whether an IP address, or the IPv4 address inside an IPv6 one, belongs to the public internet."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)))
        inside = parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo and parsed.teredo[1])
        if inside:
            return is_public(str(inside))
    return parsed.is_global and not parsed.is_multicast


def open_client(*, https_only: bool = True, **options: Any) -> httpx.Client:
    """A client that goes through the guard, and through no proxy that the environment names."""
    return httpx.Client(
        transport=GuardedTransport(https_only=https_only), timeout=TIMEOUT_SECONDS, trust_env=False, **options
    )


def send(client: httpx.Client, request: httpx.Request, *, most_bytes: int, seconds: float) -> httpx.Response:
    """The answer, read whole. `seconds` bounds it all: a server that drips its body does not hold the worker.

    Raises httpx.HTTPError, AddressRefused and TooLarge.
    """
    until = time.monotonic() + seconds
    response = client.send(request, stream=True)
    try:
        content = bytearray()
        for chunk in response.iter_bytes():
            content += chunk
            if len(content) > most_bytes:
                raise TooLarge(most_bytes)
            if time.monotonic() > until:
                raise httpx.ReadTimeout("the answer took too long", request=request)
    finally:
        response.close()
    # As read, so already decoded.
    headers = [pair for pair in response.headers.multi_items() if pair[0].lower() not in _OF_THE_ENCODED_BODY]
    return httpx.Response(response.status_code, headers=headers, content=bytes(content), request=response.request)
