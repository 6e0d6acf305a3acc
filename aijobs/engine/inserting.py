"""New jobs: inserted with their events, counted, keyed and released by one statement, then published.

Two steps, because what was inserted in a transaction may be published only after its commit.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from django.conf import settings
from django.db import transaction

from aijobs import identifiers, sql
from aijobs.auth import TenantAccess
from aijobs.engine import broker, hints, queueing, statements
from aijobs.engine.queueing import Released
from aijobs.errors import IdempotencyConflict, QueueFull, ServiceUnavailable
from aijobs.states import OnFailure, Priority

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job as the caller asked for it, validated. `params` are kept as sent."""

    id: UUID
    type: str
    params: object
    priority: Priority
    # The positions, from 1, of the jobs of its batch that it waits for; None where no job of the batch waits so.
    depends_on: list[int] | None = None
    # The caller's own words and data about it.
    tags: Sequence[str] = ()
    metadata: object = None
    # Not before this moment; and not started by this one, it is cancelled.
    run_at: datetime | None = None
    expires_at: datetime | None = None
    # The job that this one repeats.
    retry_of: UUID | None = None

    @property
    def public_id(self) -> str:
        return identifiers.encode(identifiers.JOB_PREFIX, self.id)


@dataclass(frozen=True, slots=True)
class NewBatch:
    """What its jobs have in common."""

    id: UUID
    sequential: bool
    on_failure: OnFailure
    # The batch whose failed and cancelled jobs this one repeats.
    retry_of: UUID | None = None

    @property
    def public_id(self) -> str:
        return identifiers.encode(identifiers.BATCH_PREFIX, self.id)


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """What an Idempotency-Key replays; inserted with the jobs, so that it exists if and only if they do."""

    key: str
    fingerprint: bytes
    # As whoever accepts the jobs wrote it.
    answer: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Who asked for the jobs, kept for those who look into them. Empty for what the service dispatches itself."""

    request_id: str = ""
    api_key_id: int | None = None
    # Whose due time it is.
    schedule_id: UUID | None = None


class DuplicateKey(Exception):
    """The Idempotency-Key is taken. Nothing was written."""


UNKNOWN_ORIGIN = Origin()


@dataclass(frozen=True, slots=True)
class Inserted(Released):
    """A job that was written. `released`: its place in the window is taken, so it is to be published."""

    released: bool


def insert(
    tenant: TenantAccess,
    jobs: Sequence[NewJob],
    created_at: datetime,
    *,
    batch: NewBatch | None = None,
    first_answer: FirstAnswer | None = None,
    origin: Origin = UNKNOWN_ORIGIN,
) -> list[Inserted]:
    """Write jobs, all or none. Once they are committed they go to `release`.

    Raises QueueFull (without `retry_after`), DuplicateKey, IdempotencyConflict, ServiceUnavailable.
    """
    # `max_running` is exact only under the refill's lock; without a broker the sweeper releases later.
    release_at_once = tenant.max_running is None and broker.available()
    parameters: dict[str, object] = {
        "tenant": tenant.id,
        "count": len(jobs),
        "limit": limit_of(tenant),
        "window": queueing.window_of(tenant),
        "release": release_at_once,
        "created_at": created_at,
        # One document: psycopg takes longer to write four arrays than the server to read this.
        "jobs": orjson.dumps([_row(job, place, batch) for place, job in enumerate(jobs)]).decode(),
        "batch": batch and batch.id,
        "sequential": bool(batch and batch.sequential),
        "on_failure": batch and batch.on_failure.value,
        "key": first_answer and first_answer.key,
        "fingerprint": first_answer and first_answer.fingerprint,
        "answer": first_answer and first_answer.answer,
        "request_id": origin.request_id,
        "api_key": origin.api_key_id,
        "batch_retry_of": batch and batch.retry_of,
        "schedule": origin.schedule_id,
    }
    while not (inserted := _insert(parameters)):
        # Where there is no reason (any more), the next try is on its own.
        if standing_of(tenant, len(jobs), first_answer.key if first_answer else None).uncounted:
            _count_from_now_on(parameters)
    return inserted


def release(tenant: TenantAccess, inserted: Sequence[Inserted]) -> None:
    """Publish what the tenant's windows have room for, of jobs that are committed."""
    if released := [job for job in inserted if job.released]:
        queueing.publish(released, [hints.of_tenant(tenant.id)])
    else:
        hints.tell(tenant.id)
    if tenant.max_running is not None and broker.available():
        try:
            queueing.refill(tenant.id)
        except sql.CONNECTION_ERRORS as error:
            # The jobs are accepted, whatever happens now: the sweeper releases them.
            logger.warning("accepted jobs could not be released, the sweeper does it later: %s", error)


def release_each(inserted: Iterable[tuple[TenantAccess, Sequence[Inserted]]]) -> None:
    """The same for several tenants: what a tenant has in several places goes together."""
    of_tenants: dict[TenantAccess, list[Inserted]] = defaultdict(list)
    for tenant, jobs in inserted:
        of_tenants[tenant] += jobs
    for tenant, of_tenant in of_tenants.items():
        release(tenant, of_tenant)


def _row(job: NewJob, place: int, batch: NewBatch | None) -> dict[str, object]:
    """What few jobs have is left out: the server reads less."""
    seldom: dict[str, object] = {
        "tags": job.tags,
        "metadata": job.metadata,
        "run_at": job.run_at,
        "expires_at": job.expires_at,
        "retry_of_id": job.retry_of,
        "position": place + 1 if batch else None,
    }
    return {
        "id": job.id,
        "type": job.type,
        "priority": job.priority,
        "params": job.params,
        "subjects": subjects_of(job.params),
        "blocked": bool(job.depends_on) or (batch is not None and batch.sequential and place > 0),
        **({} if job.depends_on is None else {"depends_on": job.depends_on}),
        **{name: value for name, value in seldom.items() if value or value == {}},
    }


def subjects_of(params: object) -> list[str]:
    """What a job is about: the `skus` of its params, where it has any."""
    skus = params.get("skus") if isinstance(params, dict) else None
    return [sku for sku in skus if isinstance(sku, str)] if isinstance(skus, list) else []


def _insert(parameters: dict[str, object]) -> list[Inserted]:
    try:
        return sql.rows(Inserted, statements.DISPATCH, parameters)
    except sql.LockTimeout:
        if parameters["key"] is not None:
            raise IdempotencyConflict(retry_after=1) from None
        raise ServiceUnavailable(
            "This tenant dispatches too many jobs at once. Try again in a moment.", retry_after=1
        ) from None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a tenant stands: whether its Idempotency-Key is taken, and how many jobs are queued or running."""

    duplicate: bool
    # Nothing was ever dispatched for it.
    uncounted: bool
    active: int


def standing_of(tenant: TenantAccess, count: int, key: str | None = None) -> Standing:
    """Whether so many jobs would be inserted, with nothing written. Raises DuplicateKey or QueueFull."""
    limit = limit_of(tenant)
    standing = sql.rows(Standing, statements.WHY_REFUSED, {"tenant": tenant.id, "key": key})[0]
    if standing.duplicate:
        raise DuplicateKey
    if standing.active + count > limit:
        raise QueueFull()
    return standing


def limit_of(tenant: TenantAccess) -> int:
    """How many jobs it may have queued or running."""
    return settings.AIJOBS_TENANT_QUEUE_LIMIT if tenant.queue_limit is None else tenant.queue_limit


def _count_from_now_on(parameters: dict[str, object]) -> None:
    """Give a tenant its capacity row, at its first dispatch; nothing where somebody else was first, just now."""
    with transaction.atomic():
        sql.execute(statements.LOCK_TENANT, parameters)
        sql.execute(statements.CREATE_CAPACITY, parameters)
