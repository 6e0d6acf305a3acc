"""The only writer of a job's status.

Every transition is one conditional UPDATE on the source state and, from running, on the attempt; the same statement
writes the event and returns what the caller needs. Zero rows means that the transition was refused: somebody else
was first. Members of a batch that end or wait again lock the batch row before, in a statement of its own.
"""

import logging
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TypeVar
from uuid import UUID

import orjson
from django.conf import settings
from django.db import OperationalError, transaction

from aijobs import graphs, registry, sql
from aijobs.engine import bounds, hints, queueing, statements
from aijobs.engine.looking import look_again
from aijobs.engine.outcomes import Completed, Failed, HandedBack, LeaseLost, Outcome, Stopped
from aijobs.engine.queueing import Released
from aijobs.engine.results import encoded
from aijobs.errors import (
    BatchNotFound,
    JobNotCancellable,
    JobNotFound,
    RunCancelled,
    RunSuspended,
    TransitionRefused,
    TryAgain,
)
from aijobs.models import Batch, Job
from aijobs.registry import Limits
from aijobs.states import TERMINAL, EventKind, OnFailure, PausedBy, Status

logger = logging.getLogger(__name__)

Done = TypeVar("Done")

WORKER_TIMEOUT = "WORKER_TIMEOUT"
TIMEOUT_MESSAGE = "Worker did not respond within the timeout window"
LONGEST_RETRY_AFTER_SECONDS = 86_400.0
# How long a job of a type that this release does not have waits for a worker that knows it.
UNKNOWN_DELAY_SECONDS = 30.0
# Of a failure: what an upstream or a library says may be of any length.
LONGEST_MESSAGE = 2000


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
class Ended:
    """A job is over, or waits again. `released`: what this released, to publish: the next member, or itself.

    `unblocked`: how many members wait for a place in their window now, for which that is to be refilled.
    """

    terminal: bool
    released: Released | None = None
    unblocked: int = 0


def follow_up(ended: Ended, tenant_id: int) -> None:
    """Let go on what may go on now, after the commit. The sweeper does it later where this does not happen."""
    if ended.released:
        queueing.publish([ended.released])
    if ended.unblocked:
        queueing.refill(tenant_id)


def record(run: Run, outcome: Outcome) -> Ended:
    """Write how a run ended. Raises TransitionRefused, with nothing written, when it no longer owns its job."""
    ended = _record(run, outcome)
    hints.tell(run.tenant_id, run.id)
    return ended


def _record(run: Run, outcome: Outcome) -> Ended:
    match outcome:
        case Completed():
            return _complete(run, outcome)
        case Failed():
            return _fail(run, outcome)
        case LeaseLost():
            return _take_back(run)
        case HandedBack():
            return _hand_back(run, outcome.delay)
        case Stopped():
            return _stop(run, outcome)


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


def hand_back(worker: str) -> int:
    """Requeue what a worker that is shutting down still holds, without spending the budget of failures.

    Fenced like all else: whatever the worker's processes still write is refused. Returns how many.
    """
    held = sql.rows(Run, statements.HELD_BY, {"worker": worker})
    released: list[Released] = []
    for run in held:
        try:
            ended = record(run, HandedBack())
        except TransitionRefused:
            # It ended while its worker was shutting down.
            logger.info("job %s ended during the shutdown", run.id)
        else:
            released += filter(None, [ended.released])
    queueing.publish(released)
    return len(held)


def reclaim_expired() -> int:
    """Take back every run whose lease is over: the sweeper's answer to lost workers and hard time limits."""
    expired = sql.rows(Run, statements.EXPIRED, {})
    reclaimed = 0
    for run in expired:
        try:
            with transaction.atomic():
                sql.execute(statements.PATIENCE, {"wait": "100ms"})
                ended = record(run, LeaseLost())
        except TransitionRefused:
            # Renewed, ended or reclaimed by another sweeper since we looked.
            continue
        except OperationalError as error:
            if not sql.is_given_up(error):
                raise
            # Such as a worker that is frozen in the middle of a write: the next sweep looks again.
            continue
        reclaimed += 1
        follow_up(ended, run.tenant_id)
    return reclaimed


REQUESTED = "REQUESTED"
EXPIRED = "EXPIRED"
BATCH_CANCELLED = "BATCH_CANCELLED"
PREDECESSOR = {Status.FAILED: "PREDECESSOR_FAILED", Status.CANCELLED: "PREDECESSOR_CANCELLED"}


def cancel(job_id: UUID, tenant_id: int) -> None:
    """Cancel a queued job; once more on a cancelled one does nothing.

    Raises JobNotFound, JobNotCancellable, TryAgain.
    """
    follow_up(_patiently(lambda: _cancel(job_id, tenant_id)), tenant_id)


def request_cancel(job_id: UUID, tenant_id: int, by: PausedBy) -> None:
    """Cancel a queued job at once, and have a running one stop at its handler's next checkpoint.

    A running job may still complete or fail; it is not tried again. Once more does nothing. Raises JobNotFound,
    JobNotCancellable, TryAgain.
    """
    follow_up(_patiently(lambda: request_cancel_within(job_id, tenant_id, by)), tenant_id)


def request_cancel_within(job_id: UUID, tenant_id: int, by: PausedBy) -> Ended:
    """As `request_cancel`, in the caller's transaction, which is to be followed up."""
    member = _Member.locked(job_id, tenant_id)
    hints.tell(tenant_id, job_id)
    return look_again(lambda: _cancel_or_ask(member, tenant_id, by))


def _cancel_or_ask(member: "_Member", tenant_id: int, by: PausedBy) -> Ended | None:
    if _end([member.id], Status.CANCELLED, reason=REQUESTED, required=False):
        return _advance(member, Status.CANCELLED)
    if sql.execute(statements.REQUEST_CANCEL, {"id": member.id, "tenant": tenant_id, "by": by}):
        return Ended(terminal=False)
    job = Job.objects.of(tenant_id).only("status", "cancel_requested_at").filter(id=member.id).first()
    if job is None:
        # Pruned at this moment.
        raise JobNotFound()
    if job.status == Status.CANCELLED or (job.status == Status.RUNNING and job.cancel_requested_at):
        return Ended(terminal=False)
    if Status(job.status) in TERMINAL:
        raise JobNotCancellable(f"The job is {job.status}; only a job that is queued or running can be cancelled.")
    return None


@dataclass(frozen=True, slots=True)
class _Unstarted:
    id: UUID
    tenant_id: int
    # Of a member of a batch with an order.
    batch_id: UUID | None


def cancel_expired() -> int:
    """Cancel what was not started by its `expires_at`. Returns how many of those were cancelled for it."""
    together: dict[tuple[int, UUID | None], list[UUID]] = defaultdict(list)
    for job in sql.rows(_Unstarted, statements.UNSTARTED, {}):
        together[job.tenant_id, job.batch_id].append(job.id)
    return sum(_expire(sorted(ids), tenant, batch) for (tenant, batch), ids in together.items())


def _expire(ids: Sequence[UUID], tenant_id: int, batch_id: UUID | None) -> int:
    """In one transaction that waits for nobody for long: the next sweep looks again.

    After members of a batch with an order the others follow, as after any member that was cancelled.
    """
    try:
        with transaction.atomic():
            sql.execute(statements.PATIENCE, {"wait": "100ms"})
            members = _Member.unstarted(ids, batch_id) if batch_id else []
            expiring = [member.id for member in members] if batch_id else ids
            expired = _end(expiring, Status.CANCELLED, 0, source=Status.QUEUED, reason=EXPIRED, required=False)
            ended = [_advance(member, Status.CANCELLED) for member in members]
    except OperationalError as error:
        if not sql.is_given_up(error):
            raise
        return 0
    for each in ended:
        follow_up(each, tenant_id)
    return expired


def _cancel(job_id: UUID, tenant_id: int) -> Ended:
    member = _Member.locked(job_id, tenant_id)
    return look_again(lambda: _cancel_queued(member, tenant_id))


def _cancel_queued(member: "_Member", tenant_id: int) -> Ended | None:
    if _end([member.id], Status.CANCELLED, reason=REQUESTED, required=False):
        hints.tell(tenant_id, member.id)
        return _advance(member, Status.CANCELLED)
    status = Job.objects.of(tenant_id).filter(id=member.id).values_list("status", flat=True).first()
    if status is None:
        # Pruned at this moment.
        raise JobNotFound()
    if status == Status.CANCELLED:
        return Ended(terminal=True)
    if status != Status.QUEUED:
        raise JobNotCancellable(f"The job is {status}; only a queued job can be cancelled.")
    return None


def request_cancel_of_all(ids: Sequence[UUID], tenant_id: int, by: PausedBy) -> int:
    """As `request_cancel_within`, for those of a tenant's jobs that have not ended. Returns how many those were.

    None of them may be a member of a batch with an order: for that such a one is cancelled by itself.
    """
    cancelled = _end(ids, Status.CANCELLED, reason=REQUESTED, required=False)
    # Those that were claimed meanwhile are among them.
    asked = sql.execute(statements.REQUEST_CANCEL_OF_ALL, {"ids": list(ids), "tenant": tenant_id, "by": by})
    for job_id in ids:
        hints.tell(tenant_id, job_id)
    return cancelled + asked


def cancel_batch(batch_id: UUID, tenant_id: int) -> None:
    """Cancel what is still queued of a batch. A running member finishes, and gets no further attempt.

    Raises BatchNotFound, TryAgain.
    """
    _patiently(lambda: _cancel_batch(batch_id, tenant_id))


def _cancel_batch(batch_id: UUID, tenant_id: int) -> None:
    if not sql.execute(statements.CANCEL_BATCH, {"batch": batch_id, "tenant": tenant_id}):
        raise BatchNotFound()
    queued = Job.objects.filter(batch_id=batch_id, status=Status.QUEUED).values_list("id", flat=True)
    ids = list(queued.order_by("id"))
    if ids:
        _end(ids, Status.CANCELLED, reason=BATCH_CANCELLED, required=False)
        hints.tell(tenant_id)


def _patiently(change: Callable[[], Done]) -> Done:
    """A transaction whose statements wait a second at most, and runs once more where a deadlock has undone it.

    Raises TryAgain, with nothing written.
    """
    try:
        try:
            return _with_patience(change)
        except OperationalError as error:
            if not sql.is_undone(error):
                raise
        return _with_patience(change)
    except OperationalError as error:
        if not sql.is_given_up(error):
            raise
        raise TryAgain(retry_after=1) from None


def _with_patience(change: Callable[[], Done]) -> Done:
    with transaction.atomic():
        # Each statement too: those who hold its rows may let go one after the other.
        sql.execute(statements.PATIENCE_OF_ALL, {"wait": "1s"})
        return change()


_MEMBERS = Job.objects.select_related("batch").only("position", "depends_on", "status", "attempt", "batch")


@dataclass(frozen=True, slots=True)
class _Member:
    """A queued job, as its batch needs it when it ends."""

    id: UUID
    batch_id: UUID | None
    sequential: bool
    graph: bool
    on_failure: str | None
    position: int | None

    @property
    def ordered(self) -> bool:
        return self.sequential or self.graph

    @classmethod
    def locked(cls, job_id: UUID, tenant_id: int) -> "_Member":
        """In the caller's transaction, which then holds the batch's row where the batch has an order.

        Raises JobNotFound, also for another tenant's.
        """
        member = cls._find(job_id, tenant_id)
        if member.ordered:
            _take_batch(member.batch_id)
        return member

    @classmethod
    def _find(cls, job_id: UUID, tenant_id: int) -> "_Member":
        job = _MEMBERS.of(tenant_id).filter(id=job_id).first()
        if job is None:
            raise JobNotFound()
        return cls._of(job)

    @classmethod
    def unstarted(cls, ids: Sequence[UUID], batch_id: UUID) -> "list[_Member]":
        """Those of a batch's members that nobody has started, in order. Then the batch's row is held, and theirs."""
        _take_batch(batch_id)
        held = list(_MEMBERS.select_for_update(of=("self",), no_key=True).filter(id__in=ids).order_by("id"))
        unstarted = [job for job in held if job.status == Status.QUEUED and job.attempt == 0]
        return [cls._of(job) for job in sorted(unstarted, key=lambda job: job.position or 0)]

    @classmethod
    def _of(cls, job: Job) -> "_Member":
        batch = job.batch
        return cls(
            id=job.id,
            batch_id=job.batch_id,
            sequential=batch is not None and batch.sequential,
            graph=job.depends_on is not None,
            on_failure=batch.on_failure if batch else None,
            position=job.position,
        )


def _lock_batch(member: Run | _Member, needed: bool) -> AbstractContextManager[object]:
    """A transaction that holds the batch's row, where the batch needs one; else autocommit."""
    return _locked(member.batch_id) if needed and member.batch_id else nullcontext()


@contextmanager
def _locked(batch_id: UUID) -> Iterator[None]:
    with transaction.atomic():
        _take_batch(batch_id)
        yield


def _take_batch(batch_id: UUID | None) -> None:
    """A statement of its own: the next one's snapshot then sees what the previous holder committed."""
    sql.execute(statements.LOCK_BATCH, {"batch": batch_id})


def _complete(run: Run, completed: Completed) -> Ended:
    """End a run with its result. An effect runs in the same transaction and returns the result to store.

    Raises PermanentFailure for a result that cannot be stored, and RunSuspended where an effect would be one for a
    suspended tenant; then nothing of the effect stays.
    """
    effect = completed.effect
    with _lock_batch(run, run.ordered), _around(run, completed):
        result = effect() if effect else completed.result
        cost = registry.cost_of(run.type, result)
        _end([run.id], Status.COMPLETED, run.attempt, result=encoded(result), cost=cost, progress=completed.progress)
        return _advance(run, Status.COMPLETED)


def _around(run: Run, completed: Completed) -> AbstractContextManager[object]:
    """The transaction of an effect; what ends the job decides whether the effect stays."""
    if completed.effect is None:
        return nullcontext()
    return transaction.atomic() if completed.while_suspended else owned(run)


def _fail(run: Run, failed: Failed) -> Ended:
    """End a run that failed, or let it wait for its next attempt while its budget lasts."""
    message = failed.message[:LONGEST_MESSAGE]
    with _lock_batch(run, run.batch_id is not None):
        limits = _limits_of_retry(run) if failed.transient else None
        if limits:
            delay = retry_delay(limits, run.failures + 1, failed.retry_after)
            data = {"code": failed.code, "message": message}
            return _wait_again(run, EventKind.RETRIED, delay, failures=1, data=data)
        _end([run.id], Status.FAILED, run.attempt, code=failed.code, message=message)
        return _advance(run, Status.FAILED)


def _take_back(run: Run) -> Ended:
    """As a failure, if the lease is over: but a lost worker was not the job's fault, so it may run again at once.

    One that was asked to stop has stopped.
    """
    with _lock_batch(run, run.batch_id is not None):
        if _end_on_request(run, lease_lost=True, required=False):
            return _advance(run, Status.CANCELLED)
        if _limits_of_retry(run):
            data = {"code": WORKER_TIMEOUT, "message": TIMEOUT_MESSAGE}
            return _wait_again(run, EventKind.LEASE_LOST, None, failures=1, data=data)
        _end([run.id], Status.FAILED, run.attempt, code=WORKER_TIMEOUT, message=TIMEOUT_MESSAGE, lease_lost=True)
        return _advance(run, Status.FAILED)


def _hand_back(run: Run, delay: float | None) -> Ended:
    """A job of a cancelled batch gets no further attempt: it ends here. One that was asked to stop has stopped."""
    with _lock_batch(run, run.batch_id is not None):
        if not _batch_cancelled(run):
            return _wait_again(run, EventKind.HANDED_BACK, delay, failures=0, data=None)
        if _end_on_request(run, required=False):
            return _advance(run, Status.CANCELLED)
        message = "The batch was cancelled, so this job was not tried again."
        _end([run.id], Status.FAILED, run.attempt, code=BATCH_CANCELLED, message=message)
        return Ended(terminal=True)


def _stop(run: Run, stopped: Stopped) -> Ended:
    """End a run that has let itself be stopped, with what it was ready with."""
    result = None if stopped.result is None else encoded(stopped.result)
    with _lock_batch(run, run.ordered):
        _end_on_request(run, result=result, progress=stopped.progress)
        return _advance(run, Status.CANCELLED)


def _end_on_request(
    run: Run,
    *,
    result: str | None = None,
    progress: tuple[int, int | None] | None = None,
    lease_lost: bool = False,
    required: bool = True,
) -> int:
    """Running → cancelled, where somebody has asked for it. Raises TransitionRefused when refused and `required`."""
    return _end(
        [run.id],
        Status.CANCELLED,
        run.attempt,
        result=result,
        progress=progress,
        reason=REQUESTED,
        lease_lost=lease_lost,
        requested=True,
        required=required,
    )


def _limits_of_retry(run: Run) -> Limits | None:
    """The type's limits where another attempt is due; None where the budget is spent.

    A type that a release has taken away gets no further attempt, nor does a job of a cancelled batch.
    """
    kind = registry.find(run.type)
    if kind is None or run.failures + 1 >= kind.limits.attempts or _batch_cancelled(run):
        return None
    return kind.limits


def _batch_cancelled(run: Run) -> bool:
    return run.batch_id is not None and Batch.objects.filter(id=run.batch_id, cancelled_at__isnull=False).exists()


def retry_delay(limits: Limits, failures: int, retry_after: float | None) -> float:
    """Seconds to wait: exponential backoff with full jitter (Brooker, AWS Architecture Blog, 2015).

    No less than an upstream asked for, up to a day: more is a mistake of its, or an attack.
    """
    ceiling = min(limits.backoff_cap_seconds, limits.backoff_seconds * 2 ** (failures - 1))
    backoff = random.uniform(0.0, ceiling)  # noqa: S311  # spreads load, hides nothing
    return max(backoff, min(retry_after or 0.0, LONGEST_RETRY_AFTER_SECONDS))


def _end(
    ids: Sequence[UUID],
    status: Status,
    attempt: int | None = None,
    *,
    result: str | None = None,
    cost: float | None = None,
    progress: tuple[int, int | None] | None = None,
    code: str = "",
    message: str = "",
    reason: str = "",
    caused_by: UUID | None = None,
    source: Status | None = None,
    lease_lost: bool = False,
    requested: bool = False,
    required: bool = True,
) -> int:
    """From `source` to a terminal status: that is running where there is an attempt, else queued.

    Raises TransitionRefused when refused and `required`. Returns how many jobs ended.
    """
    if len(ids) > 1:
        # By their ids, as all others do who want several: an UPDATE takes them as its plan finds them.
        sql.execute(statements.LOCK_JOBS, {"ids": list(ids)})
    ended = sql.execute(
        statements.END,
        {
            "ids": list(ids),
            "source": source or (Status.QUEUED if attempt is None else Status.RUNNING),
            "attempt": attempt,
            "lease_lost": lease_lost,
            "requested": requested,
            "status": status,
            "result": result,
            "cost": cost,
            "processed": progress and progress[0],
            "total": progress and progress[1],
            "code": code,
            "message": message,
            "reason": reason,
            "caused_by": caused_by,
        },
    )
    if required and not ended:
        raise TransitionRefused(
            f"job {ids[0]} is not {'queued' if attempt is None else f'running attempt {attempt}'} any more"
        )
    return ended


def _wait_again(
    run: Run, kind: EventKind, delay: float | None, *, failures: int, data: dict[str, str] | None
) -> Ended:
    """Running → queued; or → cancelled where somebody has asked the job to stop. Under the lock of its batch.

    A retry waits in PostgreSQL, and leaves its place in the window to another. Without a delay the job stays
    released, for the caller to publish: it has waited for its window before.
    """
    requeued = sql.rows(
        Released,
        statements.REQUEUE,
        {
            "id": run.id,
            "attempt": run.attempt,
            "lease_lost": kind == EventKind.LEASE_LOST,
            "delay": delay,
            "sequential": run.sequential,
            "failures": failures,
            "kind": kind,
            "data": None if data is None else orjson.dumps(data).decode(),
        },
    )
    if not requeued:
        _end_on_request(run, lease_lost=kind == EventKind.LEASE_LOST)
        return _advance(run, Status.CANCELLED)
    return Ended(terminal=False, released=requeued[0] if delay is None else None)


def _advance(member: Run | _Member, status: Status) -> Ended:
    """After a member of a batch with an order has ended, under the batch's lock: whose turn it is, or whose end."""
    if member.graph:
        return _advance_in_graph(member, status)
    if not member.sequential:
        return Ended(terminal=True)
    if status != Status.COMPLETED and member.on_failure == OnFailure.STOP:
        later = Job.objects.filter(batch=member.batch_id, status=Status.QUEUED, position__gt=member.position)
        _cancel_because_of(member, status, later.values_list("id", flat=True))
        return Ended(terminal=True)
    unblocked = sql.rows(Released, statements.UNBLOCK_NEXT, {"batch": member.batch_id})
    return Ended(terminal=True, released=unblocked[0] if unblocked else None)


def _advance_in_graph(member: Run | _Member, status: Status) -> Ended:
    """The end of those that depend on this one where the batch stops; else the turn of those that wait no more."""
    members = Job.objects.filter(batch=member.batch_id).values_list("position", "id", "status", "depends_on")
    graph = graphs.Graph.of((position or 0, job_id, status, on or []) for position, job_id, status, on in members)
    if status != Status.COMPLETED and member.on_failure == OnFailure.STOP:
        _cancel_because_of(member, status, graph.waiting_for(member.position or 0))
        return Ended(terminal=True)
    ready = graph.ready()
    return Ended(terminal=True, unblocked=sql.execute(statements.UNBLOCK, {"ids": ready}) if ready else 0)


def _cancel_because_of(member: Run | _Member, status: Status, ids: Iterable[UUID]) -> None:
    if others := sorted(ids):
        _end(others, Status.CANCELLED, reason=PREDECESSOR[status], caused_by=member.id)


def ended_by(run: Run) -> bool:
    """Whether a job is terminal by this very attempt: then a repeated finish had arrived the first time."""
    return Job.objects.filter(id=run.id, attempt=run.attempt, status__in=TERMINAL).exists()
