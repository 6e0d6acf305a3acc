"""Checks rows and writes them, chunk by chunk."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple, TypedDict, TypeVar

from workers.catalogue.importing.checks import FieldProblem, NoItem
from workers.catalogue.importing.combining import Combined, Combiner
from workers.catalogue.importing.conventions import Remembered
from workers.catalogue.importing.fields import Row, Value
from workers.catalogue.importing.kind import Combine, Kind, Scope
from workers.catalogue.importing.mapping import Record
from workers.catalogue.importing.names import printable
from workers.catalogue.importing.pausing import Pause, pausing
from workers.catalogue.importing.tables import without_marks
from workers.catalogue.importing.writing import Table, Written, count_rows, upsert
from workers.catalogue.models import LONGEST_SKU

# One transaction each: a long one would hold back vacuum on the job tables.
CHUNK_ROWS = 10_000
# A tenant's stream of events waits for the oldest transaction that writes, so one of an import is much shorter than a
# second: it begins with few rows, and takes as many as the machine writes in so long.
AIMED_SECONDS = 0.25
FIRST_ROWS, FEWEST_ROWS = 500, 20
# And no more than so many characters of cells: a review may have a million.
CHUNK_CHARACTERS = 8 * 1024 * 1024
# Of errors, of skipped rows, and of rows that a dry run shows.
MOST_ERRORS, MOST_SKIPPED, MOST_SHOWN = 1_000, 1_000, 5
# Of a cell of those: what is longer is stored whole, and shown cut.
LONGEST_SHOWN = 1_000
REMOVED = "Rows left out: {}, because their products were removed while the import was running"

Progress = Callable[[int], None]
Problem = tuple[str, str]


class Parsed(NamedTuple):
    """A row as its cells were read, and what was wrong with them."""

    line: int
    row: Row
    problems: list[Problem]


class RowError(TypedDict):
    line: int
    field: str
    message: str


class SkippedRow(TypedDict):
    """A row that is no item, such as an image or a cancelled order. `sku` is empty if the row has none."""

    line: int
    sku: str
    reason: str


@dataclass(slots=True)
class Report:
    """What became of the rows. `errors` holds the first thousand; `rejected` counts all rejected rows."""

    imported: int = 0
    updated: int = 0
    rejected: int = 0
    # Of the products that the catalogue had already: prices that changed, and prices that differ and were kept.
    prices_changed: int = 0
    prices_kept: int = 0
    errors: list[RowError] = field(default_factory=list)
    skipped_count: int = 0
    skipped: list[SkippedRow] = field(default_factory=list)
    preview: list[dict[str, Value]] = field(default_factory=list)

    def add(self, written: Written, rows: int) -> None:
        """What became of so many rows that were written together."""
        self.imported += written.new
        self.updated += rows - written.new - written.missing
        self.prices_changed += written.changed
        self.prices_kept += written.kept
        if written.missing:
            self.rejected += written.missing - 1
            self.reject(0, [("sku", REMOVED.format(written.missing))])

    def reject(self, line: int, errors: list[Problem]) -> None:
        self.rejected += 1
        for name, message in errors[: MOST_ERRORS - len(self.errors)]:
            self.errors.append({"line": line, "field": name, "message": message})

    def skip(self, record: Record) -> None:
        self.skipped_count += 1
        if len(self.skipped) < MOST_SKIPPED:
            sku = printable(record.values.get("sku", "").strip(), LONGEST_SKU)
            self.skipped.append({"line": record.line, "sku": sku, "reason": f"The row {record.skipped}."})

    def show(self, row: Row) -> None:
        if len(self.preview) < MOST_SHOWN:
            self.preview.append({name: _shown(value) for name, value in row.items()})


def _shown(value: Value) -> Value:
    """As answers have it."""
    if isinstance(value, str):
        return without_marks(value[:LONGEST_SHOWN]) + ("…" if len(value) > LONGEST_SHOWN else "")
    return value.isoformat() if isinstance(value, date) else value


# So many new rows may change how PostgreSQL finds them.
_MANY = 1_000


def write(
    kind: Kind[Any],
    scope: Scope,
    records: Iterable[Record],
    cells: Mapping[str, Remembered],
    *,
    combine: Combine,
    progress: Progress | None = None,
    pause: Pause | None = None,
) -> Report:
    """Insert or update rows. Columns that a row does not have keep what is stored; an empty cell clears.

    `combine` makes one row of several with the same key. `pause` is called after every few rows, where others may
    want to compute. All rows are checked before the first one is written.
    """
    report = Report()
    with closing(Combiner(kind.table.key, combine)) as combiner:
        for rows in _checked(kind, scope, _counted(records, progress), cells, report, pause):
            for line_number, row in rows:
                combiner.add(line_number, row)
        _write_combined(kind.table, report, scope, combiner.rows(pause))
        for line_number, problem in combiner.problems:
            report.reject(line_number, [(problem.name, problem.message)])
    if report.imported >= _MANY and not scope.dry_run:
        count_rows(kind.table, report.imported)
    return report


ROWS_BETWEEN_PROGRESS = 10_000


def _counted(records: Iterable[Record], progress: Progress | None) -> Iterator[Record]:
    for number, record in enumerate(records, start=1):
        if progress and number % ROWS_BETWEEN_PROGRESS == 0:
            progress(number)
        yield record


def _checked(
    kind: Kind[Any],
    scope: Scope,
    records: Iterable[Record],
    cells: Mapping[str, Remembered],
    report: Report,
    pause: Pause | None,
) -> Iterator[Iterator[tuple[int, Row]]]:
    """The good rows with their lines, chunk by chunk. What they are checked against is asked for once a chunk."""
    items = pausing(_items(records, report), pause)
    for records in _chunks(items, _size_of_record):
        read = [_parse(record, cells) for record in records]
        rows = (each.row for each in read if not each.problems)
        names = {str(cell) for row in rows for name in kind.named if (cell := row.get(name))}
        yield _good(read, kind, kind.checker(scope, names), report, pause)


T = TypeVar("T")


def _chunks(items: Iterable[T], size_of: Callable[[T], int]) -> Iterator[list[T]]:
    """Bounded in their number and in what they hold."""
    chunk: list[T] = []
    size = 0
    for item in items:
        chunk.append(item)
        size += size_of(item)
        if len(chunk) == CHUNK_ROWS or size > CHUNK_CHARACTERS:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _size_of_record(record: Record) -> int:
    return sum(map(len, record.values.values()))


def _size_of_combined(combined: Combined) -> int:
    return len(combined.text)


def _items(records: Iterable[Record], report: Report) -> Iterator[Record]:
    for record in records:
        if record.skipped is None:
            yield record
        else:
            report.skip(record)


def _good(
    read: Sequence[Parsed], kind: Kind[Any], check: Callable[[Row], Row], report: Report, pause: Pause | None
) -> Iterator[tuple[int, Row]]:
    private = {name for name, column in kind.fields.items() if column.private}
    for number, row, problems in pausing(read, pause):
        if problems:
            report.reject(number, problems)
            continue
        try:
            checked = check(dict(row))
        except FieldProblem as problem:
            report.reject(number, [(problem.name, problem.message)])
        except NoItem as reason:
            report.skip(Record(number, {"sku": str(row.get("sku", ""))}, skipped=str(reason)))
        else:
            report.show({name: value for name, value in row.items() if name not in private} | _kept(checked, private))
            yield number, checked


def _kept(checked: Row, private: Set[str]) -> Row:
    return {name: value for name, value in checked.items() if name in private}


def _parse(record: Record, cells: Mapping[str, Remembered]) -> Parsed:
    if record.error is not None:
        return Parsed(record.line, {}, [("", record.error)])
    return Parsed(record.line, *_values(record, cells))


def _values(record: Record, cells: Mapping[str, Remembered]) -> tuple[Row, list[Problem]]:
    row: Row = {}
    problems: list[Problem] = []
    for name, cell in record.values.items():
        try:
            row[name] = cells[name][cell]
        except ValueError as problem:
            problems.append((name, str(problem)))
    return row, problems


def _write_combined(table: Table, report: Report, scope: Scope, rows: Iterator[Combined]) -> None:
    """Each key once. The rows that were added to another one of their key count as updates of it.

    Rows of JSON may differ in their fields: each set of columns is a statement, and a transaction, of its own.
    """
    pace = Pace()
    for chunk in _chunks(rows, _size_of_combined):
        groups: dict[tuple[str, ...], list[str]] = {}
        for each in chunk:
            groups.setdefault(each.columns, []).append(each.text)
            report.updated += each.rows - 1
        for columns, lines in groups.items():
            for some in pace.portions(lines):
                report.add(upsert(table, columns, some, dry_run=scope.dry_run, keep=scope.keep), len(some))


class Pace:
    """How many rows a transaction writes."""

    def __init__(self) -> None:
        self.rows = FIRST_ROWS

    def portions(self, lines: Sequence[str]) -> Iterator[Sequence[str]]:
        """All of them, so many at a time; each portion is written before the next one is asked for."""
        first = 0
        while first < len(lines):
            portion = lines[first : first + self.rows]
            began = time.monotonic()
            yield portion
            self.measured(len(portion), time.monotonic() - began)
            first += len(portion)

    def measured(self, rows: int, seconds: float) -> None:
        """Twice as many as before at the most: one that was quick by chance makes no long one."""
        aimed = int(rows * AIMED_SECONDS / max(seconds, 0.001))
        self.rows = max(FEWEST_ROWS, min(aimed, 2 * self.rows, CHUNK_ROWS))
