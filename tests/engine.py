"""Steps of the engine for tests: the real functions, with the worker's and the caller's part played by the test."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import F
from django.utils.timezone import now

from aijobs import identifiers
from aijobs.auth import TenantAccess
from aijobs.engine import inserting, lifecycle, statistics
from aijobs.engine.inserting import NewBatch, NewJob
from aijobs.engine.lifecycle import Run
from aijobs.engine.outcomes import Completed, Failed
from aijobs.models import Job, JobEvent, Tenant
from aijobs.states import EventKind, OnFailure, Priority, Status

WORKER = "test-worker"
# The state after each kind of event.
AFTER: dict[str, Status] = {
    EventKind.QUEUED: Status.QUEUED,
    EventKind.STARTED: Status.RUNNING,
    EventKind.RETRIED: Status.QUEUED,
    EventKind.HANDED_BACK: Status.QUEUED,
    EventKind.LEASE_LOST: Status.QUEUED,
    EventKind.CHANGED: Status.QUEUED,
    EventKind.CANCEL_REQUESTED: Status.RUNNING,
    EventKind.COMPLETED: Status.COMPLETED,
    EventKind.FAILED: Status.FAILED,
    EventKind.CANCELLED: Status.CANCELLED,
}


def dispatch(
    tenant: Tenant,
    count: int = 1,
    *,
    type: str = "test_probe",
    priority: Priority = Priority.NORMAL,
    params: object = None,
    batch: NewBatch | None = None,
) -> list[UUID]:
    """Dispatch `count` jobs in one statement; their ids in order."""
    jobs = [NewJob(identifiers.new_id(), type, params or {}, priority) for _ in range(count)]
    access = TenantAccess.of(tenant)
    inserting.release(access, inserting.insert(access, jobs, now(), batch=batch))
    return [job.id for job in jobs]


def dispatch_batch(
    tenant: Tenant, count: int, *, sequential: bool = True, on_failure: OnFailure = OnFailure.STOP
) -> tuple[UUID, list[UUID]]:
    """A batch and its jobs, in order."""
    batch = NewBatch(identifiers.new_id(), sequential, on_failure)
    return batch.id, dispatch(tenant, count, batch=batch)


def dispatch_graph(
    tenant: Tenant, edges: Sequence[list[int]], *, on_failure: OnFailure = OnFailure.STOP
) -> tuple[UUID, list[UUID]]:
    """A batch whose jobs wait for those at these positions, from 1; and its jobs, in order."""
    batch = NewBatch(identifiers.new_id(), False, on_failure)
    jobs = [NewJob(identifiers.new_id(), "test_probe", {}, Priority.NORMAL, depends_on) for depends_on in edges]
    access = TenantAccess.of(tenant)
    inserting.release(access, inserting.insert(access, jobs, now(), batch=batch))
    return batch.id, [job.id for job in jobs]


def measure() -> None:
    """As the sweeper does, for whoever reads next."""
    statistics.refresh()
    statistics.forget()


def start(job_id: UUID) -> Run:
    """Claim a job that must be claimable."""
    run = lifecycle.claim(job_id, WORKER)
    assert run is not None
    return run


def complete(run: Run, result: object = None) -> lifecycle.Ended:
    return lifecycle.record(run, Completed(result or {}, (0, None)))


def fail(run: Run, *, transient: bool = False) -> lifecycle.Ended:
    return lifecycle.record(run, Failed("PROBE_FAILED", "asked to fail", transient=transient))


# Inside a test's transaction the database's clock stands still at its beginning: "over" must be over by more.
LONG_AGO = timedelta(hours=1)


def clock() -> datetime:
    """The database's, by which it is told how long a job or a change waits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        moment: datetime = cursor.fetchone()[0]
        return moment


def let_backoff_pass(ids: Sequence[UUID]) -> None:
    """And with it the moments at which they were asked to run."""
    over = now() - LONG_AGO
    Job.objects.filter(id__in=ids, run_at__isnull=False).update(run_at=over)
    Job.objects.filter(id__in=ids, backoff_until__isnull=False).update(backoff_until=over)
    Job.objects.filter(id__in=ids, status="queued").update(run_after=over)


def let_lease_expire(*ids: UUID) -> None:
    Job.objects.filter(id__in=ids).update(lease_expires_at=now() - LONG_AGO)


def let_wait(ids: Sequence[UUID], seconds: float) -> None:
    """As if the jobs had become due, and been released, so many seconds earlier."""
    earlier = timedelta(seconds=seconds)
    Job.objects.filter(id__in=ids).update(run_after=F("run_after") - earlier, released_at=F("released_at") - earlier)


def statuses(ids: Sequence[UUID]) -> list[str]:
    found = dict(Job.objects.filter(id__in=ids).values_list("id", "status"))
    return [found[job_id] for job_id in ids]


def kinds(job_id: UUID) -> list[str]:
    """What happened to a job, in order."""
    return list(JobEvent.objects.filter(job_id=job_id).order_by("seq").values_list("kind", flat=True))
