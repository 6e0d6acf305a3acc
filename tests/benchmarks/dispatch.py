"""Dispatch: `POST /api/ai-jobs` with all that it does, against the bare views of peers/."""

from collections.abc import Iterator
from uuid import uuid4

from tests.benchmarks import traffic
from tests.benchmarks.callers import Callers
from tests.benchmarks.measuring import Result, say, side_by_side
from tests.benchmarks.site import Site, empty
from tests.benchmarks.traffic import Traffic, request

SECONDS = 4.0
ROUNDS = 5
TENANTS = 400
PARAMS = {"note": "a few words of params", "skus": ["SKU-001", "SKU-002", "SKU-003"]}
PEER_BODY = {"type": "bench_noop", "params": PARAMS, "priority": "normal"}


def ours(port: int, callers: Callers) -> Traffic:
    """Of many tenants in turn, so that every job finds room in its window and is published."""

    def requests() -> Iterator[bytes]:
        while True:
            for headers in callers.headers:
                body = {"type": "bench_params", "params": PARAMS}
                yield request("POST", "/api/ai-jobs", body, Idempotency_Key=str(uuid4()), **headers)

    return traffic.send(port, requests, seconds=SECONDS)


def peer(port: int) -> Traffic:
    def requests() -> Iterator[bytes]:
        while True:
            yield request("POST", "/peer/jobs", PEER_BODY)

    return traffic.send(port, requests, seconds=SECONDS)


def run(site: Site) -> Iterator[Result]:
    rounds: list[tuple[Traffic, Traffic, Traffic]] = []
    with site.api() as port, site.bare_fastapi() as fastapi_port:
        empty(site)
        callers = Callers.create(TENANTS)
        ours(port, callers), peer(port), peer(fastapi_port)
        for number in range(ROUNDS):
            empty(site)
            measured = ours(port, callers)
            callers.require_published(site, len(measured.latencies))
            rounds.append((measured, peer(port), peer(fastapi_port)))
            say(f"dispatch, round {number + 1}: " + ", ".join(_told(each) for each in rounds[-1]))
    yield side_by_side(
        "dispatch_vs_bare_drf", "req/s", [(own.rate, drf.rate) for own, drf, _ in rounds], "at least 2.0"
    )
    yield side_by_side(
        "dispatch_vs_fastapi", "req/s", [(own.rate, bare.rate) for own, _, bare in rounds], "at least 0.6"
    )


def _told(traffic: Traffic) -> str:
    return f"{traffic.rate:.0f}/s (p50 {traffic.percentile_ms(0.5):.1f}, p99 {traffic.percentile_ms(0.99):.1f} ms)"
