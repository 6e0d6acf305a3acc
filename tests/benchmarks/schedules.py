"""Schedules: 10,000 that are due at one moment, of 50 tenants, with the control worker and beat as `up` has them.

What each dispatched is counted from its due time to the transaction that dispatched it. Meanwhile the sweeper, which
shares its process, goes on: how long its measurements stood still is told too.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta

from django.utils.timezone import now

from aijobs import identifiers
from aijobs.models import QueueStatistics, Schedule, ScheduleRun, Tenant
from aijobs.states import Missed, Overlap, RunOutcome, TemplateKind
from tests.benchmarks.measuring import Result, percentile, say
from tests.benchmarks.site import Site, empty, wait_until
from tests.factories import TenantFactory

TENANTS = 50
EACH = 200
TOTAL = TENANTS * EACH
# Until they are written, and the processes have started.
AHEAD = timedelta(seconds=12)
ASKED_FOR = "within 60 s"


def create(tenants: list[Tenant]) -> None:
    due = now().replace(microsecond=0) + AHEAD
    Schedule.objects.bulk_create(
        Schedule(
            id=identifiers.new_id(),
            tenant=tenant,
            name=f"number {number}",
            interval_seconds=86_400,
            anchor=due,
            timezone="UTC",
            template_kind=TemplateKind.JOB,
            template={"type": "bench_noop", "params": {}},
            overlap=Overlap.SKIP,
            missed=Missed.SKIP,
            missed_window_seconds=3_600,
            jitter_seconds=0,
            next_due_at=due,
            wake_at=due,
        )
        for tenant in tenants
        for number in range(EACH)
    )


def longest_silence(until_all: int) -> float:
    """For how long the sweeper wrote no statistics, at the most, until so many schedules are dispatched."""
    longest = 0.0
    while ScheduleRun.objects.count() < until_all:
        if measured := QueueStatistics.objects.first():
            longest = max(longest, (now() - measured.refreshed_at).total_seconds())
        time.sleep(0.2)
    return longest


def delays() -> list[float]:
    runs = ScheduleRun.objects.filter(outcome=RunOutcome.DISPATCHED).values_list("due_at", "created_at")
    return [(created - due).total_seconds() for due, created in runs]


def measured(site: Site, tenants: list[Tenant], workers: int) -> tuple[list[float], float]:
    empty(site)
    Schedule.objects.all().delete()
    with ExitStack() as stack:
        for _ in range(workers):
            stack.enter_context(site.control())
        create(tenants)
        wait_until(lambda: QueueStatistics.objects.exists(), "the first measurement")
        silence = longest_silence(TOTAL)
    found = delays()
    assert len(found) == TOTAL
    return found, silence


def run(site: Site) -> Iterator[Result]:
    tenants: list[Tenant] = [TenantFactory() for _ in range(TENANTS)]
    for workers in (1, 2):
        found, silence = measured(site, tenants, workers)
        name = f"{TOTAL:,} due at once, {workers} control"
        say(
            f"{name}: dispatched after p50 {percentile(found, 0.5):.1f} s, p99 {percentile(found, 0.99):.1f} s, "
            f"last {max(found):.1f} s; the sweeper's measurements at most {silence:.1f} s old"
        )
        yield Result(f"{name}: the last one", "s", max(found), target=ASKED_FOR)
