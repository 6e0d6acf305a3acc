"""Answers that an application streams: sent as they are written, through a pipe that granian reads as a file.

Granian keeps in memory what a slow caller has not taken yet, and takes any amount of it; and an answer that fails on
the way it ends as if that were all. Of a file it reads a part at a time, and where it cannot read on it cuts off the
answer. So a slow caller costs neither memory nor a thread, and an answer that reaches its end is whole.
"""

import asyncio
import fcntl
import logging
import os
import select
import termios
from array import array
from collections.abc import Awaitable, Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from io import FileIO
from time import monotonic
from typing import TypeVar

from granian.rsgi import HTTPProtocol  # type: ignore[attr-defined]  # no __all__

from aijobs.api.answering import GivingWay

logger = logging.getLogger(__name__)

# What a thread writes before another answer has its turn: about so many bytes, or what it finds in so long.
PART_BYTES = 64 * 1024
PART_SECONDS = 0.2
# A caller that takes nothing for so long is given up; and one that takes a part more slowly than this.
TAKE_SECONDS = 30.0
SLOWEST_BYTES_PER_SECOND = 32 * 1024
# An empty pipe takes so much at once.
FIRST_BYTES = 4096
# Granian opens a file within milliseconds. A connection that was given up is looked at again after longer.
OPENING_SECONDS = 0.002
ABANDONED_SECONDS = 1.0
# Where no thread is free to go on.
BUSY_SECONDS = 0.2

Headers = list[tuple[str, str]]
# Where no thread becomes free, it says False.
RunInThread = Callable[[Callable[[], None]], Awaitable[bool]]
T = TypeVar("T")


def is_streamed(answer: Iterable[bytes], headers: Headers) -> bool:
    """Django's streaming responses whose length nobody knows. That of a static file is in its headers."""
    return getattr(answer, "streaming", False) and not any(name.lower() == "content-length" for name, _ in headers)


def read_first(chunks: Iterator[bytes]) -> tuple[bytes, bool]:
    """A beginning, and whether there may be more. Nothing is the whole of it."""
    part, more = read_part(chunks)
    while more and not part:
        part, more = read_part(chunks)
    return part, more


def read_part(chunks: Iterator[bytes]) -> tuple[bytes, bool]:
    """What comes next, which may be nothing yet, and whether there may be more."""
    give_way = GivingWay()
    until = monotonic() + PART_SECONDS
    part: list[bytes] = []
    size = 0
    for chunk in chunks:
        part.append(chunk)
        size += len(chunk)
        if size >= PART_BYTES or monotonic() > until:
            return b"".join(part), True
        give_way()
    return b"".join(part), False


@dataclass
class Streamed:
    """An answer that has begun. `rest` and `close` are called in threads."""

    status: int
    headers: Headers
    first: bytes
    rest: Iterator[bytes]
    close: Callable[[], None]


async def send(streamed: Streamed, protocol: HTTPProtocol, run_in_thread: RunInThread) -> None:
    """To its end. Where it fails, or the caller takes too long, the connection is closed before that."""
    pipe = Pipe()
    is_whole = False
    try:
        protocol.response_file(streamed.status, streamed.headers, pipe.path)
        await _pass_on(streamed, pipe, run_in_thread)
        is_whole = True
    except (BrokenPipeError, TimeoutError) as error:
        logger.info("the caller does not take the rest of an answer: %r", error)
    except Exception:
        logger.exception("an answer failed on its way")
    try:
        await _in_thread(streamed.close, run_in_thread)
    finally:
        if is_whole:
            pipe.end()
        else:
            await pipe.cut()


async def _pass_on(streamed: Streamed, pipe: "Pipe", run_in_thread: RunInThread) -> None:
    await pipe.begin(streamed.first)
    more = True
    while more:
        part, more = await _in_thread(partial(read_part, streamed.rest), run_in_thread)
        await pipe.write(part)


async def _in_thread(call: Callable[[], T], run_in_thread: RunInThread) -> T:
    """What it returns or raises, as soon as a thread is free for it."""
    outcome: Future[T] = Future()

    def keep() -> None:
        try:
            outcome.set_result(call())
        except Exception as error:
            outcome.set_exception(error)

    while not await run_in_thread(keep):
        await asyncio.sleep(BUSY_SECONDS)
    # A call that ended otherwise, such as by SystemExit, has no outcome: it must not be waited for in the event loop.
    return outcome.result(timeout=0)


class Pipe:
    """Its reader is granian, which opens it by its path, some moments after it was told to."""

    def __init__(self) -> None:
        reader, self._writer = os.pipe()
        self._reader = FileIO(reader)
        self.path = f"/dev/fd/{reader}"
        os.set_blocking(self._writer, False)

    async def begin(self, first: bytes) -> None:
        """Wait until it is read. Raises TimeoutError where it is not: the caller is gone already."""
        written = os.write(self._writer, first[:FIRST_BYTES])
        async with asyncio.timeout(TAKE_SECONDS):
            while self._unread() == written:
                await asyncio.sleep(OPENING_SECONDS)
        # From now on there is one reader, and who writes is told when it is gone.
        self._reader.close()
        await self.write(first[written:])

    async def write(self, part: bytes) -> None:
        """Raises BrokenPipeError where the caller is gone, and TimeoutError for one that takes too long."""
        left = memoryview(part)
        async with asyncio.timeout(TAKE_SECONDS + len(part) / SLOWEST_BYTES_PER_SECOND):
            while left:
                try:
                    left = left[os.write(self._writer, left) :]
                except BlockingIOError:
                    await self._room()

    def end(self) -> None:
        """What is in the pipe is read to its end."""
        os.close(self._writer)

    async def cut(self) -> None:
        """Have granian fail to read on: it closes the connection, and the answer has no end.

        A pipe without a writer is at its end, so the writer stays until nobody reads any more.
        """
        self._reader.close()
        for reader in self._readers():
            os.set_blocking(reader, False)
        with suppress(OSError):
            # One that waits for more already goes on waiting until there is.
            os.write(self._writer, b"\n")
        while not self._is_abandoned():
            await asyncio.sleep(ABANDONED_SECONDS)
        os.close(self._writer)

    def _unread(self) -> int:
        size = array("i", [0])
        fcntl.ioctl(self._reader, termios.FIONREAD, size)
        return size[0]

    async def _room(self) -> None:
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        loop.add_writer(self._writer, ready.set)
        try:
            await ready.wait()
        finally:
            loop.remove_writer(self._writer)

    def _readers(self) -> Iterator[int]:
        """Where the system tells (Linux). Elsewhere a caller that is cut off waits until it has enough of it."""
        for name in os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else ():
            # Those of others come and go meanwhile.
            with suppress(OSError):
                if os.path.samestat(os.fstat(int(name)), os.fstat(self._writer)) and int(name) != self._writer:
                    yield int(name)

    def _is_abandoned(self) -> bool:
        look = select.poll()
        look.register(self._writer, 0)
        return bool(look.poll(0))
