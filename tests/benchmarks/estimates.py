"""Estimates: what share of 500 mixed jobs ends by the p90 that the API gave for it right after its dispatch.

Jobs of three types that compute, each for as long as the draw says, come in bursts from several tenants and in all
three priorities, as in the simulation of the suite; real workers run them and the sweeper measures. The first hundred
are not counted: until jobs have ended, nothing is known of their types.
"""

import random
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from typing import Any

import httpx

from aijobs import identifiers
from aijobs.models import Job
from aijobs.states import Status
from tests.benchmarks.callers import Callers
from tests.benchmarks.jobs import hash_for
from tests.benchmarks.measuring import Result, median, percentile, say
from tests.benchmarks.site import Site, empty, wait_until

WARM_UP = 100
JOBS = 500
TENANTS = 5
PROCESSES = 2
# Seconds on this machine as it is when the benchmark begins: the median, and how much runs differ (of the logarithm);
# and how often.
TYPES = {"bench_quick": (0.2, 0.5, 0.6), "bench_usual": (0.8, 0.6, 0.3), "bench_long": (2.8, 0.4, 0.1)}
MEAN_SECONDS = 0.73
BURST = 12
BUSY = 0.75
PATIENCE_SECONDS = 1200.0
SEED = 15


def run(site: Site) -> Iterator[Result]:
    empty(site)
    draw = random.Random(SEED)  # the same jobs each time
    callers = Callers.create(TENANTS)
    told: dict[str, dict[str, Any]] = {}
    speed = _rounds_per_second()
    with (
        site.api() as port,
        site.control(),
        site.worker(str(PROCESSES)),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as http,
    ):
        while len(told) < WARM_UP + JOBS:
            for _ in range(min(1 + int(draw.expovariate(1 / (BURST - 1))), WARM_UP + JOBS - len(told))):
                shown = _dispatched(http, callers, draw, speed)
                told[shown["id"]] = shown
            time.sleep(draw.expovariate(BUSY * PROCESSES / BURST / MEAN_SECONDS))
        wait_until(lambda: not _open(), "the end", PATIENCE_SECONDS)
    ended = {job.public_id: job for job in Job.objects.filter(status=Status.COMPLETED)}
    counted = [(shown["queue"], ended[job_id]) for job_id, shown in list(told.items())[WARM_UP:]]
    yield from _results(counted)


def _rounds_per_second() -> float:
    """Of as many processes at a time as there will be."""
    with ProcessPoolExecutor(PROCESSES) as pool:
        return sum(pool.map(hash_for, [3.0] * PROCESSES)) / 3.0 / PROCESSES


def _dispatched(http: httpx.Client, callers: Callers, draw: random.Random, speed: float) -> dict[str, Any]:
    """A job, as the API shows it at once."""
    headers = {name.replace("_", "-"): value for name, value in draw.choice(callers.headers).items()}
    name = draw.choices(list(TYPES), [share for _, _, share in TYPES.values()])[0]
    rounds = round(speed * TYPES[name][0] * draw.lognormvariate(0, TYPES[name][1]))
    priority = draw.choices(["low", "normal", "high"], [0.2, 0.6, 0.2])[0]
    body = {"type": name, "params": {"rounds": rounds}, "priority": priority}
    answer = http.post("/api/ai-jobs", json=body, headers=headers).raise_for_status()
    shown = http.get(answer.headers["Location"], headers=headers).raise_for_status()
    data: dict[str, Any] = shown.json()["data"]
    return data


def _open() -> bool:
    return Job.objects.filter(status__in=[Status.QUEUED, Status.RUNNING]).exists()


def _results(counted: list[tuple[dict[str, Any] | None, Job]]) -> Iterator[Result]:
    """Of those that had not ended by the time that they were asked for."""
    told = [(queue, job) for queue, job in counted if queue and queue["p90_completion_at"] and job.completed_at]
    before_p90 = [_after(job, queue["p90_completion_at"]) <= 0 for queue, job in told]
    before_median = [_after(job, queue["estimated_completion_at"]) <= 0 for queue, job in told]
    off = [abs(_after(job, queue["estimated_completion_at"])) for queue, job in told]
    took = [_after(job, identifiers.created_at(job.id).isoformat()) for _, job in told]
    say(f"estimates: {len(told)} jobs, each took {median(took):.1f} s (p90 {percentile(took, 0.9):.1f} s)")
    say(f"estimates: the median was off by {median(off):.1f} s (p90 {percentile(off, 0.9):.1f} s)")
    half = len(told) // 2
    for part, name in ((before_p90[:half], "first"), (before_p90[half:], "second")):
        say(f"estimates: of the {name} half {100 * sum(part) / len(part):.1f} % by their p90")
    yield Result("estimates_p90_covers_percent", "%", 100 * sum(before_p90) / len(told), target="85 to 95")
    yield Result("estimates_median_covers_percent", "%", 100 * sum(before_median) / len(told), target="about 50")


def _after(job: Job, moment: str) -> float:
    assert job.completed_at is not None
    return (job.completed_at - datetime.fromisoformat(moment)).total_seconds()
