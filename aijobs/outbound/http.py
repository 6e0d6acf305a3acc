"""The one client for addresses outside that the guard lets through, bounded in time and size.

Many small POSTs at a time have a client of their own, behind the same guard: see posting.
"""

import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from ssl import SSLContext
from typing import Any

import httpcore
import httpx

from aijobs.outbound import guard
from aijobs.outbound.failures import Permanent
from aijobs.outbound.guard import AddressRefused
from aijobs.outbound.purposes import Purpose

TIMEOUT_SECONDS = 10.0
_OF_THE_ENCODED_BODY = {"content-encoding", "content-length", "transfer-encoding"}
_COMPRESSED = {"gzip", "x-gzip", "deflate"}
# zlib's: a gzip header or its own, whichever is there.
_EITHER_HEADER = zlib.MAX_WBITS | 32

# When the request that this thread sends must be over, by time.monotonic().
_until: ContextVar[float] = ContextVar("until", default=float("inf"))


class TooLarge(Permanent):
    def __init__(self, limit: int) -> None:
        super().__init__(
            "ANSWER_TOO_LARGE",
            f"The answer is larger than {limit // 1024} KiB, which is the most that the service reads.",
        )


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
        try:
            found = guard.addresses(self._purpose, host, port)
        except guard.NotFound as error:
            raise httpcore.ConnectError(str(error)) from error
        for address in found:
            left = _left(timeout, httpcore.ConnectTimeout)
            try:
                return _TimedStream(self._backend.connect_tcp(address, port, left, local_address, socket_options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if address == found[-1]:
                    raise
        raise AssertionError("a name has at least one address")


class GuardedTransport(httpx.HTTPTransport):
    """Lets only public addresses through, and those that are opened for its purpose."""

    def __init__(self, purpose: Purpose, *, https_only: bool = True) -> None:
        # Not the base's: it has no way to hand over a backend.
        self._purpose = purpose
        self._https_only = https_only
        self._pool = httpcore.ConnectionPool(
            ssl_context=guard.ssl_context(),
            # Who asks many at once bounds that; waiting here would look like a server that is away. None is kept:
            # what is written to one that the server has just closed may have arrived or not.
            max_connections=None,
            max_keepalive_connections=0,
            network_backend=_GuardedBackend(purpose),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if reason := guard.refusal(self._purpose, request.url, https_only=self._https_only):
            raise AddressRefused(request.url, reason)
        try:
            return super().handle_request(request)
        except guard.NotPublic:
            raise AddressRefused(request.url, "is not a public address") from None


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
    before = _until.set(time.monotonic() + seconds)
    try:
        response = client.send(request, stream=True, follow_redirects=False)
        try:
            return _whole(response, most_bytes)
        finally:
            response.close()
    except (UnicodeError, httpx.InvalidURL) as error:
        # Punycode that is none, in the address itself or in that of a redirect.
        raise AddressRefused(request.url, "is malformed, or leads to a malformed address") from error
    finally:
        _until.reset(before)


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
