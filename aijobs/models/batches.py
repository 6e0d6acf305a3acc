"""Jobs that were accepted together."""

from django.db import models
from django.db.models import F, Q

from aijobs import identifiers
from aijobs.models.tenants import Tenant
from aijobs.states import OnFailure


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
    # The batch whose failed and cancelled jobs this one repeats. No constraint: that may be pruned before this one.
    retry_of = models.ForeignKey(
        "self", models.DO_NOTHING, null=True, related_name="retries", db_index=False, db_constraint=False
    )

    objects = BatchQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "batches"
        # In the order of a list, see NEWEST_FIRST.
        indexes = [
            models.Index("tenant", F("id").desc(nulls_last=True), name="batch_tenant_id"),
            models.Index(fields=["retry_of"], name="batch_retry_of", condition=Q(retry_of__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        return identifiers.encode(identifiers.BATCH_PREFIX, self.id)
