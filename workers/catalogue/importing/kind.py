"""What an importable kind of rows is. Each is one value in a file of its own, in `workers.catalogue.kinds`."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, NamedTuple

from workers.catalogue.importing.delimited import LONGEST_RECORD
from workers.catalogue.importing.fields import Column, Row
from workers.catalogue.importing.formats import Series
from workers.catalogue.importing.writing import Table
from workers.catalogue.pages import M, Pages


class KnownProduct(NamedTuple):
    """What rows that refer to a product need of it."""

    id: int
    currency: str


# What earlier rows of the same dry run would have written of products, by SKU.
Expected = dict[str, Row]


@dataclass(frozen=True, slots=True)
class Scope:
    """What one import is for, and what it has learned so far.

    A dry run adds to `expected` the products that it did not write. `known` are products that rows have referred to:
    the same ones come again and again.
    """

    tenant_id: int
    marketplace: str
    currency: str
    """Of new products whose row does not name one."""
    dry_run: bool
    expected: Expected
    at: datetime
    known: dict[str, KnownProduct] = field(default_factory=dict)
    # Columns that stay as they are in rows that are there.
    keep: frozenset[str] = frozenset()


Check = Callable[[Row], Row]
"""From a row as it was read to the columns of the table. Raises FieldProblem."""

Combine = Callable[[Sequence[Mapping[str, str]]], dict[str, str]]
"""From several rows of one key to what they are together: columns as COPY has them, here and there.

Raises FieldProblem for rows that do not go together."""

Complete = Callable[[Mapping[str, str], dict[str, str]], None]
"""From the cells of the row above to those of a row, by field."""


@dataclass(frozen=True, slots=True)
class Documentation:
    """What callers read about a kind."""

    rows: str
    """What its rows are called, as in competitors' offers."""
    order: str
    """In which order they are listed, as in by product, the newest first."""
    listing: str
    """The whole description of the list."""
    importing: str
    """The whole description of the import, with its columns."""
    example: str
    """A short file as CSV."""


@dataclass(frozen=True, slots=True, eq=False)
class Kind(Generic[M]):
    """One kind of rows: its name in paths and commands, what its columns hold, and where its rows go."""

    name: str
    table: Table
    fields: Mapping[str, Column]
    synonyms: Mapping[str, tuple[str, ...]]
    """What else the columns are called in files: in other words and in other languages."""
    required: tuple[tuple[str, ...], ...]
    """The fields that a file cannot be without: of each group, one."""
    checker: Callable[[Scope, Collection[str]], Check]
    """Makes the check of one chunk. It reads once what it needs to know of the products with these SKUs, which are
    all that the chunk names: a catalogue may hold a million."""
    pages: Pages[M]
    documentation: Documentation
    named: tuple[str, ...] = ("sku",)
    """The fields that may name a row's product."""
    series: tuple[Series, ...] = ()
    """Columns of plain tables that are one field together."""
    longest: int = LONGEST_RECORD
    """A row of a file, in characters."""
    day: str | None = None
    """The column with the day, or the moment, that a row is of. Products are of no day."""
    combine: Combine | None = None
    """What several rows of one key in one file are together. Without it the last one counts."""
    complete: Complete | None = None
    """Fills in what a table of one's own leaves to the row above."""

    @property
    def path(self) -> str:
        """Its name in addresses."""
        return self.name.replace("_", "-")
