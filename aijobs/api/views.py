"""The endpoints of the contract. Each reads the request, calls the one function that does it, and shows the rows."""

from collections.abc import Callable
from uuid import UUID
from zoneinfo import ZoneInfo

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from aijobs import batches, idempotency, identifiers, lifecycle
from aijobs.api import documentation, serializers
from aijobs.api.authentication import tenant_of
from aijobs.api.dispatching import Accepted, Body, dispatch_batch, dispatch_job
from aijobs.api.envelope import data_response, json_object
from aijobs.api.filters import filter_jobs, includes
from aijobs.api.pagination import cursor_of, invalid_cursor, limit_of, page_response
from aijobs.auth import TenantAccess
from aijobs.errors import JobNotFound
from aijobs.models import NEWEST_FIRST, Job


class JobViewSet(ViewSet):
    """Dispatch, watch and cancel jobs."""

    scopes = {"GET": "*:read", "POST": "ai-jobs:write", "DELETE": "ai-jobs:write"}

    @documentation.list_jobs
    def list(self, request: Request) -> Response:
        tenant = tenant_of(request)
        query = request.query_params
        jobs = filter_jobs(query, Job.objects.of(tenant.id), ZoneInfo(tenant.timezone))
        included = includes(query)
        cursor = cursor_of(query)
        if cursor is not None:
            if (last := identifiers.decode(identifiers.JOB_PREFIX, cursor)) is None:
                raise invalid_cursor()
            jobs = jobs.filter(id__lt=last)
        left_out = {"params", "result"} - included
        return page_response(
            jobs.order_by(NEWEST_FIRST).defer(*left_out),
            limit_of(query),
            lambda job: serializers.show_job(job, params="params" in included, result="result" in included),
            serializers.job_id,
        )

    @documentation.dispatch_job
    def create(self, request: Request) -> Response:
        return _dispatch(request, dispatch_job)

    @documentation.get_job
    def retrieve(self, request: Request, job_id: str) -> Response:
        job = Job.objects.of(tenant_of(request).id).filter(id=_job_id(job_id)).first()
        if job is None:
            raise JobNotFound()
        return data_response(serializers.show_job(job))

    @documentation.cancel_job
    def destroy(self, request: Request, job_id: str) -> Response:
        lifecycle.cancel(_job_id(job_id), tenant_of(request).id)
        return Response(status=204)

    @documentation.job_types
    def types(self, request: Request) -> Response:
        return data_response(serializers.show_types())


class BatchViewSet(ViewSet):
    """Dispatch, watch and cancel up to twenty jobs at once."""

    scopes = JobViewSet.scopes

    @documentation.dispatch_batch
    def create(self, request: Request) -> Response:
        return _dispatch(request, dispatch_batch)

    @documentation.get_batch
    def retrieve(self, request: Request, batch_id: str) -> Response:
        batch = batches.get(identifiers.decode(identifiers.BATCH_PREFIX, batch_id), tenant_of(request).id)
        jobs = Job.objects.filter(batch=batch).defer("params", "result").order_by("position")
        return data_response(serializers.show_batch(batch, list(jobs)))

    @documentation.cancel_batch
    def destroy(self, request: Request, batch_id: str) -> Response:
        batches.cancel(identifiers.decode(identifiers.BATCH_PREFIX, batch_id), tenant_of(request).id)
        return Response(status=204)


def _job_id(text: str) -> UUID:
    """An id of any other form is that of no job."""
    decoded = identifiers.decode(identifiers.JOB_PREFIX, text)
    if decoded is None:
        raise JobNotFound()
    return decoded


def _dispatch(request: Request, accept: Callable[[TenantAccess, Body, str | None], Accepted]) -> Response:
    key = idempotency.validate(request.META.get("HTTP_IDEMPOTENCY_KEY"))
    accepted = accept(tenant_of(request), json_object(request), key)
    headers = {"Location": accepted.location}
    if accepted.replayed:
        headers["Idempotency-Replayed"] = "true"
    return data_response(accepted.data, status=201, headers=headers)
