"""Rows as JSON: one object per line, or an array of objects. Numbers are kept digit by digit."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import IO

import ijson

from workers.catalogue.importing.delimited import lines
from workers.catalogue.importing.encodings import decoded, shown
from workers.catalogue.importing.numbers import exact
from workers.catalogue.importing.tables import MOST_COLUMNS, Row


class _Object(dict[str, object]):
    """An object that remembers a name that came twice: of two values neither can be trusted."""

    twice: str | None = None

    def __setitem__(self, name: str, value: object) -> None:
        if name in self:
            self.twice = name
        super().__setitem__(name, value)


@dataclass(frozen=True, slots=True)
class JsonLines:
    """One JSON object per line; blank lines are skipped."""

    file: IO[bytes]
    encoding: str

    @property
    def written(self) -> dict[str, str]:
        return {"encoding": shown(self.encoding)}

    def close(self) -> None:
        """It holds nothing."""

    def rows(self) -> Iterator[Row]:
        for number, text in enumerate(lines(decoded(self.file, self.encoding)), start=1):
            if text.strip():
                yield _parsed(number, text)


def _parsed(number: int, text: str) -> Row:
    try:
        document = json.loads(
            text, parse_float=exact, parse_int=str, parse_constant=_refuse, object_pairs_hook=_object
        )
    except (ValueError, RecursionError) as error:
        return Row(number, [], error=f"the line is not JSON: {str(error)[:100]}")
    return _row(number, document)


def _object(pairs: list[tuple[str, object]]) -> _Object:
    made = _Object()
    for name, value in pairs:
        made[name] = value
    return made


def _refuse(constant: str) -> str:
    raise ValueError(f"{constant} is not a JSON number")


@dataclass(frozen=True, slots=True)
class JsonArray:
    """An array of JSON objects, or several documents behind each other. A row's line is its place in the array."""

    file: IO[bytes]
    encoding: str
    prefix: str
    """Where ijson finds the objects: `item` in an array, nothing where they follow each other."""

    @property
    def written(self) -> dict[str, str]:
        return {"encoding": shown(self.encoding)}

    def close(self) -> None:
        """It holds nothing."""

    def rows(self) -> Iterator[Row]:
        number = 0
        documents = ijson.items(
            _Encoded(self.file, self.encoding), self.prefix, map_type=_Object, multiple_values=True
        )
        try:
            for number, document in enumerate(documents, start=1):
                yield _row(number, document)
        except (ijson.JSONError, ValueError, RecursionError) as error:
            yield Row(number + 1, [], error=f"the rows from here on are not JSON: {str(error)[:100]}")


class _Encoded:
    """A file as UTF-8, whatever it is in: ijson reads bytes."""

    def __init__(self, file: IO[bytes], encoding: str) -> None:
        self._blocks = decoded(file, encoding)
        self._pending = b""

    def read(self, size: int = -1) -> bytes:
        while not self._pending:
            block = next(self._blocks, None)
            if block is None:
                return b""
            self._pending = block.removeprefix("\ufeff").encode("utf-8", "replace")
        piece, self._pending = self._pending[:size], self._pending[size:]
        return piece


def _row(line: int, document: object) -> Row:
    if not isinstance(document, _Object):
        return Row(line, [], error="the row is not a JSON object")
    if document.twice is not None:
        return Row(line, [], error=f"the row names {document.twice[:40]!r} twice")
    if len(document) > MOST_COLUMNS:
        return Row(
            line, [], error=f"the row has {len(document):,} fields, and more than {MOST_COLUMNS:,} are not read"
        )
    cells: list[str] = []
    for name, value in document.items():
        if not isinstance(value, str | bool | int | Decimal | None):
            return Row(line, [], error=f"{name[:40]} must be text, a number, true or false")
        cells.append(_cell(value))
    return Row(line, cells, names=tuple(document))


def _cell(value: str | bool | int | Decimal | None) -> str:
    if value is None:
        return ""
    return exact(str(value)) if isinstance(value, Decimal) else str(value)
