"""What is stored. `lifecycle.py` is the only writer of a job's status; nothing else changes these job rows."""

from zoneinfo import available_timezones

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Now
from django.utils.timezone import now

from aijobs import identifiers
from aijobs.states import EventKind, OnFailure, Priority, Status


def validate_timezone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(f"{name!r} is not a time zone, such as Europe/Berlin.")


class Tenant(models.Model):
    """A seller. Its name is what X-Tenant-ID carries."""

    name = models.CharField(
        max_length=63,
        unique=True,
        validators=[RegexValidator(r"\A[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\Z", "Use a-z, 0-9 and '-', as in my-shop-1.")],
    )
    timezone = models.CharField(
        max_length=64,
        default="UTC",
        validators=[validate_timezone],
        help_text="Decides what a bare date means.",
    )
    created_at = models.DateTimeField(default=now, editable=False)
    suspended_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when its keys are refused (403) and its queued jobs wait."
    )
    release_window = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Jobs per lane in the broker at a time; empty: AIJOBS_RELEASE_WINDOW.",
    )
    max_running = models.PositiveIntegerField(
        null=True, blank=True, help_text="Jobs running at a time; empty: no limit."
    )
    queue_limit = models.PositiveIntegerField(
        null=True, blank=True, help_text="Jobs queued or running at a time; empty: AIJOBS_TENANT_QUEUE_LIMIT."
    )

    def __str__(self) -> str:
        return self.name


class TenantCapacity(models.Model):
    """The tenant's queued and running jobs, counted exactly by the statements that insert and end them."""

    tenant = models.OneToOneField(Tenant, models.CASCADE, primary_key=True, related_name="capacity")
    active = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        verbose_name_plural = "tenant capacities"

    def __str__(self) -> str:
        return f"{self.tenant_id}: {self.active}"


class ApiKey(models.Model):
    """A caller's key: shown once, stored as a SHA-256 hash. Belongs to one tenant or to several."""

    label = models.CharField(max_length=200, blank=True, help_text="Who or what uses this key.")
    prefix = models.CharField(max_length=16, editable=False, help_text="The visible beginning of the key.")
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=64), help_text="Such as ai-jobs:write,ai-jobs:read")
    tenants = models.ManyToManyField(Tenant, related_name="api_keys")
    created_at = models.DateTimeField(default=now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.prefix}…"


class BatchQuerySet(models.QuerySet["Batch"]):
    def of(self, tenant_id: int) -> "BatchQuerySet":
        """Only this tenant's: every read of the API starts here."""
        return self.filter(tenant_id=tenant_id)


class Batch(models.Model):
    """Jobs that were accepted together. Its status and counts are derived from its jobs."""

    id = models.UUIDField(primary_key=True, editable=False)
    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="batches", db_index=False)
    sequential = models.BooleanField()
    on_failure = models.CharField(max_length=8, choices=OnFailure.choices)
    created_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True)

    objects = BatchQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "batches"
        indexes = [models.Index(fields=["tenant", "id"], name="batch_tenant_id")]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        return identifiers.encode(identifiers.BATCH_PREFIX, self.id)


class JobQuerySet(models.QuerySet["Job"]):
    def of(self, tenant_id: int) -> "JobQuerySet":
        """Only this tenant's: every read of the API starts here."""
        return self.filter(tenant_id=tenant_id)


# The order of every list. "Nulls last" keeps the planner off the primary key, which it believes to be the shortest
# way to a large tenant's newest jobs: behind 100,000 newer ones of others that took 150 ms instead of 4.
NEWEST_FIRST = F("id").desc(nulls_last=True)

# Waiting in PostgreSQL for the broker, and waiting in the broker for a worker.
UNRELEASED = Q(status=Status.QUEUED, released_at__isnull=True)
RELEASED = Q(status=Status.QUEUED, released_at__isnull=False)


class Job(models.Model):
    """One piece of work, from dispatch to its end."""

    id = models.UUIDField(primary_key=True, editable=False)
    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="jobs", db_index=False)
    type = models.CharField(max_length=64)
    params = models.JSONField()
    created_at = models.DateTimeField()

    # What the caller asked for never changes; the lane is the queue that the job is in now (see promotion).
    priority = models.SmallIntegerField(choices=Priority.choices)
    lane = models.SmallIntegerField(choices=Priority.choices)

    batch = models.ForeignKey(Batch, models.PROTECT, null=True, related_name="jobs", db_index=False)
    position = models.PositiveSmallIntegerField(null=True)
    # Waits for the member before it in a sequential batch.
    blocked = models.BooleanField(default=False, db_default=False)

    status = models.CharField(max_length=16, choices=Status.choices)
    # Due from this moment on: creation, unblocking, or the end of a backoff.
    run_after = models.DateTimeField()
    # When its id was last published to the broker, and how often it has been.
    released_at = models.DateTimeField(null=True)
    releases = models.PositiveIntegerField(default=0, db_default=0)

    # The fence: grows with every claim and never shrinks. `failures` is the budget of transient failures.
    attempt = models.PositiveIntegerField(default=0, db_default=0)
    failures = models.PositiveIntegerField(default=0, db_default=0)
    event_seq = models.PositiveIntegerField(default=0, db_default=0)
    worker = models.CharField(max_length=200, default="", db_default="")
    lease_expires_at = models.DateTimeField(null=True)
    deadline_at = models.DateTimeField(null=True)
    processed = models.PositiveIntegerField(default=0, db_default=0)
    total = models.PositiveIntegerField(null=True)

    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    result = models.JSONField(null=True)
    error_code = models.CharField(max_length=64, default="", db_default="")
    error_message = models.TextField(default="", db_default="")
    cancel_reason = models.CharField(max_length=64, default="", db_default="")
    cancelled_by = models.ForeignKey("self", models.PROTECT, null=True, related_name="+", db_index=False)

    objects = JobQuerySet.as_manager()

    class Meta:
        # No index on lease, progress, seq or attempt, so that a renewal stays a heap-only update.
        indexes = [
            models.Index("tenant", NEWEST_FIRST, name="job_tenant_id"),
            models.Index("tenant", "status", NEWEST_FIRST, name="job_tenant_status_id"),
            models.Index("tenant", "type", NEWEST_FIRST, name="job_tenant_type_id"),
            # The filter by priority. Normal is what most jobs are: theirs would cost more than it saves.
            models.Index("tenant", NEWEST_FIRST, name="job_tenant_high", condition=Q(priority=Priority.HIGH)),
            models.Index("tenant", NEWEST_FIRST, name="job_tenant_low", condition=Q(priority=Priority.LOW)),
            models.Index(fields=["batch", "position"], name="job_batch_position", condition=Q(batch__isnull=False)),
            models.Index(
                fields=["tenant", "lane", "run_after", "id"],
                name="job_unreleased",
                condition=UNRELEASED & Q(blocked=False),
            ),
            models.Index(fields=["tenant", "lane"], name="job_released", condition=RELEASED),
            models.Index(fields=["tenant", "id"], name="job_running", condition=Q(status=Status.RUNNING)),
            # Promotion looks for what has waited longest below the highest lane. The condition on the lane keeps
            # other statements off this index, which a planner may believe to be short.
            models.Index(
                fields=["run_after"],
                name="job_waiting",
                condition=Q(status=Status.QUEUED, blocked=False, lane__lt=Priority.HIGH),
            ),
            # Medians of run times and the drain rate.
            models.Index(fields=["type", "-completed_at"], name="job_ended", condition=Q(completed_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        return identifiers.encode(identifiers.JOB_PREFIX, self.id)

    @property
    def retry_count(self) -> int:
        """The failures before the final one."""
        return self.failures - 1 if self.status == Status.FAILED else self.failures

    @property
    def duration_seconds(self) -> float | None:
        """How long the last attempt took, if it has ended."""
        if self.started_at is None or self.completed_at is None:
            return None
        return round((self.completed_at - self.started_at).total_seconds(), 3)


class TransactionIdField(models.Field):  # type: ignore[type-arg]  # not subscriptable at run time
    """PostgreSQL's xid8: the transaction that wrote a row."""

    def db_type(self, connection: object) -> str:
        return "xid8"


class JobEvent(models.Model):
    """What happened to a job, in order. Written by the statement that makes the transition."""

    # No constraints to job and tenant: the row is written by the statement that just wrote the job.
    job = models.ForeignKey(Job, models.CASCADE, related_name="events", db_constraint=False, db_index=False)
    seq = models.PositiveIntegerField()
    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    kind = models.CharField(max_length=16, choices=EventKind.choices)
    attempt = models.PositiveIntegerField()
    at = models.DateTimeField(db_default=Now())
    # Error, cancellation or delay, as far as the caller may know it.
    data = models.JSONField(null=True)
    # Identity values commit out of order: a reader of a tenant's stream orders by (transaction, id) and stops
    # below pg_snapshot_xmin.
    transaction = TransactionIdField(db_default=Func(function="pg_current_xact_id"), editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "seq"], name="jobevent_job_seq")]

    def __str__(self) -> str:
        return f"{self.job_id} {self.seq} {self.kind}"


class IdempotencyKey(models.Model):
    """The first answer to a request, kept for 24 hours. Inserted by the statement that inserts the job."""

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=255)
    # SHA-256 of the endpoint and the canonical body.
    fingerprint = models.BinaryField(max_length=32)
    # As text: replayed as it was, also in the order of its fields.
    response = models.TextField()
    location = models.CharField(max_length=200)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "key"], name="idempotencykey_tenant_key")]
        # For pruning once an hour: a tenth of a percent of a B-tree, and next to nothing for a dispatch.
        indexes = [BrinIndex(fields=["created_at"], name="idempotencykey_created_at")]

    def __str__(self) -> str:
        return self.key


class QueueStatistics(models.Model):
    """One row, written by the sweeper every two seconds and cached by readers for one: dispatch never counts."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    refreshed_at = models.DateTimeField()
    # Jobs queued or running, of all tenants.
    active = models.PositiveIntegerField()
    # Jobs queued per lane: {"0": 12, "1": 3, "2": 0}.
    depths = models.JSONField()
    # Jobs ended per second in the last minute.
    drain_rate = models.FloatField()
    # Median seconds of the last completed runs per type, where there are any.
    medians = models.JSONField()

    class Meta:
        verbose_name_plural = "queue statistics"

    def __str__(self) -> str:
        return f"{self.active} active"
