"""Checks rows and writes them, chunk by chunk."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypedDict

from workers.catalogue.importing.checks import FieldProblem
from workers.catalogue.importing.fields import Remembered, Row, Value
from workers.catalogue.importing.kind import Check, Expected, Kind, Scope
from workers.catalogue.importing.reading import Reader, Record, Stream
from workers.catalogue.importing.writing import Table, upsert
from workers.catalogue.pages import M

# One transaction each: a long one would hold back vacuum on the job tables.
CHUNK_ROWS = 10_000
MOST_ERRORS = 1_000

Progress = Callable[[int], None]
Problem = tuple[str, str]


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
) -> Report:
    """Insert or update rows. Columns that a row does not have keep what is stored; an empty cell clears.

    `expected` is handed from one import of a dry run to the next: what would be there by then counts as known.
    Raises HeaderError before anything is written.
    """
    check = kind.checker(Scope(tenant_id, marketplace, dry_run, {} if expected is None else expected))
    cells = {name: Remembered(parse) for name, parse in kind.fields.items()}
    report = Report()
    chunk = Chunk(kind.table, report, dry_run)
    for done, record in enumerate(reader(stream, kind.columns), start=1):
        row = _parse(record, cells, check, report)
        if row is not None:
            chunk.add(row)
        if done % CHUNK_ROWS == 0:
            chunk.write()
            if progress:
                progress(done)
    chunk.write()
    return report


def _parse(record: Record, cells: Mapping[str, Remembered], check: Check, report: Report) -> Row | None:
    """The row as the table's columns, or None where it was rejected."""
    if record.error is not None:
        report.reject(record.line, [("", record.error)])
        return None
    row, problems = _values(record, cells)
    if not problems:
        try:
            return check(row)
        except FieldProblem as problem:
            problems.append((problem.name, problem.message))
    report.reject(record.line, problems)
    return None


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
Rows = dict[Key, tuple[Value, ...]]


class Chunk:
    """Rows to write, by key: of two rows with one key the later one counts.

    Rows of JSON may differ in their fields: each set of columns is a statement, and a transaction, of its own.
    """

    def __init__(self, table: Table, report: Report, dry_run: bool) -> None:
        self.table = table
        self.report = report
        self.dry_run = dry_run
        self.groups: dict[tuple[str, ...], Rows] = {}
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
        self.groups.setdefault(columns, {})[key] = tuple(row.values())

    def write(self) -> None:
        for columns, rows in self.groups.items():
            # In the order of their keys, so that two imports of the same rows wait instead of deadlocking.
            ordered = [rows[key] for key in sorted(rows)]
            inserted = upsert(self.table, columns, ordered, dry_run=self.dry_run)
            self.report.imported += inserted
            self.report.updated += len(ordered) - inserted
        self.groups = {}
        self.columns_of = {}
