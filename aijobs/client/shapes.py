"""What the API takes and answers: its JSON as it is, with types. What a later version adds is simply there too."""

from typing import Any, Literal, NotRequired, TypedDict

Status = Literal["queued", "running", "completed", "failed", "cancelled"]
Priority = Literal["low", "normal", "high"]
Json = Any
ENDS: frozenset[Status] = frozenset({"completed", "failed", "cancelled"})


class JobError(TypedDict):
    code: str
    message: str
    retry_count: int


class Cancellation(TypedDict):
    reason: str
    caused_by: str | None


class Progress(TypedDict):
    processed: int
    total: int | None


class Queue(TypedDict):
    """When an unfinished job starts and ends, as far as the service can tell; the p90 is late in 1 of 10 cases."""

    position: int | None
    estimated_start_at: str | None
    estimated_completion_at: str | None
    p90_completion_at: str | None


class Job(TypedDict):
    """A job. Moments are texts in ISO 8601, as the API writes them."""

    id: str
    type: str
    status: Status
    priority: Priority
    created_at: str
    started_at: str | None
    completed_at: str | None
    duration_seconds: float | None
    estimated_completion_at: str | None
    progress: Progress
    retry_count: int
    seq: int
    batch_id: str | None
    depends_on: NotRequired[list[int]]
    schedule_id: str | None
    tags: list[str]
    metadata: dict[str, Json] | None
    run_at: str | None
    expires_at: str | None
    cancel_requested_at: str | None
    retry_of: str | None
    request_id: str | None
    queue: NotRequired[Queue]
    params: NotRequired[dict[str, Json]]
    result: NotRequired[Json]
    error: NotRequired[JobError]
    cancellation: NotRequired[Cancellation]


class JobOptions(TypedDict, total=False):
    """What may be said of a job beside its type and params."""

    priority: Priority
    tags: list[str]
    metadata: dict[str, Json]
    run_at: str
    expires_at: str


class JobTemplate(JobOptions):
    """A job of a batch. `depends_on`: the places, from 0, of the jobs of the batch that it waits for."""

    type: str
    params: dict[str, Json]
    depends_on: NotRequired[list[int]]


class BatchMember(TypedDict):
    id: str
    type: str
    status: Status


class BatchAccepted(TypedDict):
    batch_id: str
    jobs: list[BatchMember]
    retry_of: NotRequired[str]


class Batch(TypedDict):
    batch_id: str
    status: str
    sequential: bool
    on_failure: Literal["stop", "continue"]
    created_at: str
    cancelled_at: str | None
    retry_of: str | None
    retries: list[str]
    counts: dict[Status, int]
    jobs: list[Job]


class JobFilter(TypedDict, total=False):
    """The filters of the list and of streams. A list means any of its values; of tags, all of them."""

    type: str | list[str]
    status: Status | list[Status]
    priority: Priority
    tag: str | list[str]
    sku: str
    error_code: str
    request_id: str
    batch_id: str
    schedule_id: str
    start_date: str
    end_date: str


class Event(TypedDict):
    """One line of a job's log. `seq` counts them from 1, the same in every channel."""

    id: str
    type: str
    job_id: str
    seq: int
    at: str
    status: Status
    attempt: int
    data: Json
