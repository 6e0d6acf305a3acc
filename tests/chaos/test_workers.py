"""Workers and their processes are killed, stopped and frozen in the middle of their work."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast
from uuid import UUID

import psutil
import pytest
import redis

from aijobs.states import CONTROL_QUEUE, EventKind, Status
from tests.chaos.judge import Judge
from tests.chaos.load import CANCELLED, FAILED, Load, batch, counted, doomed
from tests.chaos.site import LEASE_SECONDS, POOL_PROCESSES, RECOVERY_SECONDS, WORKERS, Shop, Site
from tests.integration.processes import STOP_SECONDS, wait_until


def under_load(site: Site, load: Load, completed: int = 20) -> None:
    load.start()
    site.wait_for_workers()
    site.wait_for_completed(completed)


def test_job_of_a_killed_pool_child_runs_again_and_the_worker_goes_on(site: Site, load: Load, judge: Judge) -> None:
    under_load(site, load)
    victims = [load.dispatch(doomed())[0] for _ in range(3)]
    for run in site.wait_for_run(*victims):
        os.kill(run.pid, signal.SIGKILL)
    judge.sees_every_worker_serve()
    told = judge.passes()
    jobs = {job.id: job for job in told.jobs}
    assert [(jobs[each].attempt, jobs[each].failures) for each in victims] == [(2, 1)] * 3


def test_jobs_of_a_killed_worker_run_again_soon_after_their_lease(site: Site, load: Load, judge: Judge) -> None:
    under_load(site, load)
    measured = _kill_a_worker(site, load)
    judge.passes()
    print(f"started again after {measured:.2f} s with a lease of {LEASE_SECONDS} s")
    assert measured <= RECOVERY_SECONDS


@pytest.mark.long
def test_jobs_of_a_killed_worker_run_again_with_the_default_lease(site: Site, load: Load, judge: Judge) -> None:
    _kill_the_pool(site)
    try:
        site.pool += [site.processes.worker(AIJOBS_LEASE_SECONDS="30") for _ in range(2)]
        under_load(site, load)
        measured = _kill_a_worker(site, load)
        judge.passes(60)
    finally:
        _kill_the_pool(site)
    print(f"started again after {measured:.2f} s with a lease of 30 s")
    assert measured <= 35


def _kill_the_pool(site: Site) -> None:
    for worker in list(site.pool):
        site.kill(worker)


def _kill_a_worker(site: Site, load: Load) -> float:
    """Kill one while it runs jobs: after how long the last of them is started by another."""
    ids = [load.dispatch(doomed())[0] for _ in range(3)]
    runs = site.wait_for_run(*ids)
    victim = site.worker_of(runs[0])
    held = [run.job_id for run in runs if site.worker_of(run) is victim]
    site.kill(victim)
    killed = time.time()
    again = [
        site.wait_for_event(
            job_id,
            EventKind.STARTED,
            2,
        )
        for job_id in held
    ]
    return max(moment.timestamp() for moment in again) - killed


def test_zombie_of_a_stopped_worker_writes_nothing(site: Site, load: Load, judge: Judge) -> None:
    under_load(site, load)
    # It sleeps on while it is stopped, and would write when it wakes.
    ids = [load.dispatch(doomed(6.0))[0] for _ in range(3)]
    runs = site.wait_for_run(*ids)
    zombie = site.worker_of(runs[0])
    held = [run.job_id for run in runs if site.worker_of(run) is zombie]
    os.killpg(zombie.process.pid, signal.SIGSTOP)
    try:
        for job_id in held:
            site.wait_for_event(job_id, EventKind.LEASE_LOST, 1)
            site.wait_for_event(job_id, EventKind.STARTED, 2)
    finally:
        os.killpg(zombie.process.pid, signal.SIGCONT)
    wait_until(lambda: zombie.output().count("run abandoned") >= len(held), "the refusal of the zombie's writes")
    judge.sees_every_worker_serve()
    told = judge.passes()
    assert [(job.attempt, job.status) for job in told.jobs if job.id in held] == [(2, Status.COMPLETED)] * len(held)


@pytest.fixture
def patient_pool(site: Site) -> Iterator[None]:
    """Workers with long leases: nobody renews them between the end of a pool and the hand-back."""
    _kill_the_pool(site)
    patient = {"AIJOBS_LEASE_SECONDS": "30", "AIJOBS_SHUTDOWN_SECONDS": "4"}
    site.pool += [site.processes.worker(POOL_PROCESSES, wait=False, **patient) for _ in range(WORKERS)]
    yield
    _kill_the_pool(site)


def test_stopping_worker_finishes_or_hands_back_without_spending_budget(
    site: Site, patient_pool: None, load: Load, judge: Judge
) -> None:
    under_load(site, load)
    # Some outlast the soft shutdown and some do not.
    long = [load.dispatch(doomed())[0] for _ in range(2)]
    runs = site.wait_for_run(*long)
    short = [load.dispatch(counted(0.5, "high"))[0] for _ in range(2)]
    for job_id in short:
        site.wait_for_event(job_id, EventKind.STARTED, 1)
    victim = next(site.worker_of(run) for run in runs if run.job_id in long)
    held = [run.job_id for run in runs if site.worker_of(run) is victim and run.job_id in long]
    pool = psutil.Process(victim.process.pid).children()
    site.retire(victim)
    victim.process.send_signal(signal.SIGTERM)
    victim.process.wait(STOP_SECONDS)
    ended = time.time()
    assert not psutil.wait_procs(pool, timeout=60)[1], "processes of the pool outlive it"
    for job_id in held:
        # At once: before the process was gone, and long before the lease was over.
        assert site.wait_for_event(job_id, EventKind.HANDED_BACK, 1).timestamp() <= ended
    told = judge.passes()
    jobs = {job.id: job for job in told.jobs}
    assert {(jobs[job_id].attempt, jobs[job_id].failures) for job_id in held} == {(2, 0)}
    assert {jobs[job_id].attempt for job_id in short} == {1}
    assert EventKind.LEASE_LOST not in {event.kind for event in told.events}


def test_running_member_of_a_cancelled_batch_is_killed_and_gets_no_further_attempt(
    site: Site, load: Load, judge: Judge
) -> None:
    """Whichever comes first: the cancel or the kill. Of sequential batches, and of others."""
    under_load(site, load)
    cancelled_first, killed_first = (
        [_dispatch_batch(load, shop, each) for each in (True, False)] for shop in load.shops[:2]
    )
    runs = site.wait_for_run(*(first for first, *_ in [*cancelled_first, *killed_first]))
    with no_sweeps(site):
        for first, *_ in cancelled_first:
            cancel_batch(site, load, first)
        for run in runs:
            os.kill(run.pid, signal.SIGKILL)
        for first, *_ in killed_first:
            cancel_batch(site, load, first)
    told = judge.passes()
    jobs = {job.id: job for job in told.jobs}
    for first, *others in [*cancelled_first, *killed_first]:
        assert (jobs[first].attempt, jobs[first].error_code) == (1, "WORKER_TIMEOUT")
        assert {jobs[other].cancel_reason for other in others} <= {"BATCH_CANCELLED"}


def _dispatch_batch(load: Load, shop: Shop, sequential: bool) -> list[UUID]:
    """One that is at its first job."""
    members = [{"sleep": 20.0}, *[{"sleep": 30.0}] * 3 * sequential]
    ends = [FAILED, *[CANCELLED] * 3 * sequential]
    return load.dispatch(batch(members, ends, sequential=sequential), shop)


def _at_work(broker: redis.Redis) -> list[bytes]:
    """What the control worker is at."""
    taken = cast("list[bytes]", broker.hvals("unacked"))
    return [message for message in taken if CONTROL_QUEUE.encode() in message]


@contextmanager
def no_sweeps(site: Site) -> Iterator[None]:
    """Nobody takes back what was lost meanwhile: beat is stopped, and nothing that it sent is under way."""
    os.kill(site.beat.process.pid, signal.SIGSTOP)
    try:
        with site.broker() as broker:
            wait_until(lambda: not broker.llen(CONTROL_QUEUE) and not _at_work(broker), "the end of all sweeps")
        yield
    finally:
        os.kill(site.beat.process.pid, signal.SIGCONT)


def cancel_batch(site: Site, load: Load, member: UUID) -> None:
    [(batch_id, tenant)] = site.ask("SELECT batch_id, tenant_id FROM aijobs_job WHERE id = %s", member)
    [shop] = [shop for shop in load.shops if shop.id == tenant]
    load.cancel_batch(batch_id, shop)
