"""HTTP load from one process: connections that each send the next request when the last one is answered.

Raw sockets, because every client library takes more of the two cores than the servers that it measures.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import orjson

from tests.benchmarks.measuring import percentile

CONNECTIONS = 16


@dataclass
class Traffic:
    """What came back. `latencies` in seconds, in the order of the answers."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.latencies) / self.seconds

    def percentile_ms(self, share: float) -> float:
        return 1000 * percentile(self.latencies, share)


def request(method: str, path: str, body: object = None, **headers: str) -> bytes:
    """A request's bytes."""
    content = b"" if body is None else orjson.dumps(body)
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(content)}"]
    lines += ["Content-Type: application/json"] if content else []
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "\r\n"]).encode() + content


class _Connection(asyncio.Protocol):
    def __init__(self, requests: Iterator[bytes], expected: bytes, traffic: Traffic, until: float) -> None:
        self.requests, self.expected, self.traffic, self.until = requests, expected, traffic, until
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.received = b""
        self.sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._send()

    def _send(self) -> None:
        following = next(self.requests, None) if time.perf_counter() < self.until else None
        if following is None:
            self.done.set_result(None)
            return
        self.sent_at = time.perf_counter()
        self.transport.write(following)

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, separator, body = self.received.partition(b"\r\n\r\n")
        if not separator or len(body) < _content_length(head):
            return
        if not head.startswith(self.expected):
            self.done.set_exception(AssertionError(self.received.decode()))
            return
        self.traffic.latencies.append(time.perf_counter() - self.sent_at)
        self.received = b""
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server closed the connection"))


def _content_length(head: bytes) -> int:
    lowered = head.lower()
    begin = lowered.index(b"content-length:") + len(b"content-length:")
    return int(lowered[begin : lowered.find(b"\r", begin) if b"\r" in lowered[begin:] else None])


def send(
    port: int,
    requests: Callable[[], Iterator[bytes]],
    *,
    seconds: float = 3600.0,
    status: int = 201,
    connections: int = CONNECTIONS,
) -> Traffic:
    """Send until the requests or the seconds are over. Every answer must have the status."""
    return asyncio.run(_send(port, requests(), seconds, f"HTTP/1.1 {status} ".encode(), connections))


async def _send(port: int, requests: Iterator[bytes], seconds: float, expected: bytes, connections: int) -> Traffic:
    traffic = Traffic()
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    pairs = [
        await loop.create_connection(
            lambda: _Connection(requests, expected, traffic, began + seconds), "127.0.0.1", port
        )
        for _ in range(connections)
    ]
    try:
        await asyncio.gather(*(protocol.done for _, protocol in pairs))
        traffic.seconds = time.perf_counter() - began
    finally:
        for transport, _ in pairs:
            transport.close()
    return traffic
