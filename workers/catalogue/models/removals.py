"""What was taken out of a catalogue."""

from django.db import models
from django.utils.timezone import now

from aijobs.models import NEWEST_FIRST, ApiKey, Tenant
from workers.catalogue.models.fields import LONGEST_SKU


class Removal(models.Model):
    """The audit of one removal: who asked for what, and how many rows are gone. It is kept for good.

    The numbers grow in the transactions that delete: they are right also where a removal was interrupted.
    """

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=32, help_text="What was to be removed.")
    marketplace = models.CharField(max_length=32)
    sku = models.CharField("SKU", max_length=LONGEST_SKU, blank=True, help_text="This is empty if all SKUs were.")
    first_day = models.DateField("from", null=True, help_text="The first day. This is empty if there was none.")
    last_day = models.DateField("to", null=True, help_text="The last day. This is empty if there was none.")
    deleted = models.JSONField(default=dict, help_text="How many rows are gone, and of what.")
    refused = models.PositiveIntegerField(
        default=0, help_text="How many products were left, because a change of theirs is on its way."
    )
    api_key = models.ForeignKey(ApiKey, models.SET_NULL, null=True, related_name="+", db_index=False)
    # Stays when the key is deleted.
    key_prefix = models.CharField(max_length=16, help_text="The first characters of the API key that asked.")
    started_at = models.DateTimeField(default=now, editable=False)
    ended_at = models.DateTimeField(null=True, editable=False, help_text="This is empty if it was interrupted.")

    class Meta:
        indexes = [models.Index("tenant", NEWEST_FIRST, name="removal_tenant")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.marketplace}"
