"""Rows of a tenant, page by page: which, in what order, and what is shown of each.

A page costs what it shows, wherever it lies: an index leads with what the list is filtered by and goes on in the
list's order, and the page begins at one place of it. To PostgreSQL `(a, b) > (x, y)` is such a place, and
`a > x OR (a = x AND b > y)` is none.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import accumulate
from operator import attrgetter
from typing import Generic, NamedTuple, TypeVar, cast

from django.db.models import BooleanField, DateTimeField, F, Func, IntegerField, Model, OrderBy, Q, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.lookups import GreaterThan, LessThan
from pydantic import BaseModel

from aijobs.shapes import in_utc
from aijobs.sql import merged
from workers.catalogue.models import Product

M = TypeVar("M", bound=Model)

# Of the long texts of a page: two hundred of a million characters each are too much for the web process.
MOST_BYTES = 8 * 1024 * 1024

Fixed = Mapping[str, object]
"""Columns, and the one value of each that a part of a list has."""


class Asked(NamedTuple):
    """Which of a tenant's rows a list is of."""

    tenant_id: int
    marketplace: str | None = None
    sku: str | None = None
    within: Q = Q()


def on_days(model: type[Model], column: str, first: date | None, last: date | None) -> Q:
    """Rows of these days, both included; a moment's day is that of UTC."""
    if isinstance(model._meta.get_field(column), DateTimeField):
        first = first and datetime.combine(first, time.min, UTC)
        last = last and datetime.combine(last, time.max, UTC)
    bounds = {f"{column}__gte": first, f"{column}__lte": last}
    return Q(**{name: bound for name, bound in bounds.items() if bound is not None})


Behind = GreaterThan | LessThan


@dataclass(frozen=True, slots=True)
class Sort:
    """One column of an order. `read` takes what a cursor says of it, and raises ValueError for what no row has."""

    column: str
    read: Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Order:
    """The columns that a list is sorted by, the descending ones after the ascending ones.

    The last ones make a row unique: behind that key the next page begins.
    """

    ascending: tuple[Sort, ...] = ()
    descending: tuple[Sort, ...] = ()
    # Of an order by id or product alone: else the planner takes the key's index for the shortest way.
    nulls_last: bool = False

    @property
    def columns(self) -> tuple[Sort, ...]:
        return self.ascending + self.descending

    @property
    def terms(self) -> list[OrderBy]:
        nulls_last = True if self.nulls_last else None
        return [
            *(F(each.column).asc() for each in self.ascending),
            *(F(each.column).desc(nulls_last=nulls_last) for each in self.descending),
        ]

    def key(self, row: Model) -> list[str]:
        return [_written(getattr(row, each.column)) for each in self.columns]

    def read(self, key: Sequence[str]) -> dict[str, object]:
        """The values of a key, by column. Raises ValueError for what no row has."""
        return {each.column: each.read(text) for each, text in zip(self.columns, key, strict=True)}


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """Some rows of a list, one after the other."""

    rows: list[M]
    next_key: list[str] | None
    """Behind it the next page begins; None where there are no more rows."""


@dataclass(frozen=True, slots=True)
class Pages(Generic[M]):
    """How rows are listed."""

    rows: Callable[[int], QuerySet[M]]
    """All rows of the tenant with this id. What `show` reads of other tables is prefetched: a planner that joins them
    may well begin with the other table, and read all of it."""
    parts: Callable[[Asked], Sequence[Fixed]]
    """What the asked-for rows have in common, part by part in the list's order: each is one stretch of an index."""
    order: Order
    view: type[BaseModel]
    show: Callable[[M], dict[str, object]]
    """A row in the shape of `view`."""
    long: str | None = None
    """The column whose texts may be long."""

    def after(self, asked: Asked, key: Sequence[str] | None, limit: int) -> Page[M]:
        """The page behind the row with this key: at most so many rows, and of long texts at most `MOST_BYTES`, unless
        one row alone has more. Raises ValueError for a key that no row has."""
        rows = self.rows(asked.tenant_id)
        listed = rows.filter(asked.within)
        # One more than is shown says whether there are others.
        found = self._first(self._measured(listed), asked, key, limit + 1)
        page = found[: self._fitting(found[:limit])]
        next_key = self.order.key(page[-1]) if len(page) < len(found) else None
        return Page(page if self.long is None else _whole(rows, page), next_key)

    def _measured(self, rows: QuerySet[M]) -> QuerySet[M]:
        """Where texts may be long, the keys only, and how long the texts are: that is known without reading them."""
        if self.long is None:
            return rows
        size = Func(self.long, function="octet_length", output_field=IntegerField())
        keys = rows.prefetch_related(None).only(*(each.column for each in self.order.columns))
        return cast("QuerySet[M]", keys.annotate(bytes=size))

    def _fitting(self, found: Sequence[M]) -> int:
        """How many of the rows fit on one page."""
        if self.long is None:
            return len(found)
        sums: Iterator[int] = accumulate(map(attrgetter("bytes"), found))
        return max(1, sum(size <= MOST_BYTES for size in sums))

    def _first(self, rows: QuerySet[M], asked: Asked, key: Sequence[str] | None, most: int) -> list[M]:
        parts, last = self.parts(asked), None if key is None else self.order.read(key)
        stretches = [rows.filter(*behind, **fixed) for fixed, behind in _stretches(parts, self.order, last)]
        if self.order.ascending or not stretches:
            return _first([each.order_by(*self.order.terms) for each in stretches], most)
        return merged(stretches, self.order.terms, most)


def _whole(rows: QuerySet[M], page: Sequence[M]) -> list[M]:
    """The same rows with all of their columns. Those that have been removed since are left out."""
    whole = rows.in_bulk([row.pk for row in page])
    return [whole[row.pk] for row in page if row.pk in whole]


def _first(stretches: Sequence[QuerySet[M]], most: int) -> list[M]:
    """The first rows of stretches that follow each other."""
    found: list[M] = []
    for stretch in stretches:
        found += stretch[: most - len(found)]
        if len(found) == most:
            break
    return found


def of_products(asked: Asked) -> Sequence[Fixed]:
    """The parts of rows that belong to products: one of each product where a SKU is asked for."""
    if asked.sku is None:
        return [{"marketplace": asked.marketplace}] if asked.marketplace else [{}]
    products = Product.objects.of(asked.tenant_id).filter(sku=asked.sku)
    if asked.marketplace is not None:
        products = products.filter(marketplace=asked.marketplace)
    return list(products.order_by("marketplace").values("marketplace", product_id=F("id")))


def _stretches(parts: Sequence[Fixed], order: Order, last: Fixed | None) -> Iterator[tuple[Fixed, Sequence[Behind]]]:
    """What is left of the parts behind the row with the last key, each as one stretch of an index.

    Raises ValueError for a key of another list.
    """
    shared = [each.column for each in order.columns if parts and each.column in parts[0]]
    place = -1
    if last is not None and shared:
        place = [[fixed[name] for name in shared] for fixed in parts].index([last[name] for name in shared])
    for number, fixed in enumerate(parts):
        if last is None or 0 <= place < number:
            yield fixed, []
        elif number == place or not shared:
            yield from _behind(fixed, order, last)


def _behind(fixed: Fixed, order: Order, last: Fixed) -> Iterator[tuple[Fixed, Sequence[Behind]]]:
    """One part, behind a row of it: what has the row's ascending columns, and what comes after those."""
    ascending, descending = (
        {each.column: last[each.column] for each in columns if each.column not in fixed}
        for columns in (order.ascending, order.descending)
    )
    if descending:
        yield {**fixed, **ascending}, [LessThan(*_compared(descending))]
    if ascending:
        yield fixed, [GreaterThan(*_compared(ascending))]


class _Row(Func):
    """Several columns, or several values, that are compared as one."""

    template = "ROW(%(expressions)s)"
    output_field = BooleanField()


def _compared(values: Fixed) -> tuple[Combinable, Combinable]:
    """The columns, and their values."""
    columns, constants = [F(name) for name in values], [Value(value) for value in values.values()]
    return (_Row(*columns), _Row(*constants)) if len(values) > 1 else (columns[0], constants[0])


def _written(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def row_id(text: str) -> int:
    """The id of a row, which PostgreSQL can compare. Raises ValueError."""
    if text.isascii() and text.isdecimal() and len(text) < 19:
        return int(text)
    raise ValueError("is not an id")


BY_PRODUCT = (Sort("marketplace", str), Sort("product_id", row_id))


def moment(text: str) -> datetime:
    """A moment of a row, as it is written: in UTC. Raises ValueError."""
    value = in_utc(datetime.fromisoformat(text))
    if _written(value) != text:
        raise ValueError("is not of a row")
    return value
