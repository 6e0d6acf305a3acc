"""The row of a connection, whatever it leads to."""

from typing import ClassVar

from django.core.validators import RegexValidator
from django.db import models
from django.utils.timezone import now

from aijobs.models import Tenant

NAME_PATTERN = r"[a-z0-9_]{1,32}"


class StoredConnection(models.Model):
    """How a tenant's service is reached: `name` is what jobs call it."""

    # Part of what the keys are derived from that its credentials are sealed with: with another one, nothing that is
    # stored could be read.
    purpose: ClassVar[str]

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="+", db_index=False)
    name = models.CharField(
        max_length=32,
        validators=[RegexValidator(rf"\A{NAME_PATTERN}\Z", "Use a-z, 0-9 and '_', for example my_shop.")],
    )
    # A name of the app's CONNECTORS: one that a release has taken away must not break its row.
    connector = models.CharField(max_length=32)
    settings = models.JSONField(default=dict)
    # Encrypted; see `credentials.py`. Never shown, never logged.
    sealed_credentials = models.TextField(editable=False)
    created_at = models.DateTimeField(default=now, editable=False)
    updated_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.name} ({self.connector})"
