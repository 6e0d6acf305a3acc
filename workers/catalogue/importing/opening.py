"""Finds out what kind of file it is, how it is written, and where its header is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from itertools import islice
from json import loads
from typing import IO

from workers.catalogue.importing import encodings, workbooks
from workers.catalogue.importing.delimited import DELIMITERS, Delimited
from workers.catalogue.importing.documents import JsonArray, JsonLines
from workers.catalogue.importing.errors import FileError
from workers.catalogue.importing.names import shown
from workers.catalogue.importing.pausing import Pause
from workers.catalogue.importing.recognition import Header, Recognition, plain
from workers.catalogue.importing.tables import MOST_COLUMNS, Row, Table

# A header is looked for behind title rows, but not for ever.
MOST_TITLE_ROWS = 50
# Blank ones among them: a text that spans many lines may leave a million.
MOST_FIRST_ROWS = 10_000
# How an Excel file says which delimiter it has: sep=;
_SAYS_DELIMITER = "sep="
# Bytes that show what kind of file it is.
_FIRST = 4096
# Rows, to see whether cells are quoted.
_LOOKED_AT = 1_000


class Json(Enum):
    """What a sender may say of JSON."""

    LINES = auto()
    """One object per line."""
    ANY = auto()
    """Lines or an array."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A file whose columns are known. `rows` may be called again."""

    table: Table
    header: Header
    rows: Callable[[], Iterator[Row]]


def open_file(
    file: IO[bytes],
    recognition: Recognition,
    *,
    json: Json | None = None,
    charset: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    pause: Pause | None = None,
) -> Opened:
    """The rows of a file behind its header. What its sender says of it may be left out.

    Raises FileError for what cannot be imported.
    """
    file.seek(0)
    first = file.read(_FIRST)
    if len(first) < _FIRST and not first.strip(b"\0 \t\r\n\xef\xbb\xbf\xfe\xff"):
        raise FileError("The file is empty. Its first line must name the columns.")
    if first.startswith((workbooks.ARCHIVE, workbooks.OLDER)):
        return _of_workbook(workbooks.opened(file, sheet), recognition)
    encoding = encodings.found(file, encodings.known(charset) if charset else None, pause)
    start = first.decode(encoding, "replace").lstrip("\ufeff \t\r\n")
    if json is Json.ANY and not start.startswith(("{", "[")):
        raise FileError("The Content-Type says that the file is JSON, but it does not begin with { or [.")
    if json or start.startswith("{") or (start.startswith("[") and start[1:].lstrip().startswith(("{", "]"))):
        return _of_json(_json_table(file, encoding, start, json), recognition)
    if start.lower().startswith(("<!doctype html", "<html", "<?xml", "<table")):
        raise FileError("This is a web page or XML, and not a table. Download the file as CSV, or save it as .xlsx.")
    return _of_text(file, encoding, DELIMITERS[delimiter] if delimiter else None, recognition)


def _of_workbook(workbook: workbooks.Workbook, recognition: Recognition) -> Opened:
    try:
        return _of_table(workbook, recognition)
    except FileError:
        workbook.close()
        raise


def _of_json(table: Table, recognition: Recognition) -> Opened:
    names = tuple(next((row.names for row in islice(table.rows(), MOST_TITLE_ROWS) if row.names), ()))
    return _opened(table, _header_of_json(names, recognition), 0)


def _opened(table: Table, header: Header, first: int) -> Opened:
    """The rows from this place on, as long as the kind has them."""
    table = table.reading(header.kind.longest)
    return Opened(table, header, lambda: islice(table.rows(), first, None))


def _json_table(file: IO[bytes], encoding: str, start: str, said: Json | None) -> Table:
    """An object per line, unless the file is an array, or an object whose first line is not JSON by itself."""
    if said is not Json.LINES and start.startswith("["):
        return JsonArray(file, encoding)
    first = start.splitlines()[0] if start else ""
    if said is not Json.LINES and not _is_json(first) and first.strip() == "{":
        return JsonArray(file, encoding)
    return JsonLines(file, encoding)


def _is_json(line: str) -> bool:
    try:
        loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _header_of_json(names: tuple[str, ...], recognition: Recognition) -> Header:
    """What the first row holds. Every row names its own fields, so none is missing yet."""
    if recognition.asked is None:
        return recognition.header(list(names))
    return plain(names, recognition.asked)


def _of_text(file: IO[bytes], encoding: str, delimiter: str | None, recognition: Recognition) -> Opened:
    delimiter = delimiter or _said_delimiter(file, encoding)
    tables = [Delimited(file, encoding, each) for each in ([delimiter] if delimiter else DELIMITERS.values())]
    best = max(tables, key=lambda table: _likelihood(table, recognition))
    known = _of_table(best, recognition)
    export = known.header.format
    if export is not None and not export.quoted and best.delimiter == DELIMITERS["tab"]:
        unquoted = Delimited(file, encoding, best.delimiter, quoted=False)
        # Unless somebody has saved it again in a spreadsheet, which quotes.
        return known if _is_quoted(unquoted) else _of_table(unquoted, recognition)
    return known


def _is_quoted(table: Delimited) -> bool:
    """Whether the cells that begin with a quotation mark are all written as quoted ones are: 5"" and not 5"."""
    cells = (cell for row in islice(table.rows(), _LOOKED_AT) for cell in row.cells if cell.startswith('"'))
    quoted = [len(cell) > 1 and cell.endswith('"') and '"' not in cell[1:-1].replace('""', "") for cell in cells]
    return bool(quoted) and all(quoted)


def _said_delimiter(file: IO[bytes], encoding: str) -> str | None:
    first = next(encodings.decoded(file, encoding), "").removeprefix("\ufeff")
    said = first[len(_SAYS_DELIMITER) : len(_SAYS_DELIMITER) + 1]
    return said if first.lower().startswith(_SAYS_DELIMITER) and said in DELIMITERS.values() else None


def _likelihood(table: Table, recognition: Recognition) -> tuple[int, int]:
    """Whether columns are found with this delimiter, and else how many there are."""
    rows = [row for _, row in _first_rows(table) if not row.error]
    found = max((recognition.score(row.cells) for row in rows), default=0)
    return found, max((len(row.cells) for row in rows), default=0)


def _of_table(table: Table, recognition: Recognition) -> Opened:
    """With the likeliest header among the first rows; of several as likely, the first one."""
    rows = _first_rows(table)
    good = [(at, row) for at, row in rows if not row.error]
    if not good:
        raise FileError(_no_rows([row for _, row in rows]), rows[0][1].line if rows else None)
    # `max` takes the first of the best.
    at, row = max(good, key=lambda each: recognition.score(each[1].cells))
    names = _without_empty_ends(row.cells)
    if not recognition.score(names):
        raise FileError(_no_header(good[0][1].cells, recognition), good[0][1].line)
    try:
        header = recognition.header(names)
    except FileError as error:
        raise FileError(str(error), row.line) from None
    return _opened(table, header, at + 1)


def _first_rows(table: Table) -> list[tuple[int, Row]]:
    """The first rows that are not blank, with their places."""
    first = enumerate(islice(table.rows(), MOST_FIRST_ROWS))
    told = ((at, row) for at, row in first if row.error or any(cell.strip() for cell in row.cells))
    return list(islice(told, MOST_TITLE_ROWS))


def _without_empty_ends(names: list[str]) -> list[str]:
    while names and not names[-1].strip():
        names.pop()
    return names


def _no_rows(rows: list[Row]) -> str:
    if not rows or not rows[0].error:
        return "The file is empty. Its first line must name the columns."
    return f"The header, which must name the columns, cannot be read: {rows[0].error}."


def _no_header(names: list[str], recognition: Recognition) -> str:
    if len(names) > MOST_COLUMNS:
        return f"The first line has {len(names):,} columns, and files with more than {MOST_COLUMNS:,} are not read."
    kinds = recognition.kinds if recognition.asked is None else [recognition.asked]
    columns = "; or ".join(", ".join(kind.fields) for kind in kinds)
    # Those cells may be a customer's.
    private = recognition.asked and any(column.private for column in recognition.asked.fields.values())
    return (
        "No line at the beginning of the file names columns that are known. "
        f"{'' if private else f'The first one has: {shown(names)}. '}"
        f"Name the columns in the first line: {columns}."
    )
