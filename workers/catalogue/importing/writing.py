"""COPY into a temporary table, then one statement: a chunk is written whole or not at all.

Locks are taken in one order: products by their key, then what belongs to them by its own.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, LiteralString, NamedTuple

from django.db import connection, transaction
from psycopg import sql

from workers.catalogue.importing.fields import Value


@dataclass(frozen=True, slots=True)
class Audit:
    """Columns whose changes are recorded.

    `record` is an INSERT of a row for each change. It reads `held`: the id and these columns of the rows as they were
    before the write. They are locked, and the table holds what they have become.
    """

    columns: tuple[str, ...]
    record: LiteralString
    # Whether the import's answer says how many there are.
    counted: bool = True


@dataclass(frozen=True, slots=True)
class Renewal:
    """A column that says what, or when something, has looked at a row: it becomes `empty` where one of these others
    changes."""

    column: str
    by: tuple[str, ...]
    empty: LiteralString = "''"


@dataclass(frozen=True, slots=True)
class Table:
    """Where rows go, and the columns that identify a row; the one that says when it was last changed; those that a
    new row cannot be without, those whose changes are recorded, and what makes a row new again."""

    name: str
    key: tuple[str, ...]
    changed_at: str | None = None
    needed: tuple[str, ...] = ()
    audit: Audit | None = None
    renewal: Renewal | None = None


class Written(NamedTuple):
    """What became of the rows of a chunk: those that are neither new nor missing were there already."""

    new: int = 0
    missing: int = 0
    """Left out: the columns make no new row, and there is none to update; or the product is gone by now."""
    changed: int = 0
    """Rows that were there, and of which an audited column has changed."""
    kept: int = 0
    """Rows that were there, and of which a column that is kept differs."""


def upsert(
    table: Table, columns: Sequence[str], lines: Iterable[str], *, dry_run: bool, keep: Collection[str] = ()
) -> Written:
    """Write rows, each as `line` made it. Rows that change nothing are not rewritten.

    Where the columns do not make a new row, only rows that are there are updated. `keep`: columns that stay as they
    are in rows that are there; new rows have them all the same. Two imports of the same rows wait for each other
    instead of deadlocking. A dry run writes to temporary tables only, and counts.
    """
    statements = _Statements(table, columns, keep)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statements.create)
        with cursor.copy(statements.copy) as copy:
            copy.write("".join(lines))
        written = _count(cursor, statements) if dry_run else _write(cursor, statements)
        cursor.execute("DROP TABLE incoming")
        return written


def count_rows(table: Table, new: int) -> None:
    """Have PostgreSQL count a table that has just grown by so many rows, if it has not counted as many so far.

    Until then it knows nothing of the table, and may look each row up by the wrong index: that took seconds for a
    chunk of the second import of a catalogue.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples < %s FROM pg_class WHERE oid = %s::regclass", [new, table.name])
        if cursor.fetchone()[0]:
            cursor.execute(sql.SQL("ANALYZE {table}").format(table=sql.Identifier(table.name)))


# What the text format of COPY writes for nothing, and what has another meaning there.
NULL = r"\N"
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def line(row: Iterable[Value]) -> str:
    """A row in the text format of COPY: twice as fast as psycopg's write_row, which asks each value for its type."""
    return "\t".join([_cell(value) for value in row]) + "\n"


def _cell(value: Value) -> str:
    if isinstance(value, str):
        return value.translate(_ESCAPES)
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False).translate(_ESCAPES)
    return NULL if value is None else str(value)


def _count(cursor: Any, statements: "_Statements") -> Written:
    """What would become of the rows."""
    cursor.execute(statements.hold(locked=False))
    absent = _number(cursor, statements.absent)
    is_counted = statements.audit is not None and statements.audit.counted
    differing = _number(cursor, statements.differing(statements.assigned)) if is_counted else 0
    kept = _number(cursor, statements.differing(statements.kept))
    cursor.execute("DROP TABLE held")
    if statements.makes_rows:
        return Written(new=absent, changed=differing, kept=kept)
    return Written(missing=absent, changed=differing, kept=kept)


def _write(cursor: Any, statements: "_Statements") -> Written:
    missing = _number(cursor, statements.leave_out_orphans) if statements.of_products else 0
    if statements.makes_rows and not statements.compared:
        return Written(_number(cursor, statements.upsert), missing)
    # New ones first: what another import has inserted meanwhile is there when the rows are held, and is audited.
    new = _number(cursor, statements.insert) if statements.makes_rows else 0
    if new and new == _number(cursor, statements.total):
        return Written(new, missing)
    cursor.execute(statements.hold(locked=True))
    kept = _number(cursor, statements.differing(statements.kept))
    missing += _number(cursor, statements.absent)
    _update(cursor, statements)
    changed = _record(cursor, statements)
    cursor.execute("DROP TABLE held")
    return Written(new, missing, changed, kept)


def _update(cursor: Any, statements: "_Statements") -> None:
    if statements.assigned:
        cursor.execute(statements.update)


def _record(cursor: Any, statements: "_Statements") -> int:
    """Record what has changed. Returns of how many rows."""
    audit = statements.audit
    if not audit or not set(audit.columns) & set(statements.assigned):
        return 0
    cursor.execute(audit.record)
    return int(cursor.rowcount) if audit.counted else 0


def _number(cursor: Any, statement: sql.Composed) -> int:
    cursor.execute(statement)
    return int(cursor.fetchone()[0])


def _listed(names: Iterable[str], *qualifier: str) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(*qualifier, name) for name in names)


class _Statements:
    """The statements for these columns; identifiers are quoted, there are no values."""

    def __init__(self, table: Table, columns: Sequence[str], keep: Collection[str]) -> None:
        self.audit = table.audit
        self.renewal = table.renewal
        self.key_names = table.key
        self.makes_rows = set(table.needed) <= set(columns)
        self.of_products = "product_id" in columns
        values = [name for name in columns if name not in table.key]
        self.assigned = [name for name in values if name not in keep]
        self.kept = [name for name in values if name in keep]
        self.table = sql.Identifier(table.name)
        self.columns = _listed(columns)
        self.key = _listed(table.key)
        if table.changed_at:
            self.stamp = sql.SQL(", {} = now()").format(sql.Identifier(table.changed_at))
        else:
            self.stamp = sql.Composed([])

    @property
    def create(self) -> sql.Composed:
        return sql.SQL("CREATE TEMPORARY TABLE incoming AS SELECT {columns} FROM {table} WITH NO DATA").format(
            columns=self.columns, table=self.table
        )

    @property
    def copy(self) -> sql.Composed:
        return sql.SQL("COPY incoming ({columns}) FROM STDIN").format(columns=self.columns)

    @property
    def leave_out_orphans(self) -> sql.Composed:
        """The products stay until the transaction ends, and what belongs to one that is gone is left out and counted.

        What may belong to none names none.
        """
        return sql.SQL(
            "WITH held AS MATERIALIZED ("
            " SELECT id FROM catalogue_product WHERE id = ANY(ARRAY(SELECT DISTINCT product_id FROM incoming))"
            " ORDER BY tenant_id, marketplace, sku FOR KEY SHARE"
            "), orphans AS ("
            " DELETE FROM incoming WHERE product_id IS NOT NULL AND product_id NOT IN (SELECT id FROM held)"
            " RETURNING 1"
            ") SELECT count(*) FROM orphans"
        ).format()

    def hold(self, *, locked: bool) -> sql.Composed:
        """The rows that are there, as they are before the write: their keys, and what may be asked of them.

        Looked up one by one, in the order of their keys: a join would read the whole table for each chunk where
        PostgreSQL has not counted its rows for a while.
        """
        names = dict.fromkeys(("id", *self.key_names, *self.compared))
        return sql.SQL(
            "CREATE TEMPORARY TABLE held AS SELECT found.* FROM (SELECT {key} FROM incoming ORDER BY {key}) wanted,"
            " LATERAL (SELECT {names} FROM {table} present WHERE ({present}) = ({wanted}) LIMIT 1 {lock}) found"
        ).format(
            key=self.key,
            names=_listed(names, "present"),
            table=self.table,
            present=_listed(self.key_names, "present"),
            wanted=_listed(self.key_names, "wanted"),
            lock=sql.SQL("FOR NO KEY UPDATE" if locked else ""),
        )

    @property
    def absent(self) -> sql.Composed:
        """How many of the rows are not there."""
        return sql.SQL("SELECT (SELECT count(*) FROM incoming) - (SELECT count(*) FROM held)").format()

    def differing(self, names: Iterable[str]) -> sql.Composed:
        """How many of the rows that are there have another value in one of these columns, as far as it is held."""
        asked = [name for name in names if name in self.compared]
        if not asked:
            return sql.SQL("SELECT 0").format()
        return sql.SQL(
            "SELECT count(*) FROM held JOIN incoming USING ({key}) WHERE ({held}) IS DISTINCT FROM ({incoming})"
        ).format(key=self.key, held=_listed(asked, "held"), incoming=_listed(asked, "incoming"))

    @cached_property
    def compared(self) -> tuple[str, ...]:
        """The columns of which it matters what they were."""
        return tuple(dict.fromkeys((*(self.audit.columns if self.audit else ()), *self.kept)))

    @property
    def upsert(self) -> sql.Composed:
        """Inserts or updates, and counts what it inserted (a new row version has no xmax)."""
        return sql.SQL(
            "WITH written AS ("
            " INSERT INTO {table} AS present ({columns}) SELECT {columns} FROM incoming"
            " ORDER BY {key} ON CONFLICT ({key}) DO UPDATE SET {assignments}{stamp}"
            " WHERE ({present}) IS DISTINCT FROM ({excluded}) RETURNING xmax = 0 AS new"
            ") SELECT count(*) FILTER (WHERE new) FROM written"
        ).format(
            table=self.table,
            columns=self.columns,
            key=self.key,
            stamp=self.stamp,
            assignments=self._assignments("excluded"),
            present=_listed(self.assigned, "present"),
            excluded=_listed(self.assigned, "excluded"),
        )

    @property
    def total(self) -> sql.Composed:
        return sql.SQL("SELECT count(*) FROM incoming").format()

    @property
    def insert(self) -> sql.Composed:
        """Inserts what is not there, and counts it."""
        return sql.SQL(
            "WITH written AS ("
            " INSERT INTO {table} ({columns}) SELECT {columns} FROM incoming ORDER BY {key}"
            " ON CONFLICT ({key}) DO NOTHING RETURNING 1"
            ") SELECT count(*) FROM written"
        ).format(table=self.table, columns=self.columns, key=self.key)

    @property
    def update(self) -> sql.Composed:
        """Updates the rows that are held."""
        return sql.SQL(
            "UPDATE {table} AS present SET {assignments}{stamp} FROM incoming"
            " WHERE present.id = ANY(ARRAY(SELECT id FROM held)) AND ({key}) = ({names})"
            " AND ({present}) IS DISTINCT FROM ({incoming})"
        ).format(
            table=self.table,
            assignments=self._assignments("incoming"),
            stamp=self.stamp,
            key=_listed(self.key_names, "present"),
            names=_listed(self.key_names, "incoming"),
            present=_listed(self.assigned, "present"),
            incoming=_listed(self.assigned, "incoming"),
        )

    def _assignments(self, source: str) -> sql.Composed:
        pairs = ((sql.Identifier(name), sql.Identifier(source, name)) for name in self.assigned)
        return sql.SQL(", ").join([*(sql.SQL("{} = {}").format(*pair) for pair in pairs), *self._renewed(source)])

    def _renewed(self, source: str) -> Iterator[sql.Composed]:
        changing = [name for name in self.assigned if self.renewal and name in self.renewal.by]
        if self.renewal and changing:
            yield sql.SQL(
                "{column} = CASE WHEN ({present}) IS DISTINCT FROM ({source}) THEN {empty} ELSE {kept} END"
            ).format(
                column=sql.Identifier(self.renewal.column),
                empty=sql.SQL(self.renewal.empty),
                present=_listed(changing, "present"),
                source=_listed(changing, source),
                kept=sql.Identifier("present", self.renewal.column),
            )
