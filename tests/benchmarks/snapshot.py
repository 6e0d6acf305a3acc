"""Snapshot: the rate of jobs while another client holds a transaction open for ten minutes, as `pg_dump` does.

Nothing that dies in that time can be cleared away, and whatever looks for a live row walks past the dead ones. One
tenant dispatches over HTTP, which is the worst case: all the dead rows are its own. The peer is the rate without the
transaction: the median of the minutes before it and after it.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from tests.benchmarks import traffic
from tests.benchmarks.callers import Callers
from tests.benchmarks.measuring import Result, median, say
from tests.benchmarks.site import Site, empty, wait_until
from tests.benchmarks.traffic import request
from tests.engine import dispatch

MINUTES = 10
SHORT_MINUTES = 2
SECONDS = 60.0
# Jobs that wait or run: more than the tenant's window, so that every part of the engine has work.
BACKLOG = 200
# Requests between two looks at the backlog.
REQUESTS_PER_LOOK = 10
CONNECTIONS = 2
POLL_SECONDS = 0.02
START_SECONDS = 300.0


class Completed:
    """How many jobs have ended, counted from the events: they are only ever inserted, so no row of theirs dies."""

    def __init__(self, database: psycopg.Connection) -> None:
        self._database = database
        self._counted = 0
        self._counted_to = 0

    def count(self) -> int:
        parameters = {"after": self._counted_to, "unsettled": UNSETTLED_EVENTS}
        row = self._database.execute(COMPLETED, parameters).fetchone()
        assert row is not None
        settled, unsettled, settled_to = row
        self._counted, self._counted_to = self._counted + settled, settled_to
        return int(self._counted + unsettled)


# Ids commit out of order, by far less than this.
UNSETTLED_EVENTS = 1_000
COMPLETED = """
WITH bound AS (SELECT greatest(coalesce(max(id), 0) - %(unsettled)s, %(after)s) AS id FROM aijobs_jobevent)
SELECT count(*) FILTER (WHERE event.id <= bound.id), count(*) FILTER (WHERE event.id > bound.id), bound.id
FROM bound LEFT JOIN aijobs_jobevent event ON event.id > %(after)s AND event.kind = 'completed'
GROUP BY bound.id
"""


@contextmanager
def steady_load(site: Site, port: int, callers: Callers) -> Iterator[None]:
    """Dispatches as fast as the jobs end, for as long as the context lasts."""
    stopped = threading.Event()

    def requests() -> Iterator[bytes]:
        sent = 0
        while not stopped.is_set():
            if sent - completed.count() >= BACKLOG:
                time.sleep(POLL_SECONDS)
                continue
            for _ in range(REQUESTS_PER_LOOK):
                yield request("POST", "/api/ai-jobs", {"type": "bench_noop"}, **callers.headers[0])
                sent += 1

    with site.connect() as database:
        completed = Completed(database)
        sender = threading.Thread(target=lambda: traffic.send(port, requests, connections=CONNECTIONS), name="load")
        sender.start()
        try:
            yield
        finally:
            stopped.set()
            sender.join()


@contextmanager
def held_snapshot(site: Site) -> Iterator[None]:
    """What `pg_dump` does: one transaction that sees the database as it was at its begin."""
    with site.connect() as other:
        other.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        other.execute("SELECT count(*) FROM aijobs_job")
        yield


def run(site: Site) -> Iterator[Result]:
    empty(site)
    callers = Callers.create(1)
    minutes = SHORT_MINUTES if site.short else MINUTES
    with site.api() as port, site.control(), site.worker(), site.connect() as database:
        completed = Completed(database)
        # The API closes connections that wait in silence for the worker to start.
        dispatch(callers.tenants[0], type="bench_noop")
        wait_until(completed.count, "the first job", START_SECONDS)
        with steady_load(site, port, callers):
            # The first one connects, prepares and plans.
            before = [_minute("before", number, completed) for number in (1, 2)][1]
            with held_snapshot(site):
                held = [_minute("while the transaction is open", number + 1, completed) for number in range(minutes)]
            # As autovacuum would within the next minute.
            database.execute("VACUUM aijobs_job, aijobs_tenantcapacity, aijobs_lanebound")
            after = _minute("after", 1, completed)
    without = median([before, after])
    yield Result("snapshot_last_minute", "jobs/s", held[-1], without, "at least 0.8")
    yield Result("snapshot_slowest_minute", "jobs/s", min(held), without, "at least 0.8")


def _minute(when: str, number: int, completed: Completed) -> float:
    began, before = time.perf_counter(), completed.count()
    time.sleep(SECONDS)
    rate = (completed.count() - before) / (time.perf_counter() - began)
    say(f"snapshot: {rate:.0f} jobs/s in minute {number} {when}")
    return rate
