"""The table of the peers: one row a job, and nothing else."""

from uuid import UUID, uuid4

from django.db import models
from django.utils.timezone import now


class BareJob(models.Model):
    id: "models.UUIDField[UUID, UUID]" = models.UUIDField(primary_key=True, default=uuid4)
    type = models.CharField(max_length=64)
    params = models.JSONField()
    priority = models.CharField(max_length=8)
    status = models.CharField(max_length=16, default="queued")
    created_at = models.DateTimeField(default=now)

    class Meta:
        app_label = "benchmarks"

    def __str__(self) -> str:
        return str(self.id)
