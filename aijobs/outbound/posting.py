"""Many small POSTs at a time, by one event loop: of each answer the status, the headers and a beginning of the body.

For who wants to know whether something has arrived, and may send it twice. Behind the same guard as the client of
everything else, which takes five times as long for a small request, and a thread for each that is under way.
"""

import asyncio
import socket
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from aijobs.outbound import guard
from aijobs.outbound.failures import Unavailable
from aijobs.outbound.guard import AddressRefused
from aijobs.outbound.purposes import Purpose

# How long to go on reading once the status is there.
GLANCE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Glance:
    """What could be seen of an answer. Nothing of a body that is compressed, which nobody asked for."""

    status: int
    headers: httpx.Headers
    content: bytes


@dataclass(slots=True)
class _Course:
    """Of one request: until when, in the loop's time; whether it has a connection, and one that has served before."""

    until: float
    connected: bool = False
    is_kept: bool = False


class _Resolver(AbstractResolver):
    """Names, by threads of its own. aiohttp connects to the addresses that were checked here, and to no others."""

    def __init__(self, purpose: Purpose, threads: int) -> None:
        self._purpose = purpose
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="resolver")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The look-up itself cannot be interrupted. Raises guard.NotPublic, guard.NotFound."""
        loop = asyncio.get_running_loop()
        addresses = await loop.run_in_executor(self._threads, guard.addresses, self._purpose, host, port)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


class Poster:
    """What one event loop sends. `kept_seconds`: how long a connection waits for the next request to the same server,
    shorter than servers wait. `resolvers`: names that are looked up at a time, each by a thread.
    """

    def __init__(self, purpose: Purpose, *, kept_seconds: float, resolvers: int) -> None:
        self._purpose = purpose
        self._kept_seconds = kept_seconds
        self._resolver = _Resolver(purpose, resolvers)
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._session:
            await self._session.close()
        await self._resolver.close()

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
        """`seconds`: until the status is there, after which the rest has a moment. `name` is whom the messages of
        failures are about. Redirects are not followed. Raises Unavailable, and AddressRefused.
        """
        if reason := guard.refusal(self._purpose, url):
            raise AddressRefused(url, reason)
        course = _Course(until=asyncio.get_running_loop().time() + seconds)
        try:
            answer = await self._ask(url, headers, body, course)
        except guard.NotPublic:
            raise AddressRefused(url, "is not a public address") from None
        except (guard.NotFound, aiohttp.ClientError, OSError, ValueError):
            # The last one: a host that httpx takes for a name, and aiohttp for none.
            if course.connected:
                raise Unavailable("NO_ANSWER", f"{name} did not answer in time, or closed the connection.") from None
            raise Unavailable("UNREACHABLE", f"{name} cannot be reached.") from None
        async with answer:
            found = httpx.Headers(answer.raw_headers)
            plain = found.get("content-encoding", "identity").strip().lower() == "identity"
            return Glance(answer.status, found, await _beginning(answer, most_bytes) if plain else b"")

    async def _ask(
        self, url: httpx.URL, headers: Mapping[str, str], body: bytes, course: _Course
    ) -> aiohttp.ClientResponse:
        self._session = self._session or self._opened()
        # httpx has encoded it.
        address = URL(str(url), encoded=True)
        while True:
            try:
                async with asyncio.timeout_at(course.until):
                    return await self._session.post(
                        address, data=body, headers=headers, allow_redirects=False, trace_request_ctx=course
                    )
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
                if not course.is_kept:
                    raise
            # The server has closed a connection that was not in use. That is not a failure: on to the next one.
            course.connected = course.is_kept = False

    def _opened(self) -> aiohttp.ClientSession:
        """As many connections as there are requests: how many that are is up to who sends."""
        connector = aiohttp.TCPConnector(
            resolver=self._resolver,
            use_dns_cache=False,
            # One after the other.
            happy_eyeballs_delay=None,
            ssl=guard.ssl_context(),
            limit=0,
            keepalive_timeout=self._kept_seconds,
        )
        course = aiohttp.TraceConfig()
        course.on_connection_create_end.append(_has_connected)
        course.on_connection_reuseconn.append(_has_kept)
        return aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[course],
        )


async def _has_connected(session: aiohttp.ClientSession, context: Any, parameters: object) -> None:
    context.trace_request_ctx.connected = True


async def _has_kept(session: aiohttp.ClientSession, context: Any, parameters: object) -> None:
    context.trace_request_ctx.connected = context.trace_request_ctx.is_kept = True


async def _beginning(answer: aiohttp.ClientResponse, most_bytes: int) -> bytes:
    """What comes of the body in a moment, however it goes on."""
    content = bytearray()
    with suppress(TimeoutError, aiohttp.ClientError):
        async with asyncio.timeout(GLANCE_SECONDS):
            while part := await answer.content.read(most_bytes - len(content)):
                content += part
    return bytes(content)
