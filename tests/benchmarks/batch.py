"""Batches of twenty against single dispatches of the same jobs: jobs per second."""

from collections.abc import Iterator
from uuid import uuid4

from tests.benchmarks import dispatch, traffic
from tests.benchmarks.callers import Callers
from tests.benchmarks.measuring import Result, say, side_by_side
from tests.benchmarks.site import Site, empty
from tests.benchmarks.traffic import Traffic, request

SIZE = 20
# Nothing waits for a window: each job of a batch is published.
WINDOW = 100_000


def batches(port: int, callers: Callers) -> Traffic:
    jobs = [{"type": "bench_params", "params": dispatch.PARAMS}] * SIZE

    def requests() -> Iterator[bytes]:
        while True:
            for headers in callers.headers:
                yield request("POST", "/api/ai-jobs/batch", {"jobs": jobs}, Idempotency_Key=str(uuid4()), **headers)

    return traffic.send(port, requests, seconds=dispatch.SECONDS)


def run(site: Site) -> Iterator[Result]:
    rounds: list[tuple[float, float]] = []
    with site.api() as port:
        empty(site)
        callers = Callers.create(dispatch.TENANTS, release_window=WINDOW)
        batches(port, callers), dispatch.ours(port, callers)
        for number in range(dispatch.ROUNDS):
            empty(site)
            together = batches(port, callers)
            callers.require_published(site, SIZE * len(together.latencies))
            empty(site)
            single = dispatch.ours(port, callers)
            rounds.append((SIZE * together.rate, single.rate))
            say(f"batch, round {number + 1}: {SIZE * together.rate:.0f} jobs/s in batches, {single.rate:.0f} singly")
    yield side_by_side("batch_vs_single", "jobs/s", rounds, "at least 5")
