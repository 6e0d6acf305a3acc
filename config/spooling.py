"""Answers that an application streams, sent as files: by way of the disk, and not of memory.

Granian keeps in memory what a slow caller has not taken yet, and takes any amount of it; of a file it reads a part at
a time. So a slow caller costs neither memory nor a thread, and the length at the head says whether all has arrived.
"""

import asyncio
from collections.abc import Callable, Iterable
from tempfile import TemporaryFile
from typing import IO

import orjson
from granian.rsgi import HTTPProtocol  # type: ignore[attr-defined]  # no __all__

from aijobs.api.answering import GivingWay
from aijobs.errors import ExportTooLarge

# Of one answer: no export fills the disk.
LARGEST_BYTES = 2 * 1024**3
TOO_LARGE = orjson.dumps({"error": {"code": ExportTooLarge.code, "message": ExportTooLarge.default_message}})
# Granian opens the file in a thread of its own, within milliseconds, and reads it to its end also when we have closed
# it; of when it has, it tells nobody. The number of a file that is closed is given to the next one, so ours must not
# be closed before: it stays for so many turns of the loop, each of which takes that long. In turns, because a process
# that was stopped for a minute finds one timer of half a minute over before any of its threads has run.
TURNS = 30
TURN_SECONDS = 1.0

Headers = list[tuple[str, str]]


def is_streamed(answer: Iterable[bytes], headers: Headers) -> bool:
    """Django's streaming responses whose length nobody knows. That of a static file is in its headers."""
    return getattr(answer, "streaming", False) and not any(name.lower() == "content-length" for name, _ in headers)


def send(
    protocol: HTTPProtocol, loop: asyncio.AbstractEventLoop, status: int, headers: Headers, answer: Iterable[bytes]
) -> None:
    """Write an answer to a file and have that sent: whole, or not at all where it fails on the way.

    The file has no name, so that nothing of it is left whatever happens to this process.
    """
    file = TemporaryFile()  # noqa: SIM115  # open for longer than this call
    gone = asyncio.run_coroutine_threadsafe(_hang_up(protocol), loop)
    try:
        if not _write(file, answer, gone.done):
            file.close()
            return
        length = file.tell()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    finally:
        gone.cancel()
    if length > LARGEST_BYTES:
        file.close()
        protocol.response_bytes(413, [("content-type", "application/json")], TOO_LARGE)
        return
    protocol.response_file(status, [*headers, ("content-length", str(length))], f"/dev/fd/{file.fileno()}")
    loop.call_soon_threadsafe(_close_later, loop, file, TURNS)


async def _hang_up(protocol: HTTPProtocol) -> None:
    """Returns when the caller is gone."""
    await protocol.client_disconnect()


def _write(file: IO[bytes], answer: Iterable[bytes], is_in_vain: Callable[[], bool]) -> bool:
    """All of it, or as much as is too much. False where nobody waits for it any more."""
    give_way = GivingWay()
    for chunk in answer:
        if is_in_vain():
            return False
        file.write(chunk)
        if file.tell() > LARGEST_BYTES:
            break
        give_way()
    file.flush()
    return True


def _close_later(loop: asyncio.AbstractEventLoop, file: IO[bytes], turns: int) -> None:
    if turns:
        loop.call_later(TURN_SECONDS, _close_later, loop, file, turns - 1)
    else:
        file.close()
