"""Why a job waits, or why it ended so: one code, one sentence, and what to do about it, for staff and for callers.

`explain` reads what the rows themselves do not say, for a page of jobs as for one; `judge` makes a sentence of it and
asks nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from aijobs import identifiers, registry
from aijobs.auth import TenantAccess
from aijobs.engine import circumstances, queueing
from aijobs.engine.circumstances import Circumstances
from aijobs.engine.lifecycle import BATCH_CANCELLED, EXPIRED, PREDECESSOR, REQUESTED
from aijobs.models import Job
from aijobs.states import QUEUES, EventKind, Priority, Status

# An idle worker claims within milliseconds, and a busy one when a job of its ends.
UNCLAIMED_AFTER = timedelta(seconds=60)
# Statistics are measured every two seconds; those that are this old say that nobody sweeps either.
UNSWEPT_AFTER = timedelta(seconds=15)

# What a caller does about a fault of the service.
WAIT = "Wait: the job is not lost. If this lasts, tell the operator of the service."

# Every code, and when a job has it. Programs rely on them: a code never changes its meaning.
CODES = {
    "TENANT_SUSPENDED": "The job waits because its tenant is suspended.",
    "WAITS_FOR_JOB": "The job waits for other jobs of its batch. Where one is next, the message names it.",
    "WAITS_FOR_RETRY": "An attempt failed. The message says why, and when the service tries again.",
    "WAITS_FOR_RUN_AT": "The job waits until the moment that it is to run at, its `run_at`.",
    "POSTPONED": "The job waits until what it needs elsewhere is available.",
    "UNKNOWN_TYPE": "The job waits for a worker that knows its type.",
    "BROKER_DOWN": "The job waits because the part of the service that carries jobs to workers does not answer.",
    "TENANT_AT_LIMIT": "The tenant has as many jobs running as it may have.",
    "NO_SWEEPER": "The job waits because the part of the service that hands jobs out has stopped.",
    "NO_WORKER": "No worker has started a job of this priority since the time in the message.",
    "BEHIND_HIGHER_PRIORITY": "Jobs of higher priority go first. The message says how many.",
    "BEHIND_EARLIER": "Earlier jobs of the same tenant and priority go first.",
    "NEXT": "The next free worker takes the job after those that were handed out before it.",
    "RUNNING": "A worker is at it.",
    "STOPPING": "A worker is at it, and somebody has asked the job to stop.",
    "WORKER_SILENT": "A worker was at it, but nothing is heard of it any more. The service takes the job back.",
    "COMPLETED": "The job has completed.",
    "FAILED": "The job has failed. The message has the code and the text of the last failure.",
    "CANCELLED": "The job was cancelled. The message says because of what.",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """`code` for programs, `message` in a sentence. `action` says what to do, and is empty where there is nothing.

    Both are for callers, who know jobs and priorities but not the parts of the service. Where staff who run it are
    told something else, or do something else, that is in `staff_message` and `staff_action`. `brief` is the message
    in at most eight words, for the lists of staff. What others wrote is quoted in all of them: it is text.
    """

    code: str
    message: str
    brief: str
    action: str = ""
    staff_message: str = ""
    staff_action: str = ""

    @property
    def message_of_staff(self) -> str:
        return self.staff_message or self.message

    @property
    def action_of_staff(self) -> str:
        return self.staff_action or self.action


def explain(jobs: Sequence[Job]) -> dict[UUID, Explanation]:
    """The explanation of each job, by its id. The jobs come with their tenants (`select_related`)."""
    return {job.id: judge(job, around) for job, around in zip(jobs, circumstances.of(jobs), strict=True)}


def judge(job: Job, around: Circumstances) -> Explanation:
    match job.status:
        case Status.QUEUED:
            return _waiting(job, around)
        case Status.RUNNING:
            return _running(job, around)
        case Status.COMPLETED:
            return _completed(job)
        case Status.FAILED:
            return _failed(job)
    return _cancelled(job)


def _waiting(job: Job, around: Circumstances) -> Explanation:
    """What keeps it: first what keeps it by itself, then its tenant, then the service, then the jobs before it."""
    if job.tenant.suspended_at is not None:
        since = moment(job.tenant.suspended_at, around.at)
        return Explanation(
            "TENANT_SUSPENDED",
            f"The tenant has been suspended since {since}, and its jobs wait.",
            "the tenant is suspended",
            "Ask the operator of the service to resume the tenant. Its jobs go on by themselves.",
            staff_action="Resume the tenant in the admin. Its jobs go on by themselves.",
        )
    if job.blocked:
        return _blocked(job, around)
    if job.run_after > around.at:
        return _not_due(job, around)
    if registry.find(job.type) is None:
        return _unknown_type(job, around)
    if around.broker_down:
        return Explanation(
            "BROKER_DOWN",
            "The part of the service that carries jobs to workers does not answer, so the job waits.",
            "the broker is down",
            WAIT,
            staff_message="The broker does not answer, so the job cannot be handed to a worker.",
            staff_action="Check the broker (Redis or Valkey). When it is back, the job is handed out within seconds.",
        )
    return _released(job, around) if job.released_at else _unreleased(job, around)


def _blocked(job: Job, around: Circumstances) -> Explanation:
    if job.depends_on is not None:
        return _dependent(around)
    first = _public(around.waits_for) if around.waits_for else "the jobs before it"
    return Explanation(
        "WAITS_FOR_JOB",
        f"The job runs in the order of its batch, and waits until {first} has ended.",
        f"waits for {first}",
    )


def _dependent(around: Circumstances) -> Explanation:
    if around.waits_for is None:
        # Those that it names are over, but not all that those were to wait for.
        return Explanation(
            "WAITS_FOR_JOB",
            "The job waits until all jobs that it depends on by way of others have ended.",
            "waits for jobs that it depends on",
        )
    first = _public(around.waits_for)
    if around.others == 0:
        return Explanation(
            "WAITS_FOR_JOB", f"The job waits until {first}, which it depends on, has ended.", f"waits for {first}"
        )
    several = f"{first} and {around.others} more {'job' if around.others == 1 else 'jobs'}"
    return Explanation(
        "WAITS_FOR_JOB", f"The job waits until {several}, which it depends on, have ended.", f"waits for {several}"
    )


def _not_due(job: Job, around: Circumstances) -> Explanation:
    until = moment(job.run_after, around.at)
    if registry.find(job.type) is None:
        return _unknown_type(job, around)
    if around.kind == EventKind.RETRIED:
        code = around.data.get("code", "")
        return Explanation(
            "WAITS_FOR_RETRY",
            f"Attempt {job.attempt} failed ({code}: {_end(around.data.get('message', ''))}). The service tries "
            f"again at {until}.",
            f"retry at {until} after {code}",
        )
    if job.attempt == 0 or job.run_after == job.run_at:
        return Explanation(
            "WAITS_FOR_RUN_AT",
            f"The job is to run at {until} or later.",
            f"to run at {until}",
            f"To change that, send PATCH /api/ai-jobs/{job.public_id} with another run_at, or null to run it now.",
            staff_action="Wait. The tenant can give it another moment, or let it run at once.",
        )
    return Explanation(
        "POSTPONED",
        f"What the job needs is not available before {until}: a marketplace or an assistant asked the service to "
        "wait, or your budget or limit for it is used up. This costs no attempt.",
        f"waits for an upstream until {until}",
    )


def _unknown_type(job: Job, around: Circumstances) -> Explanation:
    gives_up = moment(job.created_at + timedelta(seconds=registry.UNKNOWN_FOR_SECONDS), around.at)
    return Explanation(
        "UNKNOWN_TYPE",
        f"This release of the service has no job type {job.type}. The job waits for a worker that has it, until "
        f"{gives_up} at the longest.",
        "no worker knows its type",
        "Wait, or cancel the job. If this lasts, tell the operator of the service.",
        staff_action="Start workers of the release that accepted the job, or cancel the job.",
    )


def _released(job: Job, around: Circumstances) -> Explanation:
    lane = Priority(job.lane)
    released = job.released_at or around.at
    # Of a job that was published again for want of a worker, only its end of waiting is younger than the last claim.
    if unclaimed := _unclaimed(lane, min(released, job.run_after) if job.releases > 1 else released, around):
        return unclaimed
    if around.higher:
        return _behind_higher(around.higher)
    return Explanation(
        "NEXT",
        f"The next free worker takes the job, after the {lane.label} jobs that were handed out before it.",
        f"next for a free worker of {lane.label}",
        staff_message=f"The job has been handed out, and the next free worker of {QUEUES[lane]} takes it after the "
        f"{lane.label} jobs that were handed out before.",
    )


def _unclaimed(lane: Priority, waiting_since: datetime, around: Circumstances) -> Explanation | None:
    """Where no worker that takes from the lane is there, or none has claimed from it while a job waited for long."""
    claimed_at = around.claimed_at or waiting_since
    since = max(waiting_since, claimed_at)
    if around.served and around.at - since <= UNCLAIMED_AFTER:
        return None
    told = moment(since if around.served else claimed_at, around.at)
    return Explanation(
        "NO_WORKER",
        f"The job waits for a worker, but none has started a {lane.label} job since {told}.",
        f"no worker has claimed since {told}",
        WAIT,
        staff_message=f"The job waits, but no worker has claimed a job from {QUEUES[lane]} since {told}.",
        staff_action=f"Check that a worker runs that takes {QUEUES[lane]}, and that its jobs are not stuck.",
    )


def _unreleased(job: Job, around: Circumstances) -> Explanation:
    tenant, lane = job.tenant, Priority(job.lane)
    if tenant.max_running is not None and around.running >= tenant.max_running:
        return Explanation(
            "TENANT_AT_LIMIT",
            f"The tenant already has {around.running} of at most {tenant.max_running} jobs running.",
            f"the tenant's limit of {tenant.max_running} is reached",
            "Wait, cancel jobs that you do not need, or ask the operator of the service for a higher limit.",
            staff_action="Wait, or raise the tenant's max_running in the admin.",
        )
    if around.swept_at is not None and around.at - around.swept_at > UNSWEPT_AFTER:
        since = moment(around.swept_at, around.at)
        return Explanation(
            "NO_SWEEPER",
            f"The job waits to be handed to a worker, but the part of the service that does so is silent since "
            f"{since}.",
            f"the sweeper is silent since {since}",
            WAIT,
            staff_message=f"The job waits to be handed out, but the sweeper has not run since {since}.",
            staff_action="Check that beat and the worker of ai-jobs.control run.",
        )
    # Nor has any of those that go first, where it has waited behind them for so long.
    unclaimed = _unclaimed(lane, job.run_after, around)
    if unclaimed and not around.served:
        return unclaimed
    if around.higher:
        return _behind_higher(around.higher)
    if unclaimed:
        return unclaimed
    window = queueing.window_of(TenantAccess.of(tenant))
    return Explanation(
        "BEHIND_EARLIER",
        f"Earlier {lane.label} jobs of this tenant go first: the service hands out {window} of them at a time.",
        f"behind earlier {lane.label} jobs of its tenant",
    )


def _behind_higher(jobs: int) -> Explanation:
    go = "job of higher priority goes" if jobs == 1 else "jobs of higher priority go"
    return Explanation("BEHIND_HIGHER_PRIORITY", f"{jobs:,} {go} first.", f"behind {jobs:,} of higher priority")


def _running(job: Job, around: Circumstances) -> Explanation:
    since = moment(job.started_at, around.at) if job.started_at else "a moment ago"
    # Not on which worker: callers read this too, and the names of machines are the operator's.
    attempt = f"Attempt {job.attempt}"
    if job.lease_expires_at is not None and job.lease_expires_at < around.at:
        return Explanation(
            "WORKER_SILENT",
            f"{attempt} has been running since {since}, but nothing is heard of its worker. The service takes the "
            "job back.",
            f"attempt {job.attempt}: its worker is silent",
            WAIT,
            staff_action="Check the job's worker and its machine, and that beat and the worker of ai-jobs.control "
            "run.",
        )
    done = f"{job.processed:,}" + (f" of {job.total:,}" if job.total is not None else "")
    if job.cancel_requested_at is not None:
        asked = moment(job.cancel_requested_at, around.at)
        return Explanation(
            "STOPPING",
            f"{attempt} has been running since {since}. Somebody asked the job to stop at {asked}, which it does at "
            f"its next checkpoint; {done} processed.",
            f"is asked to stop, {done} processed",
        )
    return Explanation(
        "RUNNING",
        f"{attempt} has been running since {since}; {done} processed.",
        f"attempt {job.attempt}, {done} processed",
    )


def _completed(job: Job) -> Explanation:
    took = duration(job.duration_seconds or 0.0)
    return Explanation("COMPLETED", f"Attempt {job.attempt} completed the job in {took}.", f"completed in {took}")


def _failed(job: Job) -> Explanation:
    message = _end(job.error_message)
    # Not the attempts: those that were handed back did not fail.
    times = "once" if job.failures == 1 else f"{job.failures} times"
    return Explanation(
        "FAILED",
        f"The job failed {times}, and is not tried again. The last failure was {job.error_code}: {message}.",
        f"{job.error_code}, failed {times}",
        f"Mend what the message names, then send POST /api/ai-jobs/{job.public_id}/retry.",
        staff_action="Mend what the message names, then retry the job.",
    )


def _cancelled(job: Job) -> Explanation:
    caused_by = _public(job.cancelled_by_id) if job.cancelled_by_id else "a job before it"
    match job.cancel_reason:
        case reason if reason == REQUESTED:
            when = "running" if job.cancel_requested_at else "queued"
            return Explanation(
                "CANCELLED", f"Somebody cancelled the job while it was {when}.", "cancelled on request"
            )
        case reason if reason == EXPIRED:
            return Explanation(
                "CANCELLED",
                "The service cancelled the job because no worker had started it by the moment that it was of use.",
                "not started in time",
                "Dispatch the job again with more time, if it is still wanted.",
            )
        case reason if reason == BATCH_CANCELLED:
            return Explanation("CANCELLED", "Somebody cancelled the job's batch.", "its batch was cancelled")
    ended = "failed" if job.cancel_reason == PREDECESSOR[Status.FAILED] else "was cancelled"
    return Explanation(
        "CANCELLED",
        f"The service cancelled the job because {caused_by}, which had to complete before it, {ended}.",
        f"cancelled because {caused_by} {ended}",
        "Dispatch what did not complete of the batch once more: send POST "
        f"/api/ai-jobs/batch/{identifiers.encode(identifiers.BATCH_PREFIX, job.batch_id)}/retry-failed."
        if job.batch_id
        else "",
        staff_action="Retry what is still wanted of the batch.",
    )


def moment(at: datetime, present: datetime) -> str:
    """A moment as short as it is clear: the time of day, the day where it is another, and the zone."""
    at = at.astimezone(UTC)
    day = "" if at.date() == present.astimezone(UTC).date() else f"{at:%Y-%m-%d} "
    return f"{day}{at:%H:%M:%S} UTC"


def duration(seconds: float) -> str:
    """3.2 s, 4 min 10 s, 2 h 5 min."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds >= 0.1 or seconds == 0 else f"{1000 * seconds:.0f} ms"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _end(message: str) -> str:
    """A message in the middle of a sentence."""
    return message.strip().rstrip(".")


def _public(job_id: UUID) -> str:
    return identifiers.encode(identifiers.JOB_PREFIX, job_id)
