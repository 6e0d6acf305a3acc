"""The pipe that an answer goes through, read as granian reads it."""

import asyncio
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from config import streaming
from config.streaming import Pipe


@contextmanager
def no_file_descriptor_left() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def read_to_its_end(reader: int) -> None:
    while await asyncio.to_thread(os.read, reader, 100):
        continue


def test_an_answer_is_cut_off_where_no_file_descriptor_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its pipe was closed when nothing knew of it any more, so it looked whole."""
    monkeypatch.setattr(streaming, "ABANDONED_SECONDS", 0.05)

    async def story() -> None:
        pipe = Pipe(asyncio.get_running_loop().create_future())
        reader = os.open(pipe.path, os.O_RDONLY)
        reading = asyncio.create_task(asyncio.to_thread(os.read, reader, 100))
        # Its thread is started by then.
        await asyncio.sleep(0)
        with suppress(RuntimeError), no_file_descriptor_left(), pipe:
            await pipe.begin(b"beginning")
            raise RuntimeError("as it happens")
        assert not Path(pipe.path).parent.exists()
        assert await reading == b"beginning"
        with pytest.raises(BlockingIOError):
            await read_to_its_end(reader)
        os.close(reader)
        # It is looked at again, and closed.
        await asyncio.sleep(2 * streaming.ABANDONED_SECONDS)

    asyncio.run(story())


def test_an_answer_that_cannot_be_piped_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    async def story() -> None:
        gone = asyncio.get_running_loop().create_future()
        with pytest.raises(OSError, match="Too many open files"), no_file_descriptor_left():
            Pipe(gone)

    asyncio.run(story())
    assert not [*tmp_path.iterdir()]
