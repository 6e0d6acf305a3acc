"""Work that comes again: schedules, and what came of their due times."""

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.timezone import now

from aijobs import calendars, identifiers
from aijobs.calendars import SHORTEST_SECONDS, Calendar, Interval
from aijobs.models.batches import Batch
from aijobs.models.tenants import Tenant, validate_timezone
from aijobs.models.written import WrittenJSONField
from aijobs.states import Missed, Overlap, PausedBy, RunOutcome, RunTrigger, TemplateKind


class ScheduleQuerySet(models.QuerySet["Schedule"]):
    def of(self, tenant_id: int) -> "ScheduleQuerySet":
        """Only this tenant's, and not those that it deleted: every read of the API starts here."""
        return self.filter(tenant_id=tenant_id, deleted_at=None)


class Schedule(models.Model):
    """A job or a batch that is dispatched again and again. Written by `aijobs.schedules` and `aijobs.ticking`.

    Whoever writes it holds its row first. A deleted one stays for as long as jobs and runs name it.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="schedules", db_index=False)
    name = models.CharField(max_length=100)
    # One of the two; an interval is counted from its anchor.
    cron = models.CharField(max_length=100, blank=True, default="")
    interval_seconds = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(SHORTEST_SECONDS)]
    )
    anchor = models.DateTimeField(null=True, blank=True)
    timezone = models.CharField(max_length=64, validators=[validate_timezone])
    # The body that would dispatch it.
    template_kind = models.CharField(max_length=8, choices=TemplateKind.choices)
    template = WrittenJSONField()
    overlap = models.CharField(max_length=16, choices=Overlap.choices)
    missed = models.CharField(max_length=16, choices=Missed.choices)
    missed_window_seconds = models.PositiveIntegerField()
    jitter_seconds = models.PositiveIntegerField()

    # The due time that is decided next, and when the service looks at it: then, later by the jitter, or again where
    # it waits. Neither while the schedule is paused.
    next_due_at = models.DateTimeField(null=True)
    wake_at = models.DateTimeField(null=True)
    # Why that due time has to wait: QUEUE_FULL or OVERLAP.
    held = models.CharField(max_length=16, default="")
    # Due times in a row that failed.
    failures = models.PositiveIntegerField(default=0)
    paused_at = models.DateTimeField(null=True)
    paused_by = models.CharField(max_length=8, choices=PausedBy.choices, default="")
    # Of a key its visible characters, of staff the user name.
    paused_by_name = models.CharField(max_length=150, default="")
    pause_reason = models.TextField(default="")
    created_at = models.DateTimeField(default=now, editable=False)
    updated_at = models.DateTimeField(default=now, editable=False)
    deleted_at = models.DateTimeField(null=True)

    objects = ScheduleQuerySet.as_manager()

    class Meta:
        constraints = [
            # A creation that is repeated makes no second one.
            models.UniqueConstraint(
                fields=["tenant", "name"], name="schedule_tenant_name", condition=Q(deleted_at=None)
            ),
            models.CheckConstraint(
                condition=(~Q(cron="") & Q(interval_seconds=None, anchor=None))
                | Q(cron="", interval_seconds__gte=SHORTEST_SECONDS, anchor__isnull=False),
                name="schedule_one_calendar",
            ),
            models.CheckConstraint(
                condition=Q(paused_at=None, deleted_at=None, next_due_at__isnull=False, wake_at__isnull=False)
                | (~Q(paused_at=None, deleted_at=None) & Q(next_due_at=None, wake_at=None)),
                name="schedule_due_unless_paused",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-id"], name="schedule_tenant_id", condition=Q(deleted_at=None)),
            # For deletion by age.
            models.Index(
                fields=["tenant", "deleted_at"], name="schedule_deleted", condition=Q(deleted_at__isnull=False)
            ),
            models.Index(fields=["wake_at"], name="schedule_wake_at", condition=Q(wake_at__isnull=False)),
            # For the operator, who is told of them.
            models.Index(
                fields=["-paused_at"],
                name="schedule_paused_itself",
                condition=Q(paused_by=PausedBy.SERVICE, deleted_at=None),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def public_id(self) -> str:
        return identifiers.encode(identifiers.SCHEDULE_PREFIX, self.id)

    @property
    def calendar(self) -> Calendar:
        """When it comes due. Raises InvalidCalendar where that cannot be told any more."""
        if self.interval_seconds is not None and self.anchor is not None:
            return Interval(self.interval_seconds, self.anchor)
        return calendars.stored(self.cron, self.timezone)


class ScheduleRun(models.Model):
    """What came of one due time of a schedule, or of a dispatch that somebody asked for."""

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="runs", db_index=False)
    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="+", db_index=False)
    due_at = models.DateTimeField()
    trigger = models.CharField(max_length=8, choices=RunTrigger.choices)
    outcome = models.CharField(max_length=16, choices=RunOutcome.choices)
    # An error's code, OVERLAP or LATE; and the sentence.
    reason = models.CharField(max_length=64, default="")
    detail = models.TextField(default="")
    # Of the dispatched ones. Jobs and batches may be deleted before.
    job = models.ForeignKey(
        "Job", models.DO_NOTHING, null=True, related_name="+", db_constraint=False, db_index=False
    )
    batch = models.ForeignKey(
        Batch, models.DO_NOTHING, null=True, related_name="+", db_constraint=False, db_index=False
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            # No due time is dispatched twice, whatever else goes wrong.
            models.UniqueConstraint(fields=["schedule", "due_at"], name="schedulerun_schedule_due_at"),
        ]
        # For deletion by age.
        indexes = [models.Index(fields=["tenant", "created_at"], name="schedulerun_tenant_age")]

    def __str__(self) -> str:
        return f"{self.schedule_id} {self.due_at}: {self.outcome}"
