"""Webhooks: 50 endpoints of 50 tenants, which are told of the beginning, the start and the end of 100 jobs a second.

The delay of each delivery is from the transition of the job to the arrival at the endpoint, which is a process of its
own. One worker delivers, beside the control worker and beat.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
from django.conf import settings

from aijobs.models import Tenant, WebhookDelivery
from aijobs.states import DeliveryStatus
from aijobs.webhooks import endpoints
from aijobs.webhooks.endpoints import Definition
from config.local.stack import free_port
from tests import engine
from tests.benchmarks.measuring import Result, percentile, say
from tests.benchmarks.site import Site, empty, wait_until
from tests.factories import TenantFactory

TENANTS = 50
JOBS_PER_SECOND = 100
SECONDS, SHORT_SECONDS = 60, 10
# Of each job.
EVENTS = ["job.queued", "job.started", "job.completed"]


def run_jobs(tenants: list[Tenant], seconds: float) -> tuple[int, float]:
    """At an even pace, each from its dispatch to its end. Returns how many, and how late the last one was."""
    total = int(JOBS_PER_SECOND * seconds)
    began = time.monotonic()
    for number in range(total):
        time.sleep(max(0.0, began + number / JOBS_PER_SECOND - time.monotonic()))
        [job_id] = engine.dispatch(tenants[number % TENANTS], type="bench_noop")
        engine.complete(engine.start(job_id))
    return total, time.monotonic() - began - total / JOBS_PER_SECOND


def run(site: Site) -> Iterator[Result]:
    empty(site)
    port, log = free_port(0), site.folder / "arrived"
    address = f"webhook:127.0.0.1:{port}"
    settings.AIJOBS_OUTBOUND_ALLOW = [address]
    site.environment["AIJOBS_OUTBOUND_ALLOW"] = address
    tenants: list[Tenant] = [TenantFactory() for _ in range(TENANTS)]
    for tenant in tenants:
        wanted = Definition(f"http://127.0.0.1:{port}/{tenant.name}", EVENTS, "", enabled=True)
        endpoints.create(tenant.pk, wanted, "https://jobs.example.com")
    with ExitStack() as stack:
        stack.enter_context(site.control())
        stack.enter_context(site.process(["tests.benchmarks.peers.receiver", str(port), str(log)]))
        process = stack.enter_context(site.webhooks())
        # Until everything has started and is warm.
        run_jobs(tenants, 1)
        wait_until(lambda: len(arrived(log)) == len(EVENTS) * JOBS_PER_SECOND, "the first deliveries")
        warm, cpu = len(arrived(log)), cpu_seconds(process.pid)
        seconds = SHORT_SECONDS if site.short else SECONDS
        jobs, late = run_jobs(tenants, seconds)
        behind = warm + jobs * len(EVENTS) - len(arrived(log))
        ended = time.monotonic()
        wait_until(lambda: len(arrived(log)) >= warm + jobs * len(EVENTS), "all deliveries", 120)
        rest, cpu = time.monotonic() - ended, cpu_seconds(process.pid) - cpu
        wait_until(lambda: not WebhookDelivery.objects.exclude(status=DeliveryStatus.DELIVERED).exists(), "their end")
    delays = arrived(log)[warm:]
    assert len(delays) == jobs * len(EVENTS)
    say(
        f"{jobs} jobs at {JOBS_PER_SECOND}/s (the last one {max(late, 0):.2f} s late) to {TENANTS} endpoints: "
        f"{len(delays) / (seconds + max(late, 0)):.0f} deliveries/s, after p50 {percentile(delays, 0.5):.2f} s, "
        f"p99 {percentile(delays, 0.99):.2f} s, at most {max(delays):.2f} s; {behind} were on their way at the end, "
        f"for {rest:.1f} s; each cost the worker {1000 * cpu / len(delays):.1f} ms of CPU"
    )
    yield Result("webhooks, p99 of the delay", "s", percentile(delays, 0.99))


def cpu_seconds(pid: int) -> float:
    """Of a worker and its pool."""
    parent = psutil.Process(pid)
    return sum(sum(each.cpu_times()[:2]) for each in (parent, *parent.children(recursive=True)))


def arrived(log: Path) -> list[float]:
    return [float(line) for line in log.read_text().splitlines()] if log.exists() else []
