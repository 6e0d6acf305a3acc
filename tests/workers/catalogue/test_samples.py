"""That the copy of the sample which other tests begin with is the sample."""

from typing import Any

import pytest
from django.forms.models import model_to_dict

from aijobs.models import Tenant
from tests.factories import TenantFactory
from tests.workers.catalogue.samples import give_sample_catalogue
from workers.catalogue.models import CompetitorListing, Keyword, Listing, Offer, Product, Return, Review, Sale
from workers.catalogue.sample import create_sample_catalogue

pytestmark = pytest.mark.django_db

KINDS: list[Any] = [Product, Sale, Offer, Review, Return, Listing, CompetitorListing, Keyword]


def test_a_copy_is_the_sample() -> None:
    first, second = TenantFactory(), TenantFactory()
    give_sample_catalogue(first)
    for kind in reversed(KINDS):
        kind.objects.of(first.pk).delete()
    give_sample_catalogue(second)
    create_sample_catalogue(first)
    for kind in KINDS:
        imported = rows(kind, first)
        assert imported
        assert rows(kind, second) == imported


def rows(kind: Any, tenant: Tenant) -> list[Any]:
    """Without what differs between tenants and moments, pseudonyms among it."""
    left_out = ["id", "tenant", "product", "fetched_at", "author", "order", "buyer"]
    return sorted((model_to_dict(row, exclude=left_out) for row in kind.objects.of(tenant.pk)), key=str)
