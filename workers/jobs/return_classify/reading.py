"""What the search for anomalies reads: a marketplace's sales and returns as flat arrays. For workers only: numpy."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from aijobs import sql
from workers.jobs.return_classify.counting import Scope
from workers.returns.panel import NONE, Ints, Returns, ReturnsPanel, Sales
from workers.returns.reasons import Reason

# How far back a SKU's own history is read.
HISTORY_DAYS = 180
# All are in memory at once: their sales take 45 MB.
MOST_PRODUCTS = 10_000
# Of one statement, whose answer is made of Python's objects before it is arrays: as rows it would be three times as
# many.
PRODUCTS_TOGETHER = 500
# PostgreSQL counts days from 2000-01-01, Python from 0001-01-01.
POSTGRES_EPOCH = date(2000, 1, 1).toordinal()
# Of a return that the classifier has not seen.
UNCLASSIFIED = ""
REASONS = (UNCLASSIFIED, *(reason.value for reason in Reason))


@dataclass(frozen=True, slots=True)
class Item:
    """A product that is looked at."""

    id: int
    sku: str
    category: str
    currency: str
    worth: float
    """What a returned unit costs the seller: the product's cost, or else its price."""


@dataclass(frozen=True, slots=True)
class History:
    """Products of one marketplace, by SKU, and their sales and returns."""

    items: list[Item]
    panel: ReturnsPanel

    @property
    def unclassified_share(self) -> float:
        """Of the returns, how many the classifier has not seen."""
        reasons = self.panel.returns.reason
        return float(np.mean(reasons == REASONS.index(UNCLASSIFIED))) if reasons.size else 0.0


@dataclass(frozen=True, slots=True)
class _Sold:
    item: list[int]
    day: list[int]
    units: list[float]


@dataclass(frozen=True, slots=True)
class _Returned:
    item: list[int]
    day: list[int]
    units: list[int]
    reason: list[int]
    customer: list[str]


def read(scope: Scope, as_of: date, version: str) -> History:
    """The history of all products of the marketplace, whichever were asked for, up to a day.

    Of more than `MOST_PRODUCTS`, those asked for and those that were returned most. `version`: the classifier's.
    """
    parameters = {
        **scope.parameters(),
        "first": as_of - timedelta(days=HISTORY_DAYS - 1),
        "last": as_of,
        "version": version,
        "reasons": list(REASONS),
    }
    items = sql.rows(Item, ITEMS, {**parameters, "most": MOST_PRODUCTS})
    returns, customers = _returns(items, parameters)
    panel = ReturnsPanel(
        skus=[each.sku for each in items],
        category=_numbered([each.category for each in items], {"": NONE}),
        cost=np.array([each.worth for each in items], dtype=np.float64),
        reasons=REASONS,
        clusters=[],
        buyers=customers,
        sales=_sales(items, parameters),
        returns=returns,
        as_of=as_of.toordinal(),
    )
    return History(items, panel)


def _sales(items: Sequence[Item], parameters: Mapping[str, object]) -> Sales:
    parts = [
        (_ints(sold.item), _ints(sold.day), np.array(sold.units, dtype=np.float64))
        for chunk in _chunks(items)
        for sold in sql.rows(_Sold, SALES, {**parameters, **chunk})
    ]
    item, day, units = zip(*parts, strict=True) if parts else ([_ints([])], [_ints([])], [np.zeros(0)])
    return Sales(np.concatenate(item), np.concatenate(day) + POSTGRES_EPOCH, np.concatenate(units))


def _returns(items: Sequence[Item], parameters: Mapping[str, object]) -> tuple[Returns, list[str]]:
    """The returns, and the customers that they name."""
    numbers: dict[str, int] = {"": NONE}
    parts = [
        (
            _ints(found.item),
            _ints(found.day),
            _ints(found.units),
            _ints(found.reason),
            _numbered(found.customer, numbers),
        )
        for chunk in _chunks(items)
        for found in sql.rows(_Returned, RETURNS, {**parameters, **chunk})
    ]
    item, day, units, reason, customer = zip(*parts, strict=True) if parts else [[_ints([])]] * 5
    returns = Returns(
        sku=np.concatenate(item),
        day=np.concatenate(day) + POSTGRES_EPOCH,
        units=np.concatenate(units),
        reason=np.concatenate(reason),
        cluster=np.full(sum(map(len, item)), NONE, dtype=np.int64),
        buyer=np.concatenate(customer),
    )
    return returns, list(numbers)[1:]


def _chunks(items: Sequence[Item]) -> Iterable[dict[str, object]]:
    """The ids of some products, and the place of the first of them."""
    for start in range(0, len(items), PRODUCTS_TOGETHER):
        yield {"start": start, "ids": [each.id for each in items[start : start + PRODUCTS_TOGETHER]]}


def _ints(values: Sequence[int]) -> Ints:
    return np.array(values, dtype=np.int64)


def _numbered(names: Sequence[str], numbers: dict[str, int]) -> Ints:
    """A number for each different name, beside those that have one."""
    return _ints([numbers.setdefault(name, len(numbers) - 1) for name in names])


ITEMS = """
SELECT id, sku, category, currency, worth FROM (
    SELECT product.id, sku, category, currency, coalesce(cost, price)::float8 AS worth
    FROM catalogue_product AS product LEFT JOIN (
        SELECT product_id, sum(quantity) AS units FROM catalogue_return
        WHERE tenant_id = %(tenant)s AND marketplace = %(marketplace)s AND date BETWEEN %(first)s AND %(last)s
        GROUP BY product_id
    ) AS returned ON returned.product_id = product.id
    WHERE tenant_id = %(tenant)s AND marketplace = %(marketplace)s
    ORDER BY product.id = ANY(coalesce(%(products)s::bigint[], '{}')) DESC, coalesce(units, 0) DESC, product.id
    LIMIT %(most)s
) AS looked_at
ORDER BY sku COLLATE "C"
"""
SALES = """
SELECT coalesce(array_agg(item), '{}') AS item, coalesce(array_agg(date - date '2000-01-01'), '{}') AS day,
    coalesce(array_agg(units), '{}') AS units
FROM unnest(%(ids)s::bigint[]) WITH ORDINALITY AS wanted (id, place)
    CROSS JOIN LATERAL (SELECT (place - 1 + %(start)s)::int AS item) AS numbered
    JOIN catalogue_sale ON product_id = wanted.id AND date BETWEEN %(first)s AND %(last)s
"""
# A customer is the buyer where the source says who that is, else the order. In the order of their numbers: the
# customers have the same ones in every run.
RETURNS = """
SELECT coalesce(array_agg(item), '{}') AS item, coalesce(array_agg(date - date '2000-01-01'), '{}') AS day,
    coalesce(array_agg(quantity), '{}') AS units,
    coalesce(array_agg(coalesce(array_position(
        %(reasons)s::text[], CASE WHEN classified_with = %(version)s THEN reason ELSE '' END
    ), 1) - 1), '{}') AS reason,
    coalesce(array_agg(coalesce(nullif(buyer, ''), "order")), '{}') AS customer
FROM (
    SELECT (place - 1 + %(start)s)::int AS item, present.*
    FROM unnest(%(ids)s::bigint[]) WITH ORDINALITY AS wanted (id, place)
        JOIN catalogue_return AS present ON tenant_id = %(tenant)s AND marketplace = %(marketplace)s
            AND product_id = wanted.id AND date BETWEEN %(first)s AND %(last)s
    ORDER BY place, return_id COLLATE "C"
) AS listed
"""
