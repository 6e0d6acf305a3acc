"""Retrying what has ended: a new job of the same type and params, or a new batch of those that did not complete.

The new one names the old one. The type, its admission and the limits are those of today.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import orjson

from aijobs import batches, dispatching, graphs, identifiers
from aijobs.auth import TenantAccess
from aijobs.dispatching import Body, Wanted
from aijobs.engine.inserting import FirstAnswer, NewBatch, Origin
from aijobs.errors import BatchNotRetryable, JobNotFound, JobNotRetryable, TenantSuspended
from aijobs.graphs import Edges
from aijobs.models import Job
from aijobs.states import TERMINAL, Priority, Status


def retry(
    tenant: TenantAccess, job_id: UUID, *, once: str | None = None, request_id: str = "", key_id: int | None = None
) -> str:
    """Dispatch a job again, as it was asked for; returns the new one's public id. The old one stays as it is.

    `once` names an occasion on which that is done only once: the second time returns the first time's id. Raises
    JobNotFound, JobNotRetryable, TenantSuspended, and what a dispatch raises.
    """
    if tenant.suspended:
        raise TenantSuspended()
    wanted = again(tenant.id, job_id)
    new_id = wanted.jobs[0].public_id
    old_id = identifiers.encode(identifiers.JOB_PREFIX, job_id)
    first = _first_answer(f"{once}.{old_id}", new_id) if once else None
    earlier = dispatching.accept(tenant, wanted, first_answer=first, origin=Origin(request_id, key_id))
    return new_id if earlier is None else str(orjson.loads(earlier)["id"])


def again(tenant_id: int, job_id: UUID) -> Wanted[None]:
    """The job that a retry dispatches. Raises JobNotFound, JobNotRetryable, and what reading a dispatch raises."""
    old = Job.objects.of(tenant_id).with_text_of("params").filter(id=job_id).first()
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
