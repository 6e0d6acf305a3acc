"""Batches: up to twenty jobs at once."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from pydantic import BaseModel, Field
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs import batches, identifiers, retrying
from aijobs.api.authentication import tenant_of
from aijobs.api.dispatch import ADMISSION, DISPATCH_ERRORS, DISPATCH_HEADERS, VALIDATE_ONLY, dispatch
from aijobs.api.job_shapes import JobView, show_job
from aijobs.api.jobs import JobViewSet
from aijobs.api.validating import ValidationAnswer
from aijobs.api.wire.bodies import no_fields
from aijobs.api.wire.envelope import data_response
from aijobs.api.wire.openapi import HEADERS, View, errors
from aijobs.api.wire.views import ViewSet
from aijobs.dispatching import BatchRequest, Body, Wanted, read_batch
from aijobs.engine.inserting import NewBatch
from aijobs.errors import BatchNotFound, BatchNotRetryable, DependencyCycle, InvalidBatch, TryAgain
from aijobs.models import Batch, Job
from aijobs.states import BatchStatus, OnFailure, Status

BATCH_ID = OpenApiParameter(
    "batch_id",
    {"type": "string", "pattern": identifiers.BATCH_PATTERN, "examples": ["batch_01JQZ4X5M8N9P0Q1R2S3T4V5W6"]},
    OpenApiParameter.PATH,
    description="The batch's ID.",
)

MOST_RETRIES = 20
TAGS = ["Batches"]


class BatchMember(BaseModel):
    id: str
    type: str
    status: Status


class BatchAccepted(BaseModel):
    batch_id: str = Field(examples=["batch_01JQZ4X5M8N9P0Q1R2S3T4V5W6"])
    jobs: list[BatchMember]


class BatchAcceptedAnswer(BaseModel):
    data: BatchAccepted


class BatchRetried(BatchAccepted):
    retry_of: str = Field(description="The batch whose failed and cancelled jobs this one repeats.")


class BatchRetriedAnswer(BaseModel):
    data: BatchRetried


class BatchView(BaseModel):
    batch_id: str
    status: BatchStatus = Field(description="The batch's status, which follows from the statuses of its jobs.")
    sequential: bool
    on_failure: OnFailure
    created_at: datetime
    cancelled_at: datetime | None
    retry_of: str | None = Field(
        description="The batch whose failed and cancelled jobs this one repeats, if it repeats one."
    )
    retries: list[str] = Field(
        description=f"The newest {MOST_RETRIES} batches that repeat the failed and cancelled jobs of this one."
    )
    counts: dict[str, int] = Field(description="The number of jobs in each status, also where it is 0.")
    jobs: list[JobView] = Field(description="The jobs in their order, without their params and results.")


class BatchAnswer(BaseModel):
    data: BatchView


def show_new_batch(wanted: Wanted[NewBatch]) -> dict[str, object]:
    """A `BatchAccepted`."""
    return {
        "batch_id": wanted.batch.public_id,
        "jobs": [{"id": job.public_id, "type": job.type, "status": Status.QUEUED} for job in wanted.jobs],
    }


def show_retried_batch(wanted: Wanted[NewBatch]) -> dict[str, object]:
    """A `BatchRetried`."""
    return {**show_new_batch(wanted), "retry_of": _public(wanted.batch.retry_of)}


def _public(batch_id: UUID | None) -> str | None:
    return identifiers.encode(identifiers.BATCH_PREFIX, batch_id) if batch_id else None


def show_batch(batch: Batch, jobs: Sequence[Job]) -> dict[str, object]:
    """A `BatchView`."""
    counts = batches.counts(job.status for job in jobs)
    return {
        "batch_id": batch.public_id,
        "status": batches.status_of(counts),
        "sequential": batch.sequential,
        "on_failure": batch.on_failure,
        "created_at": batch.created_at,
        "cancelled_at": batch.cancelled_at,
        "retry_of": _public(batch.retry_of_id),
        "retries": [each.public_id for each in reversed(batch.retries.order_by("-id")[:MOST_RETRIES])],
        "counts": counts,
        "jobs": [show_job(job, params=False, result=False) for job in jobs],
    }


describe_dispatch: Callable[[View], View] = extend_schema(
    operation_id="dispatch_batch",
    tags=TAGS,
    summary=f"Dispatch up to {InvalidBatch.most} jobs at once",
    description="The service accepts all of them or none. With `sequential: true` they run in order, "
    "and with `depends_on` each starts when those that it names have ended; what waits for one that did not "
    f"complete is cancelled, or runs with `on_failure: continue`. {ADMISSION}",
    parameters=[VALIDATE_ONLY, *DISPATCH_HEADERS],
    request={"application/json": BatchRequest},
    responses={
        200: ValidationAnswer,
        201: BatchAcceptedAnswer,
        **errors(*DISPATCH_ERRORS, InvalidBatch, DependencyCycle),
    },
)
describe_get: Callable[[View], View] = extend_schema(
    operation_id="get_batch",
    tags=TAGS,
    summary="Get a batch with its jobs",
    description="Poll this to see how far the jobs of the batch are.",
    parameters=[*HEADERS, BATCH_ID],
    responses={200: BatchAnswer, **errors(BatchNotFound)},
)
describe_cancel: Callable[[View], View] = extend_schema(
    operation_id="cancel_batch",
    tags=TAGS,
    summary="Cancel the queued jobs of a batch",
    description="A job that is running may end, but is not tried again. You may cancel a batch twice.",
    parameters=[*HEADERS, BATCH_ID],
    responses={204: None, **errors(BatchNotFound, TryAgain)},
)


describe_retry_failed: Callable[[View], View] = extend_schema(
    operation_id="retry_failed_of_batch",
    tags=TAGS,
    summary="Dispatch the failed and cancelled jobs of a batch once more",
    description="As a new batch of new jobs, in the same order, whose `retry_of` is the old one. The old batch stays "
    "as it is, with the results of its completed jobs. It is refused while any of its jobs is queued or running.",
    parameters=[*DISPATCH_HEADERS, BATCH_ID],
    request=None,
    responses={201: BatchRetriedAnswer, **errors(*DISPATCH_ERRORS, BatchNotFound, BatchNotRetryable)},
)


class BatchViewSet(ViewSet):
    """Dispatch, watch and cancel up to twenty jobs at once."""

    scopes = JobViewSet.scopes
    with_parameters = ("create",)

    @describe_dispatch
    def create(self, request: Request) -> Response:
        return dispatch(request, "batch", read_batch, show_new_batch, _location)

    @describe_get
    def retrieve(self, request: Request, batch_id: str) -> Response:
        batch = batches.get(identifiers.decode(identifiers.BATCH_PREFIX, batch_id), tenant_of(request).id)
        jobs = Job.objects.filter(batch=batch).with_text_of().order_by("position")
        return data_response(show_batch(batch, list(jobs)))

    @describe_cancel
    def destroy(self, request: Request, batch_id: str) -> Response:
        batches.cancel(identifiers.decode(identifiers.BATCH_PREFIX, batch_id), tenant_of(request).id)
        return Response(status=204)

    @describe_retry_failed
    def retry_failed(self, request: Request, batch_id: str) -> Response:
        no_fields(request)
        old = identifiers.decode(identifiers.BATCH_PREFIX, batch_id)

        def read(tenant_id: int, _: Body) -> Wanted[NewBatch]:
            return retrying.batch_again(tenant_id, old)

        return dispatch(request, "retry-failed", read, show_retried_batch, _location, {"batch_id": _public(old)})


def _location(data: Mapping[str, object]) -> str:
    return f"/api/ai-jobs/batch/{data['batch_id']}"
