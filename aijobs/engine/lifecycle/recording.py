"""How runs end: as their workers say, or as the sweeper and a stopping worker find them."""

import logging
import random
from contextlib import AbstractContextManager, nullcontext

import orjson
from django.db import OperationalError, transaction

from aijobs import registry, sql
from aijobs.engine import hints, queueing, statements
from aijobs.engine.lifecycle.ending import BATCH_CANCELLED, REQUESTED, Ended, advance, end, follow_up, lock_batch
from aijobs.engine.lifecycle.runs import Run, owned
from aijobs.engine.outcomes import Completed, Failed, HandedBack, LeaseLost, Outcome, Stopped
from aijobs.engine.queueing import Released
from aijobs.engine.results import encoded
from aijobs.errors import TransitionRefused
from aijobs.models import Batch, Job
from aijobs.registry import Limits
from aijobs.states import TERMINAL, EventKind, Status

logger = logging.getLogger(__name__)

WORKER_TIMEOUT = "WORKER_TIMEOUT"
TIMEOUT_MESSAGE = "Worker did not respond within the timeout window"
LONGEST_RETRY_AFTER_SECONDS = 86_400.0
# Of a failure: what an upstream or a library says may be of any length.
LONGEST_MESSAGE = 2000


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


def _complete(run: Run, completed: Completed) -> Ended:
    """End a run with its result. An effect runs in the same transaction and returns the result to store.

    Raises PermanentFailure for a result that cannot be stored, and RunSuspended where an effect would be one for a
    suspended tenant; then nothing of the effect stays.
    """
    effect = completed.effect
    with lock_batch(run, run.ordered), _around(run, completed):
        result = effect() if effect else completed.result
        cost = registry.cost_of(run.type, result)
        end([run.id], Status.COMPLETED, run.attempt, result=encoded(result), cost=cost, progress=completed.progress)
        return advance(run, Status.COMPLETED)


def _around(run: Run, completed: Completed) -> AbstractContextManager[object]:
    """The transaction of an effect; what ends the job decides whether the effect stays."""
    if completed.effect is None:
        return nullcontext()
    return transaction.atomic() if completed.while_suspended else owned(run)


def _fail(run: Run, failed: Failed) -> Ended:
    """End a run that failed, or let it wait for its next attempt while its budget lasts."""
    message = failed.message[:LONGEST_MESSAGE]
    with lock_batch(run, run.batch_id is not None):
        limits = _limits_of_retry(run) if failed.transient else None
        if limits:
            delay = retry_delay(limits, run.failures + 1, failed.retry_after)
            data = {"code": failed.code, "message": message}
            return _wait_again(run, EventKind.RETRIED, delay, failures=1, data=data)
        end([run.id], Status.FAILED, run.attempt, code=failed.code, message=message)
        return advance(run, Status.FAILED)


def _take_back(run: Run) -> Ended:
    """As a failure, if the lease is over: but a lost worker was not the job's fault, so it may run again at once.

    One that was asked to stop has stopped.
    """
    with lock_batch(run, run.batch_id is not None):
        if _end_on_request(run, lease_lost=True, required=False):
            return advance(run, Status.CANCELLED)
        if _limits_of_retry(run):
            data = {"code": WORKER_TIMEOUT, "message": TIMEOUT_MESSAGE}
            return _wait_again(run, EventKind.LEASE_LOST, None, failures=1, data=data)
        end([run.id], Status.FAILED, run.attempt, code=WORKER_TIMEOUT, message=TIMEOUT_MESSAGE, lease_lost=True)
        return advance(run, Status.FAILED)


def _hand_back(run: Run, delay: float | None) -> Ended:
    """A job of a cancelled batch gets no further attempt: it ends here. One that was asked to stop has stopped."""
    with lock_batch(run, run.batch_id is not None):
        if not _batch_cancelled(run):
            return _wait_again(run, EventKind.HANDED_BACK, delay, failures=0, data=None)
        if _end_on_request(run, required=False):
            return advance(run, Status.CANCELLED)
        message = "The batch was cancelled, so this job was not tried again."
        end([run.id], Status.FAILED, run.attempt, code=BATCH_CANCELLED, message=message)
        return Ended(terminal=True)


def _stop(run: Run, stopped: Stopped) -> Ended:
    """End a run that has let itself be stopped, with what it was ready with."""
    result = None if stopped.result is None else encoded(stopped.result)
    with lock_batch(run, run.ordered):
        _end_on_request(run, result=result, progress=stopped.progress)
        return advance(run, Status.CANCELLED)


def _end_on_request(
    run: Run,
    *,
    result: str | None = None,
    progress: tuple[int, int | None] | None = None,
    lease_lost: bool = False,
    required: bool = True,
) -> int:
    """Running → cancelled, where somebody has asked for it. Raises TransitionRefused when refused and `required`."""
    return end(
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
        return advance(run, Status.CANCELLED)
    return Ended(terminal=False, released=requeued[0] if delay is None else None)


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


def ended_by(run: Run) -> bool:
    """Whether a job is terminal by this very attempt: then a repeated finish had arrived the first time."""
    return Job.objects.filter(id=run.id, attempt=run.attempt, status__in=TERMINAL).exists()
