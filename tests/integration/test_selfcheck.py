"""The self-check beside a real worker at full speed, where it must be silent, and where nobody works."""

import os
import signal
from datetime import timedelta
from typing import Any

import httpx
from django.db.models import F

from aijobs.engine import selfcheck
from aijobs.models import Job
from aijobs.states import Priority
from tests import engine
from tests.factories import TenantFactory
from tests.integration.processes import Api, Processes, Running, wait_until


def let_everything_wait(seconds: float) -> None:
    earlier = timedelta(seconds=seconds)
    Job.objects.update(run_after=F("run_after") - earlier, released_at=F("released_at") - earlier)


def test_silent_while_a_worker_drains(worker: Running, sweeping: None, settings: Any) -> None:
    """Windows that are being refilled, places that are being given back, jobs that are being promoted or are not."""
    for promote_after in (600.0, 30.0):
        settings.AIJOBS_PROMOTE_AFTER_SECONDS = promote_after
        # It is there, and has not begun.
        os.killpg(worker.process.pid, signal.SIGSTOP)
        try:
            fill()
            # More than a promotion takes, and less than a worker may be silent for.
            let_everything_wait(35)
        finally:
            os.killpg(worker.process.pid, signal.SIGCONT)
        drain_in_silence()


def fill() -> None:
    for limits in ({"release_window": 1}, {"release_window": 4}, {"max_running": 1}, {"max_running": 2}):
        tenant = TenantFactory(**limits)
        for priority in Priority:
            engine.dispatch(tenant, 12, priority=priority)


def drain_in_silence() -> None:
    waiting = Job.objects.filter(status="queued")

    def is_drained() -> bool:
        assert selfcheck.run() == []
        return not waiting.exists()

    wait_until(is_drained, "the worker drains all", 180)
    assert selfcheck.run() == []


def test_deep_readiness_says_that_nobody_works(server: Api, processes: Processes) -> None:
    ids = engine.dispatch(TenantFactory(release_window=4), 6)
    let_everything_wait(selfcheck.CONSUMED_WITHIN + 1)
    Job.objects.filter(id=ids[0]).update(released_at=None)
    answers: list[httpx.Response] = []

    def is_refused() -> bool:
        answers.append(httpx.get(server.base_url + "/readyz?deep=1", timeout=60))
        return answers[-1].status_code == 503

    # An earlier test may have asked: for some seconds the API gives the same answer again.
    wait_until(is_refused, "a 503")
    answer = answers[-1]
    release, consumption = answer.json()["error"]["details"]["selfcheck"]
    assert release == "release: 1 violation"
    assert consumption == "consumption: 1 violation"
    assert httpx.get(server.base_url + "/readyz", timeout=60).status_code == 200
