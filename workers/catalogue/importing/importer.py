"""Checks rows and writes them, chunk by chunk."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple, TypedDict, TypeVar

from django.utils.timezone import now

from workers.catalogue.importing.checks import FieldProblem
from workers.catalogue.importing.fields import Remembered, Row, Value
from workers.catalogue.importing.kind import Expected, Kind, Scope
from workers.catalogue.importing.reading import Reader, Record, Stream
from workers.catalogue.importing.writing import Table, line, upsert
from workers.catalogue.pages import M

# One transaction each: a long one would hold back vacuum on the job tables.
CHUNK_ROWS = 10_000
MOST_ERRORS = 1_000

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


@dataclass(slots=True)
class Report:
    """What became of the rows. `errors` holds the first thousand; `rejected` counts all rejected rows."""

    imported: int = 0
    updated: int = 0
    rejected: int = 0
    errors: list[RowError] = field(default_factory=list)

    def reject(self, line: int, errors: list[Problem]) -> None:
        self.rejected += 1
        for name, message in errors[: MOST_ERRORS - len(self.errors)]:
            self.errors.append({"line": line, "field": name, "message": message})


def run_import(
    kind: Kind[M],
    tenant_id: int,
    marketplace: str,
    stream: Stream,
    reader: Reader,
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
    expected: Expected | None = None,
    pause: Callable[[], None] | None = None,
) -> Report:
    """Insert or update rows. Columns that a row does not have keep what is stored; an empty cell clears.

    `expected` is handed from one import of a dry run to the next: what would be there by then counts as known.
    `pause` is called after every few rows, where others may want to compute. Raises HeaderError before anything is
    written.
    """
    scope = Scope(tenant_id, marketplace, dry_run, {} if expected is None else expected, now())
    cells = {name: Remembered(parse) for name, parse in kind.fields.items()}
    report = Report()
    records = _pausing(reader(stream, kind.columns), pause)
    done = 0
    while read := [_parse(record, cells) for record in islice(records, CHUNK_ROWS)]:
        _import_chunk(kind, scope, read, report, pause)
        done += len(read)
        if progress:
            progress(done)
    return report


T = TypeVar("T")
# Some fifty microseconds of computing.
ROWS_BETWEEN_PAUSES = 8


def _pausing(items: Iterable[T], pause: Callable[[], None] | None) -> Iterator[T]:
    if pause is None:
        yield from items
        return
    for number, item in enumerate(items):
        if number % ROWS_BETWEEN_PAUSES == 0:
            pause()
        yield item


def _import_chunk(
    kind: Kind[M], scope: Scope, read: Sequence[Parsed], report: Report, pause: Callable[[], None] | None
) -> None:
    """Check and write the rows. What they are checked against is asked for once."""
    skus = {str(each.row["sku"]) for each in read if not each.problems}
    check = kind.checker(scope, skus)
    chunk = Chunk(kind.table, report, scope.dry_run)
    for number, row, problems in _pausing(read, pause):
        if not problems:
            try:
                chunk.add(check(row))
                continue
            except FieldProblem as problem:
                problems.append((problem.name, problem.message))
        report.reject(number, problems)
    chunk.write()


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


Key = tuple[Value, ...]
Lines = dict[Key, str]


class Chunk:
    """Rows to write, by key: of two rows with one key the later one counts.

    Rows of JSON may differ in their fields: each set of columns is a statement, and a transaction, of its own.
    """

    def __init__(self, table: Table, report: Report, dry_run: bool) -> None:
        self.table = table
        self.report = report
        self.dry_run = dry_run
        self.groups: dict[tuple[str, ...], Lines] = {}
        self.columns_of: dict[Key, tuple[str, ...]] = {}

    def add(self, row: Row) -> None:
        columns = tuple(row)
        key = tuple([row[name] for name in self.table.key])
        earlier = self.columns_of.get(key)
        if earlier is not None:
            if earlier == columns:
                self.report.updated += 1
            else:
                # What only the earlier row says must stay said.
                self.write()
        self.columns_of[key] = columns
        self.groups.setdefault(columns, {})[key] = line(row.values())

    def write(self) -> None:
        for columns, lines in self.groups.items():
            inserted = upsert(self.table, columns, lines.values(), dry_run=self.dry_run)
            self.report.imported += inserted
            self.report.updated += len(lines) - inserted
        self.groups = {}
        self.columns_of = {}
