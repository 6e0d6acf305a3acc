"""`run_job`: a message's whole way through a worker, and what a worker does when it stops."""

import atexit
import logging
import os
import socket
import time
from collections.abc import Callable
from secrets import token_hex
from typing import Any, TypeVar, cast
from uuid import UUID

from billiard.exceptions import SoftTimeLimitExceeded
from celery import Task, shared_task, signals
from celery.exceptions import Ignore
from django.conf import settings
from django.db import connection
from structlog.contextvars import bound_contextvars

from aijobs import registry
from aijobs.engine import lifecycle, queueing
from aijobs.engine.lifecycle import TIMEOUT_MESSAGE, WORKER_TIMEOUT, Ended, Run
from aijobs.errors import (
    InvalidJobType,
    InvalidParams,
    JobFailure,
    PermanentFailure,
    TransientFailure,
    TransitionRefused,
)
from aijobs.sql import CONNECTION_ERRORS
from workers.changes import settling
from workers.context import JobContext
from workers.heartbeat import heartbeat

logger = logging.getLogger(__name__)


# Whose lease it is. Made in the parent and inherited by its pool's processes: the parent hands back what they held.
WORKER = f"{socket.gethostname()}:{os.getpid()}:{token_hex(2)}"
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0

Outcome = Callable[[], Ended]
Answer = TypeVar("Answer")


@shared_task(bind=True, name="workers.tasks.run_job")
def run_job(self: "Task[Any, Any]", job_id: str) -> None:
    """Claim, run, end. Returns normally only where Celery's chain shall go on to the next member of the batch."""
    run = persistently(lambda: lifecycle.claim(UUID(job_id), WORKER))
    if run is None:
        raise Ignore("the claim was refused: a stale, early or doubled message")
    with bound_contextvars(job_id=job_id, job_type=run.type, attempt=run.attempt, tenant=run.tenant_id):
        if run.refill:
            refill(run.tenant_id)
        ended = execute(run)
        if run.limited:
            refill(run.tenant_id)
    if not _chain_goes_on(self, ended):
        raise Ignore("this copy of the message ends here")


def refill(tenant_id: int) -> None:
    """Release the tenant's next jobs. The sweeper does so too, only later: a failure is no reason to stop."""
    try:
        queueing.refill(tenant_id)
    except CONNECTION_ERRORS as error:
        logger.warning("not refilled: %s", error)


def execute(run: Run) -> Ended | None:
    """Run the handler and record how it ended. None when the job was taken from this attempt meanwhile."""
    context = JobContext(run)
    try:
        heartbeat.begin(context)
        return _run_and_record(run, context)
    except TransitionRefused as refusal:
        logger.warning("run abandoned: %s", refusal)
        return None
    finally:
        heartbeat.end()


def _run_and_record(run: Run, context: JobContext) -> Ended:
    """An effect, or a result that cannot be stored, may fail as the handler may: that is recorded in its place."""
    try:
        return record(run, attempt(run, context))
    except TransitionRefused:
        raise
    except CONNECTION_ERRORS:
        # The database stays away: the lease runs out, and the sweeper takes the job back.
        raise
    except Exception as error:
        return record(run, _failed(run, error))


def attempt(run: Run, context: JobContext) -> Outcome:
    """Call the handler. Every way it can end becomes the one write that records it. Raises TransitionRefused."""
    try:
        kind = registry.get(run.type)
        handler = registry.handler_of(kind)
        result = handler(registry.parse_params(kind, run.params), context)
        stored = result.model_dump(mode="json")
    except TransitionRefused:
        raise
    except Exception as error:
        return _failed(run, error)
    effect = context.effect
    return lambda: lifecycle.complete(
        run,
        stored,
        (context.processed, context.total),
        None if effect is None else lambda: effect(result).model_dump(mode="json"),
    )


def _failed(run: Run, error: Exception) -> Outcome:
    """Permanent and transient failures are told apart by the exception's class."""
    if isinstance(error, SoftTimeLimitExceeded):
        error = TransientFailure(WORKER_TIMEOUT, TIMEOUT_MESSAGE)
    elif isinstance(error, InvalidJobType | InvalidParams):
        # Accepted by another release than this one.
        error = PermanentFailure(error.code, error.message)
    elif not isinstance(error, JobFailure):
        # The traceback may hold anything: it goes to the log and nowhere else.
        logger.error("unexpected exception", exc_info=error)
        error = TransientFailure("INTERNAL_ERROR", "The job failed unexpectedly.")
    return _failure(run, error)


def _failure(run: Run, failure: JobFailure) -> Outcome:
    transient = isinstance(failure, TransientFailure)
    retry_after = failure.retry_after if isinstance(failure, TransientFailure) else None
    return lambda: lifecycle.fail(run, failure.code, failure.message, transient=transient, retry_after=retry_after)


def record(run: Run, outcome: Outcome) -> Ended:
    """Write the outcome. Raises TransitionRefused."""
    asked_before = False

    def write() -> Ended:
        nonlocal asked_before
        try:
            return outcome()
        except TransitionRefused:
            if asked_before and lifecycle.ended_by(run):
                # The first commit had arrived; only its answer was lost.
                return Ended(terminal=True)
            raise
        finally:
            asked_before = True

    return persistently(write)


def persistently(statement: Callable[[], Answer]) -> Answer:
    """Execute it; after connection errors again, for as long as a lease lasts."""
    give_up_at = time.monotonic() + settings.AIJOBS_LEASE_SECONDS
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            return statement()
        except CONNECTION_ERRORS as error:
            if time.monotonic() + pause > give_up_at:
                raise
            logger.warning("the database does not answer: %s", error)
            connection.close()
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def _chain_goes_on(task: "Task[Any, Any]", ended: Ended | None) -> bool:
    """Whether this message's chain carries the next member. Where its chain is not the rows' order, publish anew."""
    chain = cast("list[dict[str, Any]]", task.request.chain or [])
    following = chain[-1]["args"][0] if chain else None
    if ended is None or not ended.terminal:
        return False
    if ended.released is None:
        return following is None
    if following == str(ended.released.id):
        return True
    queueing.publish([ended.released])
    return False


# The settler's messages. First in the workers' order: there are few of them, and each is a change that waits.
PRICES_QUEUE = "ai-jobs.prices"


@shared_task(name="workers.tasks.settle_prices", soft_time_limit=150, time_limit=180)
def settle_prices(tenant_id: int, marketplace: str) -> None:
    """Write the changes of one marketplace that no job looks after. A lost message is sent again by beat."""
    settling.settle(tenant_id, marketplace)


@signals.worker_init.connect
def hand_back_at_exit(**_: object) -> None:
    """When this worker stops, after its pool has, what its processes still held is queued again at once.

    Celery's worker_shutdown signal is not sent in a cold shutdown; an exit handler of the parent always runs, short
    of SIGKILL, for which there are leases.
    """
    atexit.register(_hand_back)


def _hand_back() -> None:
    # A pool starts threads, which Python 3.12 refuses at its end; nothing else of the parent uses the database.
    connection.close()
    connection.settings_dict["OPTIONS"]["pool"] = False
    handed_back = lifecycle.hand_back(WORKER)
    if handed_back:
        logger.warning("handed back %d running jobs", handed_back)
