"""What a job decided before it wrote anything outside, and what it has computed before it is ready."""

from django.db import models
from django.utils.timezone import now

from aijobs import identifiers
from aijobs.models import Job


class StoredDecision(models.Model):
    """The result of a job before it wrote anything outside: a later attempt goes on with it, and computes nothing."""

    # No constraint: committed beside the job's row, not with it.
    job = models.OneToOneField(
        Job, models.DO_NOTHING, primary_key=True, related_name="+", db_constraint=False, db_index=False
    )
    result = models.JSONField()
    created_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        # For deletion by age.
        indexes = [models.Index(fields=["created_at"], name="decision_created")]

    def __str__(self) -> str:
        return identifiers.encode(identifiers.JOB_PREFIX, self.job_id)


class StoredPart(models.Model):
    """A part of a result that a job is still computing: a later attempt goes on behind it.

    The parts go where the result is stored.
    """

    # No constraint: committed beside the job's row, not with it.
    job = models.ForeignKey(Job, models.DO_NOTHING, related_name="+", db_constraint=False)
    part = models.JSONField()
    created_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        # For deletion by age.
        indexes = [models.Index(fields=["created_at"], name="part_created")]

    def __str__(self) -> str:
        return identifiers.encode(identifiers.JOB_PREFIX, self.job_id)
