"""Callers' keys."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.timezone import now

from aijobs.models.tenants import Tenant


class ApiKey(models.Model):
    """A caller's key: shown once, stored as a SHA-256 hash. Belongs to one tenant or to several."""

    label = models.CharField(max_length=200, blank=True, help_text="Who or what uses this key.")
    prefix = models.CharField(
        max_length=16, editable=False, help_text="The first characters of the key, which stay visible."
    )
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    scopes = ArrayField(
        models.CharField(max_length=64), help_text="What the key may do, for example ai-jobs:write,ai-jobs:read."
    )
    tenants = models.ManyToManyField(Tenant, related_name="api_keys")
    created_at = models.DateTimeField(default=now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.prefix}…"
