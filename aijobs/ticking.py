"""Schedules at work: what is due is dispatched, exactly once, whoever looks and how often.

A few schedules in one transaction, which holds their rows: it dispatches, writes what came of each due time (unique
per schedule and due time) and moves each schedule to the due time after that one, whatever the clock says. What is
left of it after a crash is all or nothing; only the messages to the broker go after the commit, and the sweeper
repeats them where they are lost.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter
from random import SystemRandom
from typing import NamedTuple
from uuid import UUID

import orjson
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from aijobs import calendars, schedule_bodies, schedule_runs, schedules, sql
from aijobs.calendars import InvalidCalendar
from aijobs.due_rows import DECIDE, HOLD, Due
from aijobs.errors import (
    ApiError,
    DependencyCycle,
    IdempotencyConflict,
    InternalError,
    InvalidBatch,
    InvalidJobType,
    InvalidParams,
    QueueFull,
    ServiceUnavailable,
    TenantSuspended,
)
from aijobs.models import Schedule, ScheduleRun
from aijobs.refusals import fields_of
from aijobs.schedule_runs import Dispatched
from aijobs.schedules import Who
from aijobs.states import Missed, Overlap, PausedBy, RunOutcome, RunTrigger

logger = logging.getLogger(__name__)

# A due time that is later than this was missed.
TOLERANCE = timedelta(minutes=5)
# When to look again at what has to wait for the queue, or for the jobs before it.
RETRY = timedelta(seconds=10)
AN_INSTANT = timedelta(microseconds=1)
MOST_FAILURES = 5
# Due times of one schedule in one transaction: a week of a minutely one takes eleven.
MOST_PASSED = 1_000
# Schedules of one look, and of one transaction: so long another dispatch of their tenants may have to wait.
MOST_DUE = 1_000
AT_ONCE = 20
# Wrong fields that a reason names.
SHOWN_FIELDS = 5
# Somebody else holds what a dispatch needs, or has just decided the same: that is over in a moment.
BUSY = (IdempotencyConflict, ServiceUnavailable, IntegrityError)
# Of a template: trying again cannot help.
INVALID = (InvalidJobType, InvalidParams, InvalidBatch, DependencyCycle)

OVERLAP, LATE, QUEUE_FULL = "OVERLAP", "LATE", QueueFull.code
SENTENCES = {
    OVERLAP: "Jobs that the schedule had dispatched before were still queued or running.",
    LATE: "The service was not running at this time, or was too late for it.",
    QUEUE_FULL: "The queue was full until the next due time.",
    TenantSuspended.code: "The tenant was suspended.",
}
NO_CALENDAR = "The service cannot tell any more when it comes due."
SCHEDULE_COLUMNS = ("id", "next_due_at", "wake_at", "held", "failures", "paused_at", "paused_by", "pause_reason")
RUN_COLUMNS = ("schedule_id", "tenant_id", "due_at", "outcome", "reason", "detail", "job_id", "batch_id")
_ORDER = SystemRandom()
THE_SERVICE = Who(PausedBy.SERVICE)


class _Found(NamedTuple):
    """A schedule that was due when somebody looked."""

    tenant_id: int
    id: UUID
    wake_at: datetime


class _Stumbled(Exception):
    """Over one of several schedules, of which none is decided now. Why: its cause."""

    def __init__(self, schedule_id: UUID) -> None:
        self.schedule_id = schedule_id


def tick(seconds: float) -> bool:
    """Decide what is due, for so long at the most. Returns whether more is due.

    Others may do so at the same time: what they hold is left to them, and each takes its own way through what is due.
    """
    until = time.monotonic() + seconds
    rows = Schedule.objects.filter(wake_at__lte=Now()).order_by("wake_at").values_list("tenant_id", "id", "wake_at")
    due = [_Found(tenant_id, schedule_id, wake_at) for tenant_id, schedule_id, wake_at in rows[:MOST_DUE] if wake_at]
    for step in _steps(due):
        if time.monotonic() >= until:
            return True
        _look_at(step)
    return len(due) == MOST_DUE


def _steps(due: list[_Found]) -> list[list[_Found]]:
    """Each in the order of the tenants, whose capacity it holds: so two that are at it never wait for each other."""
    due.sort()
    steps = [due[first : first + AT_ONCE] for first in range(0, len(due), AT_ONCE)]
    _ORDER.shuffle(steps)
    return steps


def _look_at(step: list[_Found]) -> None:
    """Decide schedules together. One that this fails over has an answer of its own; the others are decided then."""
    if not step:
        return
    try:
        _settle(step)
    except _Stumbled as stumbled:
        _look_at(_without(stumbled, step))
    except Exception as error:
        if isinstance(error, sql.CONNECTION_ERRORS) and not sql.is_given_up(error):
            raise
        if len(step) == 1:
            _answer(step, error)
            return
        for found in step:
            _look_at([found])


def _without(stumbled: _Stumbled, step: list[_Found]) -> list[_Found]:
    """The others, once there is an answer to what one of them has failed over."""
    [found] = [found for found in step if found.id == stumbled.schedule_id]
    error = stumbled.__cause__
    # What is busy is the tenant, for all of its schedules.
    concerned = [each for each in step if each.tenant_id == found.tenant_id] if _is_busy(error) else [found]
    _answer(concerned, error)
    return [each for each in step if each not in concerned]


def _is_busy(error: BaseException | None) -> bool:
    return isinstance(error, (*BUSY, *sql.CONNECTION_ERRORS))


def _answer(step: list[_Found], error: BaseException | None) -> None:
    if _is_busy(error):
        _put_off(step, error)
        return
    # One schedule keeps no other.
    [found] = step
    if isinstance(error, InvalidCalendar):
        _pause_for_good(found.id, f"{NO_CALENDAR} {error} Then resume it.")
    else:
        logger.error("schedule %s could not be dispatched", found.id, exc_info=error)
        _fail(found)


def _pause_for_good(schedule_id: UUID, reason: str) -> None:
    schedule = Schedule.objects.get(id=schedule_id)
    schedules.pause(schedule_id, schedule.tenant_id, THE_SERVICE, reason)


def _fail(found: _Found) -> None:
    """The service trips over its template: that is a failure as others are. Or else over its calendar."""
    try:
        _settle([found], InternalError())
    except sql.CONNECTION_ERRORS:
        raise
    except Exception:
        logger.exception("schedule %s could not be decided", found.id)
        _pause_for_good(found.id, f"{NO_CALENDAR} Change its time zone or its calendar, and resume it.")


def _put_off(step: list[_Found], error: BaseException | None) -> None:
    """Unless somebody has decided them meanwhile."""
    ids = [found.id for found in step]
    logger.warning(
        "schedules are looked at again in %d s: %s (%s)", RETRY.total_seconds(), error, ", ".join(map(str, ids))
    )
    Schedule.objects.filter(id__in=ids, wake_at__lte=Now()).update(wake_at=Now() + RETRY)


def _settle(step: list[_Found], refusal: ApiError | None = None) -> None:
    """Decide the due times that have passed, except of schedules that somebody holds, or has decided since then.

    `refusal`: the last of them fails with it. Raises _Stumbled, and what the database raises.
    """
    found = orjson.dumps([{"id": each.id, "wake_at": each.wake_at} for each in step]).decode()
    with transaction.atomic():
        held = sorted(sql.rows(Due, HOLD, {"found": found}), key=attrgetter("tenant_id"))
        decisions = [_decided(due, refusal) for due in held]
        if decisions:
            _save(decisions)
    schedule_runs.release([decision.dispatched for decision in decisions if decision.dispatched])


def _decided(due: Due, refusal: ApiError | None) -> "_Decision":
    try:
        decision = _Decision(due)
        decision.follow(plan_of(decision.schedule, due.next_due_at, due.present), refusal)
    except Exception as error:
        if isinstance(error, sql.CONNECTION_ERRORS) and not sql.is_given_up(error):
            raise
        raise _Stumbled(due.id) from error
    return decision


def _save(decisions: "list[_Decision]") -> None:
    runs = [run for decision in decisions for run in decision.runs]
    parameters = {
        "runs": orjson.dumps([_columns(run, RUN_COLUMNS) for run in runs]).decode(),
        "schedules": orjson.dumps([_columns(each.schedule, SCHEDULE_COLUMNS) for each in decisions]).decode(),
    }
    sql.execute(DECIDE, parameters)


def _columns(row: Schedule | ScheduleRun, names: Sequence[str]) -> dict[str, object]:
    return {name: getattr(row, name) for name in names}


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of the due times that have passed."""

    next_due: datetime
    # To be dispatched now.
    current: datetime | None = None
    # The others.
    passed: list[tuple[datetime, RunOutcome, str]] = field(default_factory=list)


def plan_of(schedule: Schedule, next_due: datetime, present: datetime) -> Plan:
    """Only the last due time that has passed is dispatched, unless an earlier one waited for the jobs before it."""
    calendar = schedule.calendar
    # The first one as it was told, whatever a new release of the time zones makes of it.
    dues = [next_due, *calendars.due_times(calendar, next_due + AN_INSTANT, present, MOST_PASSED)]
    are_all = len(dues) <= MOST_PASSED
    after = calendar.after(dues[-1]) if are_all else dues.pop()
    if schedule.held == OVERLAP:
        return Plan(after, dues[0], [(due, RunOutcome.SKIPPED, OVERLAP) for due in dues[1:]])
    last = dues[-1]
    missed = [(due, RunOutcome.MISSED, LATE) for due in dues]
    if schedule.held == QUEUE_FULL and last > next_due:
        missed[0] = (next_due, RunOutcome.FAILED, QUEUE_FULL)
    if not are_all:
        return Plan(after, None, missed)
    if last + schedules.delay(schedule, last) > present:
        return Plan(last, None, missed[:-1])
    if present - last <= _patience(schedule) or (schedule.held and last == next_due):
        return Plan(after, last, missed[:-1])
    return Plan(after, None, missed)


def _patience(schedule: Schedule) -> timedelta:
    """How late a due time may be."""
    late = TOLERANCE + timedelta(seconds=schedule.jitter_seconds)
    if schedule.missed == Missed.CATCH_UP_ONCE:
        return max(late, timedelta(seconds=schedule.missed_window_seconds))
    return late


class _Decision:
    """About a schedule whose row is held: what came of its due times, and which is next."""

    def __init__(self, due: Due) -> None:
        self.due = due
        self.schedule = due.schedule()
        self.runs: list[ScheduleRun] = []
        self.dispatched: Dispatched | None = None

    def follow(self, plan: Plan, refusal: ApiError | None) -> None:
        """Raises what neither a refusal nor a full queue is."""
        for due, outcome, reason in plan.passed:
            self._note(due, outcome, reason, SENTENCES[reason])
        schedules.come_due(self.schedule, plan.next_due)
        self.schedule.held = ""
        if plan.current:
            self._try(plan.current, refusal)
        if self.schedule.failures >= MOST_FAILURES and self.schedule.paused_at is None:
            self._pause_after_failures()

    def _try(self, due: datetime, refusal: ApiError | None) -> None:
        if due in self.due.decided:
            # By a backfill.
            return
        if self.due.suspended:
            self._leave_out(due, TenantSuspended.code)
        elif self.due.busy and self.schedule.overlap == Overlap.SKIP:
            self._leave_out(due, OVERLAP)
        elif self.due.busy and self.schedule.overlap == Overlap.QUEUE_ONE:
            self._wait(due, OVERLAP)
        elif refusal:
            self._fail(due, refusal)
        else:
            self._dispatch(due)

    def _dispatch(self, due: datetime) -> None:
        try:
            wanted = schedule_bodies.wanted(self.schedule)
        except ApiError as refusal:
            self._fail(due, refusal)
            return
        try:
            self.dispatched = schedule_runs.dispatch(self.schedule, self.due.access, due, RunTrigger.DUE, wanted)
        except QueueFull as refusal:
            if refusal.retry_after is None:
                # A batch for which there will never be room.
                self._fail(due, refusal)
            else:
                self._wait(due, QUEUE_FULL)
            return
        self.schedule.failures = 0
        if self.dispatched:
            self.runs.append(self.dispatched.run)

    def _leave_out(self, due: datetime, reason: str) -> None:
        self._note(due, RunOutcome.SKIPPED, reason, SENTENCES[reason])

    def _wait(self, due: datetime, reason: str) -> None:
        self.schedule.next_due_at, self.schedule.wake_at, self.schedule.held = due, self.due.present + RETRY, reason

    def _fail(self, due: datetime, refusal: ApiError) -> None:
        detail = _in_full(refusal)
        self._note(due, RunOutcome.FAILED, refusal.code, detail)
        if isinstance(refusal, INVALID):
            self._pause(f"What it dispatches is not valid any more. {detail} Change the schedule, and resume it.")

    def _pause_after_failures(self) -> None:
        last = next(run for run in reversed(self.runs) if run.outcome == RunOutcome.FAILED)
        self._pause(f"{MOST_FAILURES} due times in a row failed, the last one with {last.reason}. {last.detail}")

    def _pause(self, reason: str) -> None:
        logger.warning("schedule %s is paused: %s", self.schedule.id, reason)
        schedules.stop(self.schedule, THE_SERVICE, reason)

    def _note(self, due: datetime, outcome: RunOutcome, reason: str, detail: str) -> None:
        """Once: with queue_one, what is left out is seen again as long as the one before it waits."""
        if due not in self.due.decided:
            self.schedule.failures += outcome == RunOutcome.FAILED
            self.runs.append(
                ScheduleRun(
                    schedule_id=self.due.id,
                    tenant_id=self.due.tenant_id,
                    due_at=due,
                    outcome=outcome,
                    reason=reason,
                    detail=detail,
                )
            )


def _in_full(refusal: ApiError) -> str:
    """The message, and what is wrong with which field."""
    wrong = [field for field in fields_of(refusal) if field["message"] != refusal.message]
    named = [f"{field['path']}: {field['message'].rstrip('.')}." for field in wrong[:SHOWN_FIELDS]]
    return " ".join([refusal.message, *named])
