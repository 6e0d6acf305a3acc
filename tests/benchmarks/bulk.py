"""Bulk: actions on all that match, and exports, beside a million finished jobs.

The control worker carries an action out for a quarter of a second each second: what counts is how long a step keeps
it, and how many jobs are done in its time.
"""

import time
import tracemalloc
from collections.abc import Iterator
from itertools import islice

from django.db import connection

from aijobs import bulk, exporting
from aijobs.filtering import JobFilter
from aijobs.models import BulkAction, Job, Tenant
from aijobs.states import BulkKind, BulkState, Priority
from tests.benchmarks.callers import Callers
from tests.benchmarks.measuring import Result, say
from tests.benchmarks.rollup import FINISHED, fill
from tests.benchmarks.site import Site, empty
from tests.engine import dispatch

QUEUED = 10_000
RETRIED = 2_000
EXPORTED = 20_000


def run(site: Site) -> Iterator[Result]:
    empty(site)
    callers = Callers.create(20)
    say("bulk: inserting a million finished jobs")
    fill(callers, 0, FINISHED, every=0.0864, chunk=20_000)
    with connection.cursor() as cursor:
        # Of a type that there is, so that they can be dispatched again.
        cursor.execute("UPDATE aijobs_job SET type = 'bench_noop', params = '{}' WHERE status = 'failed'")
        cursor.execute("VACUUM ANALYZE aijobs_job, aijobs_jobevent")
    tenant = callers.tenants[0]
    yield from _counts(tenant)
    for kind in (BulkKind.SET_PRIORITY, BulkKind.CANCEL):
        yield from _queued(kind, tenant)
    yield from _finished(tenant)
    yield from _exports()


def _counts(tenant: Tenant) -> Iterator[Result]:
    wanted = {
        "of_a_tenant": (tenant.pk, JobFilter(status=["failed"])),
        "of_all": (None, JobFilter(status=["failed"])),
        "of_what_no_index_has": (None, JobFilter(status=["failed"], priority="high", type=["nothing"])),
    }
    for name, (tenant_id, each) in wanted.items():
        began = time.perf_counter()
        bulk.count(BulkKind.RETRY, tenant_id, each)
        yield Result(f"bulk_count_{name}", "ms", 1000 * (time.perf_counter() - began), target="at most 1100")


def _queued(kind: BulkKind, tenant: Tenant) -> Iterator[Result]:
    if kind == BulkKind.SET_PRIORITY:
        for _ in range(10):
            dispatch(tenant, QUEUED // 10, type="bench_noop")
    yield from _carry_out(
        bulk.request(kind, tenant.pk, JobFilter(status=["queued"]), "benchmark", Priority.LOW), QUEUED
    )


def _finished(tenant: Tenant) -> Iterator[Result]:
    wanted = JobFilter(status=["failed"])
    action = bulk.request(BulkKind.RETRY, tenant.pk, wanted, "benchmark")
    last = Job.objects.of(tenant.pk).filter(status="failed").order_by("id").values_list("id", flat=True)[RETRIED]
    BulkAction.objects.filter(id=action.id).update(until=last)
    yield from _carry_out(BulkAction.objects.get(id=action.id), RETRIED)
    nothing = JobFilter(type=["nothing"], status=["completed"])
    yield from _carry_out(bulk.request(BulkKind.DELETE_RESULT, None, nothing, "benchmark"), 0)


def _carry_out(action: BulkAction, expected: int) -> Iterator[Result]:
    steps = []
    while action.state == BulkState.RUNNING:
        began = time.perf_counter()
        bulk.step(action)
        steps.append(time.perf_counter() - began)
        action = BulkAction.objects.get(id=action.id)
    assert (action.done, action.refused) == (expected, {}), f"{action.done} done, {action.refused} refused"
    name = f"bulk_{action.action}" if expected else "bulk_looking_through_all"
    yield Result(f"{name}_longest_step", "ms", 1000 * max(steps), target="at most 500")
    yield Result(name, "jobs/s", (expected or FINISHED) / sum(steps))


def _exports() -> Iterator[Result]:
    for name, (_, write) in exporting.FORMATS.items():
        began = time.perf_counter()
        rows = sum(1 for _ in islice(write(exporting.matching(None, JobFilter())), EXPORTED))
        yield Result(f"export_{name}", "jobs/s", rows / (time.perf_counter() - began))
        tracemalloc.start()
        for _ in islice(write(exporting.matching(None, JobFilter())), EXPORTED // 10):
            pass
        yield Result(f"export_{name}_memory", "MiB", tracemalloc.get_traced_memory()[1] / 2**20)
        tracemalloc.stop()
