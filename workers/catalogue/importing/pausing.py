"""Long work that gives way: what others want to compute comes first."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
Pause = Callable[[], None]
"""Called often; it waits where there is something to wait for."""

# Some fifty microseconds of computing.
ROWS_BETWEEN_PAUSES = 8


def pausing(items: Iterable[T], pause: Pause | None) -> Iterator[T]:
    if pause is None:
        yield from items
        return
    for number, item in enumerate(items):
        if number % ROWS_BETWEEN_PAUSES == 0:
            pause()
        yield item
