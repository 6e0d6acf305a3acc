"""A limit of CPU time, against algorithms that take minutes on hostile input."""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def cpu_seconds_at_most(limit: float) -> Iterator[None]:
    """The block may use `limit` seconds of CPU in this thread.

    Set it to ten times of what an idle machine takes or more: what it is against takes a hundred times as long.
    Collections of garbage walk over the objects of the whole suite, so they wait.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    began = time.thread_time()
    try:
        yield
        taken = time.thread_time() - began
    finally:
        if was_enabled:
            gc.enable()
    assert taken < limit, f"took {taken:.1f} s of CPU"
