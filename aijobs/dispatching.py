"""What may be accepted (type, params, admission, limits), and accepting it: for the API and all who dispatch."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from operator import itemgetter
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

import orjson
from django.conf import settings
from django.utils.timezone import now
from pydantic import AfterValidator, Field

from aijobs import graphs, idempotency, identifiers, registry
from aijobs.auth import TenantAccess
from aijobs.engine import arrivals, forecasts, inserting, statistics
from aijobs.engine.forecasts import Forecast, Member
from aijobs.engine.inserting import UNKNOWN_ORIGIN, DuplicateKey, FirstAnswer, Inserted, NewBatch, NewJob, Origin
from aijobs.engine.statistics import Snapshot
from aijobs.errors import ApiError, DependencyCycle, FieldError, InvalidBatch, InvalidParams, QueueFull
from aijobs.refusals import Refusals, fields_of, with_fields
from aijobs.registry import JobType, Params, Result
from aijobs.shapes import LONGEST_TAG, TAG, PriorityName, RequestModel, SentMoment
from aijobs.states import OnFailure, Priority

MOST_TAGS = 10
LARGEST_METADATA = 4096
# Until then a job may wait, and then for so long for a worker.
LATEST_RUN = timedelta(days=30)
LATEST_EXPIRY = timedelta(days=60)


Named = TypeVar("Named", str, int)


def _no_duplicates(listed: list[Named]) -> list[Named]:
    for each, times in Counter(listed).items():
        if times > 1:
            raise ValueError(f"{each!r} is listed more than once")
    return listed


def _not_too_large(metadata: dict[str, Any]) -> dict[str, Any]:
    if (size := len(orjson.dumps(metadata))) > LARGEST_METADATA:
        raise ValueError(
            f"must have at most {LARGEST_METADATA:,} bytes as JSON without white space, and has {size:,}"
        )
    return metadata


Tags = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=LONGEST_TAG), TAG]],
    Field(max_length=MOST_TAGS, json_schema_extra={"uniqueItems": True}),
    AfterValidator(_no_duplicates),
]


class JobRequest(RequestModel):
    type: str = Field(description="One of the job types of `GET /api/ai-jobs/types`.")
    params: dict[str, Any] = Field(
        default_factory=dict, description="The params of this job type. They are described with the type."
    )
    priority: PriorityName | None = Field(
        default=None,
        description="Jobs of high priority run before those of normal priority (the default), and these before low "
        "ones.",
    )
    tags: Tags = Field(
        default=[],
        description="Up to 10 words of your own about the job, by which lists find it.",
        examples=[["nightly", "brand-a"]],
    )
    metadata: Annotated[dict[str, Any], AfterValidator(_not_too_large)] | None = Field(
        default=None,
        description="Data of your own about the job, which the service keeps and shows as they are: an object of up "
        "to 4 KiB. Numbers have the precision of a double, and whole ones of up to 64 bits are exact.",
        examples=[{"order": "4711"}],
    )
    run_at: SentMoment | None = Field(
        default=None,
        description=f"The job does not start before this moment, which is at most {LATEST_RUN.days} days ahead. A "
        "job of a sequential batch waits for its turn as well.",
    )
    expires_at: SentMoment | None = Field(
        default=None,
        description="If the job has not started by this moment, it is cancelled with the reason `EXPIRED`. The "
        f"moment is at most {LATEST_EXPIRY.days} days ahead, and later than `run_at`.",
    )


class BatchRequest(RequestModel):
    jobs: list[Any] = Field(
        description=f"1 to {InvalidBatch.most} jobs. The service accepts all of them or none.",
        min_length=1,
        max_length=InvalidBatch.most,
    )
    priority: PriorityName = Field(
        default="normal", description="The priority of the jobs that do not have their own."
    )
    sequential: bool = Field(
        default=False, description="Whether the jobs run in order: job 2 starts after job 1 has ended."
    )
    on_failure: Literal["stop", "continue"] = Field(
        default="stop",
        description="What a batch with an order does when a job fails or is cancelled: `stop` cancels the jobs after "
        "it, or those that depend on it, directly or by way of others; `continue` runs them.",
    )


class MemberRequest(RequestModel):
    """What a job of a batch has besides what a job has."""

    depends_on: Annotated[list[int], AfterValidator(_no_duplicates)] = Field(
        default=[],
        description="The jobs of this batch that this one waits for, by their indexes, of which the first is 0. It "
        "starts when all of them have ended. Not together with `sequential`.",
        max_length=InvalidBatch.most - 1,
        json_schema_extra={"uniqueItems": True},
        examples=[[0, 1]],
    )


Body = dict[str, object]
B = TypeVar("B", NewBatch, None)


@dataclass(frozen=True, slots=True)
class Wanted(Generic[B]):
    """What a body asks for: one job and no batch, or the jobs of a batch."""

    jobs: list[NewJob]
    batch: B


AnyWanted = Wanted[NewBatch] | Wanted[None]


def read_job(tenant_id: int, body: Body) -> Wanted[None]:
    """The job that a body asks for. Raises InvalidJobType, InvalidParams and what the type's admission raises.

    The details name every wrong field, whichever of these it is.
    """
    return Wanted([_job(tenant_id, body, Priority.NORMAL, identifiers.new_id())], None)


def read_batch(tenant_id: int, body: Body) -> Wanted[NewBatch]:
    """As `read_job`; also raises InvalidBatch, without a look at the jobs. Their errors say which by index."""
    refusals = Refusals()
    request = refusals.collect(registry.read_body, BatchRequest, body)
    entries = body.get("jobs")
    if not isinstance(entries, list) or not 1 <= len(entries) <= InvalidBatch.most:
        raise InvalidBatch(details=refusals.fields())
    default = Priority.from_name(request.priority) if request else Priority.NORMAL
    size = len(entries)
    jobs = [
        refusals.collect(_member, tenant_id, index, entry, default, job_id, size)
        for index, (entry, job_id) in enumerate(zip(entries, _ids(size), strict=True))
    ]
    if request is None or refusals:
        raise refusals.error()
    batch = NewBatch(identifiers.new_id(), request.sequential, OnFailure(request.on_failure))
    return Wanted(_in_order([job for job in jobs if job], request.sequential), batch)


@dataclass(frozen=True, slots=True)
class Written:
    """Jobs that are to be released once they are committed; or the answer to an earlier request, and no job."""

    jobs: list[Inserted]
    earlier: str | None = None


def accept(
    tenant: TenantAccess,
    wanted: AnyWanted,
    *,
    first_answer: FirstAnswer | None = None,
    origin: Origin = UNKNOWN_ORIGIN,
) -> str | None:
    """Insert and publish jobs, all or none. Returns None; or, with nothing written, the answer to an earlier request.

    Raises as `write` does.
    """
    written = write(tenant, wanted, first_answer=first_answer, origin=origin)
    inserting.release(tenant, written.jobs)
    if written.earlier is None:
        due = [job for index, job in enumerate(wanted.jobs) if job.run_at is None and not _earlier(wanted, index)]
        arrivals.note(tenant, [(job.id, job.type, job.priority) for job in due])
    return written.earlier


def write(
    tenant: TenantAccess,
    wanted: AnyWanted,
    *,
    first_answer: FirstAnswer | None = None,
    origin: Origin = UNKNOWN_ORIGIN,
) -> Written:
    """Insert jobs, all or none: also in a transaction of the caller's, who releases them after its commit.

    An earlier request had the key of `first_answer`, which is stored where this is the first. A replay comes before a
    full queue: its jobs are in already. Raises QueueFull, IdempotencyKeyReused, IdempotencyConflict,
    ServiceUnavailable.
    """
    try:
        return Written(_insert(tenant, wanted, first_answer, origin))
    except (DuplicateKey, QueueFull) as refusal:
        if first_answer and (stored := idempotency.find(tenant.id, first_answer.key, first_answer.fingerprint)):
            return Written([], stored.answer)
        if isinstance(refusal, QueueFull):
            raise
        # The key was older than its lifetime and is free now, for whoever is first.
        return write(tenant, wanted, first_answer=first_answer, origin=origin)


def _job(tenant_id: int, body: Body, default: Priority, job_id: UUID) -> NewJob:
    refusals = Refusals()
    kind = refusals.collect(registry.get, body.get("type"))
    # What is wrong with the type is said by then.
    request = refusals.collect(registry.read_body, JobRequest, body if kind else {**body, "type": ""})
    params = body.get("params", {})
    if kind and isinstance(params, dict):
        refusals.collect(_admit, kind, params, tenant_id)
    if request:
        refusals.collect(check_moments, request.run_at, request.expires_at)
    if kind is None or request is None or refusals:
        raise refusals.error()
    return NewJob(
        job_id,
        kind.name,
        request.params,
        Priority.from_name(request.priority) if request.priority else default,
        tags=request.tags,
        metadata=request.metadata,
        run_at=request.run_at,
        expires_at=request.expires_at,
    )


def check_moments(run_at: datetime | None, expires_at: datetime | None) -> None:
    """Raises InvalidParams where a job cannot wait until the one, or for a worker until the other."""
    present = now()
    wrong: list[FieldError] = []
    if run_at and not present < run_at <= present + LATEST_RUN:
        wrong.append({"path": "run_at", "message": f"must be in the future, at most {LATEST_RUN.days} days ahead"})
    if expires_at and not present < expires_at <= present + LATEST_EXPIRY:
        message = f"must be in the future, at most {LATEST_EXPIRY.days} days ahead"
        wrong.append({"path": "expires_at", "message": message})
    elif run_at and expires_at and expires_at <= run_at:
        wrong.append({"path": "expires_at", "message": "must be later than run_at"})
    if wrong:
        raise InvalidParams(details=wrong)


def _admit(kind: JobType[Params, Result], sent: dict[str, object], tenant_id: int) -> None:
    """Whether the type takes these params. Raises InvalidParams, and what its admission raises."""
    params = registry.parse_params(kind, orjson.dumps(sent))
    if kind.admit:
        kind.admit(params, tenant_id)


def _member(tenant_id: int, index: int, entry: object, default: Priority, job_id: UUID, size: int) -> NewJob:
    """A job of a batch of this size. What is wrong with it has its index, and paths from the batch's body."""
    try:
        if not isinstance(entry, dict):
            raise InvalidParams(details=[{"path": "", "message": "must be an object"}])
        refusals = Refusals()
        depends_on = refusals.collect(_depends_on, entry, size)
        alone = {name: value for name, value in entry.items() if name != "depends_on"}
        job = refusals.collect(_job, tenant_id, alone, default, job_id)
        if job is None or refusals:
            raise refusals.error()
        return replace(job, depends_on=depends_on)
    except ApiError as refusal:
        fields: list[FieldError] = [
            {"job": index, "path": f"jobs.{index}.{field['path']}".rstrip("."), "message": field["message"]}
            for field in fields_of(refusal)
        ]
        raise with_fields(refusal, fields) from None


def _depends_on(entry: Body, size: int) -> list[int]:
    """The positions that a job of a batch of this size depends on. Raises InvalidParams."""
    sent = {name: value for name, value in entry.items() if name == "depends_on"}
    indexes = registry.read_body(MemberRequest, sent).depends_on
    unknown: list[FieldError] = [
        {
            "path": "depends_on",
            "message": f"{index} is not the index of a job of this batch; the last one is {size - 1}",
        }
        for index in indexes
        if not 0 <= index < size
    ]
    if unknown:
        raise InvalidParams(details=unknown)
    return [index + 1 for index in indexes]


def _in_order(jobs: list[NewJob], sequential: bool) -> list[NewJob]:
    """The jobs, without an order where none depends on another. Raises InvalidParams, DependencyCycle."""
    edges = {place: job.depends_on or [] for place, job in enumerate(jobs, 1)}
    if not any(edges.values()):
        return [replace(job, depends_on=None) for job in jobs]
    if sequential:
        message = "must not be true where jobs have depends_on; say their order in one of the two ways"
        raise InvalidParams(details=[{"path": "sequential", "message": message}])
    if circle := graphs.circle(edges):
        raise _cycle([place - 1 for place in circle])
    return jobs


def _cycle(indexes: list[int]) -> DependencyCycle:
    """Named by the indexes of its jobs, the first one again at the end."""
    first, *others = indexes
    told = f"Job {first} depends on " + ", which depends on ".join(f"job {each}" for each in others)
    details: list[FieldError] = [
        {"job": index, "path": f"jobs.{index}.depends_on", "message": f"waits for itself, by way of job {following}"}
        for index, following in pairwise(indexes)
    ]
    return DependencyCycle(f"{told}: none of them could ever start.", details)


def _ids(count: int) -> list[UUID]:
    """Ids of one millisecond: a batch's jobs were all created at the moment that their ids say."""
    while True:
        ids = [identifiers.new_id() for _ in range(count)]
        if identifiers.created_at(ids[0]) == identifiers.created_at(ids[-1]):
            return ids


@dataclass(frozen=True, slots=True)
class Checked:
    """Jobs that would be accepted now. `limit`: how many may be queued or running; `active`: how many are."""

    limit: int
    active: int
    left: int
    # In US dollars at most, where a type costs anything.
    costs: list[Decimal | None]
    forecasts: list[Forecast]


def check(tenant: TenantAccess, wanted: AnyWanted) -> Checked:
    """All that `write` looks at, with nothing written. Raises QueueFull."""
    jobs = wanted.jobs
    with _room(tenant, wanted) as measured:
        standing = inserting.standing_of(tenant, len(jobs))
    limit = inserting.limit_of(tenant)
    left = min(limit - standing.active, settings.AIJOBS_QUEUE_LIMIT - measured.active)
    costs = [registry.most_cost_of(registry.get(job.type), orjson.dumps(job.params), tenant.id) for job in jobs]
    present = now()
    members = [
        Member(job.type, job.priority, _earlier(wanted, index), _due_in(job, present))
        for index, job in enumerate(jobs)
    ]
    return Checked(limit, standing.active, max(0, left), costs, forecasts.of_batch(members, tenant, present))


def _due_in(job: NewJob, present: datetime) -> float:
    return max(0.0, (job.run_at - present).total_seconds()) if job.run_at else 0.0


def _earlier(wanted: AnyWanted, index: int) -> list[int]:
    """The indexes of the jobs that one waits for."""
    if wanted.batch and wanted.batch.sequential:
        return [index - 1] if index else []
    return [position - 1 for position in wanted.jobs[index].depends_on or []]


@contextmanager
def _room(tenant: TenantAccess, wanted: AnyWanted) -> Iterator[Snapshot]:
    """Raises QueueFull, which says when to try again, if that can help.

    The overall limit is read, not counted: it may overshoot by what arrives within a refresh.
    """
    jobs = wanted.jobs
    if wanted.batch:
        limits = (inserting.limit_of(tenant), "this tenant"), (settings.AIJOBS_QUEUE_LIMIT, "all tenants together")
        most, whose = min(limits, key=itemgetter(0))
        if len(jobs) > most:
            raise QueueFull(
                f"The batch has {len(jobs)} jobs, and {whose} can have {most} queued or running, so the batch can "
                "never be accepted as it is. Send smaller batches, or ask the operator for a higher limit."
            )
    measured = statistics.snapshot()
    try:
        if measured.active + len(jobs) > settings.AIJOBS_QUEUE_LIMIT:
            raise QueueFull()
        yield measured
    except QueueFull:
        raise QueueFull(retry_after=measured.retry_after(jobs[0].type, len(jobs))) from None


def _insert(
    tenant: TenantAccess, wanted: AnyWanted, first_answer: FirstAnswer | None, origin: Origin
) -> list[Inserted]:
    jobs = wanted.jobs
    created_at = identifiers.created_at(jobs[0].id)
    with _room(tenant, wanted):
        return inserting.insert(
            tenant, jobs, created_at, batch=wanted.batch, first_answer=first_answer, origin=origin
        )
