"""The attempts that workers own: claiming a job, renewing its lease, holding it for what it changes elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from uuid import UUID

import orjson
from django.conf import settings
from django.db import transaction

from aijobs import registry, sql
from aijobs.engine import bounds, hints, statements
from aijobs.errors import RunCancelled, RunSuspended, TransitionRefused

# How long a job of a type that this release does not have waits for a worker that knows it.
UNKNOWN_DELAY_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Run:
    """One attempt that a worker owns: what it needs to do the job and to end it."""

    id: UUID
    type: str
    # As JSON; what the sweeper and a stopping worker end without running it has none.
    params: str
    created_at: datetime
    tenant_id: int
    lane: int
    attempt: int
    failures: int
    # What the attempts before have reported: it stands until this one knows better.
    processed: int
    total: int | None
    batch_id: UUID | None
    sequential: bool
    graph: bool
    on_failure: str | None
    position: int | None
    # The tenant's lane wants a refill now that this job has left it; or has a place again once it has ended.
    refill: bool
    limited: bool

    @property
    def ordered(self) -> bool:
        """Whether its end may be another member's turn: then the batch's row is locked before it ends."""
        return self.sequential or self.graph


def claim(job_id: UUID, worker: str) -> Run | None:
    """Take a queued, due, unblocked, released job. None when it is none, or somebody else's: forget the message."""
    claimed = _claim(job_id, worker, locked=False) or _claim_limited(job_id, worker)
    if not claimed:
        # Due, but its tenant is suspended or at its max_running, or this release does not know its type: it leaves
        # the window until there is room, or a worker that knows it.
        parameters = {"id": job_id, "hard_limits": _hard_limits(), "delay": UNKNOWN_DELAY_SECONDS}
        sql.execute(statements.UNRELEASE, parameters)
        return None
    hints.tell(claimed[0].tenant_id, job_id)
    return claimed[0]


def _claim(job_id: UUID, worker: str, *, locked: bool) -> list[Run]:
    return sql.rows(
        Run,
        statements.CLAIM,
        {
            "id": job_id,
            "worker": worker,
            "locked": locked,
            "window": settings.AIJOBS_RELEASE_WINDOW,
            "lease": settings.AIJOBS_LEASE_SECONDS,
            "hard_limits": _hard_limits(),
            "give_up": registry.UNKNOWN_FOR_SECONDS,
        },
    )


def _claim_limited(job_id: UUID, worker: str) -> list[Run]:
    """A job of a tenant with `max_running`: one claim at a time, under the lock that its refills take too."""
    try:
        with transaction.atomic():
            limited = sql.execute(statements.LOCK_LIMITED, {"space": bounds.TENANTS_LOCK, "id": job_id})
            return _claim(job_id, worker, locked=True) if limited else []
    except sql.LockTimeout:
        # A worker froze while it held the lock: the job is released again later.
        return []


@cache
def _hard_limits() -> str:
    """The hard limits of all types, looked up by type inside the statement: a message carries only an id."""
    return orjson.dumps({kind.name: kind.limits.hard_seconds for kind in registry.all_types()}).decode()


@dataclass(frozen=True, slots=True)
class _Renewed:
    cancel_requested: bool


def renew(job_id: UUID, attempt: int, processed: int, total: int | None) -> bool:
    """Renew the lease, up to the deadline, and write the progress. Raises TransitionRefused. No event.

    Whether somebody has asked the job to stop.
    """
    parameters = {
        "id": job_id,
        "attempt": attempt,
        "processed": processed,
        "total": total,
        "lease": settings.AIJOBS_LEASE_SECONDS,
    }
    renewed = sql.rows(_Renewed, statements.RENEW, parameters)
    if not renewed:
        raise TransitionRefused(f"attempt {attempt} of job {job_id} is over")
    return renewed[0].cancel_requested


@dataclass(frozen=True, slots=True)
class _Held:
    suspended: bool
    cancel_requested: bool


@contextmanager
def owned(run: Run) -> Iterator[None]:
    """A transaction that holds the run's job, and keeps its tenant from being suspended before the end.

    Raises TransitionRefused when the run no longer owns its job, RunSuspended and RunCancelled. These locks are taken
    before those of what the transaction does (lock order: batch, jobs, tenant, then what else there is).
    """
    with transaction.atomic():
        held = sql.rows(_Held, statements.LOCK_RUN, {"id": run.id, "attempt": run.attempt})
        if not held:
            raise TransitionRefused(f"attempt {run.attempt} of job {run.id} is over")
        if held[0].suspended:
            raise RunSuspended(f"the tenant of job {run.id} is suspended")
        if held[0].cancel_requested:
            raise RunCancelled(f"job {run.id} is to stop")
        yield
