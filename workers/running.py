"""One run of a job: the handler called, and how it ended recorded."""

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar, cast

from billiard.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import connection
from django.utils.timezone import now

from aijobs import registry
from aijobs.engine import lifecycle
from aijobs.engine.lifecycle import TIMEOUT_MESSAGE, WORKER_TIMEOUT, Ended, Run
from aijobs.engine.outcomes import Completed, Failed, HandedBack, Outcome, Stopped
from aijobs.errors import (
    ApiError,
    InvalidJobType,
    InvalidParams,
    JobFailure,
    RunCancelled,
    RunPostponed,
    RunSuspended,
    TransientFailure,
    TransitionRefused,
)
from aijobs.postgresql.patience import patience
from aijobs.sql import CONNECTION_ERRORS, is_given_up
from workers.context import JobContext
from workers.heartbeat import heartbeat

if TYPE_CHECKING:
    from aijobs.postgresql.base import DatabaseWrapper

logger = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0
# Until a job of another release is looked at again: doubling, so that a day of it is some thirty events.
FIRST_DELAY_SECONDS = 30.0
LONGEST_DELAY_SECONDS = 3600.0

Answer = TypeVar("Answer")


def execute(run: Run) -> Ended | None:
    """Run the handler and record how it ended. None when the job was taken from this attempt meanwhile."""
    context = JobContext(run)
    try:
        heartbeat.begin(context)
        return record(run, attempt(run, context))
    except TransitionRefused as refusal:
        logger.warning("run abandoned: %s", refusal)
        return None
    finally:
        heartbeat.end()


def attempt(run: Run, context: JobContext) -> Outcome:
    """Call the handler. Every way it can end becomes an outcome, but one: it raises TransitionRefused."""
    try:
        kind = registry.get(run.type)
        params = registry.parse_params(kind, run.params)
    except (InvalidJobType, InvalidParams) as error:
        return _of_another_release(run, error)
    try:
        handler = registry.handler_of(kind)
        # Its time limits bound what it asks of the database. What it leaves there ends with it: neither its own end
        # nor another job waits for that, or runs with its settings.
        with patience.unlimited(), cast("DatabaseWrapper", connection).lend():
            result = handler(params, context)
        effect = context.effect
        return Completed(
            result.model_dump(mode="json"),
            (context.processed, context.total),
            None if effect is None else lambda: effect(result).model_dump(mode="json"),
            context.while_suspended,
        )
    except TransitionRefused:
        raise
    except RunCancelled:
        return Stopped((context.processed, context.total), _so_far(context))
    except Exception as error:
        return outcome_of(error)


def _so_far(context: JobContext) -> object:
    """What a stopped handler has found. That it cannot be told is no reason to go on."""
    if context.so_far is None:
        return None
    try:
        return context.so_far().model_dump(mode="json")
    except Exception:
        logger.exception("what job %s has found until it was stopped cannot be told", context.job_id)
        return None


def _of_another_release(run: Run, error: ApiError) -> Outcome:
    """This worker does not know what was accepted: one of a newer release will, while releases roll."""
    age = now() - run.created_at
    if age.total_seconds() > registry.UNKNOWN_FOR_SECONDS:
        return Failed(error.code, error.message, transient=False)
    logger.warning("the job was handed back: %s", error)
    return HandedBack(delay=min(FIRST_DELAY_SECONDS * 2 ** min(run.attempt - 1, 10), LONGEST_DELAY_SECONDS))


def outcome_of(error: Exception) -> Outcome:
    """Permanent and transient failures are told apart by the exception's class."""
    match error:
        case RunCancelled():
            # Asked for at the last moment, before anything was applied.
            return Stopped()
        case RunSuspended():
            # Due at once, and not released while the tenant is suspended.
            return HandedBack(delay=0.0)
        case RunPostponed():
            return HandedBack(delay=min(error.seconds, lifecycle.LONGEST_RETRY_AFTER_SECONDS))
        case SoftTimeLimitExceeded():
            return Failed(WORKER_TIMEOUT, TIMEOUT_MESSAGE, transient=True)
        case TransientFailure():
            return Failed(error.code, error.message, transient=True, retry_after=error.retry_after)
        case JobFailure():
            return Failed(error.code, error.message, transient=False)
    # The traceback may hold anything: it goes to the log and nowhere else.
    logger.error("unexpected exception", exc_info=error)
    return Failed(
        "INTERNAL_ERROR",
        "The job failed because of an error in the service. Dispatch it again, and if it fails again, tell the "
        "operator the job's ID: the log has the cause.",
        transient=True,
    )


def record(run: Run, outcome: Outcome) -> Ended:
    """Write the outcome. An effect, or a result that cannot be stored, may fail as the handler may: then that is it.

    Raises TransitionRefused; and a connection error where the database stays away: the lease runs out then, and the
    sweeper takes the job back.
    """
    try:
        if isinstance(outcome, Completed) and outcome.effect:
            # An effect is the handler's as well.
            with cast("DatabaseWrapper", connection).lend():
                return _write(run, outcome)
        return _write(run, outcome)
    except (TransitionRefused, *CONNECTION_ERRORS):
        raise
    except Exception as error:
        return _write(run, outcome_of(error))


def _write(run: Run, outcome: Outcome) -> Ended:
    tries = 0

    def write() -> Ended:
        nonlocal tries
        tries += 1
        try:
            return lifecycle.record(run, outcome)
        except TransitionRefused:
            if tries > 1 and lifecycle.ended_by(run):
                # The first commit had arrived; only its answer was lost.
                return Ended(terminal=True)
            raise

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
            if is_given_up(error):
                logger.warning("the database gave a statement up: %s", error)
            else:
                logger.warning("the database does not answer: %s", error)
                connection.close()
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
