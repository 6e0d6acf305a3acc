"""Retrying a job that has ended: a new job of the same type and params, linked to the old one."""

import hashlib
from uuid import UUID

import orjson

from aijobs import dispatching
from aijobs.auth import TenantAccess
from aijobs.engine.inserting import FirstAnswer, Origin
from aijobs.errors import JobNotFound, JobNotRetryable, TenantSuspended
from aijobs.models import Job
from aijobs.states import TERMINAL, Priority, Status


def retry(
    tenant: TenantAccess, job_id: UUID, *, once: str | None = None, request_id: str = "", key_id: int | None = None
) -> str:
    """Dispatch a job again, as it was asked for; returns the new one's public id. The old one stays as it is.

    `once` names an occasion on which that is done only once: the second time returns the first time's id. Raises
    JobNotFound, JobNotRetryable, TenantSuspended, and what a dispatch raises: the type, its admission and the limits
    are those of today.
    """
    if tenant.suspended:
        raise TenantSuspended()
    old = Job.objects.of(tenant.id).with_text_of("params").filter(id=job_id).first()
    if old is None:
        raise JobNotFound()
    if Status(old.status) not in TERMINAL:
        raise JobNotRetryable(f"The job is {old.status}; only a job that has ended can be retried.")
    # The end of a job is for ever: nothing can come between this look and the dispatch.
    body = {"type": old.type, "params": orjson.loads(old.params_text), "priority": Priority(old.priority).label}
    wanted = dispatching.read_job(tenant.id, body)
    new_id = wanted.jobs[0].public_id
    first = _first_answer(f"{once}.{old.public_id}", new_id) if once else None
    origin = Origin(request_id, key_id, retry_of=old.id)
    earlier = dispatching.accept(tenant, wanted, first_answer=first, origin=origin)
    return new_id if earlier is None else str(orjson.loads(earlier)["id"])


def _first_answer(key: str, new_id: str) -> FirstAnswer:
    return FirstAnswer(key, hashlib.sha256(key.encode()).digest(), orjson.dumps({"id": new_id}).decode())
