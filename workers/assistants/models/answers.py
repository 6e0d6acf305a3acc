"""What providers have answered: the response cache, and what each job has cost."""

from django.db import models
from django.utils.timezone import now

from aijobs.models import Job, Tenant
from workers.assistants.models.spending import DECIMALS, DIGITS


class StoredAnswerQuerySet(models.QuerySet["StoredAnswer"]):
    def of(self, tenant_id: int) -> "StoredAnswerQuerySet":
        """Only this tenant's: every read starts here."""
        return self.filter(tenant_id=tenant_id)


class StoredAnswer(models.Model):
    """One reply that was paid for. A job that crashed goes on with those that it, or another one, had that day."""

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="+", db_index=False)
    # Who paid. No constraint: it outlives the pruned job.
    job = models.ForeignKey(Job, models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False)
    # The day on which the job was created, in UTC.
    day = models.DateField()
    # Of what was asked of whom; see `answers.py`. Null: the reply is of no use, and cost all the same.
    digest = models.BinaryField(max_length=32, null=True)
    # The code of why it is not an answer, such as REFUSED: then the text says so. Empty for an answer.
    problem = models.CharField(max_length=64, blank=True, default="", db_default="")
    text = models.TextField(blank=True)
    citations = models.JSONField(default=list)
    model = models.CharField(max_length=200, blank=True)
    input_tokens = models.PositiveBigIntegerField()
    output_tokens = models.PositiveBigIntegerField()
    cost = models.DecimalField(max_digits=DIGITS, decimal_places=DECIMALS)
    created_at = models.DateTimeField(default=now, editable=False)

    objects = StoredAnswerQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "day", "digest"], name="answer_asked_once")]
        indexes = [
            models.Index(fields=["tenant", "job"], name="answer_job"),
            models.Index(fields=["created_at"], name="answer_created"),
        ]

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.day}: {self.model}"
