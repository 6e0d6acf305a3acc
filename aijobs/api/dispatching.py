"""From a decoded body to accepted jobs: every rule of `POST /api/ai-jobs` and `/batch`, in order."""

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

import orjson
from django.conf import settings
from pydantic import ValidationError

from aijobs import idempotency, identifiers, lifecycle, registry, statistics
from aijobs.api import schemas, serializers
from aijobs.api.envelope import to_json
from aijobs.auth import TenantAccess
from aijobs.batches import LARGEST_BATCH
from aijobs.errors import ApiError, FieldError, InvalidBatch, InvalidJobType, InvalidParams, QueueFull
from aijobs.lifecycle import DuplicateKey, FirstResponse, NewBatch, NewJob
from aijobs.states import OnFailure, Priority

Body = dict[str, object]
Model = TypeVar("Model", bound=schemas.RequestModel)


class Accepted:
    """An answer to a dispatch: the first one, or its replay."""

    def __init__(self, data: object, location: str, replayed: bool = False) -> None:
        self.data = data
        self.location = location
        self.replayed = replayed


def dispatch_job(tenant: TenantAccess, body: Body, key: str | None) -> Accepted:
    """Raises InvalidJobType, InvalidParams, QueueFull and the errors of Idempotency-Key."""
    job = _job(tenant, body, Priority.NORMAL, identifiers.new_id())
    answer = Accepted(serializers.show_new_job(job), f"/api/ai-jobs/{serializers.job_id(job)}")
    return _accept(tenant, [job], None, answer, key, idempotency.fingerprint("job", body))


def dispatch_batch(tenant: TenantAccess, body: Body, key: str | None) -> Accepted:
    """As `dispatch_job`; also raises InvalidBatch. The errors of its jobs say which by index."""
    entries = body.get("jobs")
    if not isinstance(entries, list) or not 1 <= len(entries) <= LARGEST_BATCH:
        raise InvalidBatch()
    request = _parse(schemas.BatchRequest, body)
    jobs = _jobs(tenant, entries, Priority.from_name(request.priority))
    batch = NewBatch(identifiers.new_id(), request.sequential, OnFailure(request.on_failure))
    answer = Accepted(serializers.show_new_batch(batch, jobs), f"/api/ai-jobs/batch/{serializers.batch_id(batch)}")
    return _accept(tenant, jobs, batch, answer, key, idempotency.fingerprint("batch", body))


def _job(tenant: TenantAccess, body: Body, default: Priority, job_id: UUID) -> NewJob:
    kind = registry.get(body.get("type"))
    request = _parse(schemas.JobRequest, body)
    params = registry.parse_params(kind, orjson.dumps(request.params))
    if kind.admit:
        kind.admit(params, tenant.id)
    priority = Priority.from_name(request.priority) if request.priority else default
    return NewJob(job_id, kind.name, request.params, priority)


def _jobs(tenant: TenantAccess, entries: Sequence[object], default: Priority) -> list[NewJob]:
    """All jobs of a batch, or one error about all of the wrong ones."""
    jobs: list[NewJob] = []
    errors: list[FieldError] = []
    first: ApiError | None = None
    for index, (entry, job_id) in enumerate(zip(entries, _ids(len(entries)), strict=True)):
        try:
            if not isinstance(entry, dict):
                raise InvalidParams(details=[{"path": "", "message": "must be an object"}])
            jobs.append(_job(tenant, entry, default, job_id))
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


def _parse(model: type[Model], body: Body) -> Model:
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise InvalidParams(details=registry.field_errors(error)) from None


def _accept(
    tenant: TenantAccess,
    jobs: Sequence[NewJob],
    batch: NewBatch | None,
    answer: Accepted,
    key: str | None,
    fingerprint: bytes,
) -> Accepted:
    """Insert, or replay the first answer. A replay comes before a full queue: its jobs are in already."""
    first_response = FirstResponse(key, fingerprint, to_json(answer.data).decode(), answer.location) if key else None
    try:
        _insert(tenant, jobs, batch, first_response)
    except (DuplicateKey, QueueFull) as refusal:
        stored = idempotency.find(tenant.id, key, fingerprint) if key else None
        if stored:
            return Accepted(orjson.loads(stored.response), stored.location, replayed=True)
        if isinstance(refusal, QueueFull):
            raise
        # The key was older than its lifetime and is free now, for whoever is first.
        return _accept(tenant, jobs, batch, answer, key, fingerprint)
    return answer


def _insert(
    tenant: TenantAccess, jobs: Sequence[NewJob], batch: NewBatch | None, first_response: FirstResponse | None
) -> None:
    measured = statistics.snapshot()
    created_at = identifiers.created_at(jobs[0].id)
    try:
        # The overall limit is read, not counted: it may overshoot by what arrives within a refresh.
        if measured.active + len(jobs) > settings.AIJOBS_QUEUE_LIMIT:
            raise QueueFull()
        lifecycle.dispatch(tenant, jobs, created_at, batch=batch, first_response=first_response)
    except QueueFull:
        raise QueueFull(retry_after=measured.retry_after(jobs[0].type, len(jobs))) from None
