"""What pricing reads: products, and their sales as flat arrays. For workers only: it imports numpy."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from django.db import connection
from django.db.models import Exists, Max, OuterRef
from numpy.typing import NDArray

from workers.catalogue.models import Product, Sale


@dataclass(frozen=True, slots=True)
class SalesArrays:
    """One element per sale, in no order that matters. Prices in the product's currency."""

    product: NDArray[np.int64]
    """Index into the products asked for."""
    day: NDArray[np.int64]
    """`date.toordinal()`."""
    price: NDArray[np.float64]
    units: NDArray[np.float64]
    promoted: NDArray[np.float64]


def load_products(tenant_id: int, marketplace: str, skus: Sequence[str]) -> dict[str, Product]:
    """The products among these SKUs, by SKU."""
    found = Product.objects.of(tenant_id).filter(marketplace=marketplace, sku__in=skus)
    return {product.sku: product for product in found}


def load_peers(tenant_id: int, marketplace: str, beside: Sequence[Product], most: int) -> list[Product]:
    """Up to `most` other products of the marketplace that have sold, always the same ones: their ids only."""
    others = Product.objects.of(tenant_id).filter(marketplace=marketplace)
    sold = others.filter(Exists(Sale.objects.filter(product=OuterRef("pk"))))
    return list(sold.exclude(pk__in=[product.pk for product in beside]).only("pk").order_by("pk")[: max(0, most)])


def last_sale(products: Sequence[Product]) -> date | None:
    """The date of the newest sale of any of these products."""
    last: date | None = Sale.objects.filter(product__in=products).aggregate(last=Max("date"))["last"]
    return last


# PostgreSQL counts days from 2000-01-01, Python from 0001-01-01.
POSTGRES_EPOCH = date(2000, 1, 1).toordinal()
SALES = """
    SELECT array_agg(position), array_agg(date - date '2000-01-01'), array_agg(price::float8), array_agg(units),
        array_agg(promoted)
    FROM catalogue_sale JOIN unnest(%s::bigint[]) WITH ORDINALITY AS wanted(id, position) ON product_id = wanted.id
    WHERE date > %s AND date <= %s
"""


def load_sales(products: Sequence[Product], until: date, days: int) -> SalesArrays:
    """The sales of the last `days` days up to and including `until`.

    Five arrays in one row: 180,000 sales take 0.3 s. As rows, also those of a binary COPY, they took three times as
    long: it is the Python object per row that costs.
    """
    with connection.cursor() as cursor:
        cursor.execute(SALES, [[product.pk for product in products], until - timedelta(days=days), until])
        position, day, price, units, promoted = cursor.fetchone()
    return SalesArrays(
        product=np.array(position or [], dtype=np.int64) - 1,
        day=np.array(day or [], dtype=np.int64) + POSTGRES_EPOCH,
        price=np.array(price or [], dtype=np.float64),
        units=np.array(units or [], dtype=np.float64),
        promoted=np.array(promoted or [], dtype=np.float64),
    )
