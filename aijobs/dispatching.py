"""What may be accepted (type, params, admission, limits), and accepting it: for the API and all who dispatch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar
from uuid import UUID

import orjson
from django.conf import settings
from pydantic import Field

from aijobs import idempotency, identifiers, registry
from aijobs.auth import TenantAccess
from aijobs.batches import LARGEST_BATCH
from aijobs.engine import inserting, statistics
from aijobs.engine.inserting import DuplicateKey, FirstAnswer, NewBatch, NewJob
from aijobs.errors import ApiError, FieldError, InvalidBatch, InvalidJobType, InvalidParams, QueueFull
from aijobs.shapes import RequestModel
from aijobs.states import OnFailure, Priority

PriorityName = Literal["low", "normal", "high"]


class JobRequest(RequestModel):
    type: str = Field(description="One of the job types of `GET /api/ai-jobs/types`.")
    params: dict[str, Any] = Field(
        default_factory=dict, description="The params of this job type. They are described with the type."
    )
    priority: PriorityName | None = Field(
        default=None,
        description="Jobs of high priority run before those of normal priority (the default), and these before low "
        "ones.",
    )


class BatchRequest(RequestModel):
    jobs: list[Any] = Field(
        description="1 to 20 jobs. The service accepts all of them or none.", min_length=1, max_length=20
    )
    priority: PriorityName = Field(
        default="normal", description="The priority of the jobs that do not have their own."
    )
    sequential: bool = Field(
        default=False, description="Whether the jobs run in order: job 2 starts after job 1 has ended."
    )
    on_failure: Literal["stop", "continue"] = Field(
        default="stop",
        description="What a sequential batch does when a job fails or is cancelled: `stop` cancels the jobs after "
        "it, `continue` runs them.",
    )


Body = dict[str, object]
B = TypeVar("B", NewBatch, None)


@dataclass(frozen=True, slots=True)
class Wanted(Generic[B]):
    """What a body asks for: one job and no batch, or the jobs of a batch."""

    jobs: list[NewJob]
    batch: B


def read_job(tenant_id: int, body: Body) -> Wanted[None]:
    """The job that a body asks for. Raises InvalidJobType, InvalidParams and what the type's admission raises."""
    return Wanted([_job(tenant_id, body, Priority.NORMAL, identifiers.new_id())], None)


def read_batch(tenant_id: int, body: Body) -> Wanted[NewBatch]:
    """As `read_job`; also raises InvalidBatch. The errors of its jobs say which by index."""
    entries = body.get("jobs")
    if not isinstance(entries, list) or not 1 <= len(entries) <= LARGEST_BATCH:
        raise InvalidBatch()
    request = registry.read_body(BatchRequest, body)
    jobs = _jobs(tenant_id, entries, Priority.from_name(request.priority))
    return Wanted(jobs, NewBatch(identifiers.new_id(), request.sequential, OnFailure(request.on_failure)))


def accept(tenant: TenantAccess, wanted: Wanted[B], *, first_answer: FirstAnswer | None = None) -> str | None:
    """Insert and publish jobs, all or none. Returns None; or, with nothing written, the answer to an earlier request.

    That one had the key of `first_answer`, which is stored where this is the first. A replay comes before a full
    queue: its jobs are in already. Raises QueueFull, IdempotencyKeyReused, IdempotencyConflict, ServiceUnavailable.
    """
    try:
        _insert(tenant, wanted, first_answer)
    except (DuplicateKey, QueueFull) as refusal:
        if first_answer and (stored := idempotency.find(tenant.id, first_answer.key, first_answer.fingerprint)):
            return stored.answer
        if isinstance(refusal, QueueFull):
            raise
        # The key was older than its lifetime and is free now, for whoever is first.
        return accept(tenant, wanted, first_answer=first_answer)
    return None


def _job(tenant_id: int, body: Body, default: Priority, job_id: UUID) -> NewJob:
    kind = registry.get(body.get("type"))
    request = registry.read_body(JobRequest, body)
    params = registry.parse_params(kind, orjson.dumps(request.params))
    if kind.admit:
        kind.admit(params, tenant_id)
    priority = Priority.from_name(request.priority) if request.priority else default
    return NewJob(job_id, kind.name, request.params, priority)


def _jobs(tenant_id: int, entries: Sequence[object], default: Priority) -> list[NewJob]:
    """All jobs of a batch, or one error about all of the wrong ones."""
    jobs: list[NewJob] = []
    errors: list[FieldError] = []
    first: ApiError | None = None
    for index, (entry, job_id) in enumerate(zip(entries, _ids(len(entries)), strict=True)):
        try:
            if not isinstance(entry, dict):
                raise InvalidParams(details=[{"path": "", "message": "must be an object"}])
            jobs.append(_job(tenant_id, entry, default, job_id))
        except ApiError as error:
            first = first or error
            errors += _of_member(index, error)
    if first is None:
        return jobs
    known = {"known_types": [kind.name for kind in registry.all_types()]} if isinstance(first, InvalidJobType) else {}
    raise type(first)(first.message, {**known, "errors": errors} if known else errors)


def _ids(count: int) -> list[UUID]:
    """Ids of one millisecond: a batch's jobs were all created at the moment that their ids say."""
    while True:
        ids = [identifiers.new_id() for _ in range(count)]
        if identifiers.created_at(ids[0]) == identifiers.created_at(ids[-1]):
            return ids


def _of_member(index: int, error: ApiError) -> list[FieldError]:
    """A member's errors, with its index and with paths from the batch's body."""
    if isinstance(error, InvalidParams) and isinstance(error.details, list):
        fields: list[FieldError] = error.details
    else:
        fields = [{"path": "type" if isinstance(error, InvalidJobType) else "params", "message": error.message}]
    return [
        {"job": index, "path": f"jobs.{index}.{field['path']}".rstrip("."), "message": field["message"]}
        for field in fields
    ]


def _insert(tenant: TenantAccess, wanted: Wanted[B], first_answer: FirstAnswer | None) -> None:
    jobs = wanted.jobs
    measured = statistics.snapshot()
    created_at = identifiers.created_at(jobs[0].id)
    try:
        # The overall limit is read, not counted: it may overshoot by what arrives within a refresh.
        if measured.active + len(jobs) > settings.AIJOBS_QUEUE_LIMIT:
            raise QueueFull()
        inserting.insert(tenant, jobs, created_at, batch=wanted.batch, first_answer=first_answer)
    except QueueFull:
        raise QueueFull(retry_after=measured.retry_after(jobs[0].type, len(jobs))) from None
