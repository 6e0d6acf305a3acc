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
from tempfile import mkdtemp
from time import monotonic
from types import TracebackType
from typing import TypeVar

from granian.rsgi import HTTPProtocol  # type: ignore[attr-defined]  # no __all__

from aijobs.api.answering import GivingWay

logger = logging.getLogger(__name__)

# What a thread writes before another answer has its turn: about so many bytes, or what it finds in so long.
PART_BYTES = 64 * 1024
PART_SECONDS = 0.2
# A caller that takes nothing for so long is given up. The kernels on the way hold some megabytes, and say that there
# is room for more when a good part of those has been taken: at 16 KB a second that may be after a minute and a half.
TAKE_SECONDS = 180.0
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
Outcome = TypeVar("Outcome")


class CallerGone(Exception):
    """The rest of an answer is in vain."""


def is_streamed(answer: Iterable[bytes], headers: Headers) -> bool:
    """Django's streaming responses whose length nobody knows. That of a static file is in its headers."""
    return getattr(answer, "streaming", False) and not any(name.lower() == "content-length" for name, _ in headers)


@dataclass
class Streamed:
    """An answer to be sent. `chunks` are read, and `close` is called, in threads."""

    status: int
    headers: Headers
    chunks: Iterator[bytes]
    close: Callable[[], None]


async def send(streamed: Streamed, protocol: HTTPProtocol, run_in_thread: RunInThread) -> None:
    """To its end. Where it fails on the way, the caller's connection is closed before that.

    Of a caller that takes nothing any more, once granian has got rid of what it has: nobody can close its connection.
    """
    gone = asyncio.ensure_future(_hang_up(protocol))
    try:
        await _send(streamed, protocol, gone, run_in_thread)
    except CallerGone as error:
        logger.info("the rest of an answer is not sent: %s", error)
    except Exception:
        # Where nothing was sent yet, granian answers 500 by itself.
        logger.exception("an answer failed on its way")
    finally:
        gone.cancel()


async def _hang_up(protocol: HTTPProtocol) -> None:
    """Returns when the caller is gone. A coroutine: of the future that granian returns, no task can be made."""
    await protocol.client_disconnect()


async def _send(
    streamed: Streamed, protocol: HTTPProtocol, gone: "asyncio.Future[None]", run_in_thread: RunInThread
) -> None:
    read = partial(_in_thread, partial(_read_part, streamed.chunks), run_in_thread)
    try:
        part, more = await read()
        while more and not part:
            if gone.done():
                raise CallerGone("the caller has hung up")
            part, more = await read()
        if not more:
            protocol.response_bytes(streamed.status, streamed.headers, part)
            return
        with Pipe(gone) as pipe:
            protocol.response_file(streamed.status, streamed.headers, pipe.path)
            await pipe.begin(part)
            while more:
                part, more = await read()
                await pipe.write(part)
    finally:
        await _in_thread(streamed.close, run_in_thread)


def _read_part(chunks: Iterator[bytes]) -> tuple[bytes, bool]:
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


async def _in_thread(call: Callable[[], Outcome], run_in_thread: RunInThread) -> Outcome:
    """What it returns or raises, as soon as a thread is free for it."""
    outcome: Future[Outcome] = Future()

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
    """Its reader is granian, which opens it by its path, some moments after it was told to.

    It has a name that no other answer ever has, and loses it when it is open: whenever granian looks, also after this
    process was stopped for minutes, it finds this answer or none.

    A context: what ends with an error, or is cancelled, is cut off.
    """

    def __init__(self, gone: "asyncio.Future[None]") -> None:
        """`gone` is done when the caller has hung up."""
        self._gone = gone
        self._folder = mkdtemp(prefix="aijobs-")
        self.path = os.path.join(self._folder, "answer")
        try:
            os.mkfifo(self.path, 0o600)
            # Neither end waits for the other one to be opened.
            self._reader = FileIO(os.open(self.path, os.O_RDONLY | os.O_NONBLOCK))
        except OSError:
            self._lose_name()
            raise
        try:
            self._writer = FileIO(os.open(self.path, os.O_WRONLY | os.O_NONBLOCK), "wb")
        except OSError:
            self._hand_over()
            raise

    def __enter__(self) -> "Pipe":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._hand_over()
        if kind is None:
            # What is in the pipe is read to its end.
            self._writer.close()
        else:
            self._cut(asyncio.get_running_loop())

    async def begin(self, first: bytes) -> None:
        """Wait until it is read. Raises CallerGone."""
        written = os.write(self._writer.fileno(), first[:FIRST_BYTES])
        until = monotonic() + TAKE_SECONDS
        while self._unread() == written:
            if self._gone.done() or monotonic() > until:
                raise CallerGone("it was not begun to be read")
            await asyncio.sleep(OPENING_SECONDS)
        self._hand_over()
        await self.write(first[written:])

    async def write(self, part: bytes) -> None:
        """Raises CallerGone, also where there is nothing to write, and for a caller that takes nothing."""
        if self._gone.done():
            raise CallerGone("the caller has hung up")
        left = memoryview(part)
        while left:
            try:
                left = left[os.write(self._writer.fileno(), left) :]
            except BlockingIOError:
                await self._room()
            except BrokenPipeError:
                raise CallerGone("the caller has hung up") from None

    def _hand_over(self) -> None:
        """From now on granian is the only reader, and who writes is told when it is gone."""
        self._reader.close()
        self._lose_name()

    def _lose_name(self) -> None:
        """Without opening the folder, as tempfile does: where no file descriptor is left, that would fail."""
        with suppress(FileNotFoundError):
            os.unlink(self.path)
        with suppress(FileNotFoundError):
            os.rmdir(self._folder)

    def _cut(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have granian fail to read on: it closes the connection, and the answer has no end.

        A pipe without a writer is at its end, so the writer stays until nobody reads any more.
        """
        if self._is_abandoned():
            self._writer.close()
            return
        # Where no file descriptor is left to look for it, it is tried again.
        with suppress(OSError):
            for reader in self._readers():
                os.set_blocking(reader, False)
                # One that waits for more already goes on waiting until there is.
                os.write(self._writer.fileno(), b"\n")
        loop.call_later(ABANDONED_SECONDS, self._cut, loop)

    def _unread(self) -> int:
        size = array("i", [0])
        fcntl.ioctl(self._reader, termios.FIONREAD, size)
        return size[0]

    async def _room(self) -> None:
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        loop.add_writer(self._writer, ready.set)
        try:
            async with asyncio.timeout(TAKE_SECONDS):
                await ready.wait()
        except TimeoutError:
            raise CallerGone(f"the caller took nothing for {TAKE_SECONDS:g} s") from None
        finally:
            loop.remove_writer(self._writer)

    def _readers(self) -> Iterator[int]:
        """Where the system tells (Linux). Elsewhere a caller that is cut off waits until it has enough of it."""
        for name in os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else ():
            # Those of others come and go meanwhile.
            with suppress(OSError):
                writer = self._writer.fileno()
                if os.path.samestat(os.fstat(int(name)), os.fstat(writer)) and int(name) != writer:
                    yield int(name)

    def _is_abandoned(self) -> bool:
        look = select.poll()
        look.register(self._writer, 0)
        return bool(look.poll(0))
