"""What the search for anomalies reads: a marketplace's sales and returns as flat arrays. For workers only: numpy."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from aijobs import sql
from workers.jobs.return_classify.counting import Scope
from workers.returns.clusters import DEFECTS
from workers.returns.complaints import complaints
from workers.returns.panel import NONE, Ints, Returns, ReturnsPanel, Sales
from workers.returns.reasons import Reason

# How far back a SKU's own history is read.
HISTORY_DAYS = 180
# All are in memory at once: their sales take 45 MB.
MOST_PRODUCTS = 10_000
# Of one statement, whose answer is made of Python's objects before it is arrays: as rows it would be three times as
# many.
PRODUCTS_TOGETHER = 500
# Who complains of a part names it soon.
LONGEST_COMMENT = 300
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
    title: str
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
    # Of a return whose reason is a defect.
    comment: list[str]


@dataclass(slots=True)
class _Names:
    """What is numbered while the returns are read. What has no name has no number."""

    customers: dict[str, int] = field(default_factory=lambda: {"": NONE})
    complaints: dict[str, int] = field(default_factory=lambda: {"": NONE})


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
        "defects": sorted(DEFECTS),
        "longest": LONGEST_COMMENT,
    }
    items = sql.rows(Item, ITEMS, {**parameters, "most": MOST_PRODUCTS})
    names = _Names()
    returns = _returns(items, parameters, names)
    panel = ReturnsPanel(
        skus=[each.sku for each in items],
        category=_numbered([each.category for each in items], {"": NONE}),
        cost=np.array([each.worth for each in items], dtype=np.float64),
        reasons=REASONS,
        clusters=list(names.complaints)[1:],
        buyers=list(names.customers)[1:],
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
    sku, day, units = zip(*parts, strict=True)
    return Sales(np.concatenate(sku), np.concatenate(day) + POSTGRES_EPOCH, np.concatenate(units))


def _returns(items: Sequence[Item], parameters: Mapping[str, object], names: _Names) -> Returns:
    parts = [
        _arrays(found, items, names)
        for chunk in _chunks(items)
        for found in sql.rows(_Returned, RETURNS, {**parameters, **chunk})
    ]
    sku, day, units, reason, cluster, buyer = map(np.concatenate, zip(*parts, strict=True))
    return Returns(sku, day + POSTGRES_EPOCH, units, reason, cluster, buyer)


def _arrays(found: _Returned, items: Sequence[Item], names: _Names) -> tuple[Ints, ...]:
    """In the order of `Returns`. The comments go no further."""
    about = complaints(found.item, found.comment, [each.title for each in items])
    numbers = [_ints(column) for column in (found.item, found.day, found.units, found.reason)]
    return *numbers, _numbered(about, names.complaints), _numbered(found.customer, names.customers)


def _chunks(items: Sequence[Item]) -> Iterable[dict[str, object]]:
    """The ids of some products, and the place of the first of them. One chunk at least."""
    for start in range(0, max(len(items), 1), PRODUCTS_TOGETHER):
        yield {"start": start, "ids": [each.id for each in items[start : start + PRODUCTS_TOGETHER]]}


def _ints(values: Sequence[int]) -> Ints:
    return np.array(values, dtype=np.int64)


def _numbered(names: Sequence[str], numbers: dict[str, int]) -> Ints:
    """A number for each different name, beside those that have one."""
    return _ints([numbers.setdefault(name, len(numbers) - 1) for name in names])


ITEMS = """
SELECT id, sku, title, category, currency, worth FROM (
    SELECT product.id, sku, title, category, currency, coalesce(cost, price)::float8 AS worth
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
    coalesce(array_agg(coalesce(array_position(%(reasons)s::text[], known_reason), 1) - 1), '{}') AS reason,
    coalesce(array_agg(coalesce(nullif(buyer, ''), "order")), '{}') AS customer,
    coalesce(array_agg(CASE WHEN known_reason = ANY(%(defects)s::text[]) THEN left(comment, %(longest)s) ELSE '' END),
        '{}') AS comment
FROM (
    SELECT (place - 1 + %(start)s)::int AS item, present.*,
        CASE WHEN classified_with = %(version)s THEN reason ELSE '' END AS known_reason
    FROM unnest(%(ids)s::bigint[]) WITH ORDINALITY AS wanted (id, place)
        JOIN catalogue_return AS present ON tenant_id = %(tenant)s AND marketplace = %(marketplace)s
            AND product_id = wanted.id AND date BETWEEN %(first)s AND %(last)s
    ORDER BY place, return_id COLLATE "C"
) AS listed
"""
