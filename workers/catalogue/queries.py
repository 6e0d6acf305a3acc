"""What pricing reads: products, and their sales as flat arrays. For workers only: it imports numpy."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, cast

import numpy as np
import psycopg
from django.db import connection
from django.db.models import Max
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


def last_sale(products: Sequence[Product]) -> date | None:
    """The date of the newest sale of any of these products."""
    last: date | None = Sale.objects.filter(product__in=products).aggregate(last=Max("date"))["last"]
    return last


# Every column has a fixed width and no NULL, so that a row of binary COPY is a row of this array.
_FIELDS = (("product", ">i4"), ("day", ">i4"), ("price", ">f8"), ("units", ">f8"), ("promoted", ">f8"))
_ROW = np.dtype(
    [("fields", ">i2"), *(each for name, kind in _FIELDS for each in ((f"{name}_width", ">i4"), (name, kind)))]
)
# What comes before the first row: a signature, flags and the length of an extension.
_HEADER_BYTES = 19
SALES = """
    COPY (
        SELECT (position - 1)::int4, date - date '0001-01-01' + 1, price::float8, units, promoted
        FROM catalogue_sale
        JOIN unnest(%s::bigint[]) WITH ORDINALITY AS wanted(id, position) ON product_id = wanted.id
        WHERE date > %s AND date <= %s
    ) TO STDOUT (FORMAT binary)
"""


def load_sales(products: Sequence[Product], until: date, days: int) -> SalesArrays:
    """The sales of the last `days` days up to and including `until`.

    By binary COPY, without an object per value: 180,000 sales take 0.2 s; as rows they took 1.2 s.
    """
    parameters = [[product.pk for product in products], until - timedelta(days=days), until]
    connection.ensure_connection()
    raw = cast("psycopg.Connection[Any]", connection.connection)
    # A cursor of psycopg's own: Django's takes no parameters for a COPY when it logs queries.
    with connection.wrap_database_errors, psycopg.Cursor(raw) as cursor, cursor.copy(SALES, parameters) as copy:
        content = b"".join(copy)
    rows = np.frombuffer(content, _ROW, offset=_HEADER_BYTES, count=(len(content) - _HEADER_BYTES) // _ROW.itemsize)
    return SalesArrays(
        product=rows["product"].astype(np.int64),
        day=rows["day"].astype(np.int64),
        price=rows["price"].astype(np.float64),
        units=rows["units"].astype(np.float64),
        promoted=rows["promoted"].astype(np.float64),
    )
