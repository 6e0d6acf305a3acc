"""Twice everything that should be there once: two beats, and two workers for their tasks."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from aijobs.states import EventKind
from tests.chaos.judge import Judge
from tests.chaos.load import Load, doomed
from tests.chaos.site import Site
from tests.integration.processes import wait_until


def test_two_beats_and_two_sweepers_do_no_harm(site: Site, load: Load, judge: Judge) -> None:
    """With work for both: lost leases, lost messages, retries."""
    second = [site.processes.control(wait=False), site.processes.beat(wait=False)]
    try:
        load.start()
        for each in second:
            each.wait_ready()
        victims = [load.dispatch(doomed())[0] for _ in range(3)]
        runs = site.wait_for_run(*victims)
        with site.broker() as broker:
            broker.flushall()
        for run in runs:
            os.kill(run.pid, signal.SIGKILL)
        told = judge.passes()
    finally:
        for each in second:
            site.kill(each)
    lost = [event.job_id for event in told.events if event.kind == EventKind.LEASE_LOST]
    assert sorted(lost) == sorted(victims)


# So many schedules a tenant, and so often a control worker is killed.
SHORT = (1, 60, 2)
LONG = (5, 200, 12)
DUE = """
UPDATE aijobs_schedule SET interval_seconds = 86400, anchor = due, next_due_at = due, wake_at = due
FROM (SELECT date_trunc('second', now()) - interval '5 seconds' AS due) moment
"""
# Of each schedule: its runs, the jobs of them that are there, and all of its jobs.
TOLD = """
SELECT count(run.id), count(job.id), (SELECT count(*) FROM aijobs_job WHERE schedule_id = schedule.id)
FROM aijobs_schedule schedule
LEFT JOIN aijobs_schedulerun run ON run.schedule_id = schedule.id AND run.outcome = 'dispatched'
LEFT JOIN aijobs_job job ON job.id = run.job_id
GROUP BY schedule.id
"""
RUNS = "SELECT count(*) FROM aijobs_schedulerun"


@contextmanager
def two_of_each(site: Site) -> Iterator[None]:
    """Another beat; of the control workers one that stays, and others that are killed."""
    beat = site.processes.beat(wait=False)
    try:
        beat.wait_ready()
        yield
    finally:
        site.kill(beat)


def wait_for_runs(site: Site, count: int) -> None:
    wait_until(lambda: site.ask(RUNS)[0][0] >= count, f"{count} runs", 180)


def assert_each_due_time_is_dispatched_once(site: Site, tenants: int, schedules: int, kills: int) -> None:
    for number in range(tenants):
        shop = site.new_shop(f"scheduled-{kills}-{number}")
        with httpx.Client(base_url=site.api.base_url, headers=shop.headers, timeout=120) as http:
            for each in range(schedules):
                body = {"name": f"number {each}", "interval_seconds": 86_400, "job": {"type": "test_probe"}}
                http.post("/api/ai-jobs/schedules", json=body).raise_for_status()
    total = tenants * schedules
    with two_of_each(site):
        doomed = site.processes.control()
        with site.connect() as database:
            database.execute(DUE)
        for kill in range(1, kills + 1):
            wait_for_runs(site, total * kill // (kills + 1))
            site.kill(doomed)
            doomed = site.processes.control(wait=False)
        wait_for_runs(site, total)
        # Another tick or two, and what the sweeper has to repeat.
        site.wait_for_the_end()
        site.kill(doomed)
    assert site.ask(TOLD) == [(1, 1, 1)] * total


def test_each_due_time_is_dispatched_once_by_two_beats_and_control_workers_that_are_killed(site: Site) -> None:
    assert_each_due_time_is_dispatched_once(site, *SHORT)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_each_due_time_is_dispatched_once_for_long(site: Site) -> None:
    assert_each_due_time_is_dispatched_once(site, *LONG)
