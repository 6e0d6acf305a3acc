"""From a stream of bytes to records: one dictionary of strings per row, with its line number."""

import csv
import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

# A line longer than this is no row of ours; it is cut here, and reported.
LONGEST_LINE = 256 * 1024
BLOCK = 64 * 1024
# A quoted text may span lines, but no row of ours is as long as this.
LONGEST_RECORD = 256 * 1024
# What may be read again before as much new has been read: a few quotes that are never closed cost nothing but their
# own lines.
READ_AGAIN = 4 * LONGEST_RECORD


class Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...


class HeaderError(Exception):
    """The CSV header does not name the columns; nothing was imported."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a kind of row, and those it cannot be without."""

    known: tuple[str, ...]
    required: tuple[str, ...]


class Record(NamedTuple):
    """One row: `values` as they were written, or what kept it from being read."""

    line: int
    values: Mapping[str, str]
    error: str | None = None


Reader = Callable[[Stream, Columns], Iterator[Record]]


def lines(stream: Stream) -> Iterator[str]:
    """Lines with their ends. Bytes that are no UTF-8 become lone surrogates, which the fields refuse."""
    first = True
    for raw in _raw_lines(stream):
        text = raw.decode("utf-8", "surrogateescape")
        yield text.removeprefix("\ufeff") if first else text
        first = False


def _raw_lines(stream: Stream) -> Iterator[bytes]:
    """Never holds more than one block and one line, however long a line pretends to be."""
    pending = b""
    cut = False
    while block := stream.read(BLOCK):
        *complete, pending = (pending + block).split(b"\n")
        for line in complete:
            if not cut:
                yield line + b"\n"
            cut = False
        if len(pending) > LONGEST_LINE:
            if not cut:
                yield pending[: LONGEST_LINE + 1] + b"\n"
            pending, cut = b"", True
    if pending and not cut:
        yield pending


def read_csv(stream: Stream, columns: Columns) -> Iterator[Record]:
    """RFC 4180 with a header row. Raises HeaderError. A record may span lines; its number is that of the first."""
    taken = _Taken(lines(stream))
    rows = csv.reader(taken, strict=True)
    try:
        header = _header(next(rows, None), columns)
    except csv.Error as error:
        raise HeaderError(f"The first line, which must name the columns, cannot be read: {error}.") from None
    while True:
        line = taken.next_record()
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            lost = taken.give_back()
            with_others = f", nor can the {lost:,} lines after it" if lost else ""
            yield Record(line, {}, f"the line cannot be read{with_others}: {error}")
            continue
        if not row:
            continue
        if len(row) != len(header):
            yield Record(line, {}, f"the line has {len(row)} fields, but the header has {len(header)}")
        else:
            yield Record(line, dict(zip(header, row, strict=True)))


class _Taken:
    """Lines for csv.reader, which remembers those of the record at hand.

    A quote that never closes takes in all that follows, up to the longest record. Then it costs its own line only,
    and the lines that it swallowed are read again; but no more often than new ones are read: in a file of such quotes
    each line would else be read as often as there are lines before it.
    """

    def __init__(self, source: Iterator[str]) -> None:
        self._source = source
        self._again: deque[str] = deque()
        self._record: list[str] = []
        self._before = 0
        # In characters: of the record at hand, and what may still be read again.
        self._size = 0
        self._allowance = READ_AGAIN

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._size > LONGEST_RECORD:
            raise csv.Error("a quoted text is too long, so its closing quote is probably missing")
        if self._again:
            line = self._again.popleft()
        else:
            line = next(self._source)
            self._allowance += len(line)
        self._record.append(line)
        self._size += len(line)
        return line

    def next_record(self) -> int:
        """The number of the line that the next record begins with."""
        self._before += len(self._record)
        self._record.clear()
        self._size = 0
        return self._before + 1

    def give_back(self) -> int:
        """Have all lines of the record but its first read again. Returns how many are not: they are lost with it."""
        swallowed = self._size - len(self._record[0])
        if swallowed > self._allowance:
            return len(self._record) - 1
        self._allowance -= swallowed
        self._again.extendleft(reversed(self._record[1:]))
        del self._record[1:]
        return 0


def _header(row: list[str] | None, columns: Columns) -> list[str]:
    if not row:
        raise HeaderError(f"The body is empty. The first line must name the columns: {','.join(columns.known)}.")
    names = [name.strip().lower() for name in row]
    if unknown := sorted(set(names) - set(columns.known)):
        raise HeaderError(f"There are unknown columns: {_shown(unknown)}. Use {', '.join(columns.known)}.")
    if missing := [name for name in columns.required if name not in names]:
        raise HeaderError(f"Columns are missing: {', '.join(missing)}.")
    if len(set(names)) != len(names):
        raise HeaderError("The first line names a column twice.")
    return names


def _shown(names: list[str]) -> str:
    """Names from outside, bounded and printable."""
    return ", ".join(ascii(name[:40]) for name in names[:10])


def read_ndjson(stream: Stream, columns: Columns) -> Iterator[Record]:
    """One JSON object per line. Numbers are kept digit by digit; blank lines are skipped."""
    known = set(columns.known)
    for number, text in enumerate(lines(stream), start=1):
        if not text.strip():
            continue
        try:
            document = json.loads(text, parse_float=str, parse_int=str, parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            yield Record(number, {}, f"the line is not JSON: {str(error)[:100]}")
            continue
        yield _record(number, document, known, columns.required)


def _record(line: int, document: object, known: set[str], required: tuple[str, ...]) -> Record:
    if not isinstance(document, dict):
        return Record(line, {}, "the line is not a JSON object")
    if unknown := sorted(set(document) - known):
        return Record(line, {}, f"the row has unknown fields: {_shown(unknown)}")
    if missing := [name for name in required if name not in document]:
        return Record(line, {}, f"the row lacks these fields: {', '.join(missing)}")
    values: dict[str, str] = {}
    for name, value in document.items():
        if value is None or isinstance(value, str | bool):
            values[name] = "" if value is None else str(value)
        else:
            return Record(line, {}, f"{name} must be text, a number, true or false")
    return Record(line, values)


def _refuse(constant: str) -> str:
    raise ValueError(f"{constant} is not a JSON number")


READERS: dict[str, Reader] = {"text/csv": read_csv, "application/x-ndjson": read_ndjson}
