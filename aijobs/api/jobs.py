"""Jobs: dispatch, list, get, cancel."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Literal, get_args
from uuid import UUID

import orjson
from django.utils.timezone import now
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic.json_schema import SkipJsonSchema
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs import identifiers, registry, retrying, zones
from aijobs.api import documents
from aijobs.api.authentication import tenant_of
from aijobs.api.dispatch import ADMISSION, DISPATCH_ERRORS, DISPATCH_HEADERS, VALIDATE_ONLY, dispatch
from aijobs.api.expecting import QueueView, show_queue
from aijobs.api.job_filters import INCLUDABLE, includes, read_filter
from aijobs.api.validating import ValidationAnswer
from aijobs.api.wire.bodies import no_fields, read_model
from aijobs.api.wire.conditional import CACHE_CONTROL, etag_of, is_known
from aijobs.api.wire.envelope import data_response
from aijobs.api.wire.openapi import HEADERS, OF_A_BODY, PAGE, View, errors, parameter, several
from aijobs.api.wire.pagination import cursor_of, invalid_cursor, limit_of, page_response
from aijobs.api.wire.shapes import Pagination
from aijobs.api.wire.views import ViewSet
from aijobs.auth import TenantAccess
from aijobs.dispatching import LATEST_RUN, MOST_TAGS, Body, JobRequest, Wanted, check_moments, read_job
from aijobs.engine import forecasts, lifecycle, priorities, statistics
from aijobs.engine.forecasts import Forecast
from aijobs.engine.inserting import NewJob
from aijobs.engine.priorities import Move
from aijobs.errors import InvalidParams, JobNotCancellable, JobNotFound, JobNotQueued, JobNotRetryable, TryAgain
from aijobs.filtering import LONGEST_SKU, SKU
from aijobs.models import Job
from aijobs.scopes import ANY_READ
from aijobs.shapes import LONGEST_TAG, TAG, PriorityName, RequestModel, SentMoment
from aijobs.states import TERMINAL, PausedBy, Priority, Status

JOB_ID = OpenApiParameter(
    "job_id",
    {"type": "string", "pattern": identifiers.JOB_PATTERN, "examples": ["job_01JQZ4X5M8N9P0Q1R2S3T4V5W6"]},
    OpenApiParameter.PATH,
    description="The job's ID.",
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match",
    {"type": "string", "examples": ['W/"6f1b1e7e0c1f4b8a9d2c3e4f"']},
    OpenApiParameter.HEADER,
    description="The `ETag` of an earlier answer. If nothing has changed since, the answer is 304 without a body.",
)
ETAG = OpenApiParameter(
    "ETag",
    str,
    OpenApiParameter.HEADER,
    required=True,
    response=[200, 304],
    description="Another one whenever anything that is shown has changed, its progress too. Estimates do not count.",
)
ASK_AGAIN = OpenApiParameter(
    "Retry-After",
    {"type": "integer", "minimum": 1, "maximum": 30},
    OpenApiParameter.HEADER,
    response=[200, 304],
    description="In how many seconds to ask again, while the job has not ended.",
)
# A job that should be over by now is asked for more and more rarely.
ASK_AFTER_SHARE = 0.1
LONGEST_PAUSE_SECONDS = 30
# Of what is shown, what changes with the clock and the queue, and not with the job.
ESTIMATES = ("estimated_completion_at", "queue")
TAGS = ["Jobs"]
ZONE = "in the tenant's time zone, and so is a date-time without an offset. A space may stand for the T"
MOMENT = {
    "type": "string",
    "anyOf": [{"format": "date"}, {"format": "date-time"}],
    "examples": ["2026-03-12", "2026-03-12T14:32:01Z"],
}


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
        "Null: it starts as soon as it can. A job that waits for another attempt waits at least as long as it has to.",
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


def show_new_job(job: NewJob, tenant: TenantAccess) -> dict[str, object]:
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
    }


# Which jobs a list shows, and an export has.
FILTERS = [
    several(
        "type",
        [kind.name for kind in registry.all_types()],
        "Show only jobs of this type, or of these types, separated by commas.",
    ),
    several("status", Status.values, "Show only jobs in this status, or in these, separated by commas."),
    parameter(
        "priority",
        {"type": "string", "enum": list(get_args(PriorityName))},
        "Show only jobs that were dispatched with this priority.",
    ),
    parameter(
        "batch_id",
        {
            "type": "string",
            "pattern": identifiers.BATCH_PATTERN,
            "examples": ["batch_01JQZ4X5M8N9P0Q1R2S3T4V5W6"],
        },
        "Show only the jobs of this batch.",
    ),
    parameter(
        "schedule_id",
        {
            "type": "string",
            "pattern": identifiers.SCHEDULE_PATTERN,
            "examples": ["schedule_01JQZ4X5M8N9P0Q1R2S3T4V5W6"],
        },
        "Show only the jobs that this schedule has dispatched.",
    ),
    parameter(
        "request_id",
        {"type": "string", "pattern": identifiers.REQUEST_ID_PATTERN, "examples": ["nightly-2026-03-12"]},
        "Show only the jobs that came with this X-Request-ID.",
    ),
    parameter(
        "tag",
        {
            "type": "array",
            "items": {"type": "string", "pattern": TAG.pattern, "maxLength": LONGEST_TAG},
            "minItems": 1,
            "maxItems": MOST_TAGS,
            "examples": [["nightly"]],
        },
        "Show only jobs with this tag. Repeat the parameter for jobs that have several tags: `tag=a&tag=b`.",
        style="form",
        explode=True,
    ),
    parameter(
        "sku",
        {
            "type": "string",
            "pattern": SKU.pattern,
            "minLength": 1,
            "maxLength": LONGEST_SKU,
            "examples": ["SKU-001"],
        },
        "Show only jobs whose params name this SKU. Jobs dispatched with `all` are not found by SKU.",
    ),
    parameter(
        "error_code",
        {
            "type": "string",
            "pattern": r"^[^\x00]+$",
            "minLength": 1,
            "maxLength": 64,
            "examples": ["WORKER_TIMEOUT"],
        },
        "Show only jobs that failed with this code.",
    ),
    parameter("start_date", MOMENT, f"Show only jobs created on or after this. A date is a day {ZONE}."),
    parameter("end_date", MOMENT, f"Show only jobs created on or before this. A date is that whole day {ZONE}."),
]
describe_list: Callable[[View], View] = extend_schema(
    operation_id="list_jobs",
    tags=TAGS,
    summary="List jobs, newest first",
    description="The list shows jobs without their params and results, unless you ask for them with `include`. Then "
    "a page has at most 8 MiB of them, but always one job, so it may have fewer jobs than `limit`: go on for as long "
    "as `has_more` is true.",
    parameters=[
        *HEADERS,
        *FILTERS,
        several("include", INCLUDABLE, "Also show `params`, `result` or both, separated by a comma."),
        *PAGE,
    ],
    responses={200: JobList, **errors()},
)
describe_dispatch: Callable[[View], View] = extend_schema(
    operation_id="dispatch_job",
    tags=TAGS,
    summary="Dispatch a job",
    description=f"The service answers at once. Poll the job until it is completed, failed or cancelled. {ADMISSION}",
    parameters=[VALIDATE_ONLY, *DISPATCH_HEADERS],
    request={"application/json": JobRequest},
    responses={200: ValidationAnswer, 201: JobAnswer, **errors(*DISPATCH_ERRORS)},
)
describe_get: Callable[[View], View] = extend_schema(
    operation_id="get_job",
    tags=TAGS,
    summary="Get a job's status and result",
    description="Poll this until the job is completed, failed or cancelled. `Retry-After` says when to ask next. If "
    "you send the last `ETag` as `If-None-Match`, you get the job only if it has changed.",
    parameters=[*HEADERS, JOB_ID, IF_NONE_MATCH, ETAG, ASK_AGAIN],
    responses={
        200: JobAnswer,
        304: OpenApiResponse(description="Nothing has changed."),
        **errors(JobNotFound),
    },
)
describe_cancel: Callable[[View], View] = extend_schema(
    operation_id="cancel_job",
    tags=TAGS,
    summary="Cancel a queued job",
    description="A job that is running or has ended cannot be cancelled. You may cancel a job twice.",
    parameters=[*HEADERS, JOB_ID],
    responses={204: None, **errors(JobNotFound, JobNotCancellable, TryAgain)},
)
describe_change: Callable[[View], View] = extend_schema(
    operation_id="change_job",
    tags=TAGS,
    summary="Change the priority of a queued job, or when it runs",
    description="Only a queued job can be changed.",
    parameters=[*HEADERS, JOB_ID],
    request={"application/json": ChangeRequest},
    responses={200: JobAnswer, **errors(*OF_A_BODY, JobNotFound, JobNotQueued, TryAgain)},
)
describe_request_cancel: Callable[[View], View] = extend_schema(
    operation_id="request_cancel_job",
    tags=TAGS,
    summary="Cancel a job, also while it is running",
    description="A queued job is cancelled at once. A running one is asked to stop, which it usually does within "
    "seconds: poll it until it has ended. What it has done until then stays done, its `progress` says how far it "
    "came, and it is not tried again. If it was about to end it may still complete or fail. You may ask twice.",
    parameters=[*HEADERS, JOB_ID],
    request=None,
    responses={200: JobAnswer, **errors(*OF_A_BODY, JobNotFound, JobNotCancellable, TryAgain)},
)
describe_retry: Callable[[View], View] = extend_schema(
    operation_id="retry_job",
    tags=TAGS,
    summary="Dispatch a job that has ended once more",
    description="As a new job with the same type, params, priority, tags and metadata, whose `retry_of` is the old "
    "one. The old one stays as it is.",
    parameters=[*DISPATCH_HEADERS, JOB_ID],
    request=None,
    responses={201: JobAnswer, **errors(*DISPATCH_ERRORS, JobNotFound, JobNotRetryable)},
)


class JobViewSet(ViewSet):
    """Dispatch, watch and cancel jobs."""

    scopes = {"GET": ANY_READ, "POST": "ai-jobs:write", "PATCH": "ai-jobs:write", "DELETE": "ai-jobs:write"}
    with_parameters = ("list", "create")

    @describe_list
    def list(self, request: Request) -> Response:
        tenant = tenant_of(request)
        query = request.query_params
        included = includes(query)
        wanted = read_filter(query, {"limit", "cursor", "include"}, zones.find_or_utc(tenant.timezone))
        jobs = Job.objects.of(tenant.id)
        cursor = cursor_of(query)
        if cursor is not None:
            if (last := identifiers.decode(identifiers.JOB_PREFIX, cursor)) is None:
                raise invalid_cursor()
            jobs = jobs.filter(id__lt=last)
        limit = limit_of(query)
        if included:
            page, next_key = documents.jobs_with(included, jobs, wanted, limit)
        else:
            # One more than is shown says whether there are others.
            found = wanted.newest(jobs.with_text_of(), limit + 1)
            page, next_key = found[:limit], found[limit - 1].public_id if len(found) > limit else None
        shown = [show_job(job, params="params" in included, result="result" in included) for job in page]
        return page_response(request, shown, next_key)

    @describe_dispatch
    def create(self, request: Request) -> Response:
        tenant = tenant_of(request)
        return dispatch(request, "job", read_job, lambda wanted: show_new_job(wanted.jobs[0], tenant), _location)

    @describe_get
    def retrieve(self, request: Request, job_id: str) -> Response:
        tenant = tenant_of(request)
        jobs = Job.objects.of(tenant.id).filter(id=job_id_of(job_id))
        if "HTTP_IF_NONE_MATCH" in request.META:
            # Its params and its result are read where they are shown.
            job = jobs.without_documents().first()
            if job is not None and is_known(request, etag := _etag_of(job, job.has_result)):
                headers = _headers_of(job, etag, forecasts.of_job(job, tenant))
                return Response(status=304, headers={**headers, "Cache-Control": CACHE_CONTROL})
        data, headers = current_job(tenant, job_id_of(job_id))
        return data_response(data, headers={**headers, "Cache-Control": CACHE_CONTROL})

    @describe_cancel
    def destroy(self, request: Request, job_id: str) -> Response:
        lifecycle.cancel(job_id_of(job_id), tenant_of(request).id)
        return Response(status=204)

    @describe_change
    def partial_update(self, request: Request, job_id: str) -> Response:
        tenant, wanted, changed = tenant_of(request), read_model(request, ChangeRequest), job_id_of(job_id)
        _check_run_at(wanted.run_at, changed, tenant.id)
        priority = Priority.from_name(wanted.priority) if wanted.priority else None
        move = Move(wanted.run_at) if "run_at" in wanted.model_fields_set else None
        priorities.change_one(changed, tenant.id, priority, move)
        return _answer(tenant, changed)

    @describe_request_cancel
    def request_cancel(self, request: Request, job_id: str) -> Response:
        no_fields(request)
        tenant, stopped = tenant_of(request), job_id_of(job_id)
        lifecycle.request_cancel(stopped, tenant.id, PausedBy.KEY)
        return _answer(tenant, stopped)

    @describe_retry
    def retry(self, request: Request, job_id: str) -> Response:
        no_fields(request)
        old, tenant = job_id_of(job_id), tenant_of(request)

        def read(tenant_id: int, _: Body) -> Wanted[None]:
            return retrying.again(tenant_id, old)

        body: Body = {"id": identifiers.encode(identifiers.JOB_PREFIX, old)}
        return dispatch(request, "retry", read, lambda wanted: show_new_job(wanted.jobs[0], tenant), _location, body)


# A `JobView`, and the headers that go with it.
Current = tuple[dict[str, object], dict[str, str]]


def current_job(tenant: TenantAccess, job_id: UUID) -> Current:
    """The job as it is now. Raises JobNotFound."""
    job = Job.objects.of(tenant.id).with_text_of("params", "result").filter(id=job_id).first()
    if job is None:
        raise JobNotFound()
    return _current(job, tenant, has_result=job.result_text is not None)


def unfinished_jobs(wanted: Collection[tuple[TenantAccess, UUID]]) -> dict[tuple[int, UUID], Current]:
    """The same of many, by tenant and job: of those that have not ended, so there is no result to be read."""
    tenants = {tenant.id: tenant for tenant, _ in wanted}
    jobs = Job.objects.filter(tenant_id__in=tenants, id__in=[job_id for _, job_id in wanted])
    unfinished = jobs.with_text_of("params").exclude(status__in=TERMINAL)
    return {(job.tenant_id, job.id): _current(job, tenants[job.tenant_id], has_result=False) for job in unfinished}


def _current(job: Job, tenant: TenantAccess, *, has_result: bool) -> Current:
    forecast = forecasts.of_job(job, tenant)
    return show_job(job) | _expected(forecast), _headers_of(job, _etag_of(job, has_result), forecast)


def _answer(tenant: TenantAccess, job_id: UUID) -> Response:
    return data_response(current_job(tenant, job_id)[0])


def _check_run_at(run_at: datetime | None, job_id: UUID, tenant_id: int) -> None:
    """Raises InvalidParams, and JobNotFound. When a job expires never changes, so this may be asked before."""
    check_moments(run_at, None)
    job = Job.objects.of(tenant_id).only("expires_at").filter(id=job_id).first()
    if job is None:
        raise JobNotFound()
    if run_at and job.expires_at and run_at >= job.expires_at:
        raise InvalidParams(details=[{"path": "run_at", "message": "must be earlier than the job's expires_at"}])


def _etag_of(job: Job, has_result: bool) -> str:
    """Of all that is shown. Params never change, and a result is there, or is not any more."""
    shown = show_job(job, params=False, result=False)
    return etag_of([value for name, value in shown.items() if name not in ESTIMATES], job.event_seq, has_result)


def _expected(forecast: Forecast | None) -> dict[str, object]:
    """Of a job that has not ended: what is shown of its forecast."""
    if forecast is None:
        return {}
    return {"estimated_completion_at": forecast.median_at, "queue": show_queue(forecast)}


def _headers_of(job: Job, etag: str, forecast: Forecast | None) -> dict[str, str]:
    headers = {"ETag": etag}
    expected = (forecast and forecast.median_at) or statistics.roughly(job)
    if expected is not None:
        headers["Retry-After"] = str(_ask_after(job, expected, now()))
    return headers


def _ask_after(job: Job, expected: datetime, at: datetime) -> int:
    """Seconds until it is worth while to ask again."""
    seconds = max(expected - at, ASK_AFTER_SHARE * (at - job.created_at)) / timedelta(seconds=1)
    return min(max(1, ceil(seconds)), LONGEST_PAUSE_SECONDS)


def _location(data: Mapping[str, object]) -> str:
    return f"/api/ai-jobs/{data['id']}"


def job_id_of(text: str) -> UUID:
    """An id of any other form is that of no job."""
    decoded = identifiers.decode(identifiers.JOB_PREFIX, text)
    if decoded is None:
        raise JobNotFound()
    return decoded
