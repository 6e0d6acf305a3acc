"""Dispatching for a schedule: for one due time, once more, or for those of the past that were not dispatched."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import orjson
from django.conf import settings
from django.db import transaction
from django.utils.timezone import now

from aijobs import calendars, dispatching, idempotency, schedule_bodies, schedules
from aijobs.auth import TenantAccess
from aijobs.dispatching import AnyWanted
from aijobs.engine import inserting
from aijobs.engine.inserting import FirstAnswer, Inserted, Origin
from aijobs.errors import BackfillChanged, IdempotencyConflict, InvalidParams, QueueFull, TenantSuspended
from aijobs.models import Schedule, ScheduleRun, Tenant
from aijobs.states import RunOutcome, RunTrigger

MOST_BACKFILLED = 100
MOST_LOOKED_AT = 2_000
OLDEST_BACKFILL = timedelta(days=366)
WHAT_CAME_OF_IT = ["trigger", "outcome", "reason", "detail", "job", "batch"]


@dataclass(frozen=True, slots=True)
class Dispatched:
    """What came of a due time, which is to be written in the same transaction, and the jobs to release after it."""

    run: ScheduleRun
    access: TenantAccess
    jobs: Sequence[Inserted]


def release(all_dispatched: Sequence[Dispatched]) -> None:
    """Publish the jobs, once they are committed."""
    inserting.release_each((dispatched.access, dispatched.jobs) for dispatched in all_dispatched)


def dispatch(
    schedule: Schedule,
    access: TenantAccess,
    due: datetime,
    trigger: RunTrigger,
    wanted: AnyWanted,
    once: str | None = None,
) -> Dispatched | None:
    """Insert the jobs of a due time, in the transaction of a caller who holds the schedule.

    None where the due time, or the occasion that `once` names, had been dispatched. Raises as `dispatching.write`
    does.
    """
    run = ScheduleRun(
        schedule_id=schedule.id,
        tenant_id=access.id,
        due_at=due,
        trigger=trigger,
        outcome=RunOutcome.DISPATCHED,
        job_id=None if wanted.batch else wanted.jobs[0].id,
        batch_id=wanted.batch.id if wanted.batch else None,
    )
    written = dispatching.write(
        access, wanted, first_answer=_first_answer(run, once), origin=Origin(schedule_id=schedule.id)
    )
    return Dispatched(run, access, written.jobs) if written.earlier is None else None


def _first_answer(run: ScheduleRun, once: str | None) -> FirstAnswer:
    key, fingerprint = _occasion(run.schedule_id, once or run.due_at.isoformat())
    answer = orjson.dumps({"job_id": run.job_id, "batch_id": run.batch_id}).decode()
    return FirstAnswer(key, fingerprint, answer)


def _occasion(schedule_id: UUID, name: str) -> tuple[str, bytes]:
    """The key of a due time or of an occasion, which no caller can send: theirs are ASCII. And its fingerprint."""
    key = f"schedule·{schedule_id}·{name}"
    return key, idempotency.fingerprint("schedule", {"due": key})


@dataclass(frozen=True, slots=True)
class RanNow:
    """`repeated`: it had been dispatched on this occasion before."""

    run: ScheduleRun
    repeated: bool


def run_now(schedule_id: UUID | None, tenant_id: int, *, once: str | None = None) -> RanNow:
    """Dispatch once more, beside the due times, whether paused or not and whatever is still running.

    `once` names an occasion on which that is done only once: the second time returns the run of the first. Raises
    ScheduleNotFound, what refuses the template, and what `dispatching.write` raises.
    """
    with transaction.atomic():
        schedule = schedules.hold(schedule_id, tenant_id)
        if once and (earlier := _earlier_run(schedule, once)):
            return RanNow(earlier, repeated=True)
        dispatched = _dispatch_for_somebody(schedule, now(), RunTrigger.RUN_NOW, once)
    if dispatched is None:
        # It was dispatched before, and nobody knows what as: its run is gone.
        raise IdempotencyConflict(retry_after=1)
    release([dispatched])
    return RanNow(ScheduleRun.objects.get(schedule=schedule, due_at=dispatched.run.due_at), repeated=False)


def _earlier_run(schedule: Schedule, once: str) -> ScheduleRun | None:
    stored = idempotency.find(schedule.tenant_id, *_occasion(schedule.id, once))
    return schedule.runs.filter(**orjson.loads(stored.answer)).first() if stored else None


def _dispatch_for_somebody(
    schedule: Schedule, due: datetime, trigger: RunTrigger, once: str | None = None
) -> Dispatched | None:
    """With its run, in the place of one that was missed."""
    if schedule.tenant.suspended_at:
        raise TenantSuspended()
    wanted = schedule_bodies.wanted(schedule)
    dispatched = dispatch(schedule, TenantAccess.of(schedule.tenant), due, trigger, wanted, once)
    if dispatched:
        ScheduleRun.objects.bulk_create(
            [dispatched.run],
            update_conflicts=True,
            unique_fields=["schedule", "due_at"],
            update_fields=WHAT_CAME_OF_IT,
        )
    return dispatched


@dataclass(frozen=True, slots=True)
class Backfill:
    """Due times of the past that have not been dispatched."""

    due_times: list[datetime]
    # What came of them, if that was asked for: fewer where the queue is full now.
    runs: list[ScheduleRun]


def backfill(
    schedule_id: UUID | None, tenant_id: int, first: datetime, last: datetime, count: int | None
) -> Backfill:
    """Dispatch the due times of a range that have not been dispatched, oldest first; without `count`, only find them.

    Raises ScheduleNotFound, InvalidParams, BackfillChanged where there are not `count`, and as `run_now` does;
    QueueFull only where none could be dispatched.
    """
    schedule = schedules.get(schedule_id, tenant_id)
    due_times = _without_dispatch(schedule, first, last)
    if count is None:
        return Backfill(due_times, [])
    if count != len(due_times):
        raise BackfillChanged(f"{BackfillChanged.default_message} It is {len(due_times)} now.")
    runs: list[ScheduleRun] = []
    for due in due_times:
        try:
            runs += _make_up_for(schedule.id, tenant_id, due)
        except QueueFull:
            if not runs:
                raise
            break
    return Backfill(due_times, runs)


def _make_up_for(schedule_id: UUID, tenant_id: int, due: datetime) -> list[ScheduleRun]:
    with transaction.atomic():
        schedule = schedules.hold(schedule_id, tenant_id)
        if schedule.runs.filter(due_at=due, outcome=RunOutcome.DISPATCHED).exists():
            return []
        dispatched = _dispatch_for_somebody(schedule, due, RunTrigger.BACKFILL)
    if dispatched:
        release([dispatched])
    return list(ScheduleRun.objects.filter(schedule_id=schedule_id, due_at=due))


def _without_dispatch(schedule: Schedule, first: datetime, last: datetime) -> list[datetime]:
    if first > last:
        raise _invalid("to", "is before from")
    if last > now():
        raise _invalid("to", "is in the future; only due times of the past can be made up for")
    oldest = min(OLDEST_BACKFILL, _runs_kept(schedule.tenant))
    if first < now() - oldest:
        raise _invalid("from", f"is more than {oldest.days} days ago")
    due_times = calendars.due_times(schedules.calendar_of(schedule), first, last, MOST_LOOKED_AT)
    dispatched = set(
        schedule.runs.filter(due_at__range=(first, last), outcome=RunOutcome.DISPATCHED).values_list(
            "due_at", flat=True
        )
    )
    found = [due for due in due_times if due not in dispatched]
    if len(due_times) == MOST_LOOKED_AT or len(found) > MOST_BACKFILLED:
        raise _invalid("to", f"the range has more than {MOST_BACKFILLED} due times without a dispatch; shorten it")
    return found


def _runs_kept(tenant: Tenant) -> timedelta:
    """Of a due time before that, nobody knows any more whether it was dispatched."""
    return timedelta(days=settings.AIJOBS_JOB_DAYS if tenant.job_days is None else tenant.job_days)


def _invalid(path: str, message: str) -> InvalidParams:
    return InvalidParams(details=[{"path": path, "message": message}])
