"""The one client for addresses outside: public hosts only, bounded in time and size.

Tenants name hosts, and pages redirect to others: without a guard either could make a worker call this machine, its
cloud's metadata service, or a database beside it (SSRF). A name is resolved once for each connection, all its
addresses are checked, and the connection goes to one of those: a name that resolves to something else a moment later
(DNS rebinding) gains nothing.
"""

import ipaddress
import socket
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, partial
from ssl import SSLContext
from typing import Any, TypeAlias

import httpcore
import httpx

from aijobs.outbound.failures import Permanent
from aijobs.outbound.purposes import Purpose, is_opened

TIMEOUT_SECONDS = 10.0
# Of an answer whose status is what matters: how long to go on reading once that is there.
GLANCE_SECONDS = 1.0
_DEFAULT_PORTS = {"https": 443, "http": 80}
# A name may have hundreds of addresses, of which each may cost a timeout.
_MOST_ADDRESSES = 4
_LONGEST_NAME = 300
_OF_THE_ENCODED_BODY = {"content-encoding", "content-length", "transfer-encoding"}
_COMPRESSED = {"gzip", "x-gzip", "deflate"}
# zlib's: a gzip header or its own, whichever is there.
_EITHER_HEADER = zlib.MAX_WBITS | 32

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

# When the request that this thread sends must be over, by time.monotonic().
_until: ContextVar[float] = ContextVar("until", default=float("inf"))


class AddressRefused(Permanent):
    """The address is not one of the public internet."""

    def __init__(self, url: httpx.URL, reason: str) -> None:
        # Where a redirect leads may be of any length.
        name = f"{url.scheme}://{url.netloc.decode()}"[:_LONGEST_NAME]
        super().__init__("ADDRESS_REFUSED", f"{name} {reason}.")


class TooLarge(Permanent):
    def __init__(self, limit: int) -> None:
        super().__init__(
            "ANSWER_TOO_LARGE",
            f"The answer is larger than {limit // 1024} KiB, which is the most that the service reads.",
        )


class _NotPublic(Exception):
    """The name has an address that is not public."""


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


def _public_addresses(host: str, port: int) -> list[str]:
    """The host's addresses, IPv4 first. Raises _NotPublic where one is not public, ConnectError for none.

    The look-up itself has the resolver's own limit of time: it cannot be interrupted.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(f"{host} cannot be resolved") from error
    addresses = sorted({str(each[4][0]) for each in found}, key=lambda address: (":" in address, address))
    # A scope (fe80::1%eth0) names a link of this machine.
    if not addresses or any("%" in address or not is_public(address) for address in addresses):
        raise _NotPublic(host)
    return addresses[:_MOST_ADDRESSES]


@cache
def _ssl_context() -> SSLContext:
    """One for all clients: it takes 30 ms to read the certificate authorities."""
    return httpx.create_ssl_context()


def _left(timeout: float | None, error: type[httpcore.TimeoutException]) -> float:
    """How long one operation may take. Raises `error` where the request's time is over."""
    left = _until.get() - time.monotonic()
    if left <= 0:
        raise error("the answer took too long")
    return min(left, TIMEOUT_SECONDS if timeout is None else timeout)


class _TimedStream(httpcore.NetworkStream):
    """A connection whose every operation ends in the request's time, however the server drips."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        # A certificate's names are written without the root's dot.
        name = server_hostname.rstrip(".") if server_hostname else None
        left = _left(timeout, httpcore.ConnectTimeout)
        return _TimedStream(self._stream.start_tls(ssl_context, name, left))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _GuardedBackend(httpcore.NetworkBackend):
    """Connects to checked addresses only."""

    def __init__(self, purpose: Purpose) -> None:
        self._purpose = purpose
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = [host] if is_opened(self._purpose, host, port) else _public_addresses(host, port)
        for address in addresses:
            left = _left(timeout, httpcore.ConnectTimeout)
            try:
                return _TimedStream(self._backend.connect_tcp(address, port, left, local_address, socket_options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if address == addresses[-1]:
                    raise
        raise AssertionError("a name has at least one address")


class GuardedTransport(httpx.HTTPTransport):
    """Lets only public addresses through, and those that are opened for its purpose."""

    def __init__(self, purpose: Purpose, *, https_only: bool = True, kept_seconds: float = 0.0) -> None:
        """`kept_seconds`: how long a connection is kept for the next request. What is written to one that the server
        has just closed may have arrived or not, so that is for who may send twice, and shorter than servers wait.
        """
        # Not the base's: it has no way to hand over a backend.
        self._purpose = purpose
        self._https_only = https_only
        self._pool = httpcore.ConnectionPool(
            ssl_context=_ssl_context(),
            # Who asks many at once bounds that; waiting here would look like a server that is away.
            max_connections=None,
            max_keepalive_connections=None if kept_seconds else 0,
            keepalive_expiry=kept_seconds,
            network_backend=_GuardedBackend(purpose),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if reason := refusal(self._purpose, request.url, https_only=self._https_only):
            raise AddressRefused(request.url, reason)
        try:
            return super().handle_request(request)
        except _NotPublic:
            raise AddressRefused(request.url, "is not a public address") from None


def refusal(purpose: Purpose, url: httpx.URL, *, https_only: bool = True) -> str:
    """What is wrong with the URL as such; empty where nothing is. Where its name leads to, only a call finds out."""
    host = url.raw_host.decode("ascii")
    schemes = ["https"] if https_only else ["http", "https"]
    if url.userinfo:
        return "must not have a user name or password"
    if url.scheme in _DEFAULT_PORTS and is_opened(purpose, host, url.port or _DEFAULT_PORTS[url.scheme]):
        return ""
    # httpx has no port for the usual one.
    if url.scheme not in schemes or url.port is not None or not host:
        return f"is not allowed. Use {' or '.join(schemes)} on its usual port"
    return "is not a public address" if _is_private(host) else ""


def _is_private(host: str) -> bool:
    """Whether it is an IP address, and not a public one."""
    try:
        return not is_public(host)
    except ValueError:
        return False


def open_client(
    purpose: Purpose, *, https_only: bool = True, headers: Mapping[str, str] | None = None
) -> httpx.Client:
    """A client that goes through the guard, and through no proxy that the environment names."""
    transport = GuardedTransport(purpose, https_only=https_only)
    client = httpx.Client(transport=transport, timeout=TIMEOUT_SECONDS, trust_env=False, headers=headers)
    # What `send` decodes: httpx would add what else is installed.
    client.headers["accept-encoding"] = "gzip, deflate"
    return client


class _Handing(httpx.BaseTransport):
    """Sends nothing itself."""

    def __init__(self, answer: Callable[[httpx.Request], httpx.Response]) -> None:
        self._answer = answer

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._answer(request)


def open_library_client(answer: Callable[[httpx.Request], httpx.Response]) -> httpx.Client:
    """For a library that wants a client of its own: whatever it sends is handed to `answer`, which uses ours."""
    return httpx.Client(transport=_Handing(answer), trust_env=False)


def send(client: httpx.Client, request: httpx.Request, *, most_bytes: int, seconds: float) -> httpx.Response:
    """The answer, read whole. `seconds` bounds it all: a server that drips does not hold the worker.

    Redirects are not followed: httpx would read their bodies whole. `next_request` is where one leads.
    Raises httpx.HTTPError, AddressRefused and TooLarge.
    """
    ask = partial(client.send, stream=True, follow_redirects=False)
    with _answered(ask, request, seconds) as response:
        return _whole(response, most_bytes)


def glance(transport: GuardedTransport, request: httpx.Request, *, most_bytes: int, seconds: float) -> httpx.Response:
    """The answer's status and headers, with the beginning of its body: what is wrong with the rest changes nothing.

    For who wants to know whether something has arrived, of many: what a client adds to its transport (cookies,
    redirects, merged headers) is a third of what a small request costs. `seconds` bounds it all. Raises
    httpx.HTTPError and AddressRefused.
    """
    with _answered(transport.handle_request, request, seconds) as response:
        _until.set(min(_until.get(), time.monotonic() + GLANCE_SECONDS))
        content = _beginning(response, most_bytes)
    headers = [pair for pair in response.headers.multi_items() if pair[0].lower() not in _OF_THE_ENCODED_BODY]
    return httpx.Response(response.status_code, headers=headers, content=content, request=request)


@contextmanager
def _answered(
    ask: Callable[[httpx.Request], httpx.Response], request: httpx.Request, seconds: float
) -> Iterator[httpx.Response]:
    """The answer with its body still to be read, within the time that bounds it all."""
    before = _until.set(time.monotonic() + seconds)
    try:
        response = ask(request)
        try:
            yield response
        finally:
            response.close()
    except (UnicodeError, httpx.InvalidURL) as error:
        # Punycode that is none, in the address itself or in that of a redirect.
        raise AddressRefused(request.url, "is malformed, or leads to a malformed address") from error
    finally:
        _until.reset(before)


def _beginning(response: httpx.Response, most_bytes: int) -> bytes:
    """As much as arrives; nothing of what is compressed, which nobody asked for."""
    content = bytearray()
    if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
        return b""
    try:
        for chunk in response.iter_raw():
            content += chunk
            if len(content) >= most_bytes:
                break
    except httpx.HTTPError:
        # Slow, cut short, or not what it says it is.
        return bytes(content[:most_bytes])
    return bytes(content[:most_bytes])


def _whole(response: httpx.Response, most_bytes: int) -> httpx.Response:
    content = _read(response, most_bytes)
    # As read, so already decoded.
    headers = [pair for pair in response.headers.multi_items() if pair[0].lower() not in _OF_THE_ENCODED_BODY]
    whole = httpx.Response(response.status_code, headers=headers, content=content, request=response.request)
    whole.next_request = response.next_request
    return whole


def _read(response: httpx.Response, most_bytes: int) -> bytes:
    """The decoded body. Not by httpx: it decodes whatever arrived in one go, a thousandfold, and for each of several
    encodings again.
    """
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding in _COMPRESSED:
        return _inflated(response, most_bytes)
    if encoding not in ("", "identity"):
        raise httpx.DecodingError("the answer's encoding was not asked for", request=response.request)
    content = bytearray()
    for chunk in response.iter_raw():
        content += chunk
        if len(content) > most_bytes:
            raise TooLarge(most_bytes)
    return bytes(content)


def _inflated(response: httpx.Response, most_bytes: int) -> bytes:
    decoder = zlib.decompressobj(_EITHER_HEADER)
    content = bytearray()
    try:
        for chunk in response.iter_raw():
            # Less than asked for means that the chunk is used up.
            content += decoder.decompress(chunk, most_bytes + 1 - len(content))
            if len(content) > most_bytes:
                raise TooLarge(most_bytes)
            # The decoder would keep whatever follows.
            if decoder.eof:
                break
    except zlib.error as error:
        raise httpx.DecodingError("the answer is not compressed as it says", request=response.request) from error
    if response.num_bytes_downloaded and not decoder.eof:
        raise httpx.DecodingError("the answer is cut short", request=response.request)
    return bytes(content)
