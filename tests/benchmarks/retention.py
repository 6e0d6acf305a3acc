"""Retention: dispatch at 200 requests a second beside the deletion of a million old jobs, and without it.

The control worker runs on both sides, with beat: on one, jobs are kept for ninety days, on the other for a century. A
request's latency counts from the moment that it was due, so one that waits behind a slow one is slow too.
"""

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import orjson
from django.db import connection

from aijobs import retention
from aijobs.engine import partitions
from aijobs.engine.partitions import WEEK, Partition
from aijobs.models import Job
from tests.benchmarks import rollup
from tests.benchmarks.callers import Callers
from tests.benchmarks.measuring import Result, median, percentile, say
from tests.benchmarks.site import Site, empty, wait_until

OLD = 1_000_000
# The youngest of them ended so many days ago, and the oldest twelve weeks before.
DAYS = 100
EVERY = 12 * WEEK.total_seconds() / OLD
RATE = 200
CALLERS = 8
SECONDS = 20.0
ROUNDS = 3


def run(site: Site) -> Iterator[Result]:
    empty(site)
    callers = Callers.create(20)
    say("retention: inserting a million old jobs")
    newest = partitions.present()[0].start - DAYS // 7 * WEEK
    for number in range(-1, 15):
        partitions.add(Partition(newest - number * WEEK))
    rollup.fill(callers, 0, OLD, EVERY, chunk=5_000, days=DAYS)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE aijobs_job, aijobs_jobevent")
    rounds: list[tuple[list[float], list[float]]] = []
    rates = []
    with site.api() as port:
        _load(port, callers, 5.0)
        for number in range(ROUNDS):
            alone = _beside(site, port, callers, days=36_500)[0]
            pruned, rate = _beside(site, port, callers, days=90)
            rounds.append((pruned, alone))
            rates.append(rate)
            for share in (0.5, 0.99):
                figures = (
                    f"{1000 * percentile(pruned, share):.1f} ms, {1000 * percentile(alone, share):.1f} ms without"
                )
                say(f"retention: round {number + 1}, p{100 * share:.0f} {figures}; {rate:.0f} jobs/s deleted")
    for share in (0.5, 0.99):
        ours, peer = (median([percentile(side[which], share) for side in rounds]) for which in (0, 1))
        yield Result(f"retention_dispatch_p{100 * share:.0f}", "ms", 1000 * ours, 1000 * peer, "at most 1.3")
    yield Result("retention_jobs_deleted", "jobs/s", median(rates))
    yield from _backlog()


def _beside(site: Site, port: int, callers: Callers, days: int) -> tuple[list[float], float]:
    """The latencies beside a control worker that keeps jobs so long, and how many it deleted a second."""
    site.environment["AIJOBS_JOB_DAYS"] = str(days)
    with site.control(), _deleting(days < DAYS):
        before = _old()
        began = time.perf_counter()
        latencies = _load(port, callers, SECONDS)
        return latencies, (before - _old()) / (time.perf_counter() - began)


@contextmanager
def _deleting(awaited: bool) -> Iterator[None]:
    """Where it is awaited, deletion has begun."""
    before = _old()
    wait_until(lambda: not awaited or _old() < before, "the first deletion")
    yield


def _old() -> int:
    """About as many as there are: counting them would be a load of its own."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT n_tup_ins - n_tup_del FROM pg_stat_user_tables WHERE relname = 'aijobs_job'")
        row = cursor.fetchone()
        assert row is not None
        return int(row[0]) - Job.objects.filter(completed_at=None).count()


def _load(port: int, callers: Callers, seconds: float) -> list[float]:
    """RATE dispatches a second, each sent when it is due or as soon as its connection is free."""
    latencies: list[float] = []
    began = time.perf_counter() + 0.5

    def call(number: int) -> None:
        calls = http.client.HTTPConnection("127.0.0.1", port)
        for count in range(number, int(RATE * seconds), CALLERS):
            due = began + count / RATE
            time.sleep(max(0.0, due - time.perf_counter()))
            headers = {name.replace("_", "-"): value for name, value in callers.headers[count % 20].items()}
            headers |= {"Content-Type": "application/json", "Idempotency-Key": str(uuid4())}
            calls.request("POST", "/api/ai-jobs", orjson.dumps({"type": "bench_noop"}), headers)
            answer = calls.getresponse()
            answer.read()
            assert answer.status == 201, answer.status
            latencies.append(time.perf_counter() - due)
        calls.close()

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
