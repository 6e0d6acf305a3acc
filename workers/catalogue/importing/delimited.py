"""Tables as text: cells between commas, semicolons, tabs or bars, which may stand in quotation marks."""

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import IO

from workers.catalogue.importing.encodings import decoded, shown
from workers.catalogue.importing.tables import Row

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
# A line longer than this is no row of most kinds: it is not kept, and reported. A quoted text may span lines, but a
# record is no longer, either.
LONGEST_RECORD = 256 * 1024
# What may be read again before as much new has been read, in records: a few quotes that are never closed cost nothing
# but their own lines.
READ_AGAIN = 4
# csv refuses longer cells in words of its own; no record of any kind has longer ones.
csv.field_size_limit(64 * LONGEST_RECORD)


class _Quoted(csv.excel):
    strict = True


class _Plain(csv.excel):
    quoting = csv.QUOTE_NONE


@dataclass(frozen=True, slots=True)
class Delimited:
    """A text file, read with these conventions."""

    file: IO[bytes]
    encoding: str
    delimiter: str
    quoted: bool = True
    longest: int = LONGEST_RECORD
    """A record, in characters."""

    @property
    def written(self) -> dict[str, str]:
        name = next(name for name, character in DELIMITERS.items() if character == self.delimiter)
        return {"delimiter": name, "encoding": shown(self.encoding)}

    def close(self) -> None:
        """It holds nothing."""

    def reading(self, longest: int) -> "Delimited":
        return replace(self, longest=longest)

    def rows(self) -> Iterator[Row]:
        """RFC 4180, or plain cells where nothing is quoted. A record may span lines; its number is the first's.

        A blank line is a row without cells.
        """
        taken = _Taken(lines(decoded(self.file, self.encoding), self.longest), self.longest)
        dialect = _Quoted if self.quoted else _Plain
        records = csv.reader(taken, dialect, delimiter=self.delimiter)
        while True:
            line = taken.next_record()
            try:
                cells = next(records)
            except StopIteration:
                return
            except csv.Error as error:
                lost = taken.give_back()
                with_others = f", nor can the {lost:,} lines after it" if lost else ""
                yield Row(line, [], error=f"the line cannot be read{with_others}: {_reason(error)}")
                continue
            yield Row(line, cells)


_REASONS = {
    "new-line character seen": "a line break stands in a cell without quotation marks",
    "expected after": "a quotation mark stands within a quoted cell. Write it twice",
    "unexpected end of data": "its closing quotation mark is missing",
    "field larger than": "a cell is too long",
}


def _reason(error: csv.Error) -> str:
    """What csv says, for somebody who does not know Python."""
    return next((reason for words, reason in _REASONS.items() if words in str(error)), str(error))


def lines(blocks: Iterator[str], longest: int = LONGEST_RECORD) -> Iterator[str]:
    """Lines with their ends. Never holds more than one block and one line, however long a line pretends to be.

    The first lines say how lines end: a file has line feeds, or like an old Mac's carriage returns only.
    """
    pending = next(blocks, "").removeprefix("\ufeff")
    alone = pending.count("\r") - pending.count("\r\n")
    end = "\r" if alone > pending.count("\n") else "\n"
    cut = False
    while True:
        *complete, pending = pending.split(end)
        for line in complete:
            if not cut:
                yield line + end
            cut = False
        if len(pending) > longest:
            if not cut:
                yield pending[: longest + 1] + end
            pending, cut = "", True
        block = next(blocks, None)
        if block is None:
            break
        pending += block
    if pending and not cut:
        yield pending


class _Taken:
    """Lines for csv.reader, which remembers those of the record at hand.

    A quote that never closes takes in all that follows, up to the longest record. Then it costs its own line only,
    and the lines that it swallowed are read again; but no more often than new ones are read: in a file of such quotes
    each line would else be read as often as there are lines before it.
    """

    def __init__(self, source: Iterator[str], longest: int) -> None:
        self._source = source
        self._longest = longest
        self._again: deque[str] = deque()
        self._record: list[str] = []
        self._before = 0
        # In characters: of the record at hand, and what may still be read again.
        self._size = 0
        self._allowance = READ_AGAIN * longest

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._size > self._longest:
            raise csv.Error("a quoted text is too long, so its closing quotation mark is probably missing")
        if self._again:
            line = self._again.popleft()
        else:
            line = next(self._source)
            self._allowance += len(line)
        self._record.append(line)
        self._size += len(line)
        if len(line) > self._longest + 1:
            # With its end. Its last cells may be missing, and the one before them be a part of itself.
            raise csv.Error(f"it is longer than {self._longest:,} characters")
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
