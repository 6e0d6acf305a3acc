"""What customers' names and order ids are hashed with."""

from django.db import models
from django.utils.timezone import now

from aijobs.models import Tenant


class PseudonymKey(models.Model):
    """The key of a tenant's keyed hashes: the same customer has another hash at every tenant. It never changes, as
    what was hashed with it would not be found again."""

    tenant = models.OneToOneField(Tenant, models.PROTECT, related_name="+", primary_key=True)
    # Encrypted with the keys of the service, as credentials are.
    sealed_key = models.TextField()
    created_at = models.DateTimeField(default=now, editable=False)

    def __str__(self) -> str:
        return f"of {self.tenant_id}"
