"""Questions to the database that many ask at a moment, such as waits that end together: asked in few statements."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Generic, TypeVar

from aijobs.sql import CONNECTION_ERRORS

Asked = TypeVar("Asked", bound=Hashable)
Found = TypeVar("Found")

# In one statement. The others wait until that is answered, and are then asked together in turn.
AT_ONCE = 20
# And before those it rests so many times as long as the answer took, for those who dispatch: where hundreds of waits
# end at a moment, the slowest hundredth of dispatches is a tenth faster for it.
REST = 3
LONGEST_REST_SECONDS = 0.1


class Together(Generic[Asked, Found]):
    """Of one process; used by its event loop only."""

    def __init__(self, ask: Callable[[Sequence[Asked]], Awaitable[Mapping[Asked, Found]]]) -> None:
        self._ask = ask
        self._waiting: dict[Asked, asyncio.Future[Found | None]] = {}
        self._asking: asyncio.Task[None] | None = None

    async def ask(self, wanted: Asked) -> Found | None:
        """The answer; None where there is none. Raises what the question raises."""
        if wanted not in self._waiting:
            self._waiting[wanted] = asyncio.get_running_loop().create_future()
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask_all())
        # Others may wait for the same: a caller that is gone takes nothing from them.
        return await asyncio.shield(self._waiting[wanted])

    async def _ask_all(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                began = loop.time()
                await self._answer({wanted: self._waiting.pop(wanted) for wanted in list(self._waiting)[:AT_ONCE]})
                if self._waiting:
                    await asyncio.sleep(min(REST * (loop.time() - began), LONGEST_REST_SECONDS))
        finally:
            self._asking = None

    async def _answer(self, asked: Mapping[Asked, asyncio.Future[Found | None]]) -> None:
        try:
            found = await self._ask(list(asked))
        except Exception as error:
            # A database that is away is so for all of them, which are told by the same error.
            if len(asked) == 1 or isinstance(error, CONNECTION_ERRORS):
                for future in asked.values():
                    future.set_exception(error)
                return
        else:
            for wanted, future in asked.items():
                future.set_result(found.get(wanted))
            return
        # One of them is at fault: asked by itself, only those who want it hear of that. This is not done where the
        # error is handled, because the log would then show it with what comes of each.
        for wanted, future in asked.items():
            await self._answer({wanted: future})
