"""Retrying what has ended: a new job of the same type and params, or a new batch of those that did not complete.

The new one names the old one. The type, its admission and the limits are those of today.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

import orjson
from django.db import transaction

from aijobs import batches, dispatching, graphs
from aijobs.auth import TenantAccess
from aijobs.dispatching import Body, Wanted, Written
from aijobs.engine import inserting
from aijobs.engine.inserting import UNKNOWN_ORIGIN, FirstAnswer, Inserted, NewBatch, Origin
from aijobs.errors import (
    ApiError,
    BatchNotRetryable,
    IdempotencyConflict,
    JobNotFound,
    JobNotRetryable,
    QueueFull,
    ServiceUnavailable,
    TenantSuspended,
)
from aijobs.graphs import Edges
from aijobs.models import Job
from aijobs.states import TERMINAL, Priority, Status

# Why a dispatch is refused that may be accepted in a moment.
LATER = (QueueFull, IdempotencyConflict, ServiceUnavailable)


def retry(
    tenant: TenantAccess, job_id: UUID, *, once: str | None = None, request_id: str = "", key_id: int | None = None
) -> str:
    """Dispatch a job again, as it was asked for; returns the new one's public id. The old one stays as it is.

    `once` names an occasion on which that is done only once: the second time returns the first time's id. Raises
    JobNotFound, JobNotRetryable, TenantSuspended, and what a dispatch raises.
    """
    old = Job.objects.of(tenant.id).with_text_of("params").filter(id=job_id).first()
    wanted, written = _write(tenant, old, once, Origin(request_id, key_id))
    inserting.release(tenant, written.jobs)
    return wanted.jobs[0].public_id if written.earlier is None else str(orjson.loads(written.earlier)["id"])


def retry_all(jobs: Mapping[UUID, TenantAccess], once: str) -> Counter[str]:
    """Dispatch jobs again in one transaction, each as `retry` does; returns how many were refused, by code.

    Raises QueueFull, IdempotencyConflict and ServiceUnavailable, with none of them dispatched.
    """
    old = Job.objects.with_text_of("params").in_bulk(list(jobs))
    refused: Counter[str] = Counter()
    inserted: list[tuple[TenantAccess, Sequence[Inserted]]] = []
    with transaction.atomic():
        # In the same order for everybody: two that dispatch for the same tenants never wait for each other.
        for job_id, tenant in sorted(jobs.items(), key=lambda each: (each[1].id, each[0])):
            try:
                _, written = _write(tenant, old.get(job_id), once, UNKNOWN_ORIGIN)
            except LATER:
                raise
            except ApiError as refusal:
                refused[refusal.code] += 1
            else:
                inserted.append((tenant, written.jobs))
    inserting.release_each(inserted)
    return refused


def _write(tenant: TenantAccess, old: Job | None, once: str | None, origin: Origin) -> tuple[Wanted[None], Written]:
    if tenant.suspended:
        raise TenantSuspended()
    wanted = _again(tenant.id, old)
    first = _first_answer(f"{once}.{old.public_id}", wanted.jobs[0].public_id) if once and old else None
    return wanted, dispatching.write(tenant, wanted, first_answer=first, origin=origin)


def again(tenant_id: int, job_id: UUID) -> Wanted[None]:
    """The job that a retry dispatches. Raises JobNotFound, JobNotRetryable, and what reading a dispatch raises."""
    return _again(tenant_id, Job.objects.of(tenant_id).with_text_of("params").filter(id=job_id).first())


def _again(tenant_id: int, old: Job | None) -> Wanted[None]:
    if old is None:
        raise JobNotFound()
    if Status(old.status) not in TERMINAL:
        raise JobNotRetryable(f"The job is {old.status}; only a job that has ended can be retried.")
    # The end of a job is for ever: nothing can come between this look and the dispatch.
    [new] = dispatching.read_job(tenant_id, _body(old)).jobs
    return Wanted([replace(new, retry_of=old.id)], None)


def batch_again(tenant_id: int, batch_id: UUID | None) -> Wanted[NewBatch]:
    """A batch of those of a batch's jobs that failed or were cancelled, in their order.

    Raises BatchNotFound, BatchNotRetryable, and what reading a dispatch raises.
    """
    batch = batches.get(batch_id, tenant_id)
    members = list(Job.objects.filter(batch=batch).with_text_of("params").order_by("position"))
    if any(Status(member.status) not in TERMINAL for member in members):
        raise BatchNotRetryable("Some of the batch's jobs are queued or running. Let them end, or cancel the batch.")
    old = [member for member in members if member.status != Status.COMPLETED]
    if not old:
        raise BatchNotRetryable("All of the batch's jobs have completed.")
    edges = {member.position or 0: member.depends_on or [] for member in members}
    again = [member.position or 0 for member in old]
    body: Body = {
        "jobs": [
            {**_body(member), "depends_on": _depends_on(position, again, edges)}
            for member, position in zip(old, again, strict=True)
        ],
        "sequential": batch.sequential,
        "on_failure": batch.on_failure,
    }
    new = dispatching.read_batch(tenant_id, body)
    jobs = [replace(job, retry_of=member.id) for job, member in zip(new.jobs, old, strict=True)]
    return Wanted(jobs, replace(new.batch, retry_of=batch.id))


def _body(old: Job) -> Body:
    """As it was asked for. The moments that it had to wait for, or by which it was of use, are over."""
    return {
        "type": old.type,
        "params": orjson.loads(old.params_text),
        "priority": Priority(old.priority).label,
        "tags": old.tags,
        "metadata": None if old.metadata_text is None else orjson.loads(old.metadata_text),
    }


def _depends_on(position: int, again: Sequence[int], edges: Edges) -> list[int]:
    """The places, from 0, in `again` of those that a member waits for: of the positions that are dispatched again.

    Others completed; it still waits for those that these waited for.
    """
    needed = graphs.nearest(edges, position, set(again))
    return [place for place, each in enumerate(again) if each in needed]


def _first_answer(key: str, new_id: str) -> FirstAnswer:
    return FirstAnswer(key, hashlib.sha256(key.encode()).digest(), orjson.dumps({"id": new_id}).decode())
