"""Questions to the database that many ask at a moment, such as waits that end together: asked in few statements."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Generic, TypeVar

Asked = TypeVar("Asked", bound=Hashable)
Found = TypeVar("Found")

# In one statement. The others wait until that is answered, and are then asked together in turn.
AT_ONCE = 20


class Together(Generic[Asked, Found]):
    """Of one process; used by its event loop only."""

    def __init__(self, ask: Callable[[Sequence[Asked]], Awaitable[Mapping[Asked, Found]]]) -> None:
        self._ask = ask
        self._waiting: dict[Asked, list[asyncio.Future[Found | None]]] = {}
        self._asking: asyncio.Task[None] | None = None

    async def ask(self, wanted: Asked) -> Found | None:
        """The answer; None where there is none. Raises what the question raises."""
        future: asyncio.Future[Found | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(wanted, []).append(future)
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask_all())
        return await future

    async def _ask_all(self) -> None:
        try:
            while self._waiting:
                await self._ask_some()
        finally:
            self._asking = None

    async def _ask_some(self) -> None:
        asked = {wanted: self._waiting.pop(wanted) for wanted in list(self._waiting)[:AT_ONCE]}
        try:
            found = await self._ask(list(asked))
        except Exception as error:
            for future in _unanswered(asked):
                future.set_exception(error)
            return
        for wanted, futures in asked.items():
            for future in _unanswered({wanted: futures}):
                future.set_result(found.get(wanted))


def _unanswered(asked: Mapping[Asked, Sequence[asyncio.Future[Found | None]]]) -> list[asyncio.Future[Found | None]]:
    """Those whose callers are still there."""
    return [future for futures in asked.values() for future in futures if not future.done()]
