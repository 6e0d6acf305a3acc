"""`run_job`: a message's whole way through a worker, and what a worker does when it stops."""

import atexit
import logging
from functools import cache
from typing import Any, cast
from uuid import UUID

from celery import Task, shared_task, signals
from celery.exceptions import Ignore
from django.db import connection
from structlog.contextvars import bound_contextvars

from aijobs.engine import bounds, lifecycle, queueing
from aijobs.engine.lifecycle import Ended, Run
from aijobs.postgresql.patience import REQUEST_SECONDS, patience
from aijobs.sql import CONNECTION_ERRORS
from aijobs.states import QUEUES, Priority
from aijobs.webhooks.delivering import Deliverer
from workers import presence
from workers.changes import settling
from workers.presence import WORKER
from workers.running import execute, persistently

logger = logging.getLogger(__name__)


@shared_task(bind=True, name="workers.tasks.run_job")
def run_job(self: "Task[Any, Any]", job_id: str) -> None:
    """Claim, run, end. Returns normally only where Celery's chain shall go on to the next member of the batch."""
    run = persistently(lambda: lifecycle.claim(UUID(job_id), WORKER))
    if run is None:
        raise Ignore("the claim was refused: a stale, early or doubled message")
    presence.claimed()
    with bound_contextvars(job_id=job_id, job_type=run.type, attempt=run.attempt, tenant=run.tenant_id):
        if run.refill:
            refill(run.tenant_id)
        ended = execute(run)
        if run.limited or (ended and ended.unblocked):
            refill(run.tenant_id)
        raise_bound(run)
    if not _chain_goes_on(self, ended):
        raise Ignore("this copy of the message ends here")


def refill(tenant_id: int) -> None:
    """Release the tenant's next jobs. The sweeper does so too, only later: a failure is no reason to stop."""
    try:
        queueing.refill(tenant_id)
    except CONNECTION_ERRORS as error:
        logger.warning("the tenant's window could not be refilled, the sweeper does it later: %s", error)


def raise_bound(run: Run) -> None:
    """Now and then, let the engine's looks begin later. A failure costs them time, and nothing else."""
    try:
        bounds.raise_sometimes(run.tenant_id, run.lane)
    except CONNECTION_ERRORS as error:
        logger.warning("bound not raised: %s", error)


def _chain_goes_on(task: "Task[Any, Any]", ended: Ended | None) -> bool:
    """Whether this message's chain carries the next member. Where the rows say otherwise by now, publish again.

    Its order is another, or the next member's priority was changed, and with it its queue.
    """
    chain = cast("list[dict[str, Any]]", task.request.chain or [])
    following = (chain[-1]["args"][0], chain[-1]["options"]["queue"]) if chain else None
    if ended is None or not ended.terminal:
        return False
    if ended.released is None:
        return following is None
    if following == (str(ended.released.id), QUEUES[Priority(ended.released.lane)]):
        return True
    queueing.publish([ended.released])
    return False


# The settler's messages. It has a worker of its own: each takes as long as a marketplace takes, up to 45 s, and four
# slow marketplaces would keep every job from running.
CHANGES_QUEUE = "ai-jobs.changes"


@shared_task(name="workers.tasks.settle_changes", soft_time_limit=150, time_limit=180)
def settle_changes(tenant_id: int, marketplace: str) -> None:
    """Write the changes of one marketplace that no job looks after. A lost message is sent again by beat."""
    settling.settle(tenant_id, marketplace)


# The messages of beat to the worker that sends webhooks. Its endpoints are others' machines, and take their time.
WEBHOOKS_QUEUE = "ai-jobs.webhooks"
# Of each message. The next one goes on with what is still being sent.
DELIVER_SECONDS = 3.0
# How long a worker that stops waits for endpoints that are about to answer.
FINISH_SECONDS = 2.0


@shared_task(name="workers.tasks.deliver_webhooks")
def deliver_webhooks() -> None:
    """Send what has happened to jobs to the endpoints that want to know it."""
    deliverer().run(DELIVER_SECONDS)


@cache
def deliverer() -> Deliverer:
    """One for each process of the pool, which are forked before the first message."""
    return Deliverer()


@signals.worker_process_shutdown.connect
def finish_deliveries(**_: object) -> None:
    """What an ending process of the pool could not wait for is sent again when its claim is over."""
    if deliverer.cache_info().currsize:
        deliverer().finish(FINISH_SECONDS)


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
    # A worker that is to stop does not wait for a frozen database: the leases are enough.
    patience.limit(REQUEST_SECONDS)
    handed_back = lifecycle.hand_back(WORKER)
    if handed_back:
        logger.warning("%d running jobs were handed back", handed_back)
