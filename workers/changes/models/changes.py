"""Decided changes, and what became of each."""

from datetime import timedelta

from django.db import models
from django.db.models import OuterRef, Q, Subquery, TextChoices
from django.db.models.functions import Greatest
from django.utils.timezone import now

from aijobs import identifiers
from aijobs.models import NEWEST_FIRST, ApiKey, Job, Tenant
from workers.catalogue.models.fields import LONGEST_SKU
from workers.catalogue.models.products import Product
from workers.changes.models.pauses import Pause


class ChangeStatus(TextChoices):
    # Decided, nothing sent yet.
    PENDING = "pending"
    # In our own database in the transaction that decided it; or the marketplace has taken it.
    APPLIED = "applied"
    # Nothing was changed, and nothing will be.
    REJECTED = "rejected"
    # Sent, or about to be: only reading it back can tell.
    UNKNOWN = "unknown"


OPEN = (ChangeStatus.PENDING, ChangeStatus.UNKNOWN)
# What was decided longer ago, and not yet sent, is not sent any more: the market has moved on.
EXPIRES_AFTER = timedelta(hours=1)


# The reason of a change that no job has decided: the seller's own file says so.
IMPORTED = "IMPORTED"


class ReadBack(TextChoices):
    """Of a change that the marketplace took with a warning: does it show the value some minutes later?"""

    # Not yet read.
    WAITING = "waiting"
    # It does.
    SHOWN = "shown"
    # It shows another one, which `detail` says.
    DIFFERENT = "different"
    # It could not be read back, or a later change came first; `detail` says which.
    MISSED = "missed"


class ChangeQuerySet(models.QuerySet["Change"]):
    def of(self, tenant_id: int) -> "ChangeQuerySet":
        """Only this tenant's: every read of the API starts here."""
        return self.filter(tenant_id=tenant_id)

    def open_at(self, tenant_id: int, marketplace: str) -> "ChangeQuerySet":
        """Those of every kind that are on their way to a marketplace."""
        return self.of(tenant_id).filter(status__in=OPEN, marketplace=marketplace)

    def decided(self) -> "ChangeQuerySet":
        """Those that were decided here: by a job, by who applies its result, by who reverts."""
        return self.exclude(reason=IMPORTED)

    def overdue(self) -> "ChangeQuerySet":
        """Those that could have been sent for an hour, which begins again when a suspension ends."""
        paused_until = Pause.objects.filter(tenant=OuterRef("tenant")).values("seen_at")
        # PostgreSQL's greatest() leaves out what is null.
        waiting_since = Greatest("created_at", Subquery(paused_until))
        return self.alias(waiting_since=waiting_since).filter(waiting_since__lt=now() - EXPIRES_AFTER)


class Change(models.Model):
    """The audit of one change. A job changes each thing of a product at most once."""

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="+", db_index=False)
    # No constraint: the audit outlives the removed product. Except by a removal, no product with changes is deleted.
    product = models.ForeignKey(Product, models.PROTECT, related_name="changes", db_constraint=False, db_index=False)
    # The product's, which never change: a page of a marketplace's, or of a SKU's, changes is one stretch of an index.
    marketplace = models.CharField(max_length=32)
    sku = models.CharField("SKU", max_length=LONGEST_SKU)
    # Of an amount, as it was before: an import may give the product another.
    currency = models.CharField(max_length=3, blank=True)
    # No constraint: the audit outlives the pruned job.
    job = models.ForeignKey(
        Job, models.DO_NOTHING, null=True, related_name="changes", db_constraint=False, db_index=False
    )
    reverts = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        related_name="reverted_by",
        db_index=False,
        help_text="The change that this one undoes.",
    )
    # A name of `kinds.KINDS`: one that a release does not know must not break its row.
    kind = models.CharField(max_length=32)
    # In the form that the kind gives its values; an amount is a string, which keeps its decimals exact.
    before = models.JSONField()
    after = models.JSONField()
    reason = models.TextField(
        blank=True, help_text=f"Why it was changed. {IMPORTED} means that an import changed it."
    )
    status = models.CharField(max_length=16, choices=ChangeStatus.choices, default=ChangeStatus.APPLIED)
    detail = models.TextField(
        blank=True, help_text="Why the change is not applied, or what the marketplace said or shows."
    )
    warnings = models.JSONField(
        default=list, blank=True, help_text="What the marketplace warned of when it accepted the change."
    )
    read_back = models.CharField(
        max_length=16,
        choices=ReadBack.choices,
        blank=True,
        help_text="Whether the marketplace shows the value that it accepted with a warning. This is empty if there "
        "was no warning.",
    )
    read_back_at = models.DateTimeField(null=True, editable=False)
    applied_by = models.ForeignKey(
        ApiKey,
        models.SET_NULL,
        null=True,
        related_name="+",
        db_index=False,
        help_text="The API key that applied it. This is empty if the job itself or an import did.",
    )
    created_at = models.DateTimeField(default=now, editable=False)
    # How often a worker took it to write it over the network, or to read it back: the fence of what it then records.
    attempts = models.PositiveIntegerField(default=0, editable=False)
    # Until then another worker has it, or waits for the marketplace.
    not_before = models.DateTimeField(default=now, editable=False)

    objects = ChangeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "product", "kind"], name="change_job_product_kind"),
            # One decision at a time is on its way to the marketplace.
            models.UniqueConstraint(fields=["product", "kind"], condition=Q(status__in=OPEN), name="change_one_open"),
            models.UniqueConstraint(
                fields=["reverts"],
                condition=~Q(status=ChangeStatus.REJECTED),
                name="change_reverted_once",
            ),
        ]
        indexes = [
            models.Index("tenant", NEWEST_FIRST, name="change_tenant"),
            models.Index("tenant", "kind", NEWEST_FIRST, name="change_page"),
            models.Index("tenant", "kind", "marketplace", NEWEST_FIRST, name="change_marketplace_page"),
            models.Index("tenant", "kind", "sku", "marketplace", NEWEST_FIRST, name="change_sku_page"),
            models.Index(fields=["product", "kind", "created_at"], name="change_product_recent"),
            models.Index(fields=["not_before"], condition=Q(status__in=OPEN), name="change_open"),
            models.Index(fields=["not_before"], condition=Q(read_back=ReadBack.WAITING), name="change_to_read_back"),
        ]

    def __str__(self) -> str:
        # Texts are too long for a heading: their names are enough.
        changed = ", ".join(self.after) if isinstance(self.after, dict) else f"{self.before} → {self.after}"
        return f"{self.kind} of {self.sku}: {changed}"

    @property
    def public_job_id(self) -> str | None:
        return identifiers.encode(identifiers.JOB_PREFIX, self.job_id) if self.job_id else None
