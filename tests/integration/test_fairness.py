"""Who waits for whom in a real worker. The bounds are those of tests/aijobs/test_fairness.py, where they are derived.

Jobs are dispatched by the engine in this process, and counted by the database's clock from the moment that dispatch
has returned: then the job's message is in the broker. Nobody waits for the rest of a backlog.
"""

from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any
from uuid import UUID

import pytest
from django.utils.timezone import now

from aijobs.models import Job, JobEvent, Tenant
from aijobs.states import TERMINAL, Priority
from tests import engine
from tests.factories import TenantFactory
from tests.integration.processes import Processes, Running, wait_until

WINDOW = 16
# For each of the worker's two processes a job that it was just claiming, and one whose message it had taken for it.
UNDER_WAY = 2 * 2
# The `sweeping` fixture sweeps five times a second.
SWEEP_SECONDS = 1.0


def started(tenant: Tenant, **more: Any) -> int:
    return Job.objects.filter(tenant=tenant, started_at__isnull=False, **more).count()


def wait_for_the_start(job_id: UUID, seconds: float = 90.0) -> datetime:
    wait_until(lambda: Job.objects.filter(id=job_id, started_at__isnull=False).exists(), f"{job_id} started", seconds)
    started_at = Job.objects.get(id=job_id).started_at
    assert started_at is not None
    return started_at


def test_thousands_of_jobs_delay_another_tenants_first_by_a_window(worker: Running, sweeping: None) -> None:
    big = TenantFactory(release_window=WINDOW)
    for _ in range(5):
        engine.dispatch(big, 1000)
    wait_until(lambda: started(big) > 2 * WINDOW, "the worker drains the backlog")
    delays = []
    for _ in range(5):
        [probe] = engine.dispatch(TenantFactory())
        dispatched_at = now()
        probe_started_at = wait_for_the_start(probe)
        delays.append(started(big, started_at__gt=dispatched_at, started_at__lt=probe_started_at))
    # One tenant was active in the lane.
    assert max(delays) <= WINDOW + UNDER_WAY, delays
    assert Job.objects.filter(tenant=big, status="queued").count() > 1000, "the backlog was too short to tell"


@pytest.mark.parametrize("max_running", [None, 1, 3])
def test_own_low_backlog_does_not_hold_up_a_high_job(
    worker: Running, sweeping: None, max_running: int | None
) -> None:
    tenant = TenantFactory(release_window=WINDOW, max_running=max_running)
    engine.dispatch(tenant, 400, priority=Priority.LOW, params={"sleep": 0.02})
    for already in (5, 20, 40):
        wait_until(lambda already=already: started(tenant) > already, "the worker drains the backlog")  # type: ignore[misc]
        [high] = engine.dispatch(tenant, priority=Priority.HIGH)
        dispatched_at = now()
        high_started_at = wait_for_the_start(high)
        assert started(tenant, started_at__gt=dispatched_at, started_at__lt=high_started_at) <= UNDER_WAY
    assert Job.objects.filter(tenant=tenant, status="queued").exists(), "the backlog was too short to tell"


def test_own_low_jobs_in_the_broker_take_no_places_of_a_high_one(worker: Running, sweeping: None) -> None:
    """As many as `max_running` wait there, behind another tenant's normal ones."""
    other, tenant = TenantFactory(release_window=WINDOW), TenantFactory(max_running=2)
    engine.dispatch(other, 600, params={"sleep": 0.02})
    engine.dispatch(tenant, 5, priority=Priority.LOW)
    wait_until(lambda: started(other) > WINDOW, "the worker drains the other tenant's")
    [high] = engine.dispatch(tenant, priority=Priority.HIGH)
    dispatched_at = now()
    high_started_at = wait_for_the_start(high)
    assert started(other, started_at__gt=dispatched_at, started_at__lt=high_started_at) <= UNDER_WAY


def test_low_job_starts_while_high_and_normal_ones_keep_coming(
    worker: Running, sweeping: None, settings: Any
) -> None:
    promote_after = settings.AIJOBS_PROMOTE_AFTER_SECONDS = 2.0
    flooding = [TenantFactory(release_window=WINDOW) for _ in range(2)]
    for tenant in flooding:
        top_up(tenant)
    wait_until(lambda: started(flooding[0]) > 0, "the worker runs the flood")
    [low] = engine.dispatch(TenantFactory(), priority=Priority.LOW)
    dispatched_at = now()

    def flood_until_it_starts() -> bool:
        for tenant in flooding:
            top_up(tenant)
        return Job.objects.filter(id=low, started_at__isnull=False).exists()

    wait_until(flood_until_it_starts, "the low job started", 180)
    job = Job.objects.get(id=low)
    promoted_at = dispatched_at + timedelta(seconds=2 * promote_after)
    assert job.started_at
    assert job.started_at >= promoted_at - timedelta(seconds=SWEEP_SECONDS), "it was never starved"
    # However late the sweep came by which it was released there.
    assert job.lane == Priority.HIGH
    since = {"started_at__gt": job.released_at, "started_at__lt": job.started_at}
    assert sum(started(tenant, **since) for tenant in flooding) <= 2 * WINDOW * len(flooding)


def top_up(tenant: Tenant) -> None:
    """Leave more than a window of high and of normal jobs waiting."""
    for lane in (Priority.HIGH, Priority.NORMAL):
        waiting = Job.objects.filter(tenant=tenant, priority=lane, status="queued").count()
        if waiting < 2 * WINDOW:
            engine.dispatch(tenant, 4 * WINDOW - waiting, priority=lane, params={"sleep": 0.01})


def test_never_more_than_max_running(processes: Processes, sweeping: None) -> None:
    tenant = TenantFactory(max_running=2)
    for lane in Priority:
        engine.dispatch(tenant, 15, priority=lane, params={"sleep": 0.02})
    processes.worker(concurrency=4)
    open_jobs = Job.objects.filter(tenant=tenant).exclude(status__in=TERMINAL)
    wait_until(lambda: not open_jobs.exists(), "every job has ended", 180)
    assert most_at_once(tenant) == 2


def most_at_once(tenant: Tenant) -> int:
    """How many of the tenant's jobs ran at a time, at the most, as their events tell it."""
    events = JobEvent.objects.filter(tenant=tenant).exclude(kind="queued").values_list("at", "kind")
    # An end before a start of the same moment: the claim has seen it.
    steps = sorted((at, 1 if kind == "started" else -1) for at, kind in events)
    return max(accumulate(step for _, step in steps))
