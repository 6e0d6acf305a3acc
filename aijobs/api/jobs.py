"""Jobs: dispatch, list, get, cancel."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from uuid import UUID

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs import identifiers, retrying, zones
from aijobs.api import documents
from aijobs.api.authentication import tenant_of
from aijobs.api.dispatch import (
    ADMISSION,
    DISPATCH_ERRORS,
    DISPATCH_HEADERS,
    VALIDATE_ONLY,
    dispatch,
    request_id_of,
)
from aijobs.api.job_filters import INCLUDABLE, includes, read_filter
from aijobs.api.job_parameters import FILTERS, JOB_ID, job_id_of
from aijobs.api.job_shapes import ChangeRequest, JobAnswer, JobList, show_job, show_new_job
from aijobs.api.polling import ASK_AGAIN, ETAG, IF_NONE_MATCH, current_job, etag_of_job, headers_of
from aijobs.api.validating import ValidationAnswer
from aijobs.api.wire.bodies import no_fields, read_model
from aijobs.api.wire.conditional import CACHE_CONTROL, is_known
from aijobs.api.wire.envelope import data_response
from aijobs.api.wire.openapi import HEADERS, OF_A_BODY, PAGE, View, errors, several
from aijobs.api.wire.pagination import cursor_of, invalid_cursor, limit_of, page_response
from aijobs.api.wire.views import ViewSet
from aijobs.auth import TenantAccess
from aijobs.dispatching import Body, JobRequest, Wanted, check_moments, read_job
from aijobs.engine import forecasts, lifecycle, priorities
from aijobs.engine.priorities import Move
from aijobs.errors import InvalidParams, JobNotCancellable, JobNotFound, JobNotQueued, JobNotRetryable, TryAgain
from aijobs.models import Job
from aijobs.scopes import ANY_READ
from aijobs.states import PausedBy, Priority

TAGS = ["Jobs"]
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
        return dispatch(request, "job", read_job, partial(_show_new, request), _location)

    @describe_get
    def retrieve(self, request: Request, job_id: str) -> Response:
        tenant = tenant_of(request)
        jobs = Job.objects.of(tenant.id).filter(id=job_id_of(job_id))
        if "HTTP_IF_NONE_MATCH" in request.META:
            # Its params and its result are read where they are shown.
            job = jobs.without_documents().first()
            if job is not None and is_known(request, etag := etag_of_job(job, job.has_result)):
                headers = headers_of(job, etag, forecasts.of_job(job, tenant))
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
        old = job_id_of(job_id)

        def read(tenant_id: int, _: Body) -> Wanted[None]:
            return retrying.again(tenant_id, old)

        body: Body = {"id": identifiers.encode(identifiers.JOB_PREFIX, old)}
        return dispatch(request, "retry", read, partial(_show_new, request), _location, body)


def _show_new(request: Request, wanted: Wanted[None]) -> dict[str, object]:
    return show_new_job(wanted.jobs[0], tenant_of(request), request_id_of(request))


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


def _location(data: Mapping[str, object]) -> str:
    return f"/api/ai-jobs/{data['id']}"
