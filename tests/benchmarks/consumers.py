"""What listening costs those who dispatch: 100 dispatches a second without anybody, and with 200 streams, 200 waits
and 50 webhooks. Every dispatch and every listener must be served without an error.
"""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import httpx
import orjson
from django.conf import settings
from django.utils.timezone import now

from aijobs.models import Job, WebhookDelivery
from aijobs.states import DeliveryStatus, Status
from aijobs.webhooks import endpoints
from aijobs.webhooks.endpoints import Definition
from config.local.stack import free_port
from tests.benchmarks.callers import Callers
from tests.benchmarks.measuring import Result, percentile, say
from tests.benchmarks.site import Site, empty, wait_until
from tests.benchmarks.traffic import request

TENANTS = 50
STREAMS, WAITS = 200, 200
JOBS_PER_SECOND = 100
SECONDS, SHORT_SECONDS = 60, 10
# Beat and the control worker take some seconds of both processors to start.
WARM_SECONDS = 10
CONNECTIONS = 16
LEAD_SECONDS = 1.0
# Of each job.
EVENTS = ["job.queued", "job.started", "job.completed"]


async def dispatch(port: int, callers: Callers, seconds: float) -> list[float]:
    """At an even pace, whatever the answers take. Returns how long each took, in seconds, from when it was due."""
    free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        free.put_nowait(await asyncio.open_connection("127.0.0.1", port))
    requests = [request("POST", "/api/ai-jobs", {"type": "bench_noop"}, **headers) for headers in callers.headers]
    # Making thousands of tasks takes a part of a second, which is nobody's latency.
    began = asyncio.get_running_loop().time() + LEAD_SECONDS

    async def one(number: int) -> float:
        due = began + number / JOBS_PER_SECOND
        await asyncio.sleep(due - asyncio.get_running_loop().time())
        reader, writer = connection = await free.get()
        writer.write(requests[number % len(requests)])
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]))
        assert b" 201 " in head.partition(b"\r\n")[0], head
        free.put_nowait(connection)
        return asyncio.get_running_loop().time() - due

    return await asyncio.gather(*(one(number) for number in range(int(JOBS_PER_SECOND * seconds))))


def run(site: Site) -> Iterator[Result]:
    seconds = SHORT_SECONDS if site.short else SECONDS
    alone = _round(site, seconds, listeners=False)
    beside = _round(site, seconds, listeners=True)
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        ours, peer = (1000 * percentile(latencies, share) for latencies in (beside, alone))
        yield Result(f"dispatch beside listeners, {name}", "ms", ours, peer, "<= 1.5" if share == 0.99 else "")


def _round(site: Site, seconds: float, *, listeners: bool) -> list[float]:
    empty(site)
    callers = Callers.create(TENANTS)
    with ExitStack() as stack:
        port = stack.enter_context(site.api())
        stack.enter_context(site.control())
        stack.enter_context(site.worker("2"))
        if listeners:
            audience, arrived = _listen(site, stack, port, callers)
        # Until everything has started and is warm.
        warm = len(asyncio.run(dispatch(port, callers, WARM_SECONDS)))
        _wait_for_the_end()
        if listeners:
            _wait_for_deliveries(arrived, warm)
        latencies = asyncio.run(dispatch(port, callers, seconds))
        _wait_for_the_end()
        if listeners:
            _require_told(audience, arrived, warm, len(latencies))
    return latencies


def _wait_for_the_end() -> None:
    due = Job.objects.filter(status__in=[Status.QUEUED, Status.RUNNING], run_at=None)
    wait_until(lambda: not due.exists(), "the end of all jobs", 120)


def _wait_for_deliveries(arrived: Path, jobs: int) -> None:
    wait_until(
        lambda: (
            not WebhookDelivery.objects.exclude(status=DeliveryStatus.DELIVERED).exists()
            and arrived.exists()
            and len(arrived.read_text().splitlines()) >= jobs * len(EVENTS)
        ),
        "all deliveries",
        120,
    )


def _listen(site: Site, stack: ExitStack, api: int, callers: Callers) -> tuple[tuple[Path, int], Path]:
    """Streams of all tenants, waits for jobs that do not end, and a webhook of each tenant with its worker."""
    port, arrived = free_port(0), site.folder / "arrived"
    address = f"webhook:127.0.0.1:{port}"
    settings.AIJOBS_OUTBOUND_ALLOW = [address]
    site.environment["AIJOBS_OUTBOUND_ALLOW"] = address
    for tenant in callers.tenants:
        wanted = Definition(f"http://127.0.0.1:{port}/{tenant.name}", EVENTS, "", enabled=True)
        endpoints.create(tenant.pk, wanted, "https://jobs.example.com")
    stack.enter_context(site.process(["tests.benchmarks.peers.receiver", str(port), str(arrived)]))
    stack.enter_context(site.webhooks())
    events = stack.enter_context(site.events())
    file = site.folder / "audience"
    file.write_text(orjson.dumps({"streams": _streams(callers), "waits": _waits(api, callers)}).decode())
    process = stack.enter_context(site.process(["tests.benchmarks.peers.audience", str(events), str(file)]))
    wait_until(lambda: "ready" in file.read_text(), "the open streams and waits")
    return (file, process.pid), arrived


def _streams(callers: Callers) -> list[dict[str, str]]:
    return [callers.headers[number % TENANTS] for number in range(STREAMS)]


def _waits(api: int, callers: Callers) -> list[tuple[dict[str, str], str]]:
    """For jobs that run tomorrow."""
    body = {"type": "bench_noop", "run_at": (now() + timedelta(days=1)).isoformat()}
    waits = []
    for number in range(WAITS):
        headers = callers.headers[number % TENANTS]
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = httpx.post(f"http://127.0.0.1:{api}/api/ai-jobs", json=body, headers=sent).raise_for_status()
        waits.append((headers, answer.json()["data"]["id"]))
    return waits


def _require_told(audience: tuple[Path, int], arrived: Path, warm: int, jobs: int) -> None:
    """Nobody met an error, and everybody was told of everything."""
    file, pid = audience
    _wait_for_deliveries(arrived, warm + jobs)
    # The streams look once a second.
    time.sleep(2)
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: file.read_text().rstrip().endswith("}") and "ready" in file.read_text(), "what was told")
    told = orjson.loads(file.read_text().splitlines()[-1])
    delays = [float(line) for line in arrived.read_text().splitlines()[warm * len(EVENTS) :]]
    say(
        f"{STREAMS} streams were told of {told['events']:,} events, {WAITS} waits were answered {told['waits']:,} "
        f"times, {len(delays):,} webhooks arrived after p50 {percentile(delays, 0.5):.2f} s, "
        f"p99 {percentile(delays, 0.99):.2f} s; errors: {told['errors'] or 'none'}"
    )
    assert told["errors"] == []
    assert told["events"] >= (warm + jobs) * len(EVENTS) * STREAMS // TENANTS
