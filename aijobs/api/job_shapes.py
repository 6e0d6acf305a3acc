"""What is sent and shown of jobs."""

from datetime import datetime
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic.json_schema import SkipJsonSchema

from aijobs import identifiers
from aijobs.api.expecting import QueueView, show_queue
from aijobs.api.wire.shapes import Pagination
from aijobs.auth import TenantAccess
from aijobs.dispatching import LATEST_RUN
from aijobs.engine import forecasts, statistics
from aijobs.engine.inserting import NewJob
from aijobs.models import Job
from aijobs.shapes import PriorityName, RequestModel, SentMoment
from aijobs.states import Priority, Status


class Progress(BaseModel):
    processed: int
    total: int | None


class JobError(BaseModel):
    code: str = Field(examples=["WORKER_TIMEOUT"])
    message: str
    retry_count: int = Field(description="How often the job failed and was tried again before this failure.")


class Cancellation(BaseModel):
    reason: Literal["REQUESTED", "EXPIRED", "BATCH_CANCELLED", "PREDECESSOR_FAILED", "PREDECESSOR_CANCELLED"]
    caused_by: str | None = Field(description="The job of the same batch whose end cancelled this one.")


class JobView(BaseModel):
    """A job. It has a `result` once completed, an `error` once failed, and a `cancellation` once cancelled."""

    id: str = Field(examples=["job_01JQZ4X5M8N9P0Q1R2S3T4V5W6"])
    type: str
    status: Status
    priority: PriorityName
    params: dict[str, Any] = Field(
        default={}, description="The params as you sent them. Lists show them with `include=params`."
    )
    created_at: datetime
    started_at: datetime | None = Field(description="When the last attempt started.")
    completed_at: datetime | None = Field(
        description="When the job ended, whether it completed, failed or was cancelled."
    )
    duration_seconds: float | None = Field(description="How long the last attempt took.")
    estimated_completion_at: datetime | None = Field(
        description="An estimate from the queue ahead and the median run time of recent jobs of this type. It is "
        "null once the job has ended, and while nobody can say, because no worker is there or the job waits for "
        "another one. The answer to a dispatch always has one."
    )
    queue: QueueView | SkipJsonSchema[None] = Field(
        default=None,
        description="What is before the job, and when it will probably be done. Lists and batches do not show it, "
        "and jobs that have ended do not have it.",
    )
    progress: Progress
    retry_count: int
    seq: int = Field(description="How many events the job's log has: `GET /api/ai-jobs/{job_id}/events` shows them.")
    batch_id: str | None
    depends_on: list[int] | SkipJsonSchema[None] = Field(
        default=None,
        description="The jobs of its batch that it waits for, by their indexes, of which the first is 0: in a batch "
        "whose jobs depend on each other.",
    )
    schedule_id: str | None = Field(description="The schedule that dispatched the job, if one did.")
    tags: list[str]
    metadata: dict[str, Any] | None
    run_at: datetime | None = Field(description="The moment before which the job does not start, if there is one.")
    expires_at: datetime | None = Field(
        description="The moment at which the job is cancelled if it has not started, if there is one."
    )
    cancel_requested_at: datetime | None = Field(
        description="When the job was asked to stop while it was running, if it was."
    )
    retry_of: str | None = Field(description="The job that this one repeats, if it repeats one.")
    request_id: str | None = Field(
        description="The `X-Request-ID` of the request that dispatched the job: yours, or the one that the service "
        "gave it. It is null for a job that the service dispatched itself, such as a schedule's."
    )
    result: Any = Field(
        default=None,
        description="What a completed job found. A job that was stopped while it was running may have one too: what "
        "it had found until then. Lists show it with `include=result`.",
    )
    error: JobError | SkipJsonSchema[None] = Field(default=None, description="Why the job failed.")
    cancellation: Cancellation | SkipJsonSchema[None] = Field(default=None, description="Why the job was cancelled.")


def _not_null(schema: dict[str, Any]) -> None:
    """None stands for what is not sent, and is not a value to send."""
    del schema["default"]
    wanted, _ = schema.pop("anyOf")
    schema |= wanted


class ChangeRequest(RequestModel):
    """What shall be another one. What is left out stays as it is."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    priority: PriorityName | None = Field(
        default=None,
        description="The priority that the job waits with from now on.",
        json_schema_extra=_not_null,
    )
    run_at: SentMoment | None = Field(
        default=None,
        description=f"The job does not start before this moment, which is at most {LATEST_RUN.days} days ahead. "
        "Null: it starts as soon as it can. A job that waits for another attempt waits at least as long as it has "
        "to.",
    )

    @field_validator("priority")
    @classmethod
    def _is_one(cls, sent: PriorityName | None) -> PriorityName | None:
        """What is not sent is not checked."""
        if sent is None:
            raise ValueError("must be low, normal or high. Leave it out to keep the job's priority")
        return sent

    @model_validator(mode="after")
    def _changes_something(self) -> "ChangeRequest":
        if not self.model_fields_set:
            raise ValueError("must have priority, run_at or both")
        return self


class JobAnswer(BaseModel):
    data: JobView


class JobList(BaseModel):
    data: list[JobView]
    pagination: Pagination


def show_job(job: Job, *, params: bool = True, result: bool = True) -> dict[str, object]:
    """A `JobView` of a job that was read `with_text_of` what of params and result is shown."""
    return {
        "id": job.public_id,
        "type": job.type,
        "status": job.status,
        "priority": Priority(job.priority).label,
        **({"params": orjson.Fragment(job.params_text)} if params else {}),
        "created_at": job.created_at,
        "started_at": job.started_at,
        "completed_at": job.completed_at,
        "duration_seconds": job.duration_seconds,
        "estimated_completion_at": statistics.completion_of(job),
        "progress": {"processed": job.processed, "total": job.total},
        "retry_count": job.retry_count,
        "seq": job.event_seq,
        "batch_id": identifiers.encode(identifiers.BATCH_PREFIX, job.batch_id) if job.batch_id else None,
        **({} if job.depends_on is None else {"depends_on": [position - 1 for position in job.depends_on]}),
        "schedule_id": identifiers.encode(identifiers.SCHEDULE_PREFIX, job.schedule_id) if job.schedule_id else None,
        "tags": job.tags,
        "metadata": None if job.metadata_text is None else orjson.Fragment(job.metadata_text),
        "run_at": job.run_at,
        "expires_at": job.expires_at,
        "cancel_requested_at": job.cancel_requested_at,
        "retry_of": identifiers.encode(identifiers.JOB_PREFIX, job.retry_of_id) if job.retry_of_id else None,
        "request_id": job.request_id or None,
        **_end_of(job, result),
    }


def _end_of(job: Job, result: bool) -> dict[str, object]:
    if job.status == Status.COMPLETED and result:
        # Passed on as it is: reading and writing a result of some megabytes would keep the other requests waiting.
        return {"result": None if job.result_text is None else orjson.Fragment(job.result_text)}
    if job.status == Status.FAILED:
        return {
            "error": {"code": job.error_code, "message": job.error_message, "retry_count": job.retry_count},
        }
    if job.status == Status.CANCELLED:
        caused_by = job.cancelled_by_id and identifiers.encode(identifiers.JOB_PREFIX, job.cancelled_by_id)
        # Lists that do not show results have not read it.
        stopped_with = job.result_text if result else None
        return {
            **({} if stopped_with is None else {"result": orjson.Fragment(stopped_with)}),
            "cancellation": {"reason": job.cancel_reason, "caused_by": caused_by},
        }
    return {}


def show_new_job(job: NewJob, tenant: TenantAccess, request_id: str) -> dict[str, object]:
    """A `JobView`, made before the row: an Idempotency-Key replays it as it is."""
    created_at = identifiers.created_at(job.id)
    since = max(created_at, job.run_at or created_at)
    completion = statistics.snapshot().completion(job.type, job.priority, since, counted=False)
    due_in = (since - created_at).total_seconds()
    forecast = forecasts.of_new(job.type, job.priority, tenant, created_at, due_in=due_in)
    return {
        "id": job.public_id,
        "type": job.type,
        "status": Status.QUEUED,
        "priority": job.priority.label,
        "params": job.params,
        "created_at": created_at,
        "started_at": None,
        "completed_at": None,
        "duration_seconds": None,
        "estimated_completion_at": forecast.median_at or completion,
        "queue": show_queue(forecast),
        "progress": {"processed": 0, "total": None},
        "retry_count": 0,
        "seq": 1,
        "batch_id": None,
        "schedule_id": None,
        "tags": job.tags,
        "metadata": job.metadata,
        "run_at": job.run_at,
        "expires_at": job.expires_at,
        "cancel_requested_at": None,
        "retry_of": identifiers.encode(identifiers.JOB_PREFIX, job.retry_of) if job.retry_of else None,
        "request_id": request_id,
    }
