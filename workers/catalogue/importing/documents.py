"""Rows as JSON: one object per line, or an array of objects. Numbers are kept digit by digit."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import IO, Self

import ijson

from workers.catalogue.importing.delimited import LONGEST_RECORD, lines
from workers.catalogue.importing.encodings import decoded, shown
from workers.catalogue.importing.names import printable
from workers.catalogue.importing.numbers import exact
from workers.catalogue.importing.tables import MOST_COLUMNS, Row, without_marks

# A row at its longest is so many times a record of a table, in bytes: escapes take room, and some is read ahead.
ROW_TO_RECORD = 2
# No row of ours has lists of lists.
DEEPEST = 100


@dataclass(frozen=True, slots=True)
class _Documents:
    file: IO[bytes]
    encoding: str
    longest: int = LONGEST_RECORD

    @property
    def written(self) -> dict[str, str]:
        return {"encoding": shown(self.encoding)}

    def close(self) -> None:
        """It holds nothing."""

    def reading(self, longest: int) -> Self:
        return replace(self, longest=longest)


class JsonLines(_Documents):
    """One JSON object per line; blank lines are skipped."""

    def rows(self) -> Iterator[Row]:
        for number, text in enumerate(lines(decoded(self.file, self.encoding), ROW_TO_RECORD * self.longest), 1):
            if text.strip():
                yield _parsed(number, text)


class _Object(list[tuple[str, object]]):
    """The names and values of an object, as they stand there: a name may come twice."""


def _parsed(number: int, text: str) -> Row:
    try:
        document = json.loads(
            text, parse_float=Decimal, parse_int=str, parse_constant=_refuse, object_pairs_hook=_Object
        )
        return _row(number, document) if isinstance(document, _Object) else _no_object(number)
    except (ValueError, ArithmeticError, RecursionError) as error:
        return Row(number, [], error=f"the line is not JSON: {str(error)[:100]}")


def _refuse(constant: str) -> str:
    raise ValueError(f"{constant} is not a JSON number")


class JsonArray(_Documents):
    """An array of JSON objects, or several of them behind each other. A row's line is its place among them."""

    def rows(self) -> Iterator[Row]:
        source = _Encoded(self.file, self.encoding, ROW_TO_RECORD * self.longest)
        number = 0
        try:
            for number, document in enumerate(_objects(ijson.basic_parse(source, multiple_values=True)), start=1):
                source.since_row = 0
                yield _no_object(number) if document is None else _row(number, document)
        except (ijson.JSONError, ValueError, ArithmeticError) as error:
            yield Row(number + 1, [], error=f"the rows from here on are not JSON: {str(error)[:100]}")


def _objects(events: Iterable[tuple[str, object]]) -> Iterator[_Object | None]:
    """The objects of an array, or of no array; None for what is something else.

    ijson's own `items` remembers the way to every value: of 20,000 brackets it takes a gigabyte.
    """
    outside = depth = 0
    row: _Object | None = None
    name = ""
    nested = ijson.ObjectBuilder()
    for number, (event, value) in enumerate(events):
        if event == "start_array" and number == 0:
            outside = depth = 1
        elif event in ("start_map", "start_array"):
            if depth == outside:
                row = _Object() if event == "start_map" else None
            elif depth == outside + 1:
                nested = ijson.ObjectBuilder()
            if depth > outside:
                nested.event(event, value)
            depth += 1
            if depth > DEEPEST:
                raise ValueError(f"it has more than {DEEPEST} levels of nesting")
        elif event in ("end_map", "end_array"):
            depth -= 1
            if depth > outside:
                nested.event(event, value)
            if row is not None and depth == outside + 1:
                row.append((name, nested.value))
            if depth == outside and not (event == "end_array" and outside > depth):
                yield row
        elif event == "map_key" and depth == outside + 1:
            name = str(value)
        elif depth > outside + 1:
            nested.event(event, value)
        elif depth == outside:
            yield None
        elif row is not None and depth == outside + 1:
            row.append((name, value))


class _Encoded:
    """A file as UTF-8, whatever it is in: ijson reads bytes."""

    def __init__(self, file: IO[bytes], encoding: str, longest_row: int) -> None:
        self._blocks = decoded(file, encoding)
        self._pending = b""
        # What is read is held until it is a whole row.
        self.since_row = 0
        self._longest_row = longest_row

    def read(self, size: int = -1) -> bytes:
        while not self._pending:
            block = next(self._blocks, None)
            if block is None:
                return b""
            self._pending = block.removeprefix("\ufeff").encode("utf-8", "replace")
        piece, self._pending = self._pending[:size], self._pending[size:]
        self.since_row += len(piece)
        if self.since_row > self._longest_row:
            raise ValueError(f"a row is longer than {self._longest_row:,} bytes")
        return piece


def _no_object(line: int) -> Row:
    return Row(line, [], error="the row is not a JSON object")


def _row(line: int, pairs: _Object) -> Row:
    if len(pairs) > MOST_COLUMNS:
        return Row(line, [], error=f"the row has {len(pairs):,} fields; {MOST_COLUMNS:,} are the most")
    names = tuple(name for name, _ in pairs)
    if len(set(names)) < len(names):
        twice = next(name for at, name in enumerate(names) if name in names[:at])
        return Row(line, [], error=f"the row names `{printable(twice)}` twice")
    nested = tuple(at for at, (_, value) in enumerate(pairs) if isinstance(value, list | dict))
    return Row(line, [_cell(value) for _, value in pairs], names=names, nested=nested)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return exact(str(value))
    if isinstance(value, list | dict):
        value = json.dumps(_plain(value), ensure_ascii=False, default=str)
    # Escapes have a way around the decoding. Whole numbers have one reading as they are.
    return without_marks(str(value))


def _plain(value: object) -> object:
    """Lists and objects as json writes them."""
    if isinstance(value, _Object):
        return {name: _plain(each) for name, each in value}
    return [_plain(each) for each in value] if isinstance(value, list) else value
