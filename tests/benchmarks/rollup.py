"""Rollup: what counting costs beside a million finished jobs, at a thousand ends a second.

First the million is counted, as after a day without a sweeper; then what ends in two seconds, again and again.
"""

import time
from collections.abc import Iterator

from django.db import connection

from aijobs.engine import rollups, statistics
from tests.benchmarks.callers import Callers
from tests.benchmarks.measuring import Result, median, say
from tests.benchmarks.site import Site, empty

FINISHED = 1_000_000
# Ends of one transaction: as many as a batch has jobs would take too long to insert.
CHUNK = 500
ROUNDS = 15
ENDS_OF_TWO_SECONDS = 2_000

# Of six types in three lanes, of which one in four failed for one of five reasons, one ended every 100 ms or faster.
FINISHED_JOBS = """
WITH job AS (
    INSERT INTO aijobs_job (
        id, tenant_id, type, params, created_at, priority, lane, status, run_after, released_at, releases, attempt,
        failures, event_seq, worker, started_at, completed_at, result, error_code
    )
    SELECT
        (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || substr(md5(number::text), 1, 20))::uuid,
        %(first)s + number %% %(tenants)s, 'bench_' || number %% 6, '{"note": "a few words of params"}', at,
        number / 8 %% 3, number / 8 %% 3, CASE WHEN number %% 4 = 0 THEN 'failed' ELSE 'completed' END,
        at, at, 1, 1, 0, 3, 'host:1:abcd', at + random() * interval '20 s', at + interval '21 s', '{"at": 1}',
        CASE WHEN number %% 4 = 0 THEN 'ERROR_' || number %% 5 ELSE '' END
    FROM generate_series(%(begin)s, %(end)s - 1) AS number,
        LATERAL (
            SELECT now() - %(days)s * interval '1 day' - (%(rows)s - number) * %(every)s * interval '1 s' AS at
        ) moment
    RETURNING id, tenant_id, status, created_at, completed_at
)
INSERT INTO aijobs_jobevent (job_id, seq, tenant_id, kind, attempt, at)
SELECT id, seq, tenant_id, (ARRAY['queued', 'started', status])[seq], least(seq - 1, 1), completed_at
FROM job, generate_series(1, 3) AS seq
"""


def fill(callers: Callers, begin: int, rows: int, every: float, chunk: int = CHUNK, days: int = 0) -> None:
    """Finished jobs and their events, one job every so many seconds until now, or so many days ago.

    `chunk` are inserted by one transaction.
    """
    parameters = {"first": callers.tenants[0].pk, "tenants": len(callers.tenants), "every": every, "days": days}
    with connection.cursor() as cursor:
        for first in range(begin, begin + rows, chunk):
            bounds = {"begin": first, "end": first + chunk, "rows": begin + rows}
            cursor.execute(FINISHED_JOBS, {**parameters, **bounds})


def run(site: Site) -> Iterator[Result]:
    empty(site)
    callers = Callers.create(20)
    say("rollup: inserting a million finished jobs")
    fill(callers, 0, FINISHED, every=0.0864)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE aijobs_job, aijobs_jobevent")
    yield from _backlog()
    yield from _steady(callers)


def _backlog() -> Iterator[Result]:
    steps = []
    more = True
    while more:
        began = time.perf_counter()
        more = rollups.roll_up_step().more
        steps.append(time.perf_counter() - began)
    say(f"rollup: {len(steps)} steps, the longest {1000 * max(steps):.0f} ms")
    yield Result("rollup_backlog", "jobs/s", FINISHED / sum(steps), target="more than end")
    yield Result("rollup_longest_step", "ms", 1000 * max(steps), target="at most 300")


def _steady(callers: Callers) -> Iterator[Result]:
    counted, refreshed = [], []
    for number in range(ROUNDS):
        begin = FINISHED + number * ENDS_OF_TWO_SECONDS
        fill(callers, begin, ENDS_OF_TWO_SECONDS, every=0.001, chunk=20)
        began = time.perf_counter()
        ends = rollups.roll_up(seconds=60)
        counted.append(time.perf_counter() - began)
        assert ends == ENDS_OF_TWO_SECONDS, f"{ends} ends counted"
        began = time.perf_counter()
        statistics.refresh()
        refreshed.append(time.perf_counter() - began)
    yield Result("rollup_two_seconds_of_ends", "ms", 1000 * median(counted), target="at most 200")
    yield Result("rollup_refresh_statistics", "ms", 1000 * median(refreshed))
