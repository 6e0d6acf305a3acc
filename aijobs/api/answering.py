"""Threads that are answering requests, for what can wait: it gives way to them.

Python runs one thread at a time, and a thread that computes keeps the others waiting for five milliseconds whenever
they come back from PostgreSQL: a dispatch of three milliseconds does so five times.
"""

import time
from threading import get_ident

# Adding to and taking from a set is one step, which no other thread can come between.
_answering: set[int] = set()

# How long to compute before giving way, and for how long: to requests, or to whoever may just have come.
STRETCH_SECONDS = 0.001
PAUSE_SECONDS = 0.004
GLANCE_SECONDS = 0.00005


def begin() -> None:
    _answering.add(get_ident())


def end() -> None:
    _answering.discard(get_ident())


class GivingWay:
    """Long work of one thread, which is not counted as an answer. Call it often while it computes."""

    def __init__(self) -> None:
        end()
        self._until = time.perf_counter() + STRETCH_SECONDS

    def __call__(self) -> None:
        if time.perf_counter() < self._until:
            return
        time.sleep(PAUSE_SECONDS if _answering else GLANCE_SECONDS)
        self._until = time.perf_counter() + STRETCH_SECONDS
