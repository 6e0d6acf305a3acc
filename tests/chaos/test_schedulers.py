"""Twice everything that should be there once: two beats, and two workers for their tasks."""

import os
import signal

from aijobs.states import EventKind
from tests.chaos.judge import Judge
from tests.chaos.load import Load, counted
from tests.chaos.site import Site


def test_two_beats_and_two_sweepers_do_no_harm(site: Site, load: Load, judge: Judge) -> None:
    """With work for both: lost leases, lost messages, retries."""
    second = [site.processes.control(wait=False), site.processes.beat(wait=False)]
    try:
        load.start()
        for each in second:
            each.wait_ready()
        victims = [load.dispatch(counted(2.0, "high"))[0] for _ in range(3)]
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
