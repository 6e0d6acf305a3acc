"""JSON to read: what is flat as tables, whatever it is about, and all of it folded away.

Nothing here knows a job type: a list of objects is a table, so types that come later are shown like the others.
"""

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple, TypeGuard

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

# A result may have 64 MiB. One that is longer than this, in characters, is shown as JSON only, and its beginning.
LARGEST_IN_TABLES = 8_000_000
MOST_TABLES = 20
MOST_ROWS = 100
MOST_COLUMNS = 40
LONGEST_CELL = 300
# Objects inside objects that are columns.
DEEPEST_FIELD = 3
# Of the JSON that is folded away.
MOST_CHARACTERS = 200_000

Row = dict[str, object]
# A row behind the one value that names what it belongs to, if it does to anything.
Owned = tuple[Row, Row]


class Number(str):
    """A number exactly as it is written: 13.490 is not 13.49, and no digit is lost."""


class Cell(NamedTuple):
    text: str
    is_number: bool


class Table(NamedTuple):
    """The first rows and columns of a list of objects, and how many there are."""

    title: str
    columns: list[str]
    rows: list[list[Cell]]
    row_count: int
    column_count: int

    def heading(self) -> str:
        return f"{self.title} ({self.row_count:,})" if self.title else ""

    def notes(self) -> list[str]:
        """What is not shown."""
        parts = ((len(self.rows), self.row_count, "rows"), (len(self.columns), self.column_count, "columns"))
        return [f"These are the first {shown} of {count:,} {what}." for shown, count, what in parts if shown < count]


def show_document(text: str | None) -> SafeString:
    """JSON as it is stored, of which `LARGEST_IN_TABLES` characters and one more are enough. Escaped."""
    if text is None:
        return SafeString("-")
    is_cut = len(text) > LARGEST_IN_TABLES
    shown = indented(text, MOST_CHARACTERS)
    context = {
        "tables": [] if is_cut else tables(text),
        "is_cut": is_cut,
        "json": shown[:MOST_CHARACTERS],
        "is_whole": len(shown) <= MOST_CHARACTERS,
        "most_characters": f"{MOST_CHARACTERS:,}",
    }
    return render_to_string("aijobs/admin/document.html", context)


def tables(text: str) -> list[Table]:
    """The tables of a document: one of its single values, one of each list of objects."""
    try:
        document = json.loads(text, parse_float=Number, parse_int=Number, parse_constant=Number)
        return list(islice(_tables_of(document), MOST_TABLES))
    except RecursionError:
        # Nested more deeply than anybody reads.
        return []


def _tables_of(document: object) -> Iterator[Table]:
    if _is_rows(document):
        yield from _of_rows("rows", _owned({}, document))
    elif isinstance(document, dict):
        flat = _flat(document)
        if facts := [{"field": name, "value": value} for name, value in flat.items() if not _is_rows(value)]:
            yield _table("", facts[:MOST_ROWS], len(facts))
        for name, value in flat.items():
            if _is_rows(value):
                yield from _of_rows(name, _owned({}, value))


def _of_rows(title: str, rows: list[Owned]) -> Iterator[Table]:
    """A list of objects. Lists of objects inside those are tables too, each row behind what names its owner."""
    yield _table(title, [owner | _flat(row) for owner, row in rows[:MOST_ROWS]], len(rows))
    inner: dict[str, list[Owned]] = {}
    for _, row in rows:
        flat = _flat(row)
        for name, value in flat.items():
            if _is_rows(value):
                inner.setdefault(name, []).extend(_owned(_name_of(flat), value))
    for name, members in inner.items():
        yield from _of_rows(f"{title} › {name}", members)


def _owned(owner: Row, rows: list[Row]) -> list[Owned]:
    return [(owner, row) for row in rows]


def _is_rows(value: object) -> TypeGuard[list[Row]]:
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


def _name_of(row: Row) -> Row:
    """The first single value of a row, which names it: its SKU, as a rule."""
    return dict(islice(((name, value) for name, value in row.items() if isinstance(value, str)), 1))


def _flat(row: Row, prefix: str = "", depth: int = DEEPEST_FIELD) -> Row:
    """Objects inside an object as fields of it: `summary.our_rank`."""
    if not any(isinstance(value, dict) for value in row.values()) and not prefix:
        return row
    found: Row = {}
    for name, value in row.items():
        if isinstance(value, dict) and value and depth:
            found |= _flat(value, f"{prefix}{name}.", depth - 1)
        else:
            found[prefix + name] = value
    return found


def _table(title: str, rows: list[Row], row_count: int) -> Table:
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = names[:MOST_COLUMNS]
    cells = [[_cell(row[name]) if name in row else Cell("", False) for name in columns] for row in rows]
    return Table(_text(title), [_text(name) for name in columns], cells, row_count, len(names))


def _cell(value: object) -> Cell:
    return Cell(_text(value), isinstance(value, Number))


def _text(value: object) -> str:
    match value:
        case str():
            return value if len(value) <= LONGEST_CELL else f"{value[: LONGEST_CELL - 1]}…"
        case None | bool():
            return json.dumps(value)
        case list() | dict() if not value:
            return "none"
        case list() if not any(isinstance(each, list | dict) for each in value):
            return _joined(value)
        case list() | dict():
            return f"{len(value):,} {'entry' if len(value) == 1 else 'entries'}"
    raise TypeError(f"{type(value).__name__} is not JSON")


def _joined(values: list[object]) -> str:
    """Single values in a line; where they are too many, how many there are."""
    text = ", ".join(_text(each) for each in values[:LONGEST_CELL])
    return text if len(text) <= LONGEST_CELL else f"{text[: LONGEST_CELL - 1]}… ({len(values):,} in all)"


_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+', re.DOTALL)
_OPENING, _CLOSING = ("{", "["), ("}", "]")


def indented(text: str, most: int) -> str:
    """JSON in lines, every text and number as it is written. Ends a little past `most` characters."""
    parts: list[str] = []
    length, depth, before = 0, 0, ""
    for found in _TOKEN.finditer(text):
        part = found[0]
        depth -= part in _CLOSING
        line = "\n" + "  " * depth if _begins_a_line(before, part) else ""
        parts.append(line + (": " if part == ":" else part))
        length += len(parts[-1])
        if length > most:
            break
        depth += part in _OPENING
        before = part
    return "".join(parts)


def _begins_a_line(before: str, part: str) -> bool:
    """An empty object, or list, stays in one piece."""
    if part in _CLOSING:
        return before not in _OPENING
    return before == "," or before in _OPENING
