"""What is counted over rows that follow each other, such as the images of a product of a shop."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from workers.catalogue.importing.formats import Counted
from workers.catalogue.importing.recognition import positions_of
from workers.catalogue.importing.rules import first
from workers.catalogue.importing.tables import Row

# Of rows that belong together, held until all of them are counted: a shop allows 2,048 variants and 250 images.
MOST_CHARACTERS = 8 * 1024 * 1024


class Together(NamedTuple):
    """Rows that belong together, and how many of them have a cell in the counted column; None if it is not known."""

    rows: list[Row]
    number: int | None


class Counter:
    """The rows of one file, those together that belong together."""

    def __init__(self, counted: Counted, header: Sequence[str]) -> None:
        self.field = counted.field
        self._column, self._by = positions_of(counted.column, header), positions_of(counted.by, header)

    def groups(self, rows: Iterator[Row]) -> Iterator[Together]:
        held: list[Row] = []
        key, size, whole = "", 0, True
        for row in rows:
            found = self._key(row, key)
            if found != key or not key:
                yield self._together(held, whole)
                held, key, size, whole = [], found, 0, True
            held.append(row)
            size += sum(map(len, row.cells))
            if size > MOST_CHARACTERS:
                yield Together(held, None)
                held, size, whole = [], 0, False
        yield self._together(held, whole)

    def _key(self, row: Row, before: str) -> str:
        """A row that cannot be read parts nothing."""
        return before if row.error is not None else first(row.cells, self._by)

    def _together(self, rows: list[Row], whole: bool) -> Together:
        number = sum(bool(first(row.cells, self._column)) for row in rows)
        return Together(rows, number if whole and self._column else None)
