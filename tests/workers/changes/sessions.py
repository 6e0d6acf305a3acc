"""Other sessions of the database, for what happens at the same time."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

T = TypeVar("T")

# An event that comes is not waited for; one that does not come is a fault.
PATIENCE_SECONDS = 60


def in_another_session(task: Callable[[], T]) -> "Future[T]":
    """Begin the task in a thread with a connection of its own."""

    def run() -> T:
        try:
            return task()
        finally:
            connection.close()

    pool = ThreadPoolExecutor(1)
    future = pool.submit(run)
    pool.shutdown(wait=False)
    return future


WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


def wait_until_blocked() -> None:
    """Until a session of this database waits for a lock of another one."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        with connection.cursor() as cursor:
            # A transaction sees one state of the activity, until it asks for another.
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(WAITING)
            if cursor.fetchone()[0]:
                return
        time.sleep(0.01)
    raise AssertionError("no session waits for a lock")
