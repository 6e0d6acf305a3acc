"""The gateway's threads, where whoever asked them for something no longer waits."""

import asyncio
import time
from threading import Event

import pytest

from config.gateway import Threads


async def occupied(threads: Threads) -> tuple[asyncio.Task[bool], Event]:
    """A call that one of the threads is at, until the event is set."""
    begun, over = Event(), Event()

    def work() -> None:
        begun.set()
        over.wait()

    call = asyncio.create_task(threads.run(work))
    await asyncio.to_thread(begun.wait)
    return call, over


def test_a_call_that_nobody_waits_for_keeps_its_thread_until_it_is_done() -> None:
    async def story() -> None:
        threads = Threads(1, wait_seconds=0.05)
        first, over = await occupied(threads)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert await threads.run(lambda: None) is False
        over.set()
        while not await threads.run(lambda: None):
            # The loop hears of the end at its next turn.
            await asyncio.sleep(0)
        # There is one place, not two.
        second, over = await occupied(threads)
        assert await threads.run(lambda: None) is False
        over.set()
        assert await second is True

    asyncio.run(story())


def test_who_no_longer_waits_for_a_thread_takes_none() -> None:
    async def story() -> None:
        threads = Threads(1, wait_seconds=120)
        first, over = await occupied(threads)
        waiting = asyncio.create_task(threads.run(lambda: None))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        over.set()
        assert await first is True
        assert await threads.run(lambda: None) is True

    asyncio.run(story())


def test_a_loop_that_was_late_leaves_nothing_stuck() -> None:
    """Woken late, it gives up calls that a free thread was about to take: no call ends after that."""

    async def story() -> None:
        threads = Threads(1, wait_seconds=0.0)
        answers = [await threads.run(lambda: None) for _ in range(2_000)]
        assert False in answers
        until = time.monotonic() + 120
        while not await threads.run(lambda: None):
            assert time.monotonic() < until
            await asyncio.sleep(0.001)

    asyncio.run(story())
