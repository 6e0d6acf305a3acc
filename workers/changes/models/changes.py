"""Decided changes, and what became of each."""

from datetime import timedelta

from django.db import models
from django.db.models import Q, TextChoices
from django.utils.timezone import now

from aijobs import identifiers
from aijobs.models import ApiKey, Job, Tenant
from workers.catalogue.models.fields import MoneyField
from workers.catalogue.models.products import Product


class PriceChangeStatus(TextChoices):
    # Decided, nothing sent yet.
    PENDING = "pending"
    # In our own database in the transaction that decided it; or the marketplace has taken it.
    APPLIED = "applied"
    # Nothing was changed, and nothing will be.
    REJECTED = "rejected"
    # Sent, or about to be: only reading the price back can tell.
    UNKNOWN = "unknown"


OPEN = (PriceChangeStatus.PENDING, PriceChangeStatus.UNKNOWN)
# What was decided longer ago, and not yet sent, is not sent any more: the market has moved on.
EXPIRES_AFTER = timedelta(hours=1)


class PriceChangeQuerySet(models.QuerySet["PriceChange"]):
    def of(self, tenant_id: int) -> "PriceChangeQuerySet":
        """Only this tenant's: every read of the API starts here."""
        return self.filter(tenant_id=tenant_id)


class PriceChange(models.Model):
    """The audit of one decided price. A job changes a product's price at most once."""

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="+", db_index=False)
    product = models.ForeignKey(Product, models.PROTECT, related_name="price_changes", db_index=False)
    # No constraint: the audit outlives the pruned job.
    job = models.ForeignKey(
        Job, models.DO_NOTHING, null=True, related_name="price_changes", db_constraint=False, db_index=False
    )
    reverts = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="reverted_by", db_index=False, help_text="The change undone."
    )
    before = MoneyField()
    after = MoneyField()
    reason = models.TextField(blank=True)
    status = models.CharField(max_length=16, choices=PriceChangeStatus.choices, default=PriceChangeStatus.APPLIED)
    detail = models.TextField(blank=True, help_text="Why it is not applied, or what the marketplace said.")
    applied_by = models.ForeignKey(
        ApiKey,
        models.SET_NULL,
        null=True,
        related_name="+",
        db_index=False,
        help_text="Who applied it after a look; empty when the job itself did.",
    )
    created_at = models.DateTimeField(default=now, editable=False)
    # How often a worker took it to write it over the network: the fence of what that worker then records.
    attempts = models.PositiveIntegerField(default=0, editable=False)
    # Until then another worker has it, or waits for the marketplace.
    not_before = models.DateTimeField(default=now, editable=False)

    objects = PriceChangeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "product"], name="pricechange_job_product"),
            # One decision at a time is on its way to the marketplace.
            models.UniqueConstraint(fields=["product"], condition=Q(status__in=OPEN), name="pricechange_one_open"),
            models.UniqueConstraint(
                fields=["reverts"],
                condition=~Q(status=PriceChangeStatus.REJECTED),
                name="pricechange_reverted_once",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-id"], name="pricechange_tenant_id"),
            models.Index(fields=["product", "-id"], name="pricechange_product_id"),
            models.Index(fields=["not_before"], condition=Q(status__in=OPEN), name="pricechange_open"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id}: {self.before} → {self.after}"

    @property
    def public_job_id(self) -> str | None:
        return identifiers.encode(identifiers.JOB_PREFIX, self.job_id) if self.job_id else None
