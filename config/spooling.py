"""Answers that an application streams, sent as files: by way of the disk, and not of memory.

Granian keeps in memory what a slow caller has not taken yet, and takes any amount of it; of a file it reads a part at
a time. So a slow caller costs neither memory nor a thread, and the length at the head says whether all has arrived.
"""

import asyncio
from collections.abc import Iterable
from tempfile import TemporaryFile
from typing import IO

from granian.rsgi import HTTPProtocol  # type: ignore[attr-defined]  # no __all__

from aijobs.api.answering import GivingWay

# Of one answer: no export fills the disk.
LARGEST_BYTES = 2 * 1024**3
TOO_LARGE = b"The file would be larger than 2 GiB. Ask for less, for example for the jobs of a shorter time.\n"
# By then granian has opened the file, and reads it to its end also when we have closed it.
OPENED_SECONDS = 30.0

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
    try:
        _write(file, answer)
        length = file.tell()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    if length > LARGEST_BYTES:
        file.close()
        protocol.response_bytes(413, [("content-type", "text/plain; charset=utf-8")], TOO_LARGE)
        return
    protocol.response_file(status, [*headers, ("content-length", str(length))], f"/dev/fd/{file.fileno()}")
    loop.call_soon_threadsafe(_close_later, loop, file)


def _write(file: IO[bytes], answer: Iterable[bytes]) -> None:
    """All of it, or as much as is too much."""
    give_way = GivingWay()
    for chunk in answer:
        file.write(chunk)
        if file.tell() > LARGEST_BYTES:
            break
        give_way()
    file.flush()


def _close_later(loop: asyncio.AbstractEventLoop, file: IO[bytes]) -> None:
    loop.call_later(OPENED_SECONDS, file.close)
