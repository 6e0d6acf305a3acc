"""A tenant's connections to language models."""

from django.db import models

from workers.connections.models import StoredConnection


class ConnectionQuerySet(models.QuerySet["Connection"]):
    def of(self, tenant_id: int) -> "ConnectionQuerySet":
        """Only this tenant's: every read of the API starts here."""
        return self.filter(tenant_id=tenant_id)


class Connection(StoredConnection):
    """How a tenant's assistant is reached. Written by `connections.py`."""

    purpose = "assistant"

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="assistant_tenant_name")]
