"""The front page's numbers beside 1,000,000 finished jobs, 100,000 queued ones of 1,000 tenants, and full rollups.

The time is that of the page's own statements as this process waits for them, without the session and the user.
"""

import time
from collections.abc import Callable, Iterator

from django.db import connection

from aijobs.admin.dashboard import ended, live
from aijobs.models import BUCKETS
from tests.benchmarks.callers import Callers
from tests.benchmarks.measuring import Result, median, say
from tests.benchmarks.scale import FINISHED_JOBS
from tests.benchmarks.site import Site, empty

FINISHED = 1_000_000
QUEUED = 100_000
TENANTS = 1_000
RUNNING = 64
LOADS = 20
# Of all statements together: the page asks every five seconds.
TARGET = "at most 300 together"

ACTIVE_JOBS = """
INSERT INTO aijobs_job (
    id, tenant_id, type, params, created_at, priority, lane, status, run_after, released_at, started_at, worker
)
SELECT
    gen_random_uuid(), %(first)s + number %% %(tenants)s, 'bench_noop', '{"marketplace": "ebay"}', now(), number %% 3,
    number %% 3, CASE WHEN number <= %(running)s THEN 'running' ELSE 'queued' END, now() - interval '30 s',
    CASE WHEN number %% 5 = 0 OR number <= %(running)s THEN now() END,
    CASE WHEN number <= %(running)s THEN now() END,
    CASE WHEN number <= %(running)s THEN 'w' || number %% 8 ELSE '' END
FROM generate_series(1, %(queued)s) AS number
"""
CAPACITIES = """
INSERT INTO aijobs_tenantcapacity (tenant_id, active)
SELECT tenant_id, count(*) FROM aijobs_job WHERE status IN ('queued', 'running') GROUP BY tenant_id
ON CONFLICT DO NOTHING
"""
WORKERS = """
INSERT INTO aijobs_worker (id, name, host, queues, places, version, started_at, seen_at)
SELECT 'w' || number, 'worker@' || number, 'host', '{ai-jobs.high,ai-jobs.normal,ai-jobs.low}', 8, '1', now(), now()
FROM generate_series(0, 7) AS number
"""
# Seven types with every lane and end in each minute of eight days, and in each hour of 13 months.
ROLLUPS = """
INSERT INTO aijobs_{unit}rollup (
    start, type, lane, "end", error_code, count, waiting, running, waiting_seconds, running_seconds
)
SELECT start, 'type_' || kind, lane, ended, CASE ended WHEN 'failed' THEN 'CODE' ELSE '' END, 55, jobs, jobs, 1, 1
FROM generate_series(date_trunc('{unit}', now()) - interval '{kept}', now(), interval '1 {unit}') AS start,
    generate_series(1, 7) AS kind, generate_series(0, 2) AS lane,
    unnest(ARRAY['completed', 'failed', 'cancelled']) AS ended,
    (SELECT array_agg(CASE WHEN bucket BETWEEN 10 AND 20 THEN 5 ELSE 0 END) AS jobs
     FROM generate_series(1, %(buckets)s) AS bucket) buckets
"""
TABLES = "aijobs_job, aijobs_minuterollup, aijobs_hourrollup, aijobs_tenantcapacity, aijobs_worker, aijobs_tenant"


def fill(callers: Callers) -> None:
    first = callers.tenants[0].pk
    with connection.cursor() as cursor:
        cursor.execute(FINISHED_JOBS, {"first": first, "tenants": TENANTS, "rows": FINISHED})
        cursor.execute(ACTIVE_JOBS, {"first": first, "tenants": TENANTS, "queued": QUEUED, "running": RUNNING})
        cursor.execute(CAPACITIES)
        cursor.execute(WORKERS)
        for unit, kept in (("minute", "8 days"), ("hour", "395 days")):
            cursor.execute(ROLLUPS.format(unit=unit, kept=kept), {"buckets": BUCKETS})
        cursor.execute(f"VACUUM ANALYZE {TABLES}")


def run(site: Site) -> Iterator[Result]:
    empty(site)
    callers = Callers.create(TENANTS)
    say("front_page: inserting a million jobs, and rollups")
    fill(callers)
    at = live.read().now

    def last_week() -> None:
        ended.forget()
        ended.week(at)

    parts: dict[str, Callable[[], object]] = {
        "live": live.read,
        "recent": lambda: ended.recent(at, {}),
        "last_week": last_week,
    }
    for name, read in parts.items():
        yield Result(f"front_page_{name}", "ms", median([_milliseconds(read) for _ in range(LOADS)]), target=TARGET)


def _milliseconds(read: Callable[[], object]) -> float:
    began = time.perf_counter()
    read()
    return 1000 * (time.perf_counter() - began)
