"""Retention: 200 dispatches a second beside the deletion of a million old jobs, and without it.

The control worker and beat run all the time. In every other slice all tenants keep their jobs for a century. A
dispatch is the engine's statement and the publication, and its latency counts from the moment that it was due: one
that waits behind a slow one is slow too.
"""

import threading
import time
from collections.abc import Iterator

from django.db import connection

from aijobs import retention
from aijobs.engine import partitions
from aijobs.engine.partitions import WEEK, Partition
from aijobs.models import Job, Tenant
from tests.benchmarks import rollup
from tests.benchmarks.callers import Callers
from tests.benchmarks.measuring import Result, median, percentile, say
from tests.benchmarks.site import Site, empty, wait_until
from tests.engine import dispatch

OLD = 1_000_000
# The youngest of them ended so many days ago, and the oldest twelve weeks before.
DAYS = 100
EVERY = 12 * WEEK.total_seconds()
CENTURY = 36_500
RATE = 200
CALLERS = 4
SECONDS = 15.0
ROUNDS = 5


def run(site: Site) -> Iterator[Result]:
    empty(site)
    old = OLD // 2 if site.short else OLD
    callers = Callers.create(20)
    say(f"retention: inserting {old:,} old jobs")
    newest = partitions.present()[0].start - DAYS // 7 * WEEK
    for number in range(-1, 15):
        partitions.add(Partition(newest - number * WEEK))
    rollup.fill(callers, 0, old, EVERY / old, chunk=5_000, days=DAYS)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE aijobs_job, aijobs_jobevent")
    Tenant.objects.update(job_days=CENTURY)
    with site.control():
        yield from _beside(callers)
    Tenant.objects.update(job_days=None)
    yield from _backlog()


def _beside(callers: Callers) -> Iterator[Result]:
    _load(callers, 5.0)
    rounds: list[tuple[list[float], list[float]]] = []
    rates = []
    for number in range(ROUNDS):
        Tenant.objects.update(job_days=CENTURY)
        alone = _load(callers, SECONDS)
        Tenant.objects.update(job_days=None)
        _wait_for_the_first()
        before, began = _old(), time.perf_counter()
        pruned = _load(callers, SECONDS)
        rates.append((before - _old()) / (time.perf_counter() - began))
        rounds.append((pruned, alone))
        for share in (0.5, 0.99):
            figures = f"{1000 * percentile(pruned, share):.1f} ms, {1000 * percentile(alone, share):.1f} ms without"
            say(f"retention: round {number + 1}, p{100 * share:.0f} {figures}; {rates[-1]:.0f} jobs/s deleted")
    for share in (0.5, 0.99):
        ours, peer = (median([percentile(side[which], share) for side in rounds]) for which in (0, 1))
        yield Result(f"retention_dispatch_p{100 * share:.0f}", "ms", 1000 * ours, 1000 * peer, "at most 1.3")
    yield Result("retention_jobs_deleted", "jobs/s", median(rates))


def _wait_for_the_first() -> None:
    """Until the control worker deletes."""
    before = _old()
    wait_until(lambda: _old() < before, "the first deletion", poll_seconds=0.2)


def _old() -> int:
    """How many are left, as PostgreSQL counts its rows: to count them here would be a load of its own."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT n_tup_ins - n_tup_del FROM pg_stat_user_tables WHERE relname = 'aijobs_job'")
        row = cursor.fetchone()
        assert row is not None
        return int(row[0]) - Job.objects.filter(status="queued").count()


def _load(callers: Callers, seconds: float) -> list[float]:
    """RATE dispatches a second, each done when it is due, or as soon as its caller is free."""
    latencies: list[float] = []
    began = time.perf_counter() + 0.5

    def call(number: int) -> None:
        for count in range(number, int(RATE * seconds), CALLERS):
            due = began + count / RATE
            time.sleep(max(0.0, due - time.perf_counter()))
            dispatch(callers.tenants[count % len(callers.tenants)], type="bench_noop")
            latencies.append(time.perf_counter() - due)
        connection.close()

    threads = [threading.Thread(target=call, args=(number,)) for number in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return latencies


def _backlog() -> Iterator[Result]:
    """What is left, as fast as it goes."""
    left, began = _old(), time.perf_counter()
    steps: list[float] = []
    more = True
    while more:
        step_began = time.perf_counter()
        more = retention.old_jobs().more
        steps.append(time.perf_counter() - step_began)
    yield Result("retention_backlog", "jobs/s", left / (time.perf_counter() - began))
    yield Result("retention_longest_step", "ms", 1000 * max(steps), target="at most 1000")
    began = time.perf_counter()
    dropped = partitions.drop_empty()
    say(f"retention: {dropped} weeks of events dropped in {1000 * (time.perf_counter() - began):.0f} ms")
    yield Result("retention_drop_a_week", "ms", 1000 * (time.perf_counter() - began) / max(dropped, 1))
