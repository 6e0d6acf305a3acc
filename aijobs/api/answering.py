"""Requests that are being answered, for what can wait: it gives way to them.

Python runs one thread at a time, and a thread that computes keeps the others waiting for five milliseconds whenever
they come back from PostgreSQL: a dispatch of three milliseconds does so five times. Even a little computing at the
moment that a request comes adds to it, and so does what PostgreSQL then has to do.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from threading import get_ident
from time import perf_counter, sleep

# How long to compute before giving way, and for how long: to requests, to those that will come where others have just
# been, or to whoever may be there. Measured beside two imports (tests.benchmarks.imports): with stretches of 1 ms and
# pauses of 4 ms a dispatch took 1.68 times as long, with short pauses of 1 ms 1.4 to 1.6 times.
STRETCH_SECONDS = 0.0005
PAUSE_SECONDS = 0.008
SHORT_PAUSE_SECONDS = 0.002
GLANCE_SECONDS = 0.00005
# For so long after an answer others are expected.
IN_USE_SECONDS = 1.0


class Requests:
    """Which threads of this process answer one."""

    def __init__(self) -> None:
        # Adding to and taking from a set is one step, which no other thread can come between.
        self._threads: set[int] = set()
        self._last_answer = -inf

    @contextmanager
    def counted(self) -> Iterator[None]:
        """This thread answers a request."""
        self._threads.add(get_ident())
        try:
            yield
        finally:
            self._last_answer = perf_counter()
            self._threads.discard(get_ident())

    def leave(self) -> None:
        """What this thread does from now on is not counted as an answer."""
        self._threads.discard(get_ident())

    def pause(self) -> float:
        """For how many seconds to give way to them."""
        if self._threads:
            return PAUSE_SECONDS
        in_use = perf_counter() - self._last_answer < IN_USE_SECONDS
        return SHORT_PAUSE_SECONDS if in_use else GLANCE_SECONDS


REQUESTS = Requests()


class GivingWay:
    """Long work of one thread. Call it often while it computes."""

    def __init__(self, requests: Requests = REQUESTS) -> None:
        self._requests = requests
        requests.leave()
        self._until = perf_counter() + STRETCH_SECONDS

    def __call__(self) -> None:
        if perf_counter() < self._until:
            return
        sleep(self._requests.pause())
        self._until = perf_counter() + STRETCH_SECONDS
