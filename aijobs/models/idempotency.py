"""First answers, for replays."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from aijobs.models.tenants import Tenant


class IdempotencyKey(models.Model):
    """The first answer to a request, kept for 24 hours. Inserted by the statement that inserts the job."""

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=255)
    # SHA-256 of the endpoint and the canonical body.
    fingerprint = models.BinaryField(max_length=32)
    # As text: replayed as it was, also in the order of its fields.
    answer = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "key"], name="idempotencykey_tenant_key")]
        # For pruning once an hour: a tenth of a percent of a B-tree, and next to nothing for a dispatch.
        indexes = [BrinIndex(fields=["created_at"], name="idempotencykey_created_at")]

    def __str__(self) -> str:
        return self.key
