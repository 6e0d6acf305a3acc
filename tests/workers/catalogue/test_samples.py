"""That the copy of the sample which other tests begin with is the sample."""

from typing import Any

import pytest
from django.db import transaction

from aijobs.models import Tenant
from tests.factories import TenantFactory
from tests.workers.catalogue import samples
from tests.workers.catalogue.samples import give_sample_catalogue
from workers.catalogue.models import CompetitorListing, Keyword, Listing, Offer, Product, Return, Review, Sale

pytestmark = pytest.mark.django_db

KINDS: list[Any] = [Product, Sale, Offer, Review, Return, Listing, CompetitorListing, Keyword]


def test_a_copy_is_the_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    # As in a process that has not given it yet.
    monkeypatch.setattr(samples, "COPIED", {})
    first, second = TenantFactory(), TenantFactory()
    with transaction.atomic():
        give_sample_catalogue(first)
        imported = {kind: rows(kind, first) for kind in KINDS}
        transaction.set_rollback(True)
    give_sample_catalogue(second)
    for kind in KINDS:
        assert imported[kind]
        assert rows(kind, second) == imported[kind]


def rows(kind: Any, tenant: Tenant) -> list[Any]:
    """Without whose they are."""
    columns = [field.column for field in kind._meta.concrete_fields if field.column != "tenant_id"]
    return list(kind.objects.of(tenant.pk).order_by("pk").values_list(*columns))
