"""The order in which a real worker runs jobs."""

import httpx

from tests.integration.callers import dispatch, wait_for_the_end
from tests.integration.processes import Processes


def test_high_runs_before_normal_before_low(http: httpx.Client, processes: Processes) -> None:
    """Strictly: thirty of each, dispatched in turn, more than a window holds."""
    dispatched: dict[str, list[str]] = {priority: [] for priority in ("low", "normal", "high")}
    for _ in range(30):
        for priority, ids in dispatched.items():
            ids.append(dispatch(http, priority=priority))
    processes.worker(concurrency=1)
    everything = [*dispatched["high"], *dispatched["normal"], *dispatched["low"]]
    jobs = wait_for_the_end(http, *everything, seconds=180)
    assert [job["id"] for job in sorted(jobs, key=lambda job: job["started_at"])] == everything
