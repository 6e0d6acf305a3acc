"""From rows to the shapes of schemas.py. Rows are trusted: nothing is validated again."""

from collections.abc import Sequence

from aijobs import batches, identifiers, registry, statistics
from aijobs.api import schemas
from aijobs.lifecycle import NewBatch, NewJob
from aijobs.models import Batch, Job
from aijobs.registry import JobType, Params, Result
from aijobs.states import Priority, Status


def job_id(job: Job | NewJob) -> str:
    return identifiers.encode(identifiers.JOB_PREFIX, job.id)


def batch_id(batch: Batch | NewBatch) -> str:
    return identifiers.encode(identifiers.BATCH_PREFIX, batch.id)


def show_job(job: Job, *, params: bool = True, result: bool = True) -> dict[str, object]:
    """A `schemas.JobView`."""
    return {
        "id": job_id(job),
        "type": job.type,
        "status": job.status,
        "priority": Priority(job.priority).label,
        **({"params": job.params} if params else {}),
        "created_at": job.created_at,
        "started_at": job.started_at,
        "completed_at": job.completed_at,
        "duration_seconds": job.duration_seconds,
        "estimated_completion_at": statistics.completion_of(job),
        "progress": {"processed": job.processed, "total": job.total},
        "retry_count": job.retry_count,
        "batch_id": identifiers.encode(identifiers.BATCH_PREFIX, job.batch_id) if job.batch_id else None,
        **_end_of(job, result),
    }


def _end_of(job: Job, result: bool) -> dict[str, object]:
    if job.status == Status.COMPLETED and result:
        return {"result": job.result}
    if job.status == Status.FAILED:
        return {
            "error": {"code": job.error_code, "message": job.error_message, "retry_count": job.retry_count},
        }
    if job.status == Status.CANCELLED:
        caused_by = job.cancelled_by_id and identifiers.encode(identifiers.JOB_PREFIX, job.cancelled_by_id)
        return {"cancellation": {"reason": job.cancel_reason, "caused_by": caused_by}}
    return {}


def show_new_job(job: NewJob) -> dict[str, object]:
    """A `schemas.JobView`, made before the row: an Idempotency-Key replays it as it is."""
    created_at = identifiers.created_at(job.id)
    completion = statistics.snapshot().completion(job.type, job.priority, created_at, counted=False)
    return {
        "id": job_id(job),
        "type": job.type,
        "status": Status.QUEUED,
        "priority": job.priority.label,
        "params": job.params,
        "created_at": created_at,
        "started_at": None,
        "completed_at": None,
        "duration_seconds": None,
        "estimated_completion_at": completion,
        "progress": {"processed": 0, "total": None},
        "retry_count": 0,
        "batch_id": None,
    }


def show_new_batch(batch: NewBatch, jobs: Sequence[NewJob]) -> dict[str, object]:
    return {
        "batch_id": batch_id(batch),
        "jobs": [{"id": job_id(job), "type": job.type, "status": Status.QUEUED} for job in jobs],
    }


def show_batch(batch: Batch, jobs: Sequence[Job]) -> dict[str, object]:
    """A `schemas.BatchView`."""
    counts = batches.counts(job.status for job in jobs)
    return {
        "batch_id": batch_id(batch),
        "status": batches.status_of(counts),
        "sequential": batch.sequential,
        "on_failure": batch.on_failure,
        "created_at": batch.created_at,
        "cancelled_at": batch.cancelled_at,
        "counts": counts,
        "jobs": [show_job(job, params=False, result=False) for job in jobs],
    }


def show_type(kind: JobType[Params, Result]) -> dict[str, object]:
    shortest, longest = kind.limits.typical_range
    return schemas.JobTypeView(
        type=kind.name,
        description=kind.description,
        typical_duration_seconds=schemas.TypicalDuration(
            min=shortest, max=longest, expected=statistics.snapshot().run_seconds(kind.name)
        ),
        limits=schemas.TypeLimits(
            soft_time_limit_seconds=kind.limits.soft_seconds,
            hard_time_limit_seconds=kind.limits.hard_seconds,
            attempts=kind.limits.attempts,
        ),
        params_schema=kind.params.model_json_schema(),
        result_schema=kind.result.model_json_schema(mode="serialization"),
        example=dict(kind.example),
    ).model_dump()


def show_types() -> list[dict[str, object]]:
    return [show_type(kind) for kind in registry.all_types()]
