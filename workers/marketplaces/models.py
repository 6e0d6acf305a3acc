"""A tenant's connections to marketplaces."""

from django.db import models
from django.utils.timezone import now

from workers.catalogue.models import MARKETPLACE
from workers.connections.models import StoredConnection


class ConnectionQuerySet(models.QuerySet["Connection"]):
    def of(self, tenant_id: int) -> "ConnectionQuerySet":
        """Only this tenant's: every read of the API starts here."""
        return self.filter(tenant_id=tenant_id)


class Connection(StoredConnection):
    """How a tenant's marketplace is reached: `name` is what jobs call `marketplace`. Written by `connections.py`."""

    purpose = "marketplace"

    # As products' `marketplace` is.
    name = models.CharField(max_length=32, validators=[MARKETPLACE])
    # Until then a worker is at this connection's open changes; another one looks again later.
    settling_until = models.DateTimeField(default=now, editable=False)

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="connection_tenant_name")]
