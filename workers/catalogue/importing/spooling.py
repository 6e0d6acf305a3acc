"""A file that arrives, kept until it has been read twice: once to learn how it is written, and once for its rows."""

import zlib
from collections.abc import Iterator
from itertools import chain
from tempfile import SpooledTemporaryFile
from typing import IO, Protocol

from workers.catalogue.importing.errors import FileError, FileTooLarge
from workers.catalogue.importing.pausing import Pause

# Some 25 million sales. What is larger is sent in parts.
LARGEST_FILE = 1024**3
BLOCK = 64 * 1024
# Smaller ones never touch the disk.
IN_MEMORY = 8 * 1024 * 1024
_GZIP = b"\x1f\x8b"
# zlib: with the header of gzip.
_GZIP_WINDOW = 31


class Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...


def spooled(stream: Stream, pause: Pause | None = None) -> IO[bytes]:
    """The whole file, unpacked if it is packed with gzip. Close it to have it deleted.

    Raises FileTooLarge, and FileError for a broken archive.
    """
    spool: IO[bytes] = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # the caller closes it
    try:
        size = 0
        for block in _unpacked(_blocks(stream)):
            size += len(block)
            if size > LARGEST_FILE:
                raise FileTooLarge(
                    f"The file is larger than {LARGEST_FILE // 1024**3} GiB, unpacked. Send it in several parts."
                )
            spool.write(block)
            if pause:
                pause()
    except BaseException:
        spool.close()
        raise
    spool.seek(0)
    return spool


def _blocks(stream: Stream) -> Iterator[bytes]:
    while block := stream.read(BLOCK):
        yield block


def _unpacked(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The file itself says whether it is packed: a Content-Encoding is only the reason why."""
    first = b""
    while len(first) < len(_GZIP) and (block := next(blocks, b"")):
        first += block
    whole = chain([first], blocks)
    if not first.startswith(_GZIP):
        yield from whole
        return
    try:
        yield from _inflated(whole)
    except zlib.error:
        raise FileError("The file is packed with gzip, and broken. Pack it again, or send it unpacked.") from None


def _inflated(packed: Iterator[bytes]) -> Iterator[bytes]:
    """At most a block at a time, however much a few bytes pretend to be. An archive may have several members."""
    inflater = zlib.decompressobj(_GZIP_WINDOW)
    for rest in packed:
        while rest:
            if inflater.eof:
                if not rest.strip(b"\0"):
                    break
                inflater = zlib.decompressobj(_GZIP_WINDOW)
            yield inflater.decompress(rest, BLOCK)
            rest = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
    if not inflater.eof:
        raise FileError("The file is packed with gzip, and its end is missing. Send it again.")
