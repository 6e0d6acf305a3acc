"""One action on all jobs that match a filter."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from aijobs import identifiers
from aijobs.models.tenants import Tenant
from aijobs.states import BulkKind, BulkState, Priority


class BulkAction(models.Model):
    """One action on all jobs that match a filter, carried out step by step: see aijobs/bulk.py."""

    id = models.UUIDField(primary_key=True, editable=False)
    # None: of all tenants, which only staff may ask for.
    tenant = models.ForeignKey(Tenant, models.PROTECT, null=True, related_name="+", db_index=False)
    action = models.CharField(max_length=16, choices=BulkKind.choices)
    # What `set_priority` sets.
    priority = models.SmallIntegerField(choices=Priority.choices, null=True)
    # As JobFilter writes it.
    filter = models.JSONField()
    # Who asked for it, in words: a name of staff, or the beginning of a key.
    requested_by = models.CharField(max_length=200)
    # How many matched when it was asked for: counted up to a bound, None where counting took too long.
    expected = models.PositiveIntegerField(null=True)

    state = models.CharField(max_length=16, choices=BulkState.choices, default=BulkState.RUNNING)
    # Only jobs that were created before; and the last one that has been looked at. Ids order by time.
    until = models.UUIDField(editable=False)
    cursor = models.UUIDField(null=True, editable=False)
    done = models.PositiveIntegerField(default=0, db_default=0)
    # How often each error code was the answer.
    refused = models.JSONField(default=dict)
    # Why it does not go on, and why it failed.
    message = models.CharField(max_length=500, default="", db_default="")
    created_at = models.DateTimeField(db_default=Now())
    stepped_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    stopped_by = models.CharField(max_length=200, default="", db_default="")

    class Meta:
        indexes = [
            models.Index("tenant", F("id").desc(nulls_last=True), name="bulkaction_tenant_id"),
            models.Index(
                F("stepped_at").asc(nulls_first=True), name="bulkaction_running", condition=Q(state=BulkState.RUNNING)
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        return identifiers.encode(identifiers.BULK_PREFIX, self.id)

    @property
    def refusals(self) -> int:
        return sum(self.refused.values())
