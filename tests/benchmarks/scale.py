"""Scale: a table with 1,000,000 finished jobs, and 100,000 queued ones beside them, against a small table.

Both databases are on the same server, and every operation is measured in turn on each. "Small" is what a hundredth
page needs: a few thousand rows of one tenant.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.db import connection

from aijobs import identifiers
from aijobs.api.wire.pagination import encode_cursor
from aijobs.engine import lifecycle
from aijobs.engine.outcomes import Completed
from aijobs.models import Job, Tenant
from aijobs.states import Priority, Status
from tests.benchmarks import traffic
from tests.benchmarks.callers import Callers
from tests.benchmarks.measuring import Result, median, percentile, say
from tests.benchmarks.site import Site, empty, wait_until
from tests.benchmarks.traffic import request
from tests.engine import dispatch

BIG = "aijobs"
SMALL = "small"
# Rows that a hundredth page of every filter needs: the rarest value has a quarter of the tenant's jobs.
PAGE = 20
SMALL_ROWS = 10_000
FINISHED = 1_000_000
QUEUED = 100_000
TENANTS = 1_000
REQUESTS = 150
ROUNDS = 3
FILTERS: dict[str, dict[str, str]] = {
    "all": {},
    "status": {"status": "failed"},
    "type": {"type": "bench_params"},
    "priority": {"priority": "high"},
    "dates": {"start_date": "2020-01-01", "end_date": "2100-01-01"},
}
STEADY_JOBS = 200_000
STEADY_BACKLOG = 2_000
SLICES = 10

FINISHED_JOBS = """
INSERT INTO aijobs_job (
    id, tenant_id, type, params, created_at, priority, lane, status, run_after, released_at, releases, attempt,
    failures, event_seq, worker, started_at, completed_at, result, error_code
)
SELECT
    (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || substr(md5(number::text), 1, 20))::uuid,
    CASE WHEN number %% 2 = 0 THEN %(first)s ELSE %(first)s + number %% %(tenants)s END,
    CASE WHEN number / 2 %% 4 = 0 THEN 'bench_params' ELSE 'bench_noop' END, '{"note": "a few words of params"}', at,
    number / 8 %% 3, number / 8 %% 3, CASE WHEN number / 24 %% 4 = 0 THEN 'failed' ELSE 'completed' END,
    at, at, 1, 1, 0, 3, 'host:1:abcd', at + interval '1 s', at + interval '2 s', '{"at": 1}', ''
FROM generate_series(1, %(rows)s) AS number,
    LATERAL (SELECT now() - interval '1 day' - (%(rows)s - number) * interval '7 s' AS at) moment
"""
EVENTS = """
INSERT INTO aijobs_jobevent (job_id, seq, tenant_id, kind, attempt, at)
SELECT id, seq, tenant_id, (ARRAY['queued', 'started', status])[seq], least(seq - 1, 1), created_at
FROM aijobs_job, generate_series(1, 3) AS seq
"""


@dataclass(frozen=True)
class Side:
    """One of the two databases, and the API on it."""

    database: str
    port: int
    callers: Callers

    @contextmanager
    def here(self) -> Iterator[None]:
        """This process works on its database, and afterwards on the one it worked on before."""
        before = connection.settings_dict["NAME"]
        _use(self.database)
        try:
            yield
        finally:
            _use(before)


def _use(database: str) -> None:
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]  # of PostgreSQL's
    connection.settings_dict["NAME"] = database


def fill(callers: Callers, rows: int) -> None:
    """Finished jobs, half of them the first tenant's, and their events."""
    parameters = {"first": callers.tenants[0].pk, "tenants": len(callers.tenants), "rows": rows}
    with connection.cursor() as cursor:
        cursor.execute(FINISHED_JOBS, parameters)
        cursor.execute(EVENTS)
        for table in ("aijobs_job", "aijobs_jobevent", "aijobs_tenant"):
            cursor.execute(f"VACUUM ANALYZE {table}")


def add_queued(callers: Callers) -> None:
    """A hundred a tenant, of which a window is released."""
    for tenant in callers.tenants:
        dispatch(tenant, QUEUED // len(callers.tenants), type="bench_noop")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE aijobs_job")


# Seconds of one operation, measured on one side.
Operation = Callable[["Side"], list[float]]


def operations() -> dict[str, Operation]:
    """Every request of the API that reads or makes jobs, and the claim."""
    found: dict[str, Operation] = {}
    for name, query in FILTERS.items():
        found[f"list_{name}"] = partial(_list, query=query)
        found[f"list_{name}_page_100"] = partial(_list, query=query, page=100)
    return {**found, "get": _get_job, "dispatch": _dispatch, "claim": _claim}


def _list(side: Side, query: dict[str, str], page: int = 1) -> list[float]:
    cursor = {"cursor": encode_cursor(_job_before(side, query, page))} if page > 1 else {}
    return _get(side, f"/api/ai-jobs?{urlencode({**query, 'limit': PAGE, **cursor})}")


def _get_job(side: Side) -> list[float]:
    return _get(side, f"/api/ai-jobs/{_job_before(side, {}, 100)}")


def _get(side: Side, path: str) -> list[float]:
    wanted = request("GET", path, **side.callers.headers[0])
    return traffic.send(side.port, lambda: iter([wanted] * REQUESTS), status=200, connections=1).latencies


def _job_before(side: Side, query: dict[str, str], page: int) -> str:
    """The id of the last job of the page before."""
    with side.here():
        fields = {name: value for name, value in query.items() if name in ("status", "type")}
        jobs = Job.objects.filter(tenant=side.callers.tenants[0], **fields).order_by("-id")
        if "priority" in query:
            jobs = jobs.filter(priority=Priority.from_name(query["priority"]))
        last: UUID = jobs.values_list("id", flat=True)[(page - 1) * PAGE - 1]
        return identifiers.encode(identifiers.JOB_PREFIX, last)


def _dispatch(side: Side) -> list[float]:
    """Of other tenants than the one whose lists are read, each with room in its window."""
    headers = side.callers.headers[1:]

    def requests() -> Iterator[bytes]:
        for number in range(REQUESTS):
            body = {"type": "bench_noop", "priority": "high"}
            caller = headers[number % len(headers)]
            yield request("POST", "/api/ai-jobs", body, Idempotency_Key=str(uuid4()), **caller)

    return traffic.send(side.port, requests, connections=1).latencies


def _claim(side: Side) -> list[float]:
    """Of what `_dispatch` has added, and the end of each run, so that the table stays as it is."""
    timings = []
    with side.here():
        waiting = Job.objects.filter(status=Status.QUEUED, lane=Priority.HIGH, released_at__isnull=False)
        for job_id in list(waiting.values_list("id", flat=True)[:REQUESTS]):
            began = time.perf_counter()
            run = lifecycle.claim(job_id, "benchmark")
            timings.append(time.perf_counter() - began)
            assert run is not None
            lifecycle.record(run, Completed({"at": 1}, (0, None)))
    # The first ones connect and prepare.
    return timings[10:]


def compare(name: str, big: Side, small: Side) -> Iterator[Result]:
    """Each operation in turn on both sides. The first round prepares statements and fills caches."""
    slowest = 0.0
    for operation, measure in operations().items():
        rounds = [(measure(big), measure(small)) for _ in range(ROUNDS + 1)][1:]
        pairs = sorted(((median(ours), median(peer)) for ours, peer in rounds), key=lambda pair: pair[0] / pair[1])
        ours, peer = pairs[ROUNDS // 2]
        slowest = max(slowest, percentile([seconds for ours, _ in rounds for seconds in ours], 0.99))
        say(f"scale_{name}_{operation}: {1000 * ours:.2f} ms, small {1000 * peer:.2f} ms")
        yield Result(f"scale_{name}_{operation}", "ms", 1000 * ours, 1000 * peer, "at most 1.3")
    yield Result(f"scale_{name}_slowest_p99", "ms", 1000 * slowest, target="at most 25")


def steady(site: Site) -> Iterator[Result]:
    """200,000 jobs at the worker's own pace: does the last tenth run as fast as the second?"""
    empty(site)
    callers = Callers.create(20)
    rates: list[float] = []
    dispatched = 0
    with site.control(), site.worker():
        for number in range(SLICES):
            began = time.perf_counter()
            end = (number + 1) * STEADY_JOBS // SLICES
            while dispatched < end:
                wait_until(lambda: _active() < STEADY_BACKLOG, "room")
                for tenant in callers.tenants:
                    dispatch(tenant, 50, type="bench_noop")
                dispatched += 50 * len(callers.tenants)
            rates.append(STEADY_JOBS / SLICES / (time.perf_counter() - began))
            say(f"scale_steady: {rates[-1]:.0f} jobs/s in slice {number + 1}")
        wait_until(lambda: _active() == 0, "the end", 120.0)
    yield Result("scale_steady_last_to_second_slice", "jobs/s", rates[-1], rates[1], "at least 0.77")


def _active() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(sum(active), 0) FROM aijobs_tenantcapacity")
        row = cursor.fetchone()
        assert row is not None
        return int(row[0])


def run(site: Site) -> Iterator[Result]:
    empty(site)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {SMALL} TEMPLATE template0")
    from django.core.management import call_command

    _use(SMALL)
    call_command("migrate", verbosity=0, run_syncdb=True)
    small_callers = Callers.create(TENANTS)
    fill(small_callers, SMALL_ROWS * 2)
    _use(BIG)
    Tenant.objects.all().delete()
    big_callers = Callers.create(TENANTS)
    say("scale: inserting a million finished jobs")
    fill(big_callers, FINISHED)
    with site.api() as big_port, site.api(SMALL) as small_port:
        big = Side(BIG, big_port, big_callers)
        small = Side(SMALL, small_port, small_callers)
        yield from compare("finished", big, small)
        with big.here():
            add_queued(big_callers)
        yield from compare("queued", big, small)
    yield from steady(site)
