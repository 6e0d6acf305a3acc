"""The worker that delivers, as a process: killed, stopped, and beside beat."""

import signal
import socket
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from django.utils.timezone import now

from aijobs import identifiers
from aijobs.models import Tenant, WebhookDelivery
from tests import engine
from tests.aijobs.webhooks.conftest import subscribe
from tests.aijobs.webhooks.receiver import OK, Received, Receiver, receiver
from tests.clients import Caller
from tests.integration.processes import Processes, Running, wait_until
from workers import tasks

# As many as are released at a time.
JOBS = 15


@pytest.fixture
def endpoint() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


def start(processes: Processes, endpoint: Receiver) -> Running:
    return processes.webhooks(AIJOBS_OUTBOUND_ALLOW=f"webhook:{endpoint.address}")


def run_jobs(tenant: Tenant) -> list[str]:
    jobs = engine.dispatch(tenant, JOBS)
    for job_id in jobs:
        engine.complete(engine.start(job_id))
    return [identifiers.encode("job_", job_id) for job_id in jobs]


def all_are_delivered() -> bool:
    ends = Counter(WebhookDelivery.objects.values_list("status", flat=True))
    return ends == {"delivered": 3 * JOBS}


def test_a_killed_worker_costs_no_event_and_repeats_only_what_it_was_sending(
    owner: Caller, endpoint: Receiver, processes: Processes, settings: Any
) -> None:
    settings.AIJOBS_OUTBOUND_ALLOW = [f"webhook:{endpoint.address}"]
    held = Event()

    def answer(connection: socket.socket, received: Received) -> None:
        """From the tenth on, none is answered until the worker is dead."""
        if len(endpoint.received) > 10:
            held.wait()
        OK(connection, received)

    endpoint.answers["/"] = answer
    subscribe(owner.tenant, endpoint.url())
    jobs = run_jobs(owner.tenant)
    worker = start(processes, endpoint)
    processes.beat()
    endpoint.wait_for(12)
    worker.kill()
    held.set()
    in_flight = WebhookDelivery.objects.filter(claimed_until__isnull=False).count()
    assert 1 <= in_flight <= 4
    # Their claims are over a minute later.
    long_ago = now() - timedelta(hours=1)
    WebhookDelivery.objects.filter(claimed_until__isnull=False).update(claimed_until=long_ago, due_at=long_ago)
    start(processes, endpoint)
    wait_until(all_are_delivered, "the delivery of all events", 180)
    arrived = Counter(each.headers["webhook-id"] for each in endpoint.received)
    assert len(arrived) == 3 * JOBS
    assert arrived.total() <= 3 * JOBS + in_flight
    assert endpoint.seqs("/").keys() == set(jobs)
    for seqs in endpoint.seqs("/").values():
        assert seqs == sorted(seqs)
        assert set(seqs) == {1, 2, 3}


def test_a_worker_that_stops_writes_down_what_it_was_sending(
    owner: Caller, endpoint: Receiver, processes: Processes, settings: Any
) -> None:
    settings.AIJOBS_OUTBOUND_ALLOW = [f"webhook:{endpoint.address}"]
    stopping = Event()

    def answer(connection: socket.socket, received: Received) -> None:
        stopping.wait()
        OK(connection, received)

    endpoint.answers["/"] = answer
    subscribe(owner.tenant, endpoint.url(), "job.queued")
    engine.dispatch(owner.tenant)
    worker = start(processes, endpoint)
    # As beat does.
    tasks.deliver_webhooks.apply_async(queue=tasks.WEBHOOKS_QUEUE)
    endpoint.wait_for(1)
    worker.process.send_signal(signal.SIGTERM)
    worker.wait_for_line("Hitting Ctrl+C again")
    stopping.set()
    worker.stop()
    assert list(WebhookDelivery.objects.values_list("status", "attempts")) == [("delivered", 1)]
