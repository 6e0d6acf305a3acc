"""A WSGI application as granian's RSGI serves it: without what the network can do to its threads.

Granian's own WSGI interface makes one header of `X-Tenant-ID` and `X_Tenant_ID`, and a thread waits for a body for as
long as the caller likes. Here an event loop waits, and a thread is taken when a body, or its first part, is there.
"""

import asyncio
import io
import logging
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from functools import partial
from queue import SimpleQueue
from threading import Thread
from time import monotonic
from typing import IO, TYPE_CHECKING
from wsgiref.types import WSGIApplication, WSGIEnvironment

import orjson
from django.db import close_old_connections
from django.http import UnreadablePostError
from granian.rsgi import HTTPProtocol, Scope  # type: ignore[attr-defined]  # no __all__

from aijobs.api.answering import REQUESTS
from aijobs.errors import RequestTimeout
from config import streaming
from config.streaming import Streamed

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

logger = logging.getLogger(__name__)

# Measured: more than four at a time only add to everybody's time.
THREADS = 4
# Strangers may log in at the admin; the seller's requests have threads that those cannot take.
STAFF_THREADS = 2
STAFF = "/admin/"
# /readyz, and the page at / that says the same in words, wait for the database and the broker, some seconds where
# they do not answer. /healthz asks nobody.
READINESS_THREADS = 2
# How long a request waits for a thread. With all of them taken for so long, something is wrong (a database that does
# not answer, uploads that stall).
WAIT_SECONDS = 2.0
# Files of any length that staff export: a part of one is written at a time, and the pages do not wait for it.
EXPORT_THREADS = 1
EXPORT = "/export/"
# Those that sellers export: none waits for staff, and no request for any of them. A thread writes a part of one file
# and then of another, also where nothing is found to write, so who asks for the next waits a moment.
SELLERS_EXPORT_THREADS = 2
SELLERS_EXPORT = "/api/ai-jobs/export"
# Marks a request that found no thread, in the WSGI environment: see config.middleware.
BUSY = "aijobs.busy"
# A body of which nothing arrives for so long is given up, as granian does with a head. So is one that has been waited
# for so much longer than it takes at this rate: a byte now and then would hold a thread for ever.
SILENCE_SECONDS = 30.0
SLOWEST_BYTES_PER_SECOND = 32 * 1024
# A thread is taken when a body is there, or a byte more of it than any endpoint reads whole
# (DATA_UPLOAD_MAX_MEMORY_SIZE). Only imports, those of JSON among them, are read in their thread, as they come.
LARGEST = 1024 * 1024
IMPORTS = "/api/catalogue/"
READ_AHEAD = 64 * 1024
# So many bodies may be longer than that at a time, while they are awaited: memory is bounded.
LARGE_AT_ONCE = 64
# A body that was refused is read on for a while before the answer. If the connection were closed at once, the caller
# would see it reset while still sending, and not the answer.
LINGER_BYTES = 4 * 1024 * 1024
LINGER_SECONDS = 2.0
# A body that was given up is let go by granian a moment later. Answered before that, its caller's connection would
# stay open: nothing would look at it again.
LETTING_GO_SECONDS = 0.1
# In the API's envelope. Nothing else knows of a request whose body has not come.
TOO_SLOW = orjson.dumps({"error": {"code": RequestTimeout.code, "message": RequestTimeout.default_message}})
OVERLOADED = b'{"error":{"code":"SERVICE_UNAVAILABLE","message":"The service is busy. Try again in a moment."}}'


# What sends a status, headers and a body.
Send = Callable[[int, list[tuple[str, str]], bytes], object]


class Body:
    """A request's body, as it arrives. Only the event loop fetches, one chunk after the other."""

    def __init__(self, protocol: HTTPProtocol, length: int | None, silence_seconds: float) -> None:
        self._chunks: AsyncIterator[bytes] = aiter(protocol)
        self.missing = length
        self._silence_seconds = silence_seconds
        self._patience = silence_seconds
        self.open = True
        # A chunk was waited for in vain.
        self.given_up = False

    async def fetch(self) -> bytes:
        """The next bytes, none at the end. Raises TimeoutError, and ConnectionError where the body ends early."""
        if not self.open:
            return b""
        # Granian must not be asked again after a fetch that was given up.
        self.open, self.given_up = False, True
        began = monotonic()
        async with asyncio.timeout(min(self._silence_seconds, self._patience)):
            # Not `anext` with a default, which granian's futures do not know. They end with an empty chunk.
            chunk = await anext(self._chunks)
        self.given_up = False
        self._patience += len(chunk) / SLOWEST_BYTES_PER_SECOND - (monotonic() - began)
        if self.missing is None:
            self.open = bool(chunk)
            if not chunk and not await self._is_at_its_end():
                raise ConnectionError("the caller is gone")
        elif not chunk:
            raise ConnectionError("the caller is gone")
        else:
            self.missing -= len(chunk)
            self.open = self.missing > 0
        return chunk

    async def _is_at_its_end(self) -> bool:
        """Of a chunked body: granian has an empty chunk for its end, and for a caller that is gone before.

        And for trailers, which cannot be told from that: better one who sends them refused than half an import whole.
        """
        try:
            await anext(self._chunks)
        except StopAsyncIteration:
            return True
        return False

    async def fetch_at_least(self, size: int) -> bytes:
        """So much of it, or all there is."""
        chunks: list[bytes] = []
        while self.open and size > 0:
            chunks.append(await self.fetch())
            size -= len(chunks[-1])
        return b"".join(chunks)

    async def drain(self) -> None:
        """Read on before the answer, within bounds. What is left then closes the connection."""
        left = LINGER_BYTES
        with suppress(OSError):
            async with asyncio.timeout(LINGER_SECONDS):
                while self.open and left > 0:
                    left -= len(await self.fetch())

    async def let_go(self) -> None:
        if self.given_up:
            await asyncio.sleep(LETTING_GO_SECONDS)


class Input(io.RawIOBase):
    """What a thread reads: the first part of a body, which is there, then the rest, which the event loop fetches."""

    def __init__(self, first: bytes, body: Body | None, loop: asyncio.AbstractEventLoop) -> None:
        """Without a body, the rest is longer than anything reads: it must not pass for an end."""
        super().__init__()
        self._ready = memoryview(first)
        self._body = body
        self._loop = loop

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Raises UnreadablePostError, as Django does, where the rest does not come."""
        if not self._ready:
            if self._body is None:
                raise UnreadablePostError("the body is longer than any endpoint reads")
            try:
                self._ready = memoryview(asyncio.run_coroutine_threadsafe(self._body.fetch(), self._loop).result())
            except OSError as error:
                raise UnreadablePostError(str(error)) from None
        room = memoryview(buffer).cast("B")
        size = min(len(room), len(self._ready))
        room[:size], self._ready = self._ready[:size], self._ready[size:]
        return size


class Threads:
    """Run calls one after the other in each of so many threads. A tenth of what concurrent.futures costs.

    A thread takes the next call by itself: with the loop between them it would wait until the loop has a turn.
    """

    def __init__(
        self, number: int, wait_seconds: float, around: Callable[[], AbstractContextManager[object]] = nullcontext
    ) -> None:
        self._tickets: SimpleQueue[tuple[list[Callable[[], None]], asyncio.Future[bool]]] = SimpleQueue()
        self._wait_seconds = wait_seconds
        self._around = around
        # A request has waited in vain, and no call has ended since.
        self._stuck = False
        for _ in range(number):
            Thread(target=self._work, daemon=True).start()

    async def run(self, call: Callable[[], None]) -> bool:
        """Returns when the call, which does not raise, is done; or False where no thread became free in time.

        Where a request has waited in vain, newcomers do not wait either, until one of the others is through.
        """
        if self._stuck:
            return False
        loop = asyncio.get_running_loop()
        done: asyncio.Future[bool] = loop.create_future()
        # Whoever takes the call out has it: a thread, or who no longer waits for one.
        ticket = [call]
        self._tickets.put((ticket, done))
        timer = loop.call_later(self._wait_seconds, self._give_up, ticket, done)
        try:
            return await done
        finally:
            timer.cancel()
            ticket.clear()

    def _give_up(self, ticket: list[Callable[[], None]], done: "asyncio.Future[bool]") -> None:
        # Said before the call is taken out: whoever then finds its ticket empty is a free thread, and takes it back.
        self._stuck = True
        try:
            ticket.pop()
        except IndexError:
            # A thread was first, and is perhaps through with it by now.
            self._stuck = False
            return
        _tell(done, False)

    def _work(self) -> None:
        while True:
            ticket, done = self._tickets.get()
            try:
                call = ticket.pop()
            except IndexError:
                # Nobody waits for it any more.
                self._stuck = False
                continue
            self._do(call, done)

    def _do(self, call: Callable[[], None], done: "asyncio.Future[bool]") -> None:
        try:
            with self._around():
                call()
        except BaseException:
            # Such as SystemExit. The thread is worth more than what was asked of it.
            logger.exception("a call that should not fail has failed")
        finally:
            self._stuck = False
            # Where the loop is closed, the process ends.
            with suppress(RuntimeError):
                done.get_loop().call_soon_threadsafe(_tell, done, True)


def _tell(done: "asyncio.Future[bool]", is_done: bool) -> None:
    """Unless nobody waits any more."""
    if not done.done():
        done.set_result(is_done)


class Gateway:
    """A WSGI application as one of RSGI's."""

    def __init__(
        self,
        application: WSGIApplication,
        silence_seconds: float = SILENCE_SECONDS,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        self._application = application
        self._silence_seconds = silence_seconds
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)
        # What imports give way to: probes come every few seconds, whether or not anybody wants something.
        self._threads = Threads(THREADS, wait_seconds, REQUESTS.counted)
        self._staff = Threads(STAFF_THREADS, wait_seconds, REQUESTS.counted)
        self._exports = Threads(EXPORT_THREADS, wait_seconds, _connections_returned)
        self._sellers_exports = Threads(SELLERS_EXPORT_THREADS, wait_seconds, _connections_returned)
        self._readiness = Threads(READINESS_THREADS, wait_seconds)
        # For requests that wait for nobody, the refused ones among them: so it is free in a moment.
        self._swift = Threads(1, SILENCE_SECONDS)

    async def __rsgi__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        environ = environ_of(scope)
        body = _body(environ, protocol, self._silence_seconds)
        if body is not None:
            try:
                environ["wsgi.input"] = await self._input(body, is_import=scope.path.startswith(IMPORTS))
            except OSError:
                await body.let_go()
                protocol.response_bytes(408, [("content-type", "application/json")], TOO_SLOW)
                return
        threads = self._threads_for(scope.path)
        if body is None or not body.open:
            streamed = await self._run(threads, environ, protocol.response_bytes)
        else:
            # An answer to a body that was not read whole is sent behind what is still coming, within bounds.
            answers: list[tuple[int, list[tuple[str, str]], bytes]] = []
            streamed = await self._run(threads, environ, lambda *answer: answers.append(answer))
            await body.drain()
            await body.let_go()
            for answer in answers:
                protocol.response_bytes(*answer)
        if streamed:
            await streaming.send(streamed, protocol, threads.run)

    async def _input(self, body: Body, *, is_import: bool) -> IO[bytes]:
        """Raises OSError for a body that does not come."""
        first = await body.fetch_at_least(READ_AHEAD)
        # What is too long already is refused without being awaited.
        if body.open and not is_import and (body.missing or 0) <= LARGEST:
            async with self._large:
                first += await body.fetch_at_least(LARGEST + 1 - len(first))
        if not body.open:
            return io.BytesIO(first)
        rest = body if is_import else None
        return io.BufferedReader(Input(first, rest, asyncio.get_running_loop()), READ_AHEAD)

    async def _run(self, threads: Threads, environ: WSGIEnvironment, send: Send) -> Streamed | None:
        """Have a thread answer. What is to be streamed is not sent yet."""
        streamed: list[Streamed] = []
        answer = partial(self._answer, environ, send, streamed)
        if not await threads.run(answer):
            environ[BUSY] = True
            if not await self._swift.run(answer):
                send(503, [("content-type", "application/json")], OVERLOADED)
        return streamed[0] if streamed else None

    def _threads_for(self, path: str) -> Threads:
        if path.startswith(STAFF):
            return self._exports if path.endswith(EXPORT) else self._staff
        path = path.rstrip("/")
        if path == SELLERS_EXPORT:
            return self._sellers_exports
        match path:
            case "/healthz":
                return self._swift
            case "/readyz" | "":
                return self._readiness
        return self._threads

    def _answer(self, environ: WSGIEnvironment, send: Send, streamed: list[Streamed]) -> None:
        """Call the application, in a thread, and send what it answers; not what is streamed."""
        status = 500
        headers: list[tuple[str, str]] = []
        written: list[bytes] = []

        def start_response(
            line: str, fields: list[tuple[str, str]], exc_info: object = None, /
        ) -> Callable[[bytes], object]:
            nonlocal status, headers
            status, headers = int(line.partition(" ")[0]), fields
            return written.append

        try:
            answer = self._application(environ, start_response)
            with ExitStack() as closing:
                closing.callback(getattr(answer, "close", _nothing))
                is_streamed = streaming.is_streamed(answer, headers)
                if is_streamed and environ["REQUEST_METHOD"] == "HEAD":
                    # Nobody would ever read it.
                    send(status, headers, b"")
                elif is_streamed:
                    # Whoever sends it closes it.
                    streamed.append(Streamed(status, headers, iter(answer), closing.pop_all().close))
                else:
                    send(status, headers, b"".join([*written, *answer]))
        except Exception:
            # Without an answer granian sends a 500 of its own.
            logger.exception("the application failed")


def environ_of(scope: Scope) -> WSGIEnvironment:
    """WSGI's description of a request, without headers that could pass for others: X_Tenant_ID for X-Tenant-ID."""
    server, _, port = scope.server.rpartition(":")
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        # WSGI's strings are bytes in disguise.
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "SERVER_NAME": server.strip("[]"),
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    headers = scope.headers
    # Not its items, which leave out a value that is not ASCII: by name it is there, and empty.
    for name in headers.keys():  # noqa: SIM118  # granian's, which is no dictionary
        if "_" not in name:
            joined = ("; " if name == "cookie" else ",").join(headers.get_all(name))  # type: ignore[attr-defined]  # not in its stubs
            folded = name.upper().replace("-", "_")
            environ[folded if folded in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{folded}"] = joined
    if "HTTP_HOST" not in environ and scope.authority:
        environ["HTTP_HOST"] = scope.authority
    return environ


def _body(environ: WSGIEnvironment, protocol: HTTPProtocol, silence_seconds: float) -> Body | None:
    if "HTTP_TRANSFER_ENCODING" in environ:
        return Body(protocol, None, silence_seconds)
    length = int(str(environ.get("CONTENT_LENGTH") or 0))
    return Body(protocol, length, silence_seconds) if length else None


def _nothing() -> None:
    """For answers that need not be closed."""


@contextmanager
def _connections_returned() -> Iterator[None]:
    """After each part of a file: the next one may be written by another thread, and not before its caller likes.

    Django returns those of the thread that begins an answer, and of the one that closes it.
    """
    try:
        yield
    finally:
        close_old_connections()
