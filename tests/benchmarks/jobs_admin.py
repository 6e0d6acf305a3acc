"""The admin's list of jobs, and the page of one, with 1,000,000 jobs of seven days: queries and database time.

The time is that of the statements as this process waits for them, the staff's session included: the median of some
loads, after one that fills the caches.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import psycopg
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse

from aijobs.models import Job
from aijobs.states import Status
from tests.benchmarks.callers import Callers
from tests.benchmarks.measuring import Result, median, say
from tests.benchmarks.site import Site, empty
from tests.engine import dispatch, dispatch_batch

JOBS = 1_000_000
TENANTS = 200
LOADS = 5
MOST_MS = 300

# Half of them the first tenant's; one in twelve failed, half of those for one reason; one in ten names the same SKU;
# the others name three of 100,000. One in 50,000 is of a rare type and failed for a rare reason.
FINISHED_JOBS = """
INSERT INTO aijobs_job (
    id, tenant_id, type, params, subjects, created_at, request_id, idempotency_key, priority, lane, status, run_after,
    released_at, releases, attempt, failures, event_seq, worker, started_at, completed_at, result, error_code
)
SELECT
    (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || substr(md5(number::text), 1, 20))::uuid,
    CASE WHEN number %% 2 = 0 THEN %(first)s ELSE %(first)s + number %% %(tenants)s END,
    CASE WHEN number %% 50000 = 0 THEN 'test_hasty' ELSE 'bench_params' END,
    '{"note": "a few words of params"}',
    CASE WHEN number %% 10 = 0 THEN ARRAY['SKU-popular']
        ELSE ARRAY(
            SELECT 'SKU-' || (number::bigint * 7919 + each * 104729) %% 100000 FROM generate_series(1, 3) AS each
        ) END,
    at, md5('request' || number), CASE WHEN number %% 2 = 0 THEN md5('key' || number) ELSE '' END,
    number / 8 %% 3, number / 8 %% 3, CASE WHEN number %% 12 = 0 OR number %% 50000 = 0 THEN 'failed'
        WHEN number %% 1000 = 1 THEN 'cancelled' ELSE 'completed' END,
    at, at, 1, 1, (number %% 12 = 0)::int, 3, 'host:1:abcd', at + interval '1 s', at + interval '2 s', '{"at": 1}',
    CASE WHEN number %% 50000 = 0 THEN 'RARE_REASON' WHEN number %% 24 = 0 THEN 'WORKER_TIMEOUT'
        WHEN number %% 12 = 0 THEN 'REASON_' || number %% 40 ELSE '' END
FROM generate_series(1, %(rows)s) AS number,
    LATERAL (SELECT now() - (%(rows)s - number) * interval '0.6 s' AS at) moment
"""
EVENTS = """
INSERT INTO aijobs_jobevent (job_id, seq, tenant_id, kind, attempt, at)
SELECT id, seq, tenant_id, (ARRAY['queued', 'started', status])[seq], least(seq - 1, 1), created_at
FROM aijobs_job, generate_series(1, 3) AS seq
"""


def fill(callers: Callers) -> None:
    parameters = {"first": callers.tenants[0].pk, "tenants": len(callers.tenants), "rows": JOBS}
    with connection.cursor() as cursor:
        for statement in (FINISHED_JOBS, EVENTS):
            cursor.execute(statement, parameters if statement is FINISHED_JOBS else None)
        cursor.execute("VACUUM ANALYZE aijobs_job, aijobs_jobevent, aijobs_tenant")


@dataclass
class Spent:
    """What statements took, in milliseconds."""

    statements: list[float] = field(default_factory=list)


@contextmanager
def watching() -> Iterator[Spent]:
    """Every statement of this process, also those that go past Django's cursor."""
    spent, execute = Spent(), psycopg.Cursor.execute

    def timed(cursor: Any, *arguments: Any, **options: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(cursor, *arguments, **options)
        finally:
            spent.statements.append(1000 * (time.perf_counter() - began))

    psycopg.Cursor.execute = timed  # type: ignore[method-assign, assignment]
    try:
        yield spent
    finally:
        psycopg.Cursor.execute = execute  # type: ignore[method-assign]


def screens(callers: Callers) -> Iterator[tuple[str, str]]:
    """Each by name, with its address."""
    address = reverse("admin:aijobs_job_changelist")
    big, small = callers.tenants[0].name, callers.tenants[1].name
    some = Job.objects.exclude(subjects=["SKU-popular"]).order_by("-id")[5000:5001].get()
    queries = {
        "all": {},
        "older": {"older": some.public_id},
        "newer": {"newer": some.public_id},
        "any_time": {"created": "all"},
        "tenant_big": {"tenant": big},
        "tenant_small": {"tenant": small},
        "tenant_small_failed": {"tenant": small, "status__exact": "failed"},
        "tenant_big_cancelled": {"tenant": big, "status__exact": "cancelled"},
        "failed": {"status__exact": "failed"},
        "queued": {"status__exact": "queued"},
        "cancelled": {"status__exact": "cancelled"},
        "rare_type": {"type": "test_hasty"},
        "rare_type_tenant": {"type": "test_hasty", "tenant": big},
        "high": {"priority__exact": "2"},
        "code": {"error_code": "WORKER_TIMEOUT"},
        "rare_code": {"error_code": "RARE_REASON"},
        "code_tenant_small": {"error_code": "WORKER_TIMEOUT", "tenant": small},
        "find_job": {"q": some.public_id},
        "find_sku": {"q": some.subjects[-1]},
        "find_popular_sku": {"q": "SKU-popular"},
        "find_popular_sku_failed": {"q": "SKU-popular", "status__exact": "failed"},
        "find_popular_sku_of_tenant": {"q": "SKU-popular", "tenant": small},
        "find_request": {"q": some.request_id},
        "find_nothing": {"q": "no-such-thing"},
        "find_code": {"q": "WORKER_TIMEOUT"},
        "find_tenant": {"q": small},
    }
    yield from ((f"list_{name}", f"{address}?{urlencode(query)}") for name, query in queries.items())
    failed = Job.objects.filter(status=Status.FAILED).order_by("-id").values_list("id", flat=True)[0]
    _, members = dispatch_batch(callers.tenants[2], 20)
    for name, job_id in {"ended": failed, "blocked": members[10]}.items():
        yield f"page_{name}", _page(job_id)


def _page(job_id: UUID) -> str:
    return reverse("admin:aijobs_job_change", args=[job_id])


def run(site: Site) -> Iterator[Result]:
    empty(site)
    callers = Callers.create(TENANTS)
    say("jobs_admin: inserting a million jobs")
    fill(callers)
    for tenant in callers.tenants[3:23]:
        dispatch(tenant, 100, type="bench_params")
    client = Client()
    client.force_login(User.objects.create_superuser("benchmark"))
    for name, address in screens(callers):
        spent = [_load(client, address) for _ in range(LOADS + 1)][1:]
        queries, times = max(len(each.statements) for each in spent), [sum(each.statements) for each in spent]
        say(f"{name}: {queries} queries, {median(times):.1f} ms, the slowest load {max(times):.1f} ms")
        yield Result(f"jobs_admin_{name}", f"ms, {queries} queries", median(times), target=f"at most {MOST_MS}")


def _load(client: Client, address: str) -> Spent:
    with watching() as spent:
        answer = client.get(address)
    assert answer.status_code == 200, answer
    return spent
