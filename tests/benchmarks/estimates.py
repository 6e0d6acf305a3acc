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
Queue = dict[str, Any]
PATIENCE_SECONDS = 1200.0
SEED = 15


def run(site: Site) -> Iterator[Result]:
    empty(site)
    draw = random.Random(SEED)  # the same jobs each time
    callers = Callers.create(TENANTS)
    told: dict[str, tuple[Queue, Queue]] = {}
    speed = _rounds_per_second()
    with (
        site.api() as port,
        site.control(),
        site.worker(str(PROCESSES)),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as http,
    ):
        while len(told) < WARM_UP + JOBS:
            for _ in range(min(1 + int(draw.expovariate(1 / (BURST - 1))), WARM_UP + JOBS - len(told))):
                job_id, queues = _dispatched(http, callers, draw, speed)
                told[job_id] = queues
            time.sleep(draw.expovariate(BUSY * PROCESSES / BURST / MEAN_SECONDS))
        wait_until(lambda: not _open(), "the end", PATIENCE_SECONDS)
    ended = {job.public_id: job for job in Job.objects.all()}
    counted = list(told.items())[WARM_UP:]
    yield from _results("got", [(queue, ended[job_id]) for job_id, (_, queue) in counted])
    yield from _results("dispatched", [(queue, ended[job_id]) for job_id, (queue, _) in counted])


def _rounds_per_second() -> float:
    """Of as many processes at a time as there will be."""
    with ProcessPoolExecutor(PROCESSES) as pool:
        return sum(pool.map(hash_for, [3.0] * PROCESSES)) / 3.0 / PROCESSES


def _dispatched(
    http: httpx.Client, callers: Callers, draw: random.Random, speed: float
) -> tuple[str, tuple[Queue, Queue]]:
    """A job: its `queue` in the answer to its dispatch, and as it is got at once."""
    headers = {name.replace("_", "-"): value for name, value in draw.choice(callers.headers).items()}
    name = draw.choices(list(TYPES), [share for _, _, share in TYPES.values()])[0]
    rounds = round(speed * TYPES[name][0] * draw.lognormvariate(0, TYPES[name][1]))
    priority = draw.choices(["low", "normal", "high"], [0.2, 0.6, 0.2])[0]
    body = {"type": name, "params": {"rounds": rounds}, "priority": priority}
    answer = http.post("/api/ai-jobs", json=body, headers=headers).raise_for_status()
    first: dict[str, Any] = answer.json()["data"]
    shown: dict[str, Any] = http.get(answer.headers["Location"], headers=headers).raise_for_status().json()["data"]
    # A job may have ended by then.
    return first["id"], (first["queue"], shown.get("queue") or first["queue"])


def _open() -> bool:
    return Job.objects.filter(status__in=[Status.QUEUED, Status.RUNNING]).exists()


def _results(name: str, counted: list[tuple[Queue, Job]]) -> Iterator[Result]:
    told = [(queue, job) for queue, job in counted if queue["p90_completion_at"]]
    before_p90 = [_after(job, queue["p90_completion_at"]) <= 0 for queue, job in told]
    before_median = [_after(job, queue["estimated_completion_at"]) <= 0 for queue, job in told]
    off = [abs(_after(job, queue["estimated_completion_at"])) for queue, job in told]
    took = [_after(job, identifiers.created_at(job.id).isoformat()) for _, job in told]
    wide = [took_by(queue["p90_completion_at"], job) for queue, job in told]
    say(f"{name}: {len(told)} of {len(counted)} jobs took {median(took):.1f} s (p90 {percentile(took, 0.9):.1f} s)")
    say(f"{name}: the median was off by {median(off):.1f} s, the p90 was at {median(wide):.1f} s")
    half = len(told) // 2
    for part, which in ((before_p90[:half], "first"), (before_p90[half:], "second")):
        say(f"{name}: of the {which} half {100 * sum(part) / len(part):.1f} % by their p90")
    yield Result(f"estimates_{name}_p90_covers", "%", 100 * sum(before_p90) / len(told), target="85 to 95")
    yield Result(f"estimates_{name}_median_covers", "%", 100 * sum(before_median) / len(told), target="about 50")


def took_by(moment: str, job: Job) -> float:
    return (datetime.fromisoformat(moment) - identifiers.created_at(job.id)).total_seconds()


def _after(job: Job, moment: str) -> float:
    assert job.completed_at is not None
    return (job.completed_at - datetime.fromisoformat(moment)).total_seconds()
