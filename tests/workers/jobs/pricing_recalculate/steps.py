"""Products with sales to learn from, a few instead of the sample's forty."""

from datetime import timedelta
from typing import Any

from django.utils.timezone import localdate

from tests.clients import Caller
from tests.factories import ProductFactory
from workers.catalogue.models import Product, Sale

UNITS = {18: 16, 19: 14, 20: 12, 21: 11, 22: 10}


def sold_daily(who: Caller, sku: str, days: int = 90, **more: Any) -> Product:
    """A product for 20.00 that costs 10. Until yesterday dear days sold less: a lower price would be better."""
    item: Product = ProductFactory.create(tenant=who.tenant, sku=sku, **{"price": 20, "cost": 10, **more})
    prices = list(UNITS)
    Sale.objects.bulk_create(
        Sale(
            product=item,
            tenant=item.tenant,
            marketplace=item.marketplace,
            date=localdate() - timedelta(days=1 + day),
            price=prices[day % len(prices)],
            units=UNITS[prices[day % len(prices)]] + day % 2,
        )
        for day in range(days)
    )
    return item
