"""Which completed jobs later ones are compared with."""

from django.db import models

from aijobs.models import Job, Tenant


class BaselineQuerySet(models.QuerySet["Baseline"]):
    def of(self, tenant_id: int) -> "BaselineQuerySet":
        """Only this tenant's: every read starts here."""
        return self.filter(tenant_id=tenant_id)


class Baseline(models.Model):
    """A completed job has answers about this subject of this assistant, or of these assistants and no other."""

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="+", db_index=False)
    # Of the subject and of who has answered; see the job type's `history.py`.
    digest = models.BinaryField(max_length=32)
    # No constraint: pruning takes what has lost its job.
    job = models.ForeignKey(Job, models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False)

    objects = BaselineQuerySet.as_manager()

    class Meta:
        # Also the order in which the last one before a job is looked for.
        constraints = [models.UniqueConstraint(fields=["tenant", "digest", "job"], name="baseline_digest_job")]

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.job_id}"
