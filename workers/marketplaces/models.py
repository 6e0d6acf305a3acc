"""A tenant's connections to marketplaces."""

from django.db import models
from django.utils.timezone import now

from aijobs.models import Tenant
from workers.catalogue.models import MARKETPLACE


class ConnectionQuerySet(models.QuerySet["Connection"]):
    def of(self, tenant_id: int) -> "ConnectionQuerySet":
        """Only this tenant's: every read of the API starts here."""
        return self.filter(tenant_id=tenant_id)


class Connection(models.Model):
    """How a tenant's marketplace is reached: `name` is what jobs call `marketplace`. Written by `connections.py`."""

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="connections", db_index=False)
    name = models.CharField(max_length=32, validators=[MARKETPLACE])
    # A name of `connectors.CONNECTORS`: one that a release has taken away must not break its row.
    connector = models.CharField(max_length=32)
    settings = models.JSONField(default=dict)
    # Encrypted; see `credentials.py`. Never shown, never logged.
    sealed_credentials = models.TextField(editable=False)
    # Until then a worker is at this connection's open changes; another one looks again later.
    settling_until = models.DateTimeField(default=now, editable=False)
    created_at = models.DateTimeField(default=now, editable=False)
    updated_at = models.DateTimeField(default=now, editable=False)

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="connection_tenant_name")]

    def __str__(self) -> str:
        return f"{self.name} ({self.connector})"
