"""Many small POSTs at a time, by one event loop: of each answer the status, the headers and a beginning of the body.

For who wants to know whether something has arrived, and may send it twice. Behind the same guard as the client of
everything else, which takes five times as long for a small request, and a thread for each that is under way.
"""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias, cast

import httptools
import httpx

from aijobs.outbound import guard
from aijobs.outbound.failures import Unavailable
from aijobs.outbound.guard import AddressRefused
from aijobs.outbound.purposes import Purpose

# How long to go on reading once the status is there.
GLANCE_SECONDS = 1.0
# Of all that comes before the body: as much as other clients take.
MOST_HEAD_BYTES = 100_000

# Whether it is encrypted, the host, and the port.
_Place: TypeAlias = tuple[bool, str, int]


@dataclass(frozen=True, slots=True)
class Glance:
    """What could be seen of an answer. Nothing of a body that is compressed, which nobody asked for."""

    status: int
    headers: httpx.Headers
    content: bytes


class _Answer:
    """What has come of one answer. httptools calls the methods whose names begin with `on_`."""

    def __init__(self, most_bytes: int) -> None:
        loop = asyncio.get_running_loop()
        # 0 until there is one that is final.
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.content = bytearray()
        # The bytes that came; whether they end the answer; and whether the server keeps the connection then.
        self.received = 0
        self.whole = self.lasting = False
        # Whether the connection is gone, which nobody here has closed.
        self.lost = False
        # Done as soon as there is a status, or nothing to wait for; and as soon as nothing more is worth waiting for.
        self.begun: asyncio.Future[None] = loop.create_future()
        self.over: asyncio.Future[None] = loop.create_future()
        self._most_bytes = most_bytes
        self._parser = httptools.HttpResponseParser(self)

    def feed(self, data: bytes) -> None:
        self.received += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            # What has been seen is what there is.
            self.end()
        if len(self.content) >= self._most_bytes or self.received > MOST_HEAD_BYTES + self._most_bytes:
            self.end()

    def end(self) -> None:
        for each in (self.begun, self.over):
            if not each.done():
                each.set_result(None)

    def on_message_begin(self) -> None:
        if self.status:
            # A second one, which nobody asked for.
            self.lasting = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.begun.done():
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if self.status:
            return
        if httpx.codes.is_informational(status):
            self.headers.clear()
            return
        self.status = status
        self.lasting = self._parser.should_keep_alive()
        if not self.begun.done():
            self.begun.set_result(None)

    def on_body(self, data: bytes) -> None:
        if not self.over.done():
            self.content += data[: self._most_bytes - len(self.content)]

    def on_message_complete(self) -> None:
        if self.status:
            self.whole = True
            self.end()


class _Connection(asyncio.Protocol):
    """A connection, and the answer that it is to bring at the moment."""

    def __init__(self) -> None:
        self.closed = False
        # Closes it when nobody has used it for long enough.
        self.timer: asyncio.TimerHandle | None = None
        self._answer: _Answer | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's own are no subclass.
        self._transport = cast("asyncio.Transport", transport)

    def ask(self, request: bytes, most_bytes: int) -> _Answer:
        self._answer = _Answer(most_bytes)
        self._transport.write(request)
        return self._answer

    def rest(self) -> None:
        """Nothing is asked: what comes now is none of our business."""
        self._answer = None

    def data_received(self, data: bytes) -> None:
        if self._answer:
            self._answer.feed(data)
        else:
            self.close()

    def connection_lost(self, error: Exception | None) -> None:
        if self._answer:
            self._answer.lost = not self.closed
            self._answer.end()
        self.closed = True

    def close(self) -> None:
        """At once: a server could keep a polite end waiting."""
        self.closed = True
        self._transport.abort()


class Poster:
    """What one event loop sends. `kept_seconds`: how long a connection waits for the next request to the same server,
    shorter than servers wait. `resolvers`: names that are looked up at a time, each by a thread.
    """

    def __init__(self, purpose: Purpose, *, kept_seconds: float, resolvers: int) -> None:
        self._purpose = purpose
        self._kept_seconds = kept_seconds
        self._kept: dict[_Place, list[_Connection]] = {}
        self._resolvers = ThreadPoolExecutor(resolvers, thread_name_prefix="resolver")

    def close(self) -> None:
        for each in [connection for kept in self._kept.values() for connection in kept]:
            each.close()
        self._resolvers.shutdown(wait=False, cancel_futures=True)

    async def post(
        self,
        url: httpx.URL,
        headers: Mapping[str, str],
        body: bytes,
        *,
        name: str,
        most_bytes: int,
        seconds: float,
    ) -> Glance:
        """`seconds` bounds it all; `name` is whom the messages of failures are about. Redirects are not followed.

        Raises Unavailable, and AddressRefused.
        """
        if reason := guard.refusal(self._purpose, url):
            raise AddressRefused(url, reason)
        until = asyncio.get_running_loop().time() + seconds
        place = (url.scheme == "https", url.raw_host.decode("ascii"), url.port or guard.DEFAULT_PORTS[url.scheme])
        request = _written(url, headers, body)
        answer = None
        if connection := self._take(place):
            answer = await self._ask(place, connection, request, most_bytes, until)
        if answer is None or (answer.lost and not answer.received):
            # None was kept, or the server has closed it before it had the request.
            try:
                connection = await self._connect(place, until)
            except guard.NotPublic:
                raise AddressRefused(url, "is not a public address") from None
            except (guard.NotFound, OSError, ValueError):
                raise Unavailable("UNREACHABLE", f"{name} cannot be reached.") from None
            answer = await self._ask(place, connection, request, most_bytes, until)
        if not answer.status:
            raise Unavailable("NO_ANSWER", f"{name} did not answer in time, or closed the connection.")
        found = httpx.Headers(answer.headers)
        plain = found.get("content-encoding", "identity").strip().lower() == "identity"
        return Glance(answer.status, found, bytes(answer.content) if plain else b"")

    async def _ask(
        self, place: _Place, connection: _Connection, request: bytes, most_bytes: int, until: float
    ) -> _Answer:
        """What came until then."""
        answer = connection.ask(request, most_bytes)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(until) as limit:
                    await answer.begun
                    if not answer.over.done():
                        limit.reschedule(min(until, asyncio.get_running_loop().time() + GLANCE_SECONDS))
                    await answer.over
        finally:
            if answer.whole and answer.lasting and not connection.closed:
                self._keep(place, connection)
            else:
                connection.close()
        return answer

    async def _connect(self, place: _Place, until: float) -> _Connection:
        """To a checked address, of those that answer the first one. The look-up itself cannot be interrupted."""
        encrypted, host, port = place
        loop = asyncio.get_running_loop()
        # A certificate's names are written without the root's dot.
        tls, name = (guard.ssl_context(), host.rstrip(".")) if encrypted else (None, None)
        if guard.is_literal(host):
            found = guard.addresses(self._purpose, host, port)
        else:
            found = await loop.run_in_executor(self._resolvers, guard.addresses, self._purpose, host, port)
        async with asyncio.timeout_at(until):
            for address in found:
                try:
                    _, connection = await loop.create_connection(
                        _Connection, address, port, ssl=tls, server_hostname=name
                    )
                except OSError:
                    if address == found[-1]:
                        raise
                else:
                    return connection
        raise AssertionError("a name has at least one address")

    def _take(self, place: _Place) -> _Connection | None:
        """One that is kept, and that the server has not closed as far as is known."""
        kept = self._kept.get(place, [])
        while kept:
            connection = kept.pop()
            if connection.timer:
                connection.timer.cancel()
            if not connection.closed:
                return connection
        return None

    def _keep(self, place: _Place, connection: _Connection) -> None:
        connection.rest()
        self._kept.setdefault(place, []).append(connection)
        loop = asyncio.get_running_loop()
        connection.timer = loop.call_later(self._kept_seconds, self._drop, place, connection)

    def _drop(self, place: _Place, connection: _Connection) -> None:
        connection.close()
        self._kept[place].remove(connection)
        if not self._kept[place]:
            del self._kept[place]


def _written(url: httpx.URL, headers: Mapping[str, str], body: bytes) -> bytes:
    """The request as it is sent. httpx has encoded the URL: there is no space and no line in it."""
    lines = [b"POST %b HTTP/1.1" % url.raw_path, b"host: %b" % url.netloc, b"content-length: %d" % len(body)]
    lines += [f"{name}: {value}".encode("ascii") for name, value in headers.items()]
    return b"\r\n".join([*lines, b"", body])
