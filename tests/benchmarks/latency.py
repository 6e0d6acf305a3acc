"""Latency: from the `201` at the caller to the handler's first line, with an idle worker. One machine, one clock."""

import time
from collections.abc import Iterator
from typing import Any

import httpx

from aijobs.models import Job
from aijobs.states import Status
from tests.benchmarks.callers import Callers
from tests.benchmarks.measuring import Result, percentile
from tests.benchmarks.site import Site, empty, wait_until

JOBS = 500
WARM_UP = 50


def run(site: Site) -> Iterator[Result]:
    empty(site)
    callers = Callers.create(1)
    latencies: list[float] = []
    with site.api() as port, site.worker(), httpx.Client(base_url=f"http://127.0.0.1:{port}") as http:
        headers = {name.replace("_", "-"): value for name, value in callers.headers[0].items()}
        for _ in range(WARM_UP + JOBS):
            answer = http.post("/api/ai-jobs", json={"type": "bench_noop"}, headers=headers)
            answered_at = time.time()
            answer.raise_for_status()
            wait_until(lambda: not Job.objects.exclude(status=Status.COMPLETED).exists(), "the job")
            result: Any = Job.objects.order_by("-id")[0].result
            # A worker may be faster than the answer.
            latencies.append(1000 * max(0.0, result["at"] - answered_at))
    measured = latencies[WARM_UP:]
    yield Result("latency_p50_ms", "ms", percentile(measured, 0.5), target="at most 10")
    yield Result("latency_p99_ms", "ms", percentile(measured, 0.99), target="at most 30")
