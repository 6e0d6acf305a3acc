"""Workers and beat say that they are there while they are, and when they last claimed a job."""

import signal

from aijobs.models import Job, Worker
from config.local.stack import WORKER_QUEUES
from tests import engine
from tests.factories import TenantFactory
from tests.integration.processes import Processes, wait_until

# They clean up in their own time, which on a busy machine is more than `Running.stop` allows.
PATIENCE_SECONDS = 60


def test_a_process_is_known_while_it_runs_and_so_is_its_last_claim(processes: Processes) -> None:
    started = processes.worker(concurrency=2, wait=False)
    beat = processes.beat(wait=False)
    wait_until(lambda: Worker.objects.count() == 2, "both are there")
    worker = Worker.objects.exclude(name__startswith="beat@").get()
    assert (worker.queues, worker.places) == (WORKER_QUEUES.split(","), 2)
    assert worker.version.startswith("0.1.0+")
    assert worker.last_claim_at is None
    assert Worker.objects.get(name__startswith="beat@").queues == []

    (job_id,) = engine.dispatch(TenantFactory())
    wait_until(lambda: Worker.objects.filter(last_claim_at__isnull=False).exists(), "the claim is known")
    renewed = Worker.objects.get(pk=worker.pk)
    assert renewed.seen_at > worker.seen_at
    assert renewed.started_at == worker.started_at
    # The name in the job's row is the key of the worker's.
    assert Job.objects.get(pk=job_id).worker == worker.pk

    for each in (started, beat):
        each.process.send_signal(signal.SIGTERM)
    for each in (started, beat):
        each.process.wait(PATIENCE_SECONDS)
    assert not Worker.objects.exists()
