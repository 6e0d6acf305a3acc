"""Several rows of one key in one file, wherever they stand in it: sorted on the disk, so that memory stays bounded.

Order lines come in any order, and two of one SKU and day may be a million lines apart.
"""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, islice
from tempfile import TemporaryFile
from typing import NamedTuple

from workers.catalogue.importing.fields import Row, Value
from workers.catalogue.importing.kind import Combine
from workers.catalogue.importing.pausing import Pause, pausing
from workers.catalogue.importing.writing import NULL, line


class Combined(NamedTuple):
    """What rows of one key are together: the columns, their text for COPY, and how many rows it were."""

    columns: tuple[str, ...]
    text: str
    rows: int


# Between the key, the number of the columns, and the row of a sorted line: no text of COPY holds it.
_END = b"\x1f"
# What one thread sorts within a millisecond, and does not keep others waiting for longer.
RUN_ROWS = 2_000
_BLOCK = 8 * 1024
# Of one key, combined at a time.
_MOST_TOGETHER = 100
# What a column of whole numbers holds.
_LARGEST_SUM = 2**31 - 1


class Combiner:
    """Takes rows in any order, and gives them back by key. Close it."""

    def __init__(self, key: Sequence[str], combine: Combine) -> None:
        self._key = key
        self._combine = combine
        self._numbers: dict[tuple[str, ...], int] = {}
        self._run: list[bytes] = []
        self._file = TemporaryFile()  # noqa: SIM115  # `close` closes it
        self._ends = [0]

    def add(self, row: Row) -> None:
        number = self._numbers.setdefault(tuple(row), len(self._numbers))
        key = "\t".join([_sortable(row[name]) for name in self._key])
        self._run.append(b"%b%b%d%b%b" % (key.encode(), _END, number, _END, line(row.values()).encode()))
        if len(self._run) == RUN_ROWS:
            self._sort()

    def rows(self, pause: Pause | None = None) -> Iterator[Combined]:
        """All rows, those of one key together, in the order of their keys."""
        self._sort()
        columns = list(self._numbers)
        runs = [self._lines(start, end) for start, end in zip(self._ends, self._ends[1:], strict=False)]
        for _, same in groupby(pausing(heapq.merge(*runs), pause), key=_key_of):
            yield self._together(columns, same)

    def close(self) -> None:
        self._file.close()

    def _sort(self) -> None:
        self._run.sort()
        self._file.writelines(self._run)
        self._ends.append(self._file.tell())
        self._run = []

    def _lines(self, at: int, end: int) -> Iterator[bytes]:
        """A sorted run, block by block: thousands of them are open at once."""
        pending = b""
        while at < end:
            self._file.seek(at)
            block = self._file.read(min(_BLOCK, end - at))
            at += len(block)
            *complete, pending = (pending + block).split(b"\n")
            yield from complete

    def _together(self, columns: Sequence[tuple[str, ...]], lines: Iterator[bytes]) -> Combined:
        """One row of them all, some at a time: a file may have a million lines of one SKU and day."""
        first = _read(next(lines), columns)
        row, count = first, 1
        while some := [_read(each, columns) for each in islice(lines, _MOST_TOGETHER)]:
            row, count = self._combine([row, *some]), count + len(some)
        return Combined(tuple(row), "\t".join(row.values()) + "\n", count)


def _read(text: bytes, columns: Sequence[tuple[str, ...]]) -> dict[str, str]:
    _, number, row = text.split(_END, 2)
    return dict(zip(columns[int(number)], row.decode().split("\t"), strict=True))


def adding_up(fields: Sequence[str]) -> Combine:
    """Of several rows of one key, the sum of these whole numbers; of everything else, what one of them says."""

    def combine(rows: Sequence[Mapping[str, str]]) -> dict[str, str]:
        combined = {name: row[name] for row in rows for name in row}
        counted = {name: [int(row[name]) for row in rows if row.get(name, NULL) != NULL] for name in fields}
        return combined | {name: str(min(sum(numbers), _LARGEST_SUM)) for name, numbers in counted.items() if numbers}

    return combine


def _sortable(value: Value) -> str:
    """Products stand in the order of their ids, as in the table: neighbours there are written one after the other."""
    return f"{value:020d}" if isinstance(value, int) else str(value)


def _key_of(text: bytes) -> bytes:
    return text.partition(_END)[0]
