"""One piece of work, from dispatch to its end. The engine is the only writer of its status."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Cast, Lower

from aijobs import identifiers
from aijobs.models.batches import Batch
from aijobs.models.keys import ApiKey
from aijobs.models.schedules import Schedule
from aijobs.models.tenants import Tenant
from aijobs.models.written import WrittenJSONField
from aijobs.states import Priority, Status


class JobQuerySet(models.QuerySet["Job"]):
    def of(self, tenant_id: int) -> "JobQuerySet":
        """Only this tenant's: every read of the API starts here."""
        return self.filter(tenant_id=tenant_id)

    def with_term(self, term: str) -> "JobQuerySet":
        """The jobs that name this SKU, have this tag, or came with this X-Request-ID or Idempotency-Key."""
        tagged = ~Q(tags=[]) & Q(tags__contains=[term])
        return self.alias(terms=TERMS).filter(Q(terms__contains=[term]) | tagged)

    def with_text_of(self, *documents: str) -> "JobQuerySet":
        """With `metadata_text`, `params_text` and `result_text` as they were written; none is read as values.

        The metadata are always there, of the others those that are named.
        """
        texts = {f"{name}_text": Cast(name, models.TextField()) for name in ("metadata", *documents)}
        return self.defer("metadata", "params", "result").annotate(**texts)

    def without_documents(self) -> "JobQuerySet":
        """Without params and result, but with `has_result`."""
        return self.with_text_of().annotate(**{"has_result": Q(result__isnull=False)})


# The order of every list. "Nulls last" keeps the planner off the primary key, which it believes to be the shortest
# way to a large tenant's newest jobs: behind 100,000 newer ones of others that took 150 ms instead of 4.
NEWEST_FIRST = F("id").desc(nulls_last=True)

# The status as lists filter by it. An expression keeps the planner from their index elsewhere: it would take that for
# the shortest way to a tenant's queued jobs, and walk past every dead row of those that have been queued.
LISTED_STATUS = Lower("status")

# Waiting in PostgreSQL for the broker, and waiting in the broker for a worker.
UNRELEASED = Q(status=Status.QUEUED, released_at__isnull=True)
RELEASED = Q(status=Status.QUEUED, released_at__isnull=False)

# Cancelled once the moment has come. A claim grows `attempt`.
UNSTARTED_TO_EXPIRE = Q(status=Status.QUEUED, attempt=0, expires_at__isnull=False)


class Terms(Func):
    """Arrays of texts, one behind the other."""

    template = "(%(expressions)s)"
    arg_joiner = " || "
    output_field = ArrayField(models.TextField())


# What a job is found by, each whole: its SKUs, the X-Request-ID and the Idempotency-Key that it came with.
TERMS = Terms(
    "subjects",
    Func(
        Func("request_id", "idempotency_key", template="ARRAY[%(expressions)s]::text[]"),
        Value(""),
        function="array_remove",
    ),
)


class Job(models.Model):
    """One piece of work, from dispatch to its end."""

    id = models.UUIDField(primary_key=True, editable=False)
    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="jobs", db_index=False)
    type = models.CharField(max_length=64)
    params = WrittenJSONField()
    # The SKUs that the params name: what the job is about, to be found by.
    subjects = ArrayField(models.TextField(), default=list, db_default=[])
    # The caller's own words and data about the job, which mean nothing to the service.
    tags = ArrayField(models.TextField(), default=list, db_default=[])
    metadata = WrittenJSONField(null=True)
    created_at = models.DateTimeField()

    # How it came. No constraints: neither is read in a transition, and the job retried may be pruned before this one.
    request_id = models.CharField(max_length=128, default="", db_default="")
    idempotency_key = models.CharField(max_length=255, default="", db_default="")
    api_key = models.ForeignKey(
        ApiKey, models.DO_NOTHING, null=True, related_name="+", db_index=False, db_constraint=False
    )
    retry_of = models.ForeignKey(
        "self", models.DO_NOTHING, null=True, related_name="retries", db_index=False, db_constraint=False
    )

    # What the caller asked for never changes; the lane is the queue that the job is in now (see promotion).
    priority = models.SmallIntegerField(choices=Priority.choices)
    lane = models.SmallIntegerField(choices=Priority.choices)

    batch = models.ForeignKey(Batch, models.PROTECT, null=True, related_name="jobs", db_index=False)
    position = models.PositiveSmallIntegerField(null=True)
    # The schedule that dispatched it, if one did. A deleted schedule stays until its last job is gone; a constraint
    # would look for that by reading all jobs.
    schedule = models.ForeignKey(
        Schedule, models.DO_NOTHING, null=True, related_name="jobs", db_constraint=False, db_index=False
    )
    # The positions of the members that it waits for, in a batch where any waits so; None elsewhere.
    depends_on = ArrayField(models.PositiveSmallIntegerField(), null=True)
    # Waits for the member before it in a sequential batch, or for those that it depends on.
    blocked = models.BooleanField(default=False, db_default=False)

    status = models.CharField(max_length=16, choices=Status.choices)
    # Due from this moment on: creation, unblocking, the moment that the caller asked for, or the end of a backoff.
    run_after = models.DateTimeField()
    # Not before this moment, as the caller asked; and not started by this one, it is cancelled.
    run_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    # The end of its last backoff: whatever moment the caller asks for, the next attempt does not start before.
    backoff_until = models.DateTimeField(null=True)
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
    result = WrittenJSONField(null=True)
    # When a running job was first asked to stop. It is not tried again from then on.
    cancel_requested_at = models.DateTimeField(null=True)
    # In US dollars, as the result says it, of a type that costs.
    cost = models.DecimalField(max_digits=20, decimal_places=8, null=True)
    error_code = models.CharField(max_length=64, default="", db_default="")
    error_message = models.TextField(default="", db_default="")
    cancel_reason = models.CharField(max_length=64, default="", db_default="")
    # A member of the same batch, which is deleted with it. With a constraint, each job that is deleted would be
    # looked for among all others, and there is no index for that.
    cancelled_by = models.ForeignKey(
        "self", models.DO_NOTHING, null=True, related_name="+", db_constraint=False, db_index=False
    )

    # There where `with_text_of` asked for them.
    metadata_text: str | None
    params_text: str
    result_text: str | None
    # There where `without_documents` left the result out.
    has_result: bool
    # Where a list has explained it.
    why: str
    whole: str

    objects = JobQuerySet.as_manager()

    class Meta:
        # What staff may do. Cancelling, retrying and another priority go by "change".
        permissions = [
            ("export_job", "Can export jobs"),
            ("delete_job_result", "Can delete the results of jobs"),
        ]
        # No index on lease, progress, seq or attempt, so that a renewal stays a heap-only update.
        indexes = [
            # Both backwards, so that pairs of them are a stretch of it: see retention.py.
            models.Index(F("tenant").desc(nulls_last=True), NEWEST_FIRST, name="job_tenant_id"),
            models.Index("tenant", LISTED_STATUS, NEWEST_FIRST, name="job_tenant_status_id"),
            models.Index("tenant", "type", NEWEST_FIRST, name="job_tenant_type_id"),
            # The filter by priority. Normal is what most jobs are: theirs would cost more than it saves.
            models.Index("tenant", NEWEST_FIRST, name="job_tenant_high", condition=Q(priority=Priority.HIGH)),
            models.Index("tenant", NEWEST_FIRST, name="job_tenant_low", condition=Q(priority=Priority.LOW)),
            models.Index(
                "tenant",
                "schedule",
                NEWEST_FIRST,
                name="job_tenant_schedule_id",
                condition=Q(schedule__isnull=False),
            ),
            # Whether a schedule's earlier jobs are still open.
            models.Index(
                fields=["schedule"],
                name="job_schedule_open",
                condition=Q(schedule__isnull=False, status__in=[Status.QUEUED, Status.RUNNING]),
            ),
            models.Index(fields=["batch", "position"], name="job_batch_position", condition=Q(batch__isnull=False)),
            models.Index(
                fields=["tenant", "lane", "run_after", "id"],
                name="job_unreleased",
                condition=UNRELEASED & Q(blocked=False),
            ),
            models.Index(fields=["tenant", "lane", "run_after"], name="job_released", condition=RELEASED),
            models.Index(
                fields=["tenant", "lane", "started_at"], name="job_running", condition=Q(status=Status.RUNNING)
            ),
            # Promotion looks for what has waited longest below the highest lane. The condition on the lane keeps
            # other statements off this index, which a planner may believe to be short.
            models.Index(
                fields=["run_after"],
                name="job_waiting",
                condition=Q(status=Status.QUEUED, blocked=False, lane__lt=Priority.HIGH),
            ),
            # What has ended lately, for the self-check.
            models.Index(fields=["type", "-completed_at"], name="job_ended", condition=Q(completed_at__isnull=False)),
            # The filter by code. Only failed jobs have one, so nothing is dearer for the others.
            models.Index(
                "tenant", "error_code", NEWEST_FIRST, name="job_tenant_error_code", condition=~Q(error_code="")
            ),
            # What staff look for without a tenant.
            models.Index(fields=["-id"], name="job_failed", condition=Q(status=Status.FAILED)),
            models.Index(fields=["error_code", "-id"], name="job_error_code", condition=~Q(error_code="")),
            models.Index(fields=["retry_of"], name="job_retry_of", condition=Q(retry_of__isnull=False)),
            # One for all terms: each B-tree of random ids cost every job 0.1 ms, at its dispatch, claim and end. A
            # short list of what is pending, so that whose turn it is to sort it in pays for little.
            GinIndex(TERMS, name="job_terms", gin_pending_list_limit=256),
            # One of its own, so that a job without tags costs nothing.
            GinIndex(fields=["tags"], name="job_tags", condition=~Q(tags=[]), gin_pending_list_limit=256),
            models.Index(fields=["expires_at"], name="job_expiring", condition=UNSTARTED_TO_EXPIRE),
            # Results that are deleted before their jobs are.
            models.Index(fields=["tenant", "id"], name="job_result", condition=Q(result__isnull=False)),
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
