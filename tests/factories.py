"""Rows for tests, made by factory-boy."""

from typing import Any

import factory

from aijobs.auth import create_key
from aijobs.models import ApiKey, Tenant

ALL_SCOPES = (
    "ai-jobs:write",
    "ai-jobs:read",
    "catalogue:write",
    "catalogue:read",
    "marketplaces:write",
    "marketplaces:read",
)


class TenantFactory(factory.django.DjangoModelFactory[Tenant]):
    class Meta:
        model = Tenant

    name = factory.Sequence(lambda number: f"shop-{number}")


def key_for(*tenants: Tenant, scopes: tuple[str, ...] = ALL_SCOPES, **more: Any) -> tuple[ApiKey, str]:
    """A key of these tenants, and its secret."""
    return create_key(tenants, scopes, **more)
