"""The shapes on the wire, one class each: what the API accepts and answers, and its OpenAPI schema."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from aijobs.states import BatchStatus, OnFailure, Status

PriorityName = Literal["low", "normal", "high"]


class RequestModel(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class JobRequest(RequestModel):
    type: str = Field(description="One of the job types of `GET /api/ai-jobs/types`.")
    params: dict[str, Any] = Field(default_factory=dict, description="The type's own params.")
    priority: PriorityName | None = Field(default=None, description="High before normal (the default) before low.")


class BatchRequest(RequestModel):
    jobs: list[Any] = Field(description="1 to 20 jobs, all accepted or none.", min_length=1, max_length=20)
    priority: PriorityName = Field(default="normal", description="Of the jobs that do not say their own.")
    sequential: bool = Field(default=False, description="Run in order: job 2 starts after job 1 has ended.")
    on_failure: Literal["stop", "continue"] = Field(
        default="stop",
        description="Of a sequential batch. stop: the jobs after one that fails or is cancelled are cancelled.",
    )


class Progress(BaseModel):
    processed: int
    total: int | None


class JobError(BaseModel):
    code: str = Field(examples=["WORKER_TIMEOUT"])
    message: str
    retry_count: int = Field(description="The failures before the final one.")


class Cancellation(BaseModel):
    reason: Literal["REQUESTED", "BATCH_CANCELLED", "PREDECESSOR_FAILED", "PREDECESSOR_CANCELLED"]
    caused_by: str | None = Field(description="The job of the same batch whose end caused this.")


class JobView(BaseModel):
    """A job. `result`, `error` and `cancellation` are there when the status calls for them."""

    id: str = Field(examples=["job_01JQZ4X5M8N9P0Q1R2S3T4V5W6"])
    type: str
    status: Status
    priority: PriorityName
    params: dict[str, Any] = Field(default={}, description="As sent. In lists with include=params.")
    created_at: datetime
    started_at: datetime | None = Field(description="Of the last attempt.")
    completed_at: datetime | None = Field(description="When it ended: completed, failed or cancelled.")
    duration_seconds: float | None = Field(description="Of the last attempt.")
    estimated_completion_at: datetime | None = Field(
        description="From the median of recent runs of the type and the queue ahead; null once ended."
    )
    progress: Progress
    retry_count: int
    batch_id: str | None
    result: Any = Field(default=None, description="Of a completed job. In lists with include=result.")
    error: JobError | SkipJsonSchema[None] = Field(default=None, description="Of a failed job.")
    cancellation: Cancellation | SkipJsonSchema[None] = Field(default=None, description="Of a cancelled job.")


class JobAnswer(BaseModel):
    data: JobView


class Pagination(BaseModel):
    next_cursor: str | None = Field(description="Send as `cursor` to get the next page; null on the last.")
    has_more: bool


class JobList(BaseModel):
    data: list[JobView]
    pagination: Pagination


class BatchMember(BaseModel):
    id: str
    type: str
    status: Status


class BatchAccepted(BaseModel):
    batch_id: str = Field(examples=["batch_01JQZ4X5M8N9P0Q1R2S3T4V5W6"])
    jobs: list[BatchMember]


class BatchAcceptedAnswer(BaseModel):
    data: BatchAccepted


class BatchView(BaseModel):
    batch_id: str
    status: BatchStatus = Field(description="Derived from its jobs.")
    sequential: bool
    on_failure: OnFailure
    created_at: datetime
    cancelled_at: datetime | None
    counts: dict[str, int] = Field(description="Jobs per status, zeros included.")
    jobs: list[JobView] = Field(description="In order, without params and results.")


class BatchAnswer(BaseModel):
    data: BatchView


class TypicalDuration(BaseModel):
    """Seconds."""

    min: int
    max: int
    expected: float = Field(description="The median of recent runs; the contract's figure until there are some.")


class TypeLimits(BaseModel):
    soft_time_limit_seconds: int
    hard_time_limit_seconds: int
    attempts: int = Field(description="Runs in all, the first included.")


class JobTypeView(BaseModel):
    type: str
    description: str
    typical_duration_seconds: TypicalDuration
    limits: TypeLimits
    params_schema: dict[str, Any] = Field(description="JSON Schema.")
    result_schema: dict[str, Any] = Field(description="JSON Schema.")
    example: dict[str, Any]


class JobTypesAnswer(BaseModel):
    data: list[JobTypeView]


class ErrorBody(BaseModel):
    code: str = Field(examples=["JOB_NOT_FOUND"])
    message: str
    details: Any = None


class ErrorAnswer(BaseModel):
    error: ErrorBody
