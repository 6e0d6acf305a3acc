"""What is sent and shown of schedules and their runs."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from aijobs import identifiers, schedule_runs, schedules
from aijobs.api.wire.shapes import Pagination
from aijobs.models import Schedule, ScheduleRun
from aijobs.schedules import LONGEST_REASON
from aijobs.shapes import LABEL, RequestModel, SentMoment
from aijobs.states import Missed, Overlap, PausedBy, RunOutcome, RunTrigger


class PauseRequest(RequestModel):
    reason: Annotated[str, LABEL] = Field(
        description="Why, in your words, for whoever finds it paused.",
        min_length=1,
        max_length=LONGEST_REASON,
        examples=["stock-taking until Monday"],
    )


class BackfillRequest(RequestModel):
    from_: SentMoment = Field(
        alias="from",
        description="From this moment on: a year ago at the earliest, and not so long ago that the service has "
        "forgotten what it dispatched then (90 days, unless the operator has chosen otherwise).",
    )
    to: SentMoment = Field(description="Up to this moment, which has passed.")
    count: int | None = Field(
        default=None,
        description="How many due times of this range have not been dispatched, as the service has told you. Without "
        "it, the service tells you, and dispatches nothing.",
        ge=0,
        le=schedule_runs.MOST_BACKFILLED,
    )


class Pause(BaseModel):
    at: datetime
    by: PausedBy = Field(description="`service` means that the schedule paused itself.")
    key: str | None = Field(description="The first characters of the API key that paused it.")
    reason: str


class RunView(BaseModel):
    due_at: datetime
    trigger: RunTrigger = Field(description="`due`, or `run_now` or `backfill` if somebody asked for it.")
    outcome: RunOutcome = Field(
        description="`dispatched`; `skipped` by the schedule's rule, or because the tenant was suspended; `missed` "
        "while the service was not running; or `failed`, because the template or the queue refused."
    )
    reason: str | None = Field(description="A code, of all but the dispatched ones.", examples=["OVERLAP"])
    detail: str | None = Field(description="The reason in a sentence.")
    job_id: str | None
    batch_id: str | None
    created_at: datetime


class ListedSchedule(BaseModel):
    id: str = Field(examples=["schedule_01JQZ4X5M8N9P0Q1R2S3T4V5W6"])
    name: str
    cron: str | None
    interval_seconds: int | None
    anchor: datetime | None
    timezone: str
    description: str = Field(
        description="When it comes due, in words; or why that cannot be told any more.",
        examples=["At 02:30 on Monday through Friday"],
    )
    job: dict[str, Any] | None = Field(description="What it dispatches, as you sent it.")
    batch: dict[str, Any] | None
    overlap: Overlap
    missed: Missed
    missed_window_seconds: int
    jitter_seconds: int
    paused: Pause | None
    next_due_at: datetime | None = Field(description="The due time that is decided next. It is null while paused.")
    waiting_for: str | None = Field(
        description="Why that due time waits although it has passed: `QUEUE_FULL`, or `OVERLAP` with `queue_one`."
    )
    last_run: RunView | None
    created_at: datetime
    updated_at: datetime


class ScheduleView(ListedSchedule):
    upcoming: list[datetime] = Field(description="The next five due times; of a paused one, if it were resumed now.")


class ScheduleAnswer(BaseModel):
    data: ScheduleView


class ScheduleList(BaseModel):
    data: list[ListedSchedule]
    pagination: Pagination


class RunAnswer(BaseModel):
    data: RunView


class RunList(BaseModel):
    data: list[RunView]
    pagination: Pagination


class BackfillView(BaseModel):
    count: int = Field(description="How many due times of the range had not been dispatched.")
    due_times: list[datetime]
    runs: list[RunView] = Field(
        description="What was dispatched now. If the queue has become full, there are fewer than `count`: ask again."
    )


class BackfillAnswer(BaseModel):
    data: BackfillView


def show_run(run: ScheduleRun) -> dict[str, object]:
    """A `RunView`."""
    return {
        "due_at": run.due_at,
        "trigger": run.trigger,
        "outcome": run.outcome,
        "reason": run.reason or None,
        "detail": run.detail or None,
        "job_id": identifiers.encode(identifiers.JOB_PREFIX, run.job_id) if run.job_id else None,
        "batch_id": identifiers.encode(identifiers.BATCH_PREFIX, run.batch_id) if run.batch_id else None,
        "created_at": run.created_at,
    }


def show_listed(schedule: Schedule, last_run: ScheduleRun | None) -> dict[str, object]:
    """A `ListedSchedule`."""
    return {
        "id": schedule.public_id,
        "name": schedule.name,
        "cron": schedule.cron or None,
        "interval_seconds": schedule.interval_seconds,
        "anchor": schedule.anchor,
        "timezone": schedule.timezone,
        "description": schedules.in_words(schedule),
        "job": None,
        "batch": None,
        schedule.template_kind: schedule.template,
        "overlap": schedule.overlap,
        "missed": schedule.missed,
        "missed_window_seconds": schedule.missed_window_seconds,
        "jitter_seconds": schedule.jitter_seconds,
        "paused": _show_pause(schedule),
        "next_due_at": schedule.next_due_at,
        "waiting_for": schedule.held or None,
        "last_run": last_run and show_run(last_run),
        "created_at": schedule.created_at,
        "updated_at": schedule.updated_at,
    }


def _show_pause(schedule: Schedule) -> dict[str, object] | None:
    """A `Pause`. Who of the staff it was is none of the caller's business."""
    if schedule.paused_at is None:
        return None
    key = schedule.paused_by_name if schedule.paused_by == PausedBy.KEY else None
    return {
        "at": schedule.paused_at,
        "by": schedule.paused_by,
        "key": key,
        "reason": schedule.pause_reason,
    }
