"""Sellers, and how much of the queue each may take."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.timezone import now

from aijobs import zones
from aijobs.states import Priority

# A century. PostgreSQL's calendar begins some thousand years before.
MOST_DAYS = 36_500


def validate_timezone(name: str) -> None:
    if zones.find(name) is None:
        raise ValidationError(f"{name!r} {zones.UNKNOWN}")


class Tenant(models.Model):
    """A seller. Its name is what X-Tenant-ID carries."""

    name = models.CharField(
        max_length=63,
        unique=True,
        validators=[
            RegexValidator(r"\A[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\Z", "Use a-z, 0-9 and '-', for example my-shop-1.")
        ],
    )
    timezone = models.CharField(
        max_length=64,
        default="UTC",
        validators=[validate_timezone],
        help_text="The time zone of dates without a time.",
    )
    created_at = models.DateTimeField(default=now, editable=False)
    suspended_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Since then, the service refuses the tenant's keys (403), and its jobs and changes wait.",
    )
    release_window = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="How many jobs of each lane may be in the broker at a time. Leave it empty for "
        "AIJOBS_RELEASE_WINDOW.",
    )
    max_running = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="How many jobs may run at a time. Leave it empty for no limit.",
    )
    queue_limit = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="How many jobs may be queued or running at a time. Leave it empty for AIJOBS_TENANT_QUEUE_LIMIT.",
    )
    rate_limit = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="How many requests each of its keys may make in a minute. Leave it empty for AIJOBS_RATE_LIMIT.",
    )
    job_days = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_DAYS)],
        help_text="How many days a job is kept after its end, with its events. Leave it empty for AIJOBS_JOB_DAYS.",
    )
    result_days = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_DAYS)],
        help_text="How many days a job's result is kept after its end, if not as long as the job. Leave it "
        "empty for AIJOBS_RESULT_DAYS.",
    )
    offer_days = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_DAYS)],
        help_text="How many days competitors' offers are kept. Leave it empty for AIJOBS_OFFER_DAYS.",
    )

    class Meta:
        # With a window or a number of places below 1 its jobs would wait for ever, without a word, and with such a
        # queue it would be told to try again for ever: a tenant that is to be stopped is suspended.
        constraints = [
            models.CheckConstraint(condition=Q(release_window__gte=1), name="tenant_release_window_positive"),
            models.CheckConstraint(condition=Q(max_running__gte=1), name="tenant_max_running_positive"),
            models.CheckConstraint(condition=Q(queue_limit__gte=1), name="tenant_queue_limit_positive"),
            models.CheckConstraint(condition=Q(rate_limit__gte=1), name="tenant_rate_limit_positive"),
            # With none, all would be deleted at once.
            *(
                models.CheckConstraint(
                    condition=Q((f"{name}__range", (1, MOST_DAYS))), name=f"tenant_{name}_in_range"
                )
                for name in ("job_days", "result_days", "offer_days")
            ),
            # A job that is gone has no result.
            models.CheckConstraint(
                condition=Q(result_days__lte=F("job_days")), name="tenant_result_days_within_job_days"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        days: int = self.job_days or settings.AIJOBS_JOB_DAYS
        if self.result_days and self.result_days > days:
            told = f"Results go with their jobs, after {days} days. Enter {days} or fewer, or nothing."
            raise ValidationError({"result_days": told})


class TenantCapacity(models.Model):
    """The tenant's queued and running jobs, counted exactly by the statements that insert and end them.

    One row per tenant, inserted at its first dispatch. It gets a larger id now and then: see statements.CAPACITY_ID.
    """

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="+", db_index=False)
    active = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        verbose_name_plural = "tenant capacities"
        indexes = [models.Index(fields=["tenant", "id"], name="capacity_tenant_id")]

    def __str__(self) -> str:
        return f"{self.tenant_id}: {self.active}"


class LaneBound(models.Model):
    """Where a tenant's active jobs of one lane begin: see engine/bounds.py."""

    pk = models.CompositePrimaryKey("tenant_id", "lane")
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="+", db_index=False)
    lane = models.SmallIntegerField(choices=Priority.choices)
    # Its queued, unblocked jobs became due at this moment or later, and its running ones were started so.
    due_from = models.DateTimeField()
    started_from = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.lane}: {self.due_from}"
