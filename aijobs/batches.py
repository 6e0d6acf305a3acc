"""Batches: their status and counts, derived from their jobs, and cancelling them."""

from collections import Counter
from collections.abc import Iterable
from uuid import UUID

from aijobs.engine import lifecycle
from aijobs.errors import BatchNotFound
from aijobs.models import Batch
from aijobs.states import TERMINAL, BatchStatus, Status


def get(batch_id: UUID | None, tenant_id: int) -> Batch:
    """Raises BatchNotFound, also for another tenant's."""
    batch = Batch.objects.of(tenant_id).filter(id=batch_id).first() if batch_id else None
    if batch is None:
        raise BatchNotFound()
    return batch


def cancel(batch_id: UUID | None, tenant_id: int) -> None:
    """Cancel what is still queued; a second time does nothing more. Raises BatchNotFound, TryAgain."""
    if batch_id is None:
        raise BatchNotFound()
    lifecycle.cancel_batch(batch_id, tenant_id)


def counts(statuses: Iterable[str]) -> dict[str, int]:
    """How many jobs are in each status, zeros included."""
    counted = Counter(statuses)
    return {status.value: counted[status.value] for status in Status}


def status_of(counted: dict[str, int]) -> BatchStatus:
    """Running while anything is still to do and something has begun; then the worst end of its members."""
    open_jobs = sum(jobs for status, jobs in counted.items() if Status(status) not in TERMINAL)
    if open_jobs:
        return (
            BatchStatus.QUEUED
            if open_jobs == counted[Status.QUEUED] == sum(counted.values())
            else BatchStatus.RUNNING
        )
    if counted[Status.FAILED]:
        return BatchStatus.FAILED
    return BatchStatus.CANCELLED if counted[Status.CANCELLED] else BatchStatus.COMPLETED
