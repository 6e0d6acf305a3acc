"""Several rows of one key in one file, wherever they stand in it: sorted on the disk, so that memory stays bounded.

Order lines come in any order, and two of one SKU and day may be a million lines apart. And where a product comes
twice, its price is what the file says last: what stands earlier is nobody's price, not even for a moment.
"""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, groupby, islice
from tempfile import TemporaryFile
from typing import NamedTuple

from workers.catalogue.importing.checks import FieldProblem
from workers.catalogue.importing.fields import Row, Value
from workers.catalogue.importing.kind import Combine
from workers.catalogue.importing.pausing import Pause, pausing
from workers.catalogue.importing.writing import NULL, line


class Combined(NamedTuple):
    """What rows of one key are together: the columns, their text for COPY, and how many rows it were."""

    columns: tuple[str, ...]
    text: str
    rows: int


# Between the key, the row's place in the file, the number of its columns, and the row: no text of COPY holds it.
_END = b"\x1f"
# What one thread sorts within a millisecond, and does not keep others waiting for longer.
RUN_ROWS = 2_000
# And no more than so many bytes are held meanwhile.
RUN_BYTES = 8 * 1024 * 1024
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
        self._held = 0
        self._file = TemporaryFile()  # noqa: SIM115  # `close` closes it
        self._ends = [0]
        self.problems: list[tuple[int, FieldProblem]] = []
        """The rows that do not go with an earlier one of their key, by line."""

    def add(self, line_number: int, row: Row) -> None:
        """Rows come in the order of their lines."""
        number = self._numbers.setdefault(tuple(row), len(self._numbers))
        key = "\t".join([_sortable(row[name]) for name in self._key])
        # By key, and of one key in the order of the file.
        self._run.append(
            b"%b%b%012d%b%d%b%b" % (key.encode(), _END, line_number, _END, number, _END, line(row.values()).encode())
        )
        self._held += len(self._run[-1])
        if len(self._run) == RUN_ROWS or self._held > RUN_BYTES:
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
        self._run, self._held = [], 0

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
        alone = next(lines)
        if (another := next(lines, None)) is None:
            _, _, number, text = alone.split(_END, 3)
            return Combined(columns[int(number)], f"{text.decode()}\n", 1)
        lines = chain([another], lines)
        _, row = _read(alone, columns)
        count = 1
        while some := [_read(each, columns) for each in islice(lines, _MOST_TOGETHER)]:
            row, added = self._added(row, some)
            count += added
        return Combined(tuple(row), "\t".join(row.values()) + "\n", count)

    def _added(self, row: dict[str, str], some: Sequence[tuple[int, dict[str, str]]]) -> tuple[dict[str, str], int]:
        """The row together with these, and how many of them go with it."""
        try:
            return self._combine([row, *(each for _, each in some)]), len(some)
        except FieldProblem as problem:
            if len(some) == 1:
                self.problems.append((some[0][0], problem))
                return row, 0
        counts = 0
        for one in some:
            row, added = self._added(row, [one])
            counts += added
        return row, counts


def _read(text: bytes, columns: Sequence[tuple[str, ...]]) -> tuple[int, dict[str, str]]:
    """A row with its line."""
    _, line_number, number, row = text.split(_END, 3)
    return int(line_number), dict(zip(columns[int(number)], row.decode().split("\t"), strict=True))


def later_counts(rows: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Of several rows of one key the last one, and what only earlier ones say."""
    return {name: cell for row in rows for name, cell in row.items()}


def adding_up(fields: Sequence[str]) -> Combine:
    """Of several rows of one key, the sum of these whole numbers; of everything else, what the last one says."""

    def combine(rows: Sequence[Mapping[str, str]]) -> dict[str, str]:
        combined = later_counts(rows)
        counted = {name: [int(row[name]) for row in rows if row.get(name, NULL) != NULL] for name in fields}
        return combined | {name: str(min(sum(numbers), _LARGEST_SUM)) for name, numbers in counted.items() if numbers}

    return combine


def _sortable(value: Value) -> str:
    """Products stand in the order of their ids, as in the table: neighbours there are written one after the other."""
    return f"{value:020d}" if isinstance(value, int) else str(value)


def _key_of(text: bytes) -> bytes:
    return text.partition(_END)[0]
