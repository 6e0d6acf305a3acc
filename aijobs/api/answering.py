"""Requests that are being answered, for what can wait: it gives way to them.

Python runs one thread at a time, and a thread that computes keeps the others waiting for five milliseconds whenever
they come back from PostgreSQL: a dispatch of three milliseconds does so five times. Even a little computing at the
moment that a request comes adds to it, and so does what PostgreSQL then has to do.
"""

import time
from threading import get_ident

# Adding to and taking from a set is one step, which no other thread can come between.
_answering: set[int] = set()
_last_answer = 0.0

# How long to compute before giving way, and for how long: to requests, to those that will come where others have just
# been, or to whoever may be there. Measured with two imports of a million rows (tests.benchmarks.imports): with twice
# the stretch, or half the pauses, a dispatch takes more than 1.5 times as long beside them.
STRETCH_SECONDS = 0.0005
PAUSE_SECONDS = 0.008
SHORT_PAUSE_SECONDS = 0.002
GLANCE_SECONDS = 0.00005
# For so long after an answer others are expected.
IN_USE_SECONDS = 1.0


def begin() -> None:
    _answering.add(get_ident())


def end() -> None:
    global _last_answer
    _last_answer = time.perf_counter()
    _answering.discard(get_ident())


class GivingWay:
    """Long work of one thread, which is not counted as an answer. Call it often while it computes."""

    def __init__(self) -> None:
        _answering.discard(get_ident())
        self._until = time.perf_counter() + STRETCH_SECONDS

    def __call__(self) -> None:
        now = time.perf_counter()
        if now < self._until:
            return
        time.sleep(_pause(now))
        self._until = time.perf_counter() + STRETCH_SECONDS


def _pause(now: float) -> float:
    if _answering:
        return PAUSE_SECONDS
    return SHORT_PAUSE_SECONDS if now - _last_answer < IN_USE_SECONDS else GLANCE_SECONDS
