"""Rows of a tenant, page by page: which, in what order, and what is shown of each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from django.db.models import Model, Q, QuerySet
from pydantic import BaseModel

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Sort:
    """One column of an order. `read` takes what a cursor says of it, and raises ValueError for what no row has."""

    column: str
    read: Callable[[str], object]
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Pages(Generic[M]):
    """How rows are listed. `order` ends in what makes a row unique: behind that key the next page begins."""

    rows: Callable[[int], QuerySet[M]]
    """All rows of the tenant with this id, with whatever `show` reads of other tables."""
    order: tuple[Sort, ...]
    view: type[BaseModel]
    show: Callable[[M], dict[str, object]]
    """A row in the shape of `view`."""
    # The columns to filter by: every kind but the products themselves refers to a product.
    marketplace: str = "product__marketplace"
    sku: str = "product__sku"

    def ordered(self, rows: QuerySet[M]) -> QuerySet[M]:
        return rows.order_by(*(f"{'-' if each.descending else ''}{each.column}" for each in self.order))

    def key(self, row: M) -> list[str]:
        return [_written(getattr(row, each.column)) for each in self.order]

    def behind(self, key: Sequence[str]) -> Q:
        """The rows that come after the one with this key. Raises ValueError for what no row has."""
        behind, level = Q(), Q()
        for each, text in zip(self.order, key, strict=True):
            value = each.read(text)
            behind |= level & Q(**{f"{each.column}__{'lt' if each.descending else 'gt'}": value})
            level &= Q(**{each.column: value})
        return behind


def _written(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def row_id(text: str) -> int:
    """The id of a row, which PostgreSQL can compare. Raises ValueError."""
    if text.isascii() and text.isdecimal() and len(text) < 19:
        return int(text)
    raise ValueError("is not an id")
