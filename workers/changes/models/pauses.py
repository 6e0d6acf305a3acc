"""Suspended tenants, as far as their changes are concerned."""

from django.db import models

from aijobs.models import Tenant


class Pause(models.Model):
    """When a tenant with open changes was last seen suspended: the hour in which they expire begins again then."""

    tenant = models.OneToOneField(Tenant, models.CASCADE, primary_key=True, related_name="+")
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.tenant_id}: {self.seen_at}"
