"""A job as it is now, for those who poll it and wait for it: whether anything has changed, and when to ask again."""

from collections.abc import Collection
from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

from django.utils.timezone import now
from drf_spectacular.utils import OpenApiParameter

from aijobs.api.expecting import show_queue
from aijobs.api.job_shapes import show_job
from aijobs.api.wire.conditional import etag_of
from aijobs.auth import TenantAccess
from aijobs.engine import forecasts, statistics
from aijobs.engine.forecasts import Forecast
from aijobs.errors import JobNotFound
from aijobs.models import Job
from aijobs.states import TERMINAL

LONGEST_PAUSE_SECONDS = 30
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
    {"type": "integer", "minimum": 1, "maximum": LONGEST_PAUSE_SECONDS},
    OpenApiParameter.HEADER,
    response=[200, 304],
    description="In how many seconds to ask again, while the job has not ended.",
)
# When the job is over that another one waits for, that one's row does not say: it may be in a moment, or in a week.
BLOCKED_PAUSE_SECONDS = 5
# A job that should be over by now, or that waits for another one, is asked for more and more rarely.
ASK_AFTER_SHARE = 0.1
# Of what is shown, what changes with the clock and the queue, and not with the job.
ESTIMATES = ("estimated_completion_at", "queue")


# A `JobView`, and the headers that go with it.
Current = tuple[dict[str, object], dict[str, str]]


def current_job(tenant: TenantAccess, job_id: UUID) -> Current:
    """The job as it is now. Raises JobNotFound."""
    job = Job.objects.of(tenant.id).with_text_of("params", "result").filter(id=job_id).first()
    if job is None:
        raise JobNotFound()
    return _current(job, forecasts.of_job(job, tenant), has_result=job.result_text is not None)


def unfinished_jobs(wanted: Collection[tuple[TenantAccess, UUID]]) -> dict[tuple[int, UUID], Current]:
    """The same of many, by tenant and job: of those that have not ended, so there is no result to be read."""
    tenants = {tenant.id: tenant for tenant, _ in wanted}
    jobs = Job.objects.filter(tenant_id__in=tenants, id__in=[job_id for _, job_id in wanted])
    unfinished = jobs.with_text_of("params").exclude(status__in=TERMINAL)
    expected = forecasts.of_jobs((job, tenants[job.tenant_id]) for job in unfinished)
    return {(job.tenant_id, job.id): _current(job, expected[job.id], has_result=False) for job in unfinished}


def _current(job: Job, forecast: Forecast | None, *, has_result: bool) -> Current:
    return show_job(job) | _expected(forecast), headers_of(job, etag_of_job(job, has_result), forecast)


def etag_of_job(job: Job, has_result: bool) -> str:
    """Of all that is shown. Params never change, and a result is there, or is not any more."""
    shown = show_job(job, params=False, result=False)
    return etag_of([value for name, value in shown.items() if name not in ESTIMATES], job.event_seq, has_result)


def _expected(forecast: Forecast | None) -> dict[str, object]:
    """Of a job that has not ended: what is shown of its forecast."""
    if forecast is None:
        return {}
    return {"estimated_completion_at": forecast.median_at, "queue": show_queue(forecast)}


def headers_of(job: Job, etag: str, forecast: Forecast | None) -> dict[str, str]:
    headers = {"ETag": etag}
    expected = (forecast and forecast.median_at) or statistics.roughly(job)
    if expected is not None:
        headers["Retry-After"] = str(_ask_after(job, expected, now()))
    return headers


def _ask_after(job: Job, expected: datetime, at: datetime) -> int:
    """Seconds until it is worth while to ask again."""
    seconds = max(expected - at, ASK_AFTER_SHARE * (at - job.created_at)) / timedelta(seconds=1)
    return min(max(BLOCKED_PAUSE_SECONDS if job.blocked else 1, ceil(seconds)), LONGEST_PAUSE_SECONDS)
