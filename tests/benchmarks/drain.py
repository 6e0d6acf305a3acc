"""Drain: a no-op through the whole lifecycle, against raw Celery's no-op and against Procrastinate's.

Each side begins with a full queue. The first tenth is not counted: a worker that has just started connects and
prepares.
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterator

from django.db import connection

from aijobs.models import Job
from aijobs.states import Status
from tests.benchmarks.callers import Callers
from tests.benchmarks.measuring import Result, say, side_by_side
from tests.benchmarks.site import QUIET, WORKER_PROCESSES, Site, empty, wait_until
from tests.engine import dispatch

ROUNDS = 5
JOBS = 6_000
# The windows of so many tenants hold a part of the backlog; the worker releases the rest as it goes.
TENANTS = 20
PATIENCE_SECONDS = 300.0


def rate(left: Callable[[], int]) -> float:
    """Jobs per second from the first tenth to the last one."""
    wait_until(lambda: left() <= 0.9 * JOBS, "the first tenth", PATIENCE_SECONDS)
    began, first = time.perf_counter(), left()
    wait_until(lambda: left() == 0, "the end", PATIENCE_SECONDS)
    return first / (time.perf_counter() - began)


def ours(site: Site, callers: Callers) -> float:
    empty(site)
    for tenant in callers.tenants:
        dispatch(tenant, JOBS // TENANTS, type="bench_noop")
    with site.worker():
        return rate(lambda: Job.objects.exclude(status=Status.COMPLETED).count())


def raw_celery(site: Site) -> float:
    from tests.benchmarks.peers.raw_celery import QUEUE, nothing

    empty(site)
    with nothing.app.producer_or_acquire() as producer:
        for number in range(JOBS):
            nothing.apply_async(args=(number,), producer=producer)
    command = ["celery", "--app", "tests.benchmarks.peers.raw_celery", "worker", *QUIET]
    with site.process([*command, "--concurrency", WORKER_PROCESSES, "--queues", QUEUE]):
        return rate(lambda: site.valkey.llen(QUEUE) + site.valkey.hlen("unacked"))


def procrastinate(site: Site) -> float:
    from procrastinate.types import JSONValue

    from tests.benchmarks.peers.on_procrastinate import app, nothing

    async def fill() -> None:
        async with app.open_async():
            jobs: list[dict[str, JSONValue]] = [{"number": number} for number in range(JOBS)]
            await nothing.batch_defer_async(*jobs)

    empty(site)
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs CASCADE")
    asyncio.run(fill())
    # One worker is one process; it runs as many jobs at a time as our worker has processes.
    command = ["procrastinate", "--app", "tests.benchmarks.peers.on_procrastinate.app", "worker"]
    with site.process([*command, "--concurrency", WORKER_PROCESSES]):
        return rate(_procrastinate_left)


def _procrastinate_left() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE status <> 'succeeded'")
        row = cursor.fetchone()
        assert row is not None
        return int(row[0])


def _create_procrastinate_tables() -> None:
    from tests.benchmarks.peers.on_procrastinate import app

    async def create() -> None:
        async with app.open_async():
            await app.schema_manager.apply_schema_async()

    asyncio.run(create())


def run(site: Site) -> Iterator[Result]:
    # The peers run in this process too: they fill their queues from here.
    os.environ |= site.environment
    _create_procrastinate_tables()
    callers = Callers.create(TENANTS)
    rounds: list[tuple[float, float, float]] = []
    for number in range(ROUNDS):
        rounds.append((ours(site, callers), raw_celery(site), procrastinate(site)))
        say(
            f"drain, round {number + 1}: ours, raw Celery, Procrastinate: "
            + ", ".join(f"{x:.0f}/s" for x in rounds[-1])
        )
    yield side_by_side("drain_vs_raw_celery", "jobs/s", [(own, raw) for own, raw, _ in rounds], "at least 0.6")
    yield side_by_side("drain_vs_procrastinate", "jobs/s", [(own, peer) for own, _, peer in rounds], "at least 1.5")
