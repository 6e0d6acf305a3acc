"""Schedules: what they are, and creating, changing, pausing, resuming and deleting them. They run in `ticking`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.timezone import now

from aijobs import calendars, identifiers, sql
from aijobs.auth import TenantAccess
from aijobs.calendars import Calendar, Cron, Interval, InvalidCalendar, UnknownZone
from aijobs.engine import statements
from aijobs.errors import InvalidParams, ScheduleExists, ScheduleNotFound, TooManySchedules
from aijobs.models import Schedule
from aijobs.schedule_bodies import FIRST_ANCHOR, Definition, wanted
from aijobs.states import PausedBy

LONGEST_REASON = 500
UPCOMING = 5
WHEN = ("cron", "interval_seconds", "anchor", "timezone", "jitter_seconds")
# How long to wait for the service while it dispatches what the schedule has due.
PATIENCE = "1s"


@dataclass(frozen=True, slots=True)
class Who:
    """Who pauses a schedule. `name`: a key's visible characters, or a user name."""

    kind: PausedBy
    name: str = ""


def get(schedule_id: UUID | None, tenant_id: int) -> Schedule:
    """Raises ScheduleNotFound, also for another tenant's."""
    schedule = Schedule.objects.of(tenant_id).filter(id=schedule_id).first() if schedule_id else None
    if schedule is None:
        raise ScheduleNotFound()
    return schedule


def hold(schedule_id: UUID | None, tenant_id: int) -> Schedule:
    """The schedule, kept from every other writer until the transaction ends. Raises ScheduleNotFound."""
    sql.execute(statements.PATIENCE, {"wait": PATIENCE})
    found = Schedule.objects.of(tenant_id).select_for_update(of=("self",)).select_related("tenant")
    schedule = found.filter(id=schedule_id).first() if schedule_id else None
    if schedule is None:
        raise ScheduleNotFound()
    return schedule


def create(tenant: TenantAccess, definition: Definition) -> Schedule:
    """Raises ScheduleExists, TooManySchedules."""
    schedule = Schedule(id=identifiers.new_id(), tenant_id=tenant.id, **_columns(definition))
    start(schedule)
    try:
        with transaction.atomic():
            # One after the other: none of two at once may be the 201st.
            sql.execute(statements.PATIENCE, {"wait": PATIENCE})
            sql.execute(statements.LOCK_TENANT, {"tenant": tenant.id})
            if Schedule.objects.of(tenant.id).count() >= TooManySchedules.most:
                raise TooManySchedules()
            schedule.save(force_insert=True)
    except IntegrityError:
        raise ScheduleExists() from None
    return schedule


def refuse_name(tenant_id: int, name: str, schedule_id: UUID | None) -> None:
    """For a form, which asks before it writes: what `create` and `change` would refuse now.

    Raises ScheduleExists, TooManySchedules.
    """
    present = Schedule.objects.of(tenant_id)
    if present.filter(name=name).exclude(id__in=filter(None, [schedule_id])).exists():
        raise ScheduleExists()
    if schedule_id is None and present.count() >= TooManySchedules.most:
        raise TooManySchedules()


def change(schedule_id: UUID | None, tenant_id: int, definition: Definition) -> Schedule:
    """With another calendar it comes due for the first time from now on. Raises ScheduleNotFound, ScheduleExists."""
    columns = _columns(definition)
    try:
        with transaction.atomic():
            schedule = hold(schedule_id, tenant_id)
            before = _when(schedule)
            for name, value in columns.items():
                setattr(schedule, name, value)
            if _when(schedule) != before and schedule.paused_at is None:
                start(schedule)
            schedule.failures = 0
            schedule.updated_at = now()
            schedule.save()
    except IntegrityError:
        raise ScheduleExists() from None
    return schedule


def _when(schedule: Schedule) -> tuple[object, ...]:
    """What its due times follow from. Not its calendar, which a change may have to mend."""
    return tuple(getattr(schedule, name) for name in WHEN)


def _columns(definition: Definition) -> Mapping[str, Any]:
    calendar = definition.calendar
    return {
        "name": definition.name,
        "cron": calendar.expression if isinstance(calendar, Cron) else "",
        "interval_seconds": calendar.seconds if isinstance(calendar, Interval) else None,
        "anchor": _near(calendar) if isinstance(calendar, Interval) else None,
        "timezone": definition.timezone,
        "template_kind": definition.template_kind,
        "template": definition.template,
        "overlap": definition.overlap,
        "missed": definition.missed,
        "missed_window_seconds": definition.missed_window_seconds,
        "jitter_seconds": definition.jitter_seconds,
    }


def _near(interval: Interval) -> datetime:
    """The same interval's first due time of our days: PostgreSQL does not take every year that a caller may name."""
    return interval.after(FIRST_ANCHOR - timedelta(seconds=1))


def pause(schedule_id: UUID | None, tenant_id: int, who: Who, reason: str) -> Schedule:
    """A second time changes nothing. Raises ScheduleNotFound."""
    with transaction.atomic():
        schedule = hold(schedule_id, tenant_id)
        if schedule.paused_at is None:
            stop(schedule, who, reason)
            schedule.save()
    return schedule


def resume(schedule_id: UUID | None, tenant_id: int) -> Schedule:
    """The next due time is the first one from now on.

    Raises ScheduleNotFound, InvalidParams where it cannot be told, and what refuses the template.
    """
    with transaction.atomic():
        schedule = hold(schedule_id, tenant_id)
        if schedule.paused_at is not None:
            wanted(schedule)
            schedule.paused_at = None
            schedule.paused_by = schedule.paused_by_name = schedule.pause_reason = ""
            schedule.failures = 0
            calendar_of(schedule)
            start(schedule)
            schedule.save()
    return schedule


def delete(schedule_id: UUID | None, tenant_id: int) -> None:
    """Its jobs and runs stay. Raises ScheduleNotFound."""
    with transaction.atomic():
        schedule = hold(schedule_id, tenant_id)
        schedule.deleted_at = now()
        schedule.next_due_at = schedule.wake_at = None
        schedule.save()


def start(schedule: Schedule) -> None:
    """From the first due time after the present; nothing is written."""
    schedule.held = ""
    come_due(schedule, schedule.calendar.after(now()))


def come_due(schedule: Schedule, due: datetime) -> None:
    """The due time that is decided next; nothing is written."""
    schedule.next_due_at = due
    schedule.wake_at = due + delay(schedule, due)


def upcoming(schedule: Schedule) -> list[datetime]:
    """Its next due times, the one that is decided next included; of a paused one, if it were resumed now.

    None where they cannot be told any more.
    """
    try:
        following = calendars.upcoming(schedule.calendar, schedule.next_due_at or now())
        return list(islice(chain(filter(None, [schedule.next_due_at]), following), UPCOMING))
    except InvalidCalendar:
        return []


def in_words(schedule: Schedule) -> str:
    """When it comes due; or why that cannot be told any more."""
    try:
        return calendars.in_words(schedule.calendar)
    except InvalidCalendar as error:
        return str(error)


def calendar_of(schedule: Schedule) -> Calendar:
    """For whoever asks for its due times. Raises InvalidParams."""
    try:
        return schedule.calendar
    except InvalidCalendar as error:
        path = "timezone" if isinstance(error, UnknownZone) else "cron"
        raise InvalidParams(details=[{"path": path, "message": str(error)}]) from None


def delay(schedule: Schedule, due: datetime) -> timedelta:
    """By how much later than due it is dispatched."""
    return calendars.delay(schedule.calendar, due, schedule.id, schedule.jitter_seconds)


def stop(schedule: Schedule, who: Who, reason: str) -> None:
    """Pause it; nothing is written."""
    schedule.paused_at = now()
    schedule.paused_by, schedule.paused_by_name, schedule.pause_reason = who.kind, who.name, reason
    schedule.next_due_at = schedule.wake_at = None
    schedule.held = ""
