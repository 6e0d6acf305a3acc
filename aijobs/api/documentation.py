"""How each endpoint is described in OpenAPI. One decorator per endpoint; the views stay readable."""

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema

from aijobs.api import schemas

View = TypeVar("View", bound=Callable[..., Any])

TENANT = OpenApiParameter(
    "X-Tenant-ID",
    str,
    OpenApiParameter.HEADER,
    description="The tenant's name. May be left out when the key belongs to exactly one tenant.",
)
REQUEST_ID = OpenApiParameter(
    "X-Request-ID", str, OpenApiParameter.HEADER, description="Echoed on the response and in our logs."
)
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 255},
    OpenApiParameter.HEADER,
    description="The same key and body replays the first answer for 24 hours, with Idempotency-Replayed: true.",
)
HEADERS = [TENANT, REQUEST_ID]
LOCATION = OpenApiParameter(
    "Location",
    str,
    OpenApiParameter.HEADER,
    required=True,
    response=[201],
    description="Where to watch it, as in /api/ai-jobs/job_01JQZ4X5M8N9P0Q1R2S3T4V5W6.",
)
REPLAYED = OpenApiParameter(
    "Idempotency-Replayed",
    {"type": "string", "enum": ["true"]},
    OpenApiParameter.HEADER,
    response=[201],
    description="On the repeated answer to an Idempotency-Key.",
)
DISPATCH_HEADERS = [*HEADERS, IDEMPOTENCY_KEY, LOCATION, REPLAYED]

DESCRIPTIONS = {
    400: "INVALID_REQUEST: the body is no JSON object.",
    401: "UNAUTHENTICATED: the key is missing, unknown, expired or revoked.",
    403: "INSUFFICIENT_SCOPE, TENANT_MISMATCH or TENANT_SUSPENDED.",
    404: "JOB_NOT_FOUND or BATCH_NOT_FOUND, also for another tenant's.",
    409: "JOB_NOT_CANCELLABLE, or IDEMPOTENCY_CONFLICT while the first request is in flight.",
    413: "PAYLOAD_TOO_LARGE: the body is over 1 MiB.",
    415: "UNSUPPORTED_MEDIA_TYPE: send application/json.",
    422: "INVALID_JOB_TYPE, INVALID_PARAMS, INVALID_BATCH, INVALID_FILTER or IDEMPOTENCY_KEY_REUSED; see details.",
    429: "QUEUE_FULL: retry after Retry-After seconds.",
    503: "SERVICE_UNAVAILABLE: the database does not answer; retry after Retry-After seconds.",
}


def errors(*statuses: int) -> dict[int, OpenApiResponse]:
    """The error answers of an endpoint, besides those that every endpoint has."""
    return {
        status: OpenApiResponse(schemas.ErrorAnswer, description=DESCRIPTIONS[status])
        for status in sorted({401, 403, 503, *statuses})
    }


def parameter(name: str, kind: Any, description: str, **more: Any) -> OpenApiParameter:
    return OpenApiParameter(name, kind, OpenApiParameter.QUERY, description=description, **more)


PAGE = [
    parameter("limit", {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}, "Results per page."),
    parameter("cursor", str, "The next_cursor of the page before."),
]
JOB_ID = OpenApiParameter("job_id", str, OpenApiParameter.PATH, description="As in job_01JQZ4X5M8N9P0Q1R2S3T4V5W6.")
BATCH_ID = OpenApiParameter(
    "batch_id", str, OpenApiParameter.PATH, description="As in batch_01JQZ4X5M8N9P0Q1R2S3T4V5W6."
)
MOMENT = {"type": "string", "examples": ["2026-03-12", "2026-03-12T14:32:01Z"]}

_JOBS, _BATCHES = ["Jobs"], ["Batches"]

list_jobs: Callable[[View], View] = extend_schema(
    operation_id="list_jobs",
    tags=_JOBS,
    summary="List jobs, newest first",
    parameters=[
        *HEADERS,
        parameter("type", str, "One or several job types, comma separated."),
        parameter("status", str, "One or several of queued, running, completed, failed, cancelled, comma separated."),
        parameter("priority", {"type": "string", "enum": ["low", "normal", "high"]}, "As asked for at dispatch."),
        parameter("batch_id", str, "Jobs of this batch."),
        parameter("start_date", MOMENT, "Created on or after. A bare date is a day in the tenant's time zone."),
        parameter("end_date", MOMENT, "Created on or before. A bare date means that whole day."),
        parameter("include", str, "params, result or both, comma separated: left out unless asked for."),
        *PAGE,
    ],
    responses={200: schemas.JobList, **errors(422)},
)
dispatch_job: Callable[[View], View] = extend_schema(
    operation_id="dispatch_job",
    tags=_JOBS,
    summary="Dispatch a job",
    description="Accepts the job and answers at once; poll it until it is completed, failed or cancelled.",
    parameters=DISPATCH_HEADERS,
    request={"application/json": schemas.JobRequest},
    responses={201: schemas.JobAnswer, **errors(400, 409, 413, 415, 422, 429)},
)
get_job: Callable[[View], View] = extend_schema(
    operation_id="get_job",
    tags=_JOBS,
    summary="Get a job's status and result",
    parameters=[*HEADERS, JOB_ID],
    responses={200: schemas.JobAnswer, **errors(404)},
)
cancel_job: Callable[[View], View] = extend_schema(
    operation_id="cancel_job",
    tags=_JOBS,
    summary="Cancel a queued job",
    description="Jobs that are running or have ended cannot be cancelled; cancelling twice is fine.",
    parameters=[*HEADERS, JOB_ID],
    responses={204: None, **errors(404, 409)},
)
job_types: Callable[[View], View] = extend_schema(
    operation_id="list_job_types",
    tags=_JOBS,
    summary="The job types, with their params and results",
    parameters=HEADERS,
    responses={200: schemas.JobTypesAnswer, **errors()},
)
dispatch_batch: Callable[[View], View] = extend_schema(
    operation_id="dispatch_batch",
    tags=_BATCHES,
    summary="Dispatch up to 20 jobs at once",
    description="All are accepted or none. With sequential: true they run in order.",
    parameters=DISPATCH_HEADERS,
    request={"application/json": schemas.BatchRequest},
    responses={201: schemas.BatchAcceptedAnswer, **errors(400, 409, 413, 415, 422, 429)},
)
get_batch: Callable[[View], View] = extend_schema(
    operation_id="get_batch",
    tags=_BATCHES,
    summary="Get a batch with its jobs",
    parameters=[*HEADERS, BATCH_ID],
    responses={200: schemas.BatchAnswer, **errors(404)},
)
cancel_batch: Callable[[View], View] = extend_schema(
    operation_id="cancel_batch",
    tags=_BATCHES,
    summary="Cancel what is still queued of a batch",
    parameters=[*HEADERS, BATCH_ID],
    responses={204: None, **errors(404)},
)
