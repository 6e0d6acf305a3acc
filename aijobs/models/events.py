"""What happened to jobs, in order.

The table has a partition for each week: see engine/partitions.py.
"""

from django.db import models
from django.db.models import Func, Q
from django.db.models.functions import Now

from aijobs.models.jobs import Job
from aijobs.models.tenants import Tenant
from aijobs.states import TERMINAL, EventKind


class TransactionIdField(models.Field):  # type: ignore[type-arg]  # not subscriptable at run time
    """PostgreSQL's xid8: the transaction that wrote a row."""

    def db_type(self, connection: object) -> str:
        return "xid8"


# Sorted: a set comes out in another order with each run, and the migration would differ.
ENDS = Q(kind__in=sorted(TERMINAL))


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
        indexes = [
            # The ends, as transactions wrote them, for the rollup.
            models.Index(fields=["transaction"], name="jobevent_ends", condition=ENDS),
            # A tenant's stream: see events.py.
            models.Index(fields=["tenant", "transaction", "id"], name="jobevent_tenant"),
        ]

    def __str__(self) -> str:
        return f"{self.job_id} {self.seq} {self.kind}"
